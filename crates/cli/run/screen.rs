//! What a run prints on standard output.

use super::readings::write_line;
use super::wrapped::wrapped;
use crate::config::RunConfig;
use anstream::AutoStream;
use anstyle::Style;
use burn::tensor::TensorData;
use constinit::parameters_text;
use constinit::probe::SymmetryReading;
use constinit_core::text::{Numbers, number};
use constinit_records::{ReadingRecord, SpaceRecord, StartRecord};
use constinit_symmetry::theorem::{Deviation, Properties};
use std::io::{self, IsTerminal, Stdout, Write};

const HEADING: Style = Style::new().bold();
const QUIET: Style = Style::new().dimmed();

/// The approximate number of lines of a table, however long the run is.
const TABLE_LINES: usize = 20;
/// Outputs are shown for at most this many examples.
const EXAMPLES: usize = 8;

/// How many readings lie between two lines of a table.
pub fn between_lines(readings: usize) -> usize {
    readings.div_ceil(TABLE_LINES).max(1)
}

/// Standard output, in one of five forms.
pub struct Screen {
    out: AutoStream<Stdout>,
    manner: Manner,
    /// The last step that is planned; a table always shows it.
    last_step: usize,
    heading_shown: bool,
    /// Whether the reader has closed standard output, as `head` does. That is not an error.
    closed: bool,
}

/// The form in which the command line asks for a run's output.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ScreenMode {
    /// One JSON object per line.
    Json,
    /// A live view.
    Live,
    /// The verdict alone.
    Quiet,
    /// All parameters after each reading.
    Parameters,
    /// A table of about 20 readings.
    Table,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Manner {
    /// One JSON object per line.
    Json,
    /// The title and the verdict. A live view shows everything between them.
    Live,
    /// The verdict.
    Quiet,
    /// All parameters after each reading.
    Parameters,
    /// A line for every multiple of this number of readings.
    Table { every: usize },
}

impl Screen {
    /// The output of a run of so many readings after step 0.
    pub fn new(mode: ScreenMode, readings: usize, last_step: usize) -> Self {
        let manner = match mode {
            ScreenMode::Json => Manner::Json,
            ScreenMode::Live => Manner::Live,
            ScreenMode::Quiet => Manner::Quiet,
            ScreenMode::Parameters => Manner::Parameters,
            ScreenMode::Table => Manner::Table { every: between_lines(readings) },
        };
        Self { out: anstream::stdout(), manner, last_step, heading_shown: false, closed: false }
    }

    /// Whether the reader has closed it.
    pub fn closed(&self) -> bool {
        self.closed
    }

    fn shows_parameters(&self) -> bool {
        self.manner == Manner::Parameters
    }

    /// Whether a live view is shown between title and verdict.
    pub fn is_live(&self) -> bool {
        self.manner == Manner::Live
    }

    /// Whether standard output is sparse enough for a progress bar, and a bar is wanted.
    pub fn is_sparse(&self) -> bool {
        matches!(self.manner, Manner::Json | Manner::Table { .. })
    }

    pub fn start(&mut self, title: &str, start: &StartRecord<&RunConfig>) -> io::Result<()> {
        let manner = self.manner;
        self.write(|out| match manner {
            Manner::Json => write_line(out, start),
            Manner::Quiet => Ok(()),
            Manner::Live | Manner::Parameters | Manner::Table { .. } => {
                writeln!(out, "{HEADING}{title}{HEADING:#}\n")
            }
        })
    }

    /// Outputs and targets side by side, each `[examples, outputs]`, of the first few examples.
    pub fn outputs(&mut self, outputs: &TensorData, targets: &TensorData) -> io::Result<()> {
        if !self.shows_parameters() {
            return Ok(());
        }
        let lines = side_by_side("outputs before training", outputs, targets);
        self.write(|out| {
            writeln!(out, "{HEADING}{}{HEADING:#}", lines[0])?;
            lines[1..].iter().try_for_each(|line| writeln!(out, "{line}"))?;
            writeln!(out)
        })
    }

