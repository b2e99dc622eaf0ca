//! Static figures of a sweep: a quantity over two keys as coloured cells, samples as coloured dots, over one key as dots.

use super::Sweep;
use super::column::{Column, Levels, NONE};
use crate::figure::{Figure, WIDTH, text_width};
use crate::markup::escaped;
use crate::number::{count, counted, short};
use crate::palette::viridis;
use crate::scale::{Scale, Tick};
use std::collections::BTreeMap;
use std::fmt::Write;

const LEFT: f64 = 92.0;
const RIGHT: f64 = WIDTH - 104.0;
const TOP: f64 = 26.0;
const BOTTOM: f64 = 366.0;
/// Cells along an axis at most, and dots of samples.
const MOST_CELLS: usize = 128;
const MOST_DOTS: usize = 4096;
/// Colours that are told apart in a file, so that neighbours of one colour are one mark.
const SHADES: f64 = 96.0;
/// From this ratio on the colours are those of the middle four fifths of numbers and ten times beyond: losses of runs that
/// are on their way to infinity would leave one colour to all others.
const CLIPPED_FROM: f64 = 1e8;

/// Something that is drawn over the keys.
struct Quantity {
    name: &'static str,
    title: &'static str,
    /// Beside its colours.
    label: &'static str,
    column: fn(&Sweep) -> Option<Column>,
    range: Range,
}

/// Which numbers the ends of the colours are.
#[derive(Clone, Copy, PartialEq)]
enum Range {
    /// The smallest and the largest one.
    All,
    /// 0 and 1.
    Share,
    /// As far below 1 as above it: of nine tenths of the numbers.
    AroundOne,
}

const QUANTITIES: [Quantity; 4] = [
    Quantity {
        name: "phase-final-loss",
        title: "Final loss",
        label: "loss",
        column: |sweep| sweep.column("final_loss").cloned(),
        range: Range::All,
    },
    Quantity {
        name: "phase-width",
        title: "Effective width",
        label: "of units",
        column: |sweep| sweep.share("classes_end", "units"),
        range: Range::Share,
    },
    Quantity {
        name: "phase-dead",
        title: "Dead units",
        label: "of units",
        column: |sweep| sweep.share("dead", "units"),
        range: Range::Share,
    },
    Quantity {
        name: "phase-escape",
        title: "Escape factor",
        label: "factor",
        column: |sweep| sweep.column("escape_factor").cloned(),
        range: Range::AroundOne,
    },
];

pub fn figures(sweep: &Sweep) -> Vec<Figure> {
    QUANTITIES.iter().filter_map(|quantity| figure(sweep, quantity)).collect()
}

/// What a run shows.
#[derive(Clone, Copy, PartialEq)]
enum Mark {
    Number(f64),
    /// A run that finished and has no such number; then diverged and failed ones: the neutral colours.
    Neutral(usize),
}

const NEUTRAL: [&str; 3] = ["no number", "diverged", "failed"];

