//! The live view: a function of what is known about a run, at any size of the terminal.

use super::chart::{Plot, chart};
use super::line::{Color, Line};
use super::state::{LayerHistory, LiveState, Series};
use crate::run::wrapped::wrapped;
use constinit_core::text::number;
use std::time::Duration;

/// From this ratio of the largest to the smallest loss on, the axis is logarithmic.
const LOGARITHMIC_FROM: f64 = 50.0;
/// Lines that a chart needs.
const CHART: usize = 6;
/// Lines of the terminal from which on there is room for more than one line of progress.
const LOW: usize = 12;
/// Columns that a chart needs.
const CHART_WIDTH: usize = 24;
/// The largest number of columns of a layer's history.
const HISTORY: usize = 40;
/// Columns of the terminal from which on there is room for histories.
const WIDE: usize = 64;
/// The spreads from the lowest block to the highest one, as powers of ten.
const SPREADS: [f64; 2] = [-8.0, 0.0];
const BLOCKS: [char; 8] = ['▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'];

/// What changes between readings.
#[derive(Clone, Copy, Debug, Default)]
pub struct Moment {
    /// Steps done.
    pub step: usize,
    /// The time since the program began to train.
    pub elapsed: Duration,
    /// Whether the run was asked to end.
    pub ending: bool,
    /// Whether there may be colours.
    pub colours: bool,
}

impl Moment {
    fn colour(self, colour: Color) -> Option<Color> {
        self.colours.then_some(colour)
    }
}

/// A run in `height` lines of at most `width` characters. If the verdict has more lines than fit, it begins with line
/// number `scroll`. If `scroll` is larger than the last line that still fills the room, it is set to that line.
pub fn view(
    live: &LiveState,
    moment: Moment,
    scroll: &mut usize,
    [width, height]: [usize; 2],
) -> Vec<Line> {
    let head = head(live, moment, [width, height]);
    // The lines that are left without the keys. The layers take theirs first, then a chart, then as much of the verdict
    // as fits.
    let room = height.saturating_sub(head.len() + 1);
    let mut foot = layers(&live.layers, width, (room / 2).max(3));
    foot.truncate(room);
    let room = room - foot.len();
    let room = if room > CHART { room - CHART } else { room };
    let findings = findings(live, moment, width);
    let hidden = findings.len().saturating_sub(room);
    *scroll = hidden.min(*scroll);
    foot.extend(findings.into_iter().skip(*scroll).take(room));
    let keys = match moment.ending {
        false => "q or Ctrl-C: end after this step",
        true => "ending after this step; Ctrl-C: at once",
    };
    let more = match hidden {
        _ if room == 0 => String::new(),
        0 => String::new(),
        1 => "   ↑ ↓: 1 more line".to_owned(),
        hidden => format!("   ↑ ↓: {hidden} more lines"),
    };
    let keys = match format!("{keys}{more}") {
        long if !more.is_empty() && long.chars().count() > width => format!("q: end{more}"),
        fits => fits,
    };
    foot.push(Line::coloured(keys, moment.colour(Color::DarkGrey)));
    let middle = height.saturating_sub(head.len() + foot.len());
    let mut lines = head;
    lines.truncate(height.saturating_sub(foot.len()));
    if middle >= CHART && width >= CHART_WIDTH {
        lines.extend(loss(live, moment, [width, middle]));
    }
    lines.resize(height.saturating_sub(foot.len()), Line::default());
    lines.append(&mut foot);
    lines.iter().take(height).map(|line| line.cut(width)).collect()
}