    /// The parameters by name.
    pub fn parameters<'a>(
        &mut self,
        heading: &str,
        parameters: impl IntoIterator<Item = (&'a str, &'a TensorData)>,
    ) -> io::Result<()> {
        if !self.shows_parameters() {
            return Ok(());
        }
        let text = parameters_text(parameters);
        self.write(|out| write!(out, "{HEADING}{heading}{HEADING:#}\n{text}\n"))
    }

    /// The reading of this number, from 0; `line` is what `--json` prints, `parameters` are asked for only if they are shown.
    pub fn reading<'a, I: IntoIterator<Item = (&'a str, &'a TensorData)>>(
        &mut self,
        place: usize,
        line: &ReadingRecord,
        (reading, properties): (&SymmetryReading, &Properties),
        parameters: impl FnOnce() -> I,
    ) -> io::Result<()> {
        match self.manner {
            Manner::Json => self.write(|out| write_line(out, line)),
            Manner::Live | Manner::Quiet => Ok(()),
            Manner::Parameters if reading.step == 0 => Ok(()),
            Manner::Parameters => {
                let loss = reading
                    .loss
                    .map_or(String::new(), |loss| format!("   loss {}", number(loss, 6)));
                self.parameters(&format!("step {}{loss}", reading.step), parameters())
            }
            Manner::Table { every } => self.row((place, every), line, reading.step, properties),
        }
    }

    fn row(
        &mut self,
        (place, every): (usize, usize),
        line: &ReadingRecord,
        step: usize,
        properties: &Properties,
    ) -> io::Result<()> {
        let heading = !std::mem::replace(&mut self.heading_shown, true);
        let shown = place.is_multiple_of(every) || step == self.last_step;
        self.write(|out| {
            if heading {
                writeln!(out, "{HEADING}{}{HEADING:#}", table_heading(line, properties))?;
            }
            if !shown {
                return Ok(());
            }
            let loss = line.loss.map_or("-".to_owned(), |loss| number(loss, 6));
            write!(out, "{step:>8}  {loss:>11}")?;
            for alike in properties.iter().filter_map(|(_, property)| property) {
                write!(out, "  {:>9}", property_cell(alike))?;
            }
            let widths = line.spaces.iter().map(space_width);
            let cells = line.spaces.iter().map(space_cell).zip(widths);
            let cells: String = cells.map(|(cell, width)| format!("  {cell:width$}")).collect();
            writeln!(out, "{}", cells.trim_end())
        })
    }

    /// What the classes of the start mean.
    pub fn certificate(&mut self, lines: &[String]) -> io::Result<()> {
        if !matches!(self.manner, Manner::Parameters | Manner::Table { .. }) || lines.is_empty() {
            return Ok(());
        }
        self.write(|out| {
            writeln!(out, "{HEADING}before training{HEADING:#}")?;
            let mut lines = lines.iter().flat_map(|line| fitting(line, 2));
            lines.try_for_each(|line| writeln!(out, "  {line}"))?;
            writeln!(out)
        })
    }

    /// The verdict, one line per finding. Findings have no colours: equal units are neither a success nor a failure.
    pub fn verdict(&mut self, lines: &[String]) -> io::Result<()> {
        if self.manner == Manner::Json {
            return Ok(());
        }
        let (heading, indent) = match self.manner {
            Manner::Quiet => (None, ""),
            // A table ends without an empty line.
            Manner::Table { .. } => (Some("\nverdict"), "  "),
            Manner::Json | Manner::Live | Manner::Parameters => (Some("verdict"), "  "),
        };
        self.write(|out| {
            if let Some(heading) = heading {
                writeln!(out, "{HEADING}{heading}{HEADING:#}")?;
            }
            let mut lines = lines.iter().flat_map(|line| fitting(line, indent.len()));
            lines.try_for_each(|line| writeln!(out, "{indent}{line}"))
        })
    }

    /// A line with `--json`, nothing otherwise.
    pub fn json_line(&mut self, line: &impl serde::Serialize) -> io::Result<()> {
        if self.manner != Manner::Json {
            return Ok(());
        }
        self.write(|out| write_line(out, line))
    }

    /// A line for people, in addition to the verdict.
    pub fn remark(&mut self, text: &str) -> io::Result<()> {
        if matches!(self.manner, Manner::Json | Manner::Quiet) {
            return Ok(());
        }
        self.write(|out| writeln!(out, "{QUIET}{text}{QUIET:#}"))
    }

    fn write(
        &mut self,
        print: impl FnOnce(&mut AutoStream<Stdout>) -> io::Result<()>,
    ) -> io::Result<()> {
        if self.closed {
            return Ok(());
        }
        match print(&mut self.out).and_then(|()| self.out.flush()) {
            Err(error) if error.kind() == io::ErrorKind::BrokenPipe => {
                self.closed = true;
                Ok(())
            }
            other => other,
        }
    }
}

/// A sentence, wrapped to fit behind an indent if standard output is a terminal; otherwise the sentence is one line.
fn fitting(sentence: &str, indent: usize) -> Vec<String> {
    let width = io::stdout().is_terminal().then(crossterm::terminal::size).and_then(Result::ok);
    match width {
        Some((width, _)) => wrapped(sentence, usize::from(width).saturating_sub(indent)),
        None => vec![sentence.to_owned()],
    }
}

/// Outputs and targets side by side under a heading, at most so many examples of them.
fn side_by_side(heading: &str, outputs: &TensorData, targets: &TensorData) -> Vec<String> {
    let (left, right) = (matrix_lines(outputs), matrix_lines(targets));
    let width = left.iter().map(String::len).max().unwrap_or(0).max(heading.len());
    let mut lines = vec![format!("{heading:width$}   targets")];
    lines.extend(left.iter().zip(&right).map(|(left, right)| format!("{left:width$}   {right}")));
    let rows = outputs.shape.as_slice().first().copied().unwrap_or(0);
    if rows > EXAMPLES {
        lines.push(format!("and {} more examples", rows - EXAMPLES));
    }
    lines
}