fn figure(sweep: &Sweep, quantity: &Quantity) -> Option<Figure> {
    let column = (quantity.column)(sweep)?;
    let mark = |row: usize| match sweep.column("ended").and_then(|ended| ended.text(row)) {
        Some("diverged") => Mark::Neutral(1),
        Some("failed") => Mark::Neutral(2),
        _ => column.number(row).map_or(Mark::Neutral(0), Mark::Number),
    };
    let marks: Vec<Mark> = (0..sweep.rows()).map(mark).collect();
    let mut numbers: Vec<f64> = marks
        .iter()
        .filter_map(|mark| if let Mark::Number(number) = mark { Some(*number) } else { None })
        .collect();
    numbers.sort_by(f64::total_cmp);
    let [low, high] = [*numbers.first()?, *numbers.last()?];
    // A curve has room for all of its numbers.
    let range = match quantity.range {
        Range::AroundOne if sweep.keys.len() == 1 => Range::All,
        range => range,
    };
    let (scale, clipped) = colours(&numbers, range);
    let mut drawing = Drawing { sweep, marks, scale, svg: String::new(), notes: Vec::new() };
    if clipped {
        let text = "Numbers beyond the ends of the scale are drawn as those at its ends.";
        drawing.notes.push(text.to_owned());
    }
    let axes: Vec<Axis> =
        sweep.keys.iter().filter_map(|key| Axis::of(sweep.column(&key.key)?)).collect();
    match axes.as_slice() {
        [] => return None,
        [only] => drawing.dots_over(only, quantity.label),
        [x, y, ..] if sweep.is_sample() => drawing.samples(x, y),
        [x, y, others @ ..] => drawing.cells(x, y, others),
    }
    // The last part of a key is enough for a title; the axes have all of it.
    let short_name = |axis: &Axis| axis.name.rsplit('.').next().unwrap_or_default().to_owned();
    let over: Vec<String> = axes.iter().take(2).map(short_name).collect();
    if axes.len() > 1 {
        drawing.colour_bar(quantity.label);
    }
    let below = drawing.neutral_legend();
    let Drawing { marks, svg, notes, .. } = drawing;
    let with = |kind| marks.iter().filter(|mark| **mark == Mark::Neutral(kind)).count();
    Some(Figure {
        name: quantity.name.to_owned(),
        title: format!("{} over {}", quantity.title, over.join(" and ")),
        description: format!(
            "{}, between {} and {}; {} diverged, {} failed.",
            counted(numbers.len(), "run"),
            short(low),
            short(high),
            count(with(1)),
            count(with(2))
        ),
        notes,
        height: BOTTOM + 46.0 + below,
        marks: svg,
        legend: Vec::new(),
        readout: serde_json::Value::Null,
    })
}

/// The scale of colours of ascending numbers, and whether some lie beyond its ends.
fn colours(numbers: &[f64], range: Range) -> (Scale, bool) {
    if range == Range::Share {
        return (Scale::Linear { low: 0.0, high: 1.0 }, false);
    }
    if range == Range::AroundOne {
        let mut away: Vec<f64> = numbers.iter().map(|number| (number - 1.0).abs()).collect();
        away.sort_by(f64::total_cmp);
        // Of numbers that are all 1 up to rounding no difference is to be seen.
        let far = Some(away[(away.len() - 1) * 9 / 10]).filter(|far| *far > 1e-6).unwrap_or(0.1);
        let scale = Scale::Linear { low: 1.0 - far, high: 1.0 + far };
        return (scale, away[away.len() - 1] > far);
    }
    let positive = &numbers[numbers.partition_point(|number| *number <= 0.0)..];
    let far = |some: &[f64], ratio: f64| {
        some.first().zip(some.last()).is_some_and(|(low, high)| high / low >= ratio)
    };
    if numbers[0] < 0.0 || !far(positive, 50.0) {
        return (Scale::linear(numbers.iter().copied(), false), false);
    }
    let (mut low, mut high) = (positive[0], positive[positive.len() - 1]);
    let clipped = far(positive, CLIPPED_FROM);
    if clipped {
        let tenth = positive.len() / 10;
        low = low.max(positive[tenth] / 10.0);
        high = high.min(positive[positive.len() - 1 - tenth] * 10.0);
    }
    let zero = numbers.iter().copied().filter(|number| *number == 0.0);
    (Scale::log([low, high].into_iter().chain(zero)), clipped)
}

/// A key along an axis.
struct Axis {
    name: String,
    levels: Levels,
    codes: Vec<u32>,
}

impl Axis {
    fn of(column: &Column) -> Option<Self> {
        let (levels, codes) = column.levels();
        (levels.len() > 0).then(|| Self { name: column.name.clone(), levels, codes })
    }

    fn text(&self, level: usize) -> String {
        match &self.levels {
            Levels::Numbers(numbers) => numbers.get(level).map_or(String::new(), |x| short(*x)),
            Levels::Texts(texts) => texts.get(level).cloned().unwrap_or_default(),
        }
    }