/// What is trained, how far it is, and how long it will take.
fn head(live: &LiveState, moment: Moment, [width, height]: [usize; 2]) -> Vec<Line> {
    let LiveState { title, subject, steps, from, .. } = live;
    let done = moment.step.saturating_sub(*from);
    let seconds = moment.elapsed.as_secs_f64();
    let mut progress = format!("step {} of {steps}", moment.step);
    if *steps > 0 {
        progress += &format!(" ({} %)", moment.step * 100 / steps);
    }
    if done > 0 && seconds > 0.0 {
        let rate = done as f64 / seconds;
        let left = steps.saturating_sub(moment.step) as f64 / rate;
        // Slow rates are shown with tenths.
        let rate = if rate < 10.0 { number(rate, 2) } else { format!("{rate:.0}") };
        progress += &format!(", {rate} steps/s, {} left", time(left));
    }
    if let Some((_, loss)) = live.loss.last() {
        progress += &format!(", loss {}", number(loss, 6));
    }
    let mut lines =
        vec![Line::coloured(title, moment.colour(Color::DarkCyan)), Line::plain(subject)];
    let most = if height < LOW { 1 } else { usize::MAX };
    lines.extend(wrapped(&progress, width).iter().take(most).map(Line::plain));
    lines
}

/// A time in seconds, for people.
fn time(seconds: f64) -> String {
    match seconds.ceil() as u64 {
        s if s < 60 => format!("{s} s"),
        s if s < 3600 => format!("{}:{:02} min", s / 60, s % 60),
        s => format!("{}:{:02} h", s / 3600, s % 3600 / 60),
    }
}

/// The chart of the loss over steps; no lines if there is no loss.
fn loss(live: &LiveState, moment: Moment, [width, height]: [usize; 2]) -> Vec<Line> {
    let finite = live.loss.points().filter(|(_, loss)| loss.is_finite());
    let points: Vec<(f64, f64)> = finite.map(|(step, loss)| (step as f64, loss)).collect();
    let (Some((first, _)), Some((last, _))) = (points.first(), points.last()) else {
        return Vec::new();
    };
    let low = points.iter().map(|point| point.1).fold(f64::INFINITY, f64::min);
    let high = points.iter().map(|point| point.1).fold(f64::NEG_INFINITY, f64::max);
    let logarithmic = low > 0.0 && high / low >= LOGARITHMIC_FROM;
    let (points, bounds, labels): (Vec<_>, _, _) = if logarithmic {
        let bounds = [low.log10().floor(), high.log10().ceil()];
        let labels = bounds.map(|power| number(10_f64.powf(power), 6));
        (points.iter().map(|(step, loss)| (*step, loss.log10())).collect(), bounds, labels)
    } else {
        // A constant loss needs an axis, too.
        let room = if high > low { 0.0 } else { low.abs().max(1.0) * 0.1 };
        let bounds = [low - room, high + room];
        (points.clone(), bounds, bounds.map(|bound| number(bound, 4)))
    };
    let steps = [*first, last.max(first + 1.0)];
    let plot = Plot {
        points: &points,
        bounds: [steps, bounds],
        labels: [steps.map(|step| format!("{step}")), labels],
        colour: moment.colour(Color::DarkYellow),
    };
    let name = if logarithmic { "loss (log)" } else { "loss" };
    let mut lines = vec![Line::plain(name)];
    lines.extend(chart(&plot, [width, height - 1]));
    lines
}

