//! Static figures of a sweep: a quantity over two keys as coloured cells, samples as coloured dots, over one key as dots.

use super::Sweep;
use super::axis::SweepAxis;
use super::cell::{DiagramCell, Mark, NEUTRAL, PARTLY};
use super::column::NONE;
use super::mosaic::{Mosaic, corner, ink_on};
use super::quantity::{LOSS, QUANTITIES, Quantity, Range, beyond, colours};
use crate::figure::{Figure, WIDTH, text_width};
use crate::markup::escaped;
use crate::number::{count, counted, short};
use crate::palette::viridis;
use crate::scale::{Scale, Tick};
use crate::ticks::{TickMark, cut, ticks_below, ticks_left, ticks_right};
use constinit_records::{EndWord, ScaleWord};
use std::fmt::Write;

const LEFT: f64 = 92.0;
const RIGHT: f64 = WIDTH - 104.0;
const TOP: f64 = 26.0;
const BOTTOM: f64 = 366.0;
/// The largest number of cells along an axis, and of dots of samples.
const MOST_CELLS: usize = 128;
const MOST_DOTS: usize = 4096;
/// The largest number of cells with a tooltip: each takes some 200 bytes.
const MOST_TEXTS: usize = 900;
/// The number of colours that are distinguished in a file, so that neighbours of one colour are one mark.
const SHADES: f64 = 96.0;

/// The figures of a sweep. Keys that are not axes have the values that a page of these rows shows at first.
pub fn figures(
    sweep: &Sweep,
    rows: impl Iterator<Item = usize> + Clone,
) -> impl Iterator<Item = Figure> {
    let start = sweep.start(rows);
    QUANTITIES.iter().filter_map(move |quantity| figure(sweep, quantity, start?))
}

fn figure(sweep: &Sweep, quantity: &Quantity, start: usize) -> Option<Figure> {
    let column = (quantity.column)(sweep)?;
    let mark = |row: usize| match sweep.ended(row) {
        Some(word) if word == EndWord::Diverged.as_str() => Mark::Neutral(1),
        Some(word) if word == EndWord::Failed.as_str() => Mark::Neutral(2),
        _ => column.number(row).map_or(Mark::Neutral(0), Mark::Number),
    };
    let marks: Vec<Mark> = (0..sweep.rows()).map(mark).collect();
    let mut numbers: Vec<f64> = marks.iter().filter_map(|mark| mark.number()).collect();
    numbers.sort_by(f64::total_cmp);
    if numbers.is_empty() {
        return None;
    }
    let axes = sweep.axes().into_iter();
    let axes: Vec<SweepAxis> = axes
        .filter_map(|key| {
            Some(SweepAxis::of(sweep.column(&key.key)?, key.scale == ScaleWord::Seed))
        })
        .collect();
    // A curve has room for all of its numbers.
    let range = match quantity.range {
        Range::AroundOne if axes.len() == 1 => Range::All,
        range => range,
    };
    let baseline = sweep.baseline().filter(|_| quantity.name == LOSS);
    let scale = colours(&numbers, range, baseline);
    let (svg, notes, drawn) = (String::new(), Vec::new(), Vec::new());
    let cells = Vec::new();
    let mut drawing = Drawing { sweep, start, marks, scale, baseline, svg, notes, drawn, cells };
    drawing.notes.extend(beyond(&numbers, &scale));
    if let Some(baseline) = baseline {
        let told = short(baseline);
        drawing
            .notes
            .push(format!("The baseline, {told}, is the loss of the best constant answer."));
    }
    match axes.as_slice() {
        [] => return None,
        [only] => drawing.dots_over(only, quantity.label),
        [x, y, ..] if sweep.is_sample() => drawing.samples(x, y),
        [x, y, others @ ..] => drawing.cells(x, y, others, &quantity.title.to_lowercase()),
    }
    // A title has only the last part of a key; the axes have the whole path.
    let short_name = |axis: &SweepAxis| axis.name.rsplit('.').next().unwrap_or_default().to_owned();
    let over: Vec<String> = axes.iter().take(2).map(short_name).collect();
    if axes.len() > 1 {
        drawing.colour_bar(quantity.label);
    }
    let below = drawing.legend();
    let description = drawing.description();
    let Drawing { svg, notes, .. } = drawing;
    Some(Figure {
        name: quantity.name.to_owned(),
        title: format!("{} over {}", quantity.title, over.join(" and ")),
        description,
        notes,
        quantity: None,
        width: WIDTH,
        height: BOTTOM + 46.0 + below,
        marks: svg,
        legend: Vec::new(),
        readout: serde_json::Value::Null,
    })
}