    /// Where a number of the axis lies, for keys that are not on a grid: None for texts.
    fn scale(&self) -> Option<Scale> {
        match &self.levels {
            Levels::Texts(_) => None,
            Levels::Numbers(numbers) => {
                let (low, high) = (numbers[0], numbers[numbers.len() - 1]);
                Some(match high / low >= 50.0 && low > 0.0 {
                    true => Scale::log(numbers.iter().copied()),
                    false => Scale::linear(numbers.iter().copied(), true),
                })
            }
        }
    }

    /// From 0 to 1, by value, or in the middle of its share of the axis where it is a text.
    fn place(&self, row: usize, scale: Option<&Scale>) -> Option<f64> {
        let level = Some(self.codes[row]).filter(|code| *code != NONE)? as usize;
        match (&self.levels, scale) {
            (Levels::Numbers(numbers), Some(scale)) => scale.place(numbers[level]),
            _ => Some((level as f64 + 0.5) / self.levels.len() as f64),
        }
    }

    fn ticks(&self, scale: Option<&Scale>, wanted: usize) -> Vec<Tick> {
        match scale {
            Some(scale) => scale.ticks(wanted),
            None => self.level_ticks(self.levels.len(), 1, wanted),
        }
    }

    /// Texts in the middle of cells, each of which is the first of `every` levels: round numbers where the levels are
    /// evenly spaced, or else some of the levels.
    fn level_ticks(&self, cells: usize, every: usize, wanted: usize) -> Vec<Tick> {
        if let Levels::Numbers(numbers) = &self.levels {
            let shown: Vec<f64> = numbers.iter().copied().step_by(every).collect();
            let [low, high] = [shown[0], shown[shown.len() - 1]];
            let scale = if is_even(&shown) {
                Some(Scale::Linear { low, high })
            } else {
                let logs: Vec<f64> = shown.iter().map(|number| number.ln()).collect();
                (low > 0.0 && is_even(&logs) && high / low >= 100.0).then_some(Scale::Log {
                    low,
                    high,
                    zero: false,
                })
            };
            // From the middle of the first cell to that of the last one.
            let inside = |tick: Tick| Tick {
                place: (tick.place * (cells - 1) as f64 + 0.5) / cells as f64,
                ..tick
            };
            if let Some(scale) = scale.filter(|_| cells > wanted) {
                let ticks = scale.ticks(wanted).into_iter();
                // A power of ten just outside of a logarithmic axis would be drawn at its end.
                let power = |tick: &Tick| match scale {
                    Scale::Log { low, .. } => {
                        tick.place > 0.0 || (low.log10() - low.log10().round()).abs() < 1e-9
                    }
                    Scale::Linear { .. } => true,
                };
                let ticks: Vec<Tick> = ticks.filter(power).map(inside).collect();
                if ticks.len() > 1 {
                    return ticks;
                }
            }
        }
        let step = cells.div_ceil(wanted.max(1));
        let tick = |cell: usize| Tick {
            place: (cell as f64 + 0.5) / cells as f64,
            label: self.text(cell * every),
        };
        (0..cells).step_by(step).map(tick).collect()
    }
}

/// Whether numbers are equally far apart.
fn is_even(numbers: &[f64]) -> bool {
    let (Some(first), Some(last)) = (numbers.first(), numbers.last()) else { return false };
    let step = (last - first) / (numbers.len() - 1) as f64;
    let off = |(n, number): (usize, &f64)| (number - (first + step * n as f64)).abs();
    step > 0.0 && numbers.iter().enumerate().map(off).all(|off| off < 1e-3 * step)
}

/// A figure that is being drawn.
struct Drawing<'a> {
    sweep: &'a Sweep,
    marks: Vec<Mark>,
    scale: Scale,
    svg: String,
    notes: Vec<String>,
}