/// The table of layers, of at most `most` lines.
fn layers(layers: &[LayerHistory], width: usize, most: usize) -> Vec<Line> {
    if layers.is_empty() {
        return Vec::new();
    }
    let longest = layers.iter().map(|layer| layer.name.chars().count()).max().unwrap_or(0);
    let name = longest.clamp(5, 16);
    // A number of digits for both: `distinct` is as wide as three digits of each.
    let digits = layers.iter().map(|layer| layer.units.to_string().len()).max().unwrap_or(0);
    let distinct = (2 * digits + 1).max(8);
    let taken = name + distinct + 12;
    let history = if width >= WIDE { (width.saturating_sub(taken) / 2).min(HISTORY) } else { 0 };
    let mut heading = format!("{:name$} {:>distinct$} {:>8}", "layer", "distinct", "spread");
    if history > 0 {
        heading += &format!("  {:history$} {}", "distinct over time", "spread, 1e-8 to 1");
    }
    let shown = if layers.len() < most { layers.len() } else { most.saturating_sub(2) };
    let row = |layer: &LayerHistory| {
        let LayerHistory { name: known, units, classes, spread } = layer;
        let last = |series: &Series| series.last().map_or(0.0, |(_, value)| value);
        let apart = number(last(spread), 2);
        let share = format!("{}/{units}", last(classes));
        let known: String = known.chars().take(name).collect();
        let mut line = format!("{known:name$} {share:>distinct$} {apart:>8}");
        if history > 0 {
            let most = units.saturating_sub(1).max(1) as f64;
            let of_classes = classes.columns(history).into_iter();
            let of_classes = of_classes.map(|number| block((number - 1.0) / most));
            let of_spread = spread.columns(history).into_iter().map(spread_block);
            line += "  ";
            line.extend(of_classes.chain([' ']).chain(of_spread));
        }
        Line::plain(line)
    };
    let mut lines = vec![Line::plain(heading)];
    lines.extend(layers.iter().take(shown).map(row));
    if shown < layers.len() {
        lines.push(Line::plain(format!("and {} more", layers.len() - shown)));
    }
    lines
}

/// A share as a character.
fn block(share: f64) -> char {
    let number = (share * (BLOCKS.len() - 1) as f64).round();
    BLOCKS[number.clamp(0.0, (BLOCKS.len() - 1) as f64) as usize]
}

fn spread_block(spread: f64) -> char {
    let [low, high] = SPREADS;
    // A spread of 0 is not a small number: the units are equal.
    if spread == 0.0 { '·' } else { block((spread.log10() - low) / (high - low)) }
}