/// A figure in progress.
struct Drawing<'a> {
    sweep: &'a Sweep,
    /// The run that gives the values of the other keys.
    start: usize,
    marks: Vec<Mark>,
    scale: Scale,
    baseline: Option<f64>,
    svg: String,
    notes: Vec<String>,
    /// The marks of the drawn runs.
    drawn: Vec<Mark>,
    /// The cells that are drawn, if there are any: from left to right, from bottom to top.
    cells: Vec<Option<DiagramCell>>,
}

impl Drawing<'_> {
    /// The contents of the figure in words.
    fn description(&self) -> String {
        let numbers: Vec<f64> = self.drawn.iter().filter_map(|mark| mark.number()).collect();
        let ends = [f64::min, f64::max].map(|end| numbers.iter().copied().fold(f64::NAN, end));
        let [low, high] = ends.map(short);
        let runs = match numbers.len() {
            0 => "No run with a number".to_owned(),
            some => format!("{}, between {low} and {high}", counted(some, "run")),
        };
        let with = |kind| self.drawn.iter().filter(|mark| **mark == Mark::Neutral(kind)).count();
        let without = match with(0) {
            0 => String::new(),
            some => format!(", {} without a number", count(some)),
        };
        let cells = || self.cells.iter().flatten();
        let partly = match cells().filter(|cell| cell.is_part()).count() {
            0 => String::new(),
            some => {
                format!("; {} of {}: {PARTLY}", count(some), counted(cells().count(), "cell"))
            }
        };
        format!("{runs}; {} diverged, {} failed{without}{partly}.", count(with(1)), count(with(2)))
    }

    /// The place of a number between the ends of the colours.
    fn share(&self, number: f64) -> f64 {
        self.scale.place(number).unwrap_or(0.0).clamp(0.0, 1.0)
    }

    /// The fill of a mark: a class or a colour.
    fn fill(&self, mark: Mark) -> String {
        match mark {
            Mark::Neutral(kind) => format!("class=\"n{kind}\""),
            Mark::Number(number) => {
                let share = self.share(number);
                format!("fill=\"{}\"", viridis((share * SHADES).round() / SHADES))
            }
        }
    }

    /// Draws the cells of a grid.
    fn cells(&mut self, x: &SweepAxis, y: &SweepAxis, others: &[SweepAxis], title: &str) {
        let every = [x, y].map(|axis| axis.levels.len().div_ceil(MOST_CELLS));
        let [nx, ny] = [0, 1].map(|n| [x, y][n].levels.len().div_ceil(every[n]));
        let mut cells = vec![Vec::new(); nx * ny];
        let mut drawn = Vec::new();
        // A cell has the runs of all seeds, at one value of each other key.
        let at: Vec<usize> = others.iter().map(|axis| axis.level_of(self.start)).collect();
        for row in 0..self.sweep.rows() {
            let [at_x, at_y] = [x, y].map(|axis| axis.codes[row] as usize);
            let fixed = others
                .iter()
                .zip(&at)
                .all(|(axis, level)| axis.is_seed || axis.codes[row] as usize == *level);
            let is_shown = x.codes[row] != NONE && y.codes[row] != NONE && fixed;
            if is_shown && at_x % every[0] == 0 && at_y % every[1] == 0 {
                cells[at_y / every[1] * nx + at_x / every[0]].push(self.marks[row]);
                drawn.push(self.marks[row]);
            }
        }
        self.drawn = drawn;
        self.cells = cells.iter().map(|marks| DiagramCell::of(marks)).collect();
        let (size, [left, right, top, bottom]) = ([nx, ny], [LEFT, RIGHT, TOP, BOTTOM]);
        let mosaic = Mosaic { cells: &self.cells, size, left, right, top, bottom };
        let mut svg = mosaic.tiles(|mark| self.fill(mark));
        svg += &mosaic.corners(|number| self.share(number));
        if self.cells.len() <= MOST_TEXTS {
            svg += &mosaic.texts(|[across, up], cell| {
                let value = |axis: &SweepAxis, level| format!("{} {}", axis.name, axis.text(level));
                let places = [value(x, across * every[0]), value(y, up * every[1])];
                format!("{}: {title} {}", places.join(" \u{b7} "), cell.words())
            });
        }
        self.svg += &svg;
        self.axes(&x.level_ticks(nx, every[0], 6), &y.level_ticks(ny, every[1], 6));
        self.names(&x.name, &y.name);
        if every != [1, 1] {
            self.notes.push(format!(
                "{} of {} are drawn: one in {} values of {} and one in {} of {}.",
                count(nx * ny),
                counted(x.levels.len() * y.levels.len(), "cell"),
                every[0],
                x.name,
                every[1],
                y.name
            ));
        }
        let (seeds, fixed): (Vec<&SweepAxis>, Vec<&SweepAxis>) =
            others.iter().partition(|axis| axis.is_seed);
        if !fixed.is_empty() {
            let value = |axis: &&SweepAxis| axis.text(axis.level_of(self.start));
            let fixed = fixed.iter().map(|axis| format!("{} = {}", axis.name, value(axis)));
            self.notes.push(format!("Here {}.", fixed.collect::<Vec<_>>().join(", ")));
        }
        let runs = || cells.iter().map(Vec::len).filter(|runs| *runs > 0);
        let [least, most] = [runs().min(), runs().max()].map(Option::unwrap_or_default);
        let of_seeds: usize = seeds.iter().map(|axis| axis.levels.len()).product();
        if !seeds.is_empty() {
            let seeds = seeds
                .iter()
                .map(|axis| format!("{} of {}", counted(axis.levels.len(), "value"), axis.name));
            let seeds = seeds.collect::<Vec<_>>().join(" and ");
            self.notes.push(format!(
                "Each value is the mean over {seeds}, of the runs that have this number."
            ));
        } else if most > 1 {
            self.notes.push("Each value is the mean over the runs with the same keys.".to_owned());
        }
        // Some runs are not done yet, or several have the same values.
        if [least, most] != [of_seeds; 2] {
            let range = if least == most {
                count(most)
            } else {
                format!("{} to {}", count(least), count(most))
            };
            self.notes.push(format!("Each cell has {range} runs."));
        }
    }

    fn samples(&mut self, x: &SweepAxis, y: &SweepAxis) {
        let [across, up] = [x, y].map(SweepAxis::scale);
        let every = self.sweep.rows().div_ceil(MOST_DOTS).max(1);
        let mut dots = String::new();
        for row in (0..self.sweep.rows()).step_by(every) {
            let places = x.place(row, across.as_ref()).zip(y.place(row, up.as_ref()));
            if let Some((at_x, at_y)) = places {
                self.drawn.push(self.marks[row]);
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
            self.notes.push(format!("Only one in {every} of {rows} is drawn."));
        }
    }

    /// Draws the quantity over a single key.
    fn dots_over(&mut self, x: &SweepAxis, label: &str) {
        let across = x.scale();
        let every = self.sweep.rows().div_ceil(MOST_DOTS).max(1);
        let mut dots = String::new();
        for row in (0..self.sweep.rows()).step_by(every) {
            let Some(place) = x.place(row, across.as_ref()) else { continue };
            let at_x = LEFT + (RIGHT - LEFT) * place;
            self.drawn.push(self.marks[row]);
            let _ = match self.marks[row] {
                Mark::Number(number) => {
                    let y = BOTTOM - (BOTTOM - TOP) * self.share(number);
                    writeln!(
                        dots,
                        "<circle cx=\"{at_x:.1}\" cy=\"{y:.1}\" r=\"2.5\" class=\"f0\"/>"
                    )
                }
                // Runs without a number are above all numbers.
                Mark::Neutral(kind) => writeln!(
                    dots,
                    "<circle cx=\"{at_x:.1}\" cy=\"{:.1}\" r=\"2.5\" class=\"n{kind}\"/>",
                    TOP - 5.0
                ),
            };
        }
        let up = self.scale.ticks(6);
        if let Some(baseline) = self.baseline {
            let y = BOTTOM - (BOTTOM - TOP) * self.share(baseline);
            let _ = writeln!(
                self.svg,
                "<path class=\"baseline\" d=\"M{LEFT} {y:.1}H{RIGHT}\"/><text class=\"t small\" x=\"{}\" \
                 y=\"{:.1}\">baseline</text>",
                RIGHT + 6.0,
                y + 4.0
            );
        }
        self.axes(&x.ticks(across.as_ref(), 6), &up);
        self.svg.push_str(&dots);
        self.names(&x.name, label);
        self.every_nth(every);
    }

    fn axes(&mut self, across: &[Tick], up: &[Tick]) {
        let svg = &mut self.svg;
        let _ = writeln!(svg, "<path class=\"axis\" d=\"M{LEFT} {TOP}V{BOTTOM}H{RIGHT}\"/>");
        ticks_below(svg, across, [LEFT, RIGHT], BOTTOM);
        ticks_left(svg, up, LEFT, [TOP, BOTTOM], TickMark::Dash);
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
        self.svg.push_str("<g class=\"cells\" shape-rendering=\"crispEdges\">\n");
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
        let at = self.baseline.map(|baseline| self.share(baseline));
        // A number must not cover the baseline's name.
        let free =
            |tick: &Tick| at.is_none_or(|at| (tick.place - at).abs() * (BOTTOM - TOP) > 13.0);
        let ticks: Vec<Tick> = self.scale.ticks(6).into_iter().filter(free).collect();
        ticks_right(&mut self.svg, &ticks, X + 20.0, [TOP, BOTTOM]);
        if let Some(at) = at {
            let y = BOTTOM - (BOTTOM - TOP) * at;
            let _ = writeln!(
                self.svg,
                "<path class=\"baseline\" d=\"M{} {y:.1}h18\"/><text class=\"t small\" x=\"{}\" \
                 y=\"{:.1}\">baseline</text>",
                X - 2.0,
                X + 20.0,
                y + 4.0
            );
        }
        let _ = writeln!(self.svg, "<text class=\"q\" x=\"{X}\" y=\"12\">{label}</text>");
    }

    /// Draws the neutral colours that occur and the mark of a mean of some runs, below the axis. Returns their height.
    fn legend(&mut self) -> f64 {
        let kinds = match self.cells.as_slice() {
            [] => self.drawn.clone(),
            cells => cells.iter().flatten().map(|cell| cell.mark).collect(),
        };
        let is_there = |(kind, _): &(usize, &&str)| kinds.contains(&Mark::Neutral(*kind));
        let neutral = NEUTRAL.iter().enumerate().filter(is_there);
        let mut entries: Vec<(String, &str)> =
            neutral.map(|(kind, label)| (format!("class=\"n{kind}\""), *label)).collect();
        let partly = self.cells.iter().flatten().any(DiagramCell::is_part);
        if partly {
            entries.push((format!("fill=\"{}\"", viridis(0.75)), PARTLY));
        }
        let mut x = LEFT;
        let y = BOTTOM + 62.0;
        for (fill, label) in &entries {
            let _ = writeln!(
                self.svg,
                "<rect {fill} x=\"{x:.1}\" y=\"{}\" width=\"12\" height=\"12\"/><text class=\"t small\" x=\"{:.1}\" \
                 y=\"{y}\">{label}</text>",
                y - 10.0,
                x + 18.0
            );
            if *label == PARTLY {
                let (corner, ink) = (corner(x + 12.0, y - 10.0, 12.0), ink_on(0.75));
                let _ = writeln!(self.svg, "<path fill=\"{ink}\" d=\"{corner}\"/>");
            }
            x += 40.0 + text_width(label);
        }
        if entries.is_empty() { 0.0 } else { 24.0 }
    }
}