impl Drawing<'_> {
    /// How a mark is filled: a class or a colour.
    fn fill(&self, mark: Mark) -> String {
        match mark {
            Mark::Neutral(kind) => format!("class=\"n{kind}\""),
            Mark::Number(number) => {
                let share = self.scale.place(number).unwrap_or(0.0).clamp(0.0, 1.0);
                format!("fill=\"{}\"", viridis((share * SHADES).round() / SHADES))
            }
        }
    }

    /// Cells of a grid, of one colour in one path, neighbours in one piece.
    fn cells(&mut self, x: &Axis, y: &Axis, others: &[Axis]) {
        let every = [x, y].map(|axis| axis.levels.len().div_ceil(MOST_CELLS));
        let [nx, ny] = [0, 1].map(|n| [x, y][n].levels.len().div_ceil(every[n]));
        let mut cells = vec![None; nx * ny];
        // Of cells with several runs the first one counts: that of the first values of all other keys.
        for row in 0..self.sweep.rows() {
            let [at_x, at_y] = [x, y].map(|axis| axis.codes[row] as usize);
            let fixed = others.iter().all(|axis| axis.codes[row] == 0);
            let is_shown = x.codes[row] != NONE && y.codes[row] != NONE && fixed;
            if !is_shown || at_x % every[0] > 0 || at_y % every[1] > 0 {
                continue;
            }
            let cell = &mut cells[at_y / every[1] * nx + at_x / every[0]];
            if cell.is_none() {
                *cell = Some(self.fill(self.marks[row]));
            }
        }
        let edge_x = |cell: usize| LEFT + (RIGHT - LEFT) * cell as f64 / nx as f64;
        let edge_y = |cell: usize| BOTTOM - (BOTTOM - TOP) * cell as f64 / ny as f64;
        let mut paths: BTreeMap<&str, String> = BTreeMap::new();
        for (line, row) in cells.chunks(nx).enumerate() {
            let mut at = 0;
            for run in row.chunk_by(|a, b| a == b) {
                if let Some(fill) = &run[0] {
                    // Writing to a string cannot fail.
                    let _ = write!(
                        paths.entry(fill).or_default(),
                        "M{:.1} {:.1}H{:.1}V{:.1}H{:.1}z",
                        edge_x(at),
                        edge_y(line),
                        edge_x(at + run.len()),
                        edge_y(line + 1),
                        edge_x(at),
                    );
                }
                at += run.len();
            }
        }
        self.svg.push_str("<g class=\"cells\">\n");
        for (fill, path) in paths {
            let _ = writeln!(self.svg, "<path {fill} d=\"{path}\"/>");
        }
        self.svg.push_str("</g>\n");
        self.axes(&x.level_ticks(nx, every[0], 6), &y.level_ticks(ny, every[1], 6));
        self.names(&x.name, &y.name);
        if every != [1, 1] {
            self.notes.push(format!(
                "Drawn are {} of {}: one in {} values of {} and one in {} of {}.",
                count(nx * ny),
                counted(x.levels.len() * y.levels.len(), "cell"),
                every[0],
                x.name,
                every[1],
                y.name
            ));
        }
        if !others.is_empty() {
            let fixed = others.iter().map(|axis| format!("{} = {}", axis.name, axis.text(0)));
            self.notes.push(format!("Here {}.", fixed.collect::<Vec<_>>().join(", ")));
        }
    }

    fn samples(&mut self, x: &Axis, y: &Axis) {
        let [across, up] = [x, y].map(Axis::scale);
        let every = self.sweep.rows().div_ceil(MOST_DOTS).max(1);
        let mut dots = String::new();
        for row in (0..self.sweep.rows()).step_by(every) {
            let places = x.place(row, across.as_ref()).zip(y.place(row, up.as_ref()));
            if let Some((at_x, at_y)) = places {
                let _ = writeln!(
                    dots,
                    "<circle cx=\"{:.1}\" cy=\"{:.1}\" r=\"4\" {}/>",
                    LEFT + (RIGHT - LEFT) * at_x,
                    BOTTOM - (BOTTOM - TOP) * at_y,
                    self.fill(self.marks[row])
                );
            }
        }
        self.axes(&x.ticks(across.as_ref(), 6), &y.ticks(up.as_ref(), 6));
        self.svg.push_str(&dots);
        self.names(&x.name, &y.name);
        self.every_nth(every);
    }

    fn every_nth(&mut self, every: usize) {
        if every > 1 {
            let rows = counted(self.sweep.rows(), "run");
            self.notes.push(format!("Drawn is one in {every} of {rows}."));
        }
    }

    /// The quantity over a single key.
    fn dots_over(&mut self, x: &Axis, label: &str) {
        let across = x.scale();
        let every = self.sweep.rows().div_ceil(MOST_DOTS).max(1);
        let mut dots = String::new();
        for row in (0..self.sweep.rows()).step_by(every) {
            let Some(place) = x.place(row, across.as_ref()) else { continue };
            let at_x = LEFT + (RIGHT - LEFT) * place;
            let _ = match self.marks[row] {
                Mark::Number(number) => {
                    let up = self.scale.place(number).unwrap_or(0.0).clamp(0.0, 1.0);
                    let y = BOTTOM - (BOTTOM - TOP) * up;
                    writeln!(
                        dots,
                        "<circle cx=\"{at_x:.1}\" cy=\"{y:.1}\" r=\"2.5\" class=\"f0\"/>"
                    )
                }
                // Above all numbers.
                Mark::Neutral(kind) => writeln!(
                    dots,
                    "<circle cx=\"{at_x:.1}\" cy=\"{:.1}\" r=\"2.5\" class=\"n{kind}\"/>",
                    TOP - 5.0
                ),
            };
        }
        let up = self.scale.ticks(6);
        self.axes(&x.ticks(across.as_ref(), 6), &up);
        self.svg.push_str(&dots);
        self.names(&x.name, label);
        self.every_nth(every);
    }

    fn axes(&mut self, across: &[Tick], up: &[Tick]) {
        let svg = &mut self.svg;
        let _ = writeln!(svg, "<path class=\"axis\" d=\"M{LEFT} {TOP}V{BOTTOM}H{RIGHT}\"/>");
        for tick in across {
            let x = LEFT + (RIGHT - LEFT) * tick.place;
            let _ = writeln!(
                svg,
                "<path class=\"axis\" d=\"M{x:.1} {BOTTOM}v5\"/><text class=\"q small\" x=\"{x:.1}\" y=\"{}\" \
                 text-anchor=\"middle\">{}</text>",
                BOTTOM + 18.0,
                escaped(&cut(&tick.label, 14))
            );
        }
        for tick in up {
            let y = BOTTOM - (BOTTOM - TOP) * tick.place;
            let _ = writeln!(
                svg,
                "<path class=\"axis\" d=\"M{LEFT} {y:.1}h-5\"/><text class=\"q small\" x=\"{}\" y=\"{:.1}\" \
                 text-anchor=\"end\">{}</text>",
                LEFT - 8.0,
                y + 4.0,
                escaped(&cut(&tick.label, 12))
            );
        }
    }

    fn names(&mut self, across: &str, up: &str) {
        let _ = writeln!(
            self.svg,
            "<text class=\"q\" x=\"{}\" y=\"{}\" text-anchor=\"middle\">{}</text><text class=\"q\" x=\"12\" \
             y=\"12\">{}</text>",
            (LEFT + RIGHT) / 2.0,
            BOTTOM + 38.0,
            escaped(&cut(across, 70)),
            escaped(&cut(up, 70))
        );
    }

    fn colour_bar(&mut self, label: &str) {
        const X: f64 = RIGHT + 22.0;
        const PIECES: usize = 64;
        let height = (BOTTOM - TOP) / PIECES as f64;
        self.svg.push_str("<g class=\"cells\">\n");
        for piece in 0..PIECES {
            let share = (piece as f64 + 0.5) / PIECES as f64;
            let y = BOTTOM - height * (piece + 1) as f64;
            let _ = writeln!(
                self.svg,
                "<rect x=\"{X}\" y=\"{y:.1}\" width=\"14\" height=\"{:.1}\" fill=\"{}\"/>",
                height + 0.3,
                viridis(share)
            );
        }
        self.svg.push_str("</g>\n");
        for tick in self.scale.ticks(6) {
            let y = BOTTOM - (BOTTOM - TOP) * tick.place;
            let _ = writeln!(
                self.svg,
                "<text class=\"q small\" x=\"{}\" y=\"{:.1}\">{}</text>",
                X + 20.0,
                y + 4.0,
                tick.label
            );
        }
        let _ = writeln!(self.svg, "<text class=\"q\" x=\"{X}\" y=\"12\">{label}</text>");
    }

    /// The neutral colours that occur, below the axis; how high that is.
    fn neutral_legend(&mut self) -> f64 {
        let mut x = LEFT;
        let y = BOTTOM + 62.0;
        for (kind, label) in NEUTRAL.iter().enumerate() {
            if self.marks.contains(&Mark::Neutral(kind)) {
                let _ = writeln!(
                    self.svg,
                    "<rect class=\"n{kind}\" x=\"{x:.1}\" y=\"{}\" width=\"12\" height=\"12\"/><text class=\"t small\" \
                     x=\"{:.1}\" y=\"{y}\">{label}</text>",
                    y - 10.0,
                    x + 18.0
                );
                x += 40.0 + text_width(label);
            }
        }
        if x > LEFT { 24.0 } else { 0.0 }
    }
}