/// The last break and the verdict so far. A break is a finding, not a failure, so it has no colour of a failure.
fn findings(live: &LiveState, moment: Moment, width: usize) -> Vec<Line> {
    let of_break = moment.colour(Color::DarkYellow);
    let broken = live.broken.iter().map(|broken| format!("last break: {broken}"));
    let broken = broken.flat_map(|text| wrapped(&text, width));
    let verdict = live.verdict.iter().flat_map(|finding| wrapped(finding, width));
    let broken = broken.map(|line| Line::coloured(line, of_break));
    broken.chain(verdict.map(Line::plain)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use constinit_records::{ReadingRecord, SpaceRecord};

    /// Two layers, the first of which breaks at step 60, and a loss that falls by three powers of ten.
    fn state() -> LiveState {
        let mut live = LiveState {
            title: "run.toml on ndarray".to_owned(),
            subject: "[4, 16, 3, 3] Tanh, SGD 0.1".to_owned(),
            steps: 200,
            ..LiveState::default()
        };
        let space = |name: &str, units: usize, twins: usize, spread: f64| SpaceRecord {
            name: name.to_owned(),
            units,
            twins,
            spread: Some(spread),
            ulps: u64::from(spread > 0.0),
            ..SpaceRecord::default()
        };
        for step in 0..=100 {
            let spread = if step < 60 { 0.0 } else { 1e-8 * 1.3_f64.powi(step - 60) };
            let twins = if step < 60 { 1 } else { 16 };
            let step = step as usize;
            let loss = (step > 0).then(|| 10.0 * (-0.07 * step as f64).exp());
            let spaces = vec![space("hidden1", 16, twins, spread), space("hidden2", 3, 3, 0.0)];
            let (properties, certificate) = (Default::default(), None);
            live.add(&ReadingRecord { step, loss, spaces, properties, certificate });
        }
        live.broken = Some(
            "step 60, hidden1: units 0 and 6 differ in linear2.weight by 1e-8 (1 ulp)".to_owned(),
        );
        live.verdict = vec![
            "hidden1: 16 units, 1 distinct until step 60 on ndarray; then units 0 and 6 differ."
                .to_owned(),
            "hidden2: 3 units, all distinct at the start.".to_owned(),
        ];
        live
    }

    fn text(live: &LiveState, [width, height]: [usize; 2]) -> String {
        let elapsed = Duration::from_millis(2500);
        let moment = Moment { step: 100, elapsed, ending: false, colours: false };
        let lines = view(live, moment, &mut 0, [width, height]);
        assert_eq!(lines.len(), height);
        let line = |line: &Line| {
            assert!(line.pieces().all(|(_, colour)| colour.is_none()), "no colours");
            let text: String = line.pieces().map(|(text, _)| text).collect();
            assert!(text.chars().count() <= width, "{text}");
            text.trim_end().to_owned() + "\n"
        };
        lines.iter().map(line).collect()
    }

    #[test]
    fn snapshots() {
        let many = LiveState { layers: vec![state().layers[1].clone(); 40], ..state() };
        let mut found = String::new();
        for (name, live, sizes) in [
            ("a run", state(), &[[100, 26], [62, 14], [30, 9], [12, 3], [1, 1]][..]),
            ("before its first step", LiveState::default(), &[[40, 4]]),
            ("many layers", many, &[[70, 16]]),
        ] {
            for size in sizes {
                found += &format!("{name}, {} x {}\n{}", size[0], size[1], text(&live, *size));
            }
        }
        assert_eq!(found, include_str!("snapshots.txt"), "{found}");
    }

    #[test]
    fn colours_where_they_are_wanted_and_a_word_where_the_run_ends() {
        let moment = Moment { step: 100, ending: true, colours: true, ..Moment::default() };
        let lines = view(&state(), moment, &mut 0, [80, 20]);
        let pieces: Vec<(&str, Option<Color>)> = lines.iter().flat_map(Line::pieces).collect();
        for colour in [Color::DarkCyan, Color::DarkYellow, Color::DarkGrey] {
            assert!(pieces.iter().any(|(_, found)| *found == Some(colour)), "{colour:?}");
        }
        let (last, _) = pieces[pieces.len() - 1];
        assert_eq!(last, "ending after this step; Ctrl-C: at once");
    }

    #[test]
    fn the_verdict_scrolls_where_it_has_no_room() {
        let live = state();
        let shown = |scroll: &mut usize| -> Vec<String> {
            let lines = view(&live, Moment::default(), scroll, [60, 15]);
            lines.iter().map(|line| line.pieces().map(|(text, _)| text).collect()).collect()
        };
        let all: Vec<String> = {
            let told = live.broken.iter().map(|broken| format!("last break: {broken}"));
            told.chain(live.verdict.iter().cloned()).flat_map(|text| wrapped(&text, 60)).collect()
        };
        let mut seen = Vec::new();
        for scroll in 0..all.len() {
            let mut at = scroll;
            let lines = shown(&mut at);
            assert!(at <= scroll && lines[14].contains("more lines"), "{lines:?}");
            assert!(lines.iter().all(|line| line.chars().count() <= 60), "{lines:?}");
            seen.extend(lines);
        }
        assert!(all.iter().all(|line| seen.contains(line)), "{seen:?}");
        let mut far = 1000;
        assert_eq!(shown(&mut far).iter().rfind(|line| all.contains(line)), all.last());
        assert!(far < all.len(), "no further than the end");
    }

    #[test]
    fn a_loss_is_drawn_at_any_numbers() {
        for losses in [&[][..], &[0.0], &[2.0, 2.0], &[f64::NAN, f64::INFINITY], &[-1e300, 1e300]] {
            let mut live = LiveState { steps: 5, ..LiveState::default() };
            losses.iter().enumerate().for_each(|(step, loss)| live.loss.push(step, *loss));
            assert!(text(&live, [50, 20]).starts_with('\n'));
        }
    }
}