/// The first rows of a matrix, line by line.
fn matrix_lines(data: &TensorData) -> Vec<String> {
    let columns = data.shape.as_slice().last().copied().unwrap_or(0);
    let rows = data.shape.as_slice().first().copied().unwrap_or(0).min(EXAMPLES);
    let values: Vec<f64> = data.iter::<f64>().take(rows * columns).collect();
    let text = Numbers::matrix(rows, columns, |i, j| values[i * columns + j]).to_string();
    text.lines().map(str::to_owned).collect()
}

fn table_heading(first: &ReadingRecord, properties: &Properties) -> String {
    let mut heading = format!("{:>8}  {:>11}", "step", "loss");
    for (name, _) in properties.iter().filter(|(_, property)| property.is_some()) {
        heading += &format!("  {name:>9}");
    }
    for space in &first.spaces {
        heading += &format!("  {:width$}", space.name, width = space_width(space));
    }
    heading.trim_end().to_owned()
}

fn property_cell(alike: Deviation) -> String {
    if alike.holds() {
        "holds".to_owned()
    } else if alike.deviation == 0.0 {
        "-0/+0".to_owned()
    } else {
        number(alike.deviation, 3)
    }
}

/// How many units of a hidden layer are distinct, the spread of units that were equal at the start, and how many are
/// dead.
fn space_cell(space: &SpaceRecord) -> String {
    let SpaceRecord { units, twins, spread, ulps, needed, dead, .. } = space;
    let mut cell = format!("distinct {twins}/{units}");
    if let Some(needed) = needed.filter(|needed| needed < twins) {
        cell += &format!(", {needed} needed");
    }
    match spread {
        _ if *ulps == 0 => {}
        Some(spread) => cell += &format!(", {} apart", number(*spread, 3)),
        None => cell += ", not finite",
    }
    if let Some(dead @ 1..) = dead {
        cell += &format!(", {dead} dead");
    }
    cell
}

/// Columns that a hidden layer's cell takes.
fn space_width(space: &SpaceRecord) -> usize {
    let digits = space.units.to_string().len();
    ("distinct /, 1.19e-7 apart".len() + 2 * digits).max(space.name.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn space(units: usize, twins: usize, spread: Option<f64>, ulps: u64) -> SpaceRecord {
        let name = "hidden1".to_owned();
        SpaceRecord { name, units, twins, spread, ulps, ..SpaceRecord::default() }
    }

    #[test]
    fn a_layer_says_how_many_of_its_units_are_distinct() {
        assert_eq!(space_cell(&space(16, 1, Some(0.0), 0)), "distinct 1/16");
        let apart = f64::from(f32::EPSILON);
        assert_eq!(space_cell(&space(16, 2, Some(apart), 1)), "distinct 2/16, 1.19e-7 apart");
        assert_eq!(space_cell(&space(2, 2, Some(0.0), 1)), "distinct 2/2, 0 apart");
        assert_eq!(space_cell(&space(2, 2, None, 1)), "distinct 2/2, not finite");
        let needed = |needed| SpaceRecord { needed, ..space(16, 9, Some(0.0), 0) };
        assert_eq!(space_cell(&needed(Some(7))), "distinct 9/16, 7 needed");
        assert_eq!(space_cell(&needed(Some(9))), "distinct 9/16");
        let dead = |dead| SpaceRecord { dead, ..space(9, 1, Some(0.0), 0) };
        assert_eq!(space_cell(&dead(Some(9))), "distinct 1/9, 9 dead");
        assert_eq!(space_cell(&dead(Some(0))), "distinct 1/9");
    }

    #[test]
    fn properties_hold_or_have_a_deviation_of_few_digits() {
        let cell = |deviation, ulps| property_cell(Deviation { deviation, ulps });
        assert_eq!(cell(0.0, 0), "holds");
        assert_eq!(cell(0.0, 1), "-0/+0");
        assert_eq!(cell(1.192_092_895_507_812_5e-7, 1), "1.19e-7");
    }

    #[test]
    fn outputs_are_shown_of_the_first_eight_examples() {
        let matrix = |rows: usize, columns: usize| {
            let values: Vec<f64> = (0..rows * columns).map(|value| value as f64).collect();
            TensorData::new(values, [rows, columns])
        };
        let lines = side_by_side("outputs", &matrix(10, 1), &matrix(10, 2));
        assert_eq!(lines.len(), 1 + EXAMPLES + 1);
        assert_eq!(lines[0], "outputs      targets");
        assert_eq!(lines[1], "[[0.0000],   [[ 0.0000,  1.0000],");
        assert_eq!(lines[8], " [7.0000]]    [14.0000, 15.0000]]");
        assert_eq!(lines[9], "and 2 more examples");
        assert_eq!(side_by_side("outputs", &matrix(8, 1), &matrix(8, 1)).len(), 9);
    }
}