/// The beginning of a long text.
fn cut(text: &str, most: usize) -> String {
    if text.chars().count() <= most {
        return text.to_owned();
    }
    text.chars().take(most - 1).chain(['…']).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn colours_are_those_of_most_numbers() {
        assert_eq!(
            colours(&[0.5, 2.0], Range::Share),
            (Scale::Linear { low: 0.0, high: 1.0 }, false)
        );
        assert_eq!(colours(&[1.0, 3.0], Range::All).0, Scale::Linear { low: 1.0, high: 3.0 });
        let (scale, clipped) = colours(&[0.0, 0.02, 3.0], Range::All);
        assert_eq!((scale, clipped), (Scale::Log { low: 0.01, high: 10.0, zero: true }, false));
        let mut huge: Vec<f64> = (1..1000).map(f64::from).collect();
        huge.push(1e200);
        assert_eq!(
            colours(&huge, Range::All),
            (Scale::Log { low: 10.0, high: 10_000.0, zero: false }, true)
        );
        let around: Vec<f64> = (0..10).map(|n| 1.0 + f64::from(n) / 8.0).collect();
        let expected = (Scale::Linear { low: 0.0, high: 2.0 }, true);
        assert_eq!(colours(&around, Range::AroundOne), expected);
        assert!(matches!(colours(&[-1.0, 1e9], Range::All).0, Scale::Linear { .. }));
    }

    #[test]
    fn even_numbers_have_round_ticks() {
        let axis = |numbers: Vec<f64>| Axis {
            name: String::new(),
            codes: Vec::new(),
            levels: Levels::Numbers(numbers),
        };
        let labels = |axis: &Axis, cells| -> Vec<String> {
            axis.level_ticks(cells, 1, 5).into_iter().map(|tick| tick.label).collect()
        };
        let even = axis((0..41).map(|n| f64::from(n) / 10.0 - 2.0).collect());
        assert_eq!(labels(&even, 41), ["−2", "−1", "0", "1", "2"]);
        let ratios = axis((0..=20).map(|n| 2e-4 * 10f64.powf(f64::from(n) / 5.0)).collect());
        assert_eq!(
            labels(&ratios, 21),
            ["10⁻³", "0.01", "0.1", "1"].map(|l| match l {
                "0.01" => "10⁻²",
                "0.1" => "10⁻¹",
                other => other,
            })
        );
        let uneven = axis(vec![1.0, 2.0, 7.0]);
        assert_eq!(labels(&uneven, 3), ["1", "2", "7"]);
        let tick = &even.level_ticks(41, 1, 5)[2];
        assert!((tick.place - 0.5).abs() < 1e-12, "0 is in the middle of the middle cell");
    }
}
