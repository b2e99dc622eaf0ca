//! What a run prints on standard output.

use super::readings::write_line;
use crate::config::RunConfig;
use anstream::AutoStream;
use anstyle::Style;
use burn::tensor::TensorData;
use constinit::parameters_text;
use constinit::probe::{SpaceReading, SymmetryReading};
use constinit_core::text::Numbers;
use constinit_records::{ReadingRecord, StartRecord};
use constinit_symmetry::theorem::{Deviation, Properties};
use std::io::{self, Stdout, Write};

const HEADING: Style = Style::new().bold();
const QUIET: Style = Style::new().dimmed();

/// Networks of at most this many parameters are printed whole after each step.
const SMALL: usize = 64;
/// About how many lines a table has.
const TABLE_LINES: usize = 40;

/// Standard output, in one of four manners.
pub struct Screen {
    out: AutoStream<Stdout>,
    manner: Manner,
    /// The last step that is planned; a table always shows it.
    last_step: usize,
    heading_shown: bool,
    /// A reader that went away, as `head` does, is not an error.
    closed: bool,
}

/// The form in which the command line asks for a run's output.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ScreenMode {
    /// One JSON object a line.
    Json,
    /// A live view.
    Live,
    /// Lines for people.
    Lines,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Manner {
    /// One JSON object a line.
    Json,
    /// Title and verdict; what is between them is seen in a live view.
    Live,
    /// All parameters after each step.
    Whole,
    /// A line for every so many readings.
    Table { every: usize },
}

impl Screen {
    pub fn new(mode: ScreenMode, parameters: usize, readings: usize, last_step: usize) -> Self {
        let manner = match mode {
            ScreenMode::Json => Manner::Json,
            ScreenMode::Live => Manner::Live,
            ScreenMode::Lines if parameters <= SMALL => Manner::Whole,
            ScreenMode::Lines => Manner::Table { every: readings.div_ceil(TABLE_LINES).max(1) },
        };
        Self { out: anstream::stdout(), manner, last_step, heading_shown: false, closed: false }
    }

    /// Whether nobody reads any more.
    pub fn closed(&self) -> bool {
        self.closed
    }

    fn shows_no_lines(&self) -> bool {
        matches!(self.manner, Manner::Json | Manner::Live)
    }

    /// Whether a live view is shown between title and verdict.
    pub fn is_live(&self) -> bool {
        self.manner == Manner::Live
    }

    /// Whether standard output says little enough for a progress bar beside it.
    pub fn is_sparse(&self) -> bool {
        self.manner != Manner::Whole
    }

    pub fn start(&mut self, title: &str, start: &StartRecord<&RunConfig>) -> io::Result<()> {
        let manner = self.manner;
        self.write(|out| match manner {
            Manner::Json => write_line(out, start),
            _ => writeln!(out, "{HEADING}{title}{HEADING:#}\n"),
        })
    }

    /// Outputs and targets side by side, each `[examples, outputs]`.
    pub fn outputs(&mut self, outputs: &TensorData, targets: &TensorData) -> io::Result<()> {
        if self.shows_no_lines() {
            return Ok(());
        }
        let (outputs, targets) = (lines(outputs), lines(targets));
        let width = outputs.iter().map(String::len).max().unwrap_or(0).max(23);
        self.write(|out| {
            let label = format!("{:width$}", "outputs before training");
            writeln!(out, "{HEADING}{label}   targets{HEADING:#}")?;
            for (output, target) in outputs.iter().zip(&targets) {
                writeln!(out, "{output:width$}   {target}")?;
            }
            writeln!(out)
        })
    }

    /// The parameters by name, at the start and at the end and, where they are few, in between.
    pub fn parameters<'a>(
        &mut self,
        heading: &str,
        parameters: impl IntoIterator<Item = (&'a str, &'a TensorData)>,
    ) -> io::Result<()> {
        if self.shows_no_lines() {
            return Ok(());
        }
        let text = parameters_text(parameters);
        self.write(|out| write!(out, "{HEADING}{heading}{HEADING:#}\n{text}\n"))
    }

    /// One reading; `line` is what `--json` prints, `parameters` are asked for only where they are shown.
    pub fn reading<'a, I: IntoIterator<Item = (&'a str, &'a TensorData)>>(
        &mut self,
        number: usize,
        line: &ReadingRecord,
        (reading, properties): (&SymmetryReading, &Properties),
        parameters: impl FnOnce() -> I,
    ) -> io::Result<()> {
        match self.manner {
            Manner::Json => self.write(|out| write_line(out, line)),
            Manner::Live => Ok(()),
            Manner::Whole if reading.step == 0 => Ok(()),
            Manner::Whole => {
                let loss = reading.loss.map_or(String::new(), |loss| format!("   loss {loss:.4}"));
                self.parameters(&format!("step {}{loss}", reading.step), parameters())
            }
            Manner::Table { every } => self.row(number, every, reading, properties),
        }
    }

    fn row(
        &mut self,
        number: usize,
        every: usize,
        reading: &SymmetryReading,
        properties: &Properties,
    ) -> io::Result<()> {
        let SymmetryReading { step, loss, spaces } = reading;
        let names: Vec<&str> =
            properties.iter().filter(|(_, p)| p.is_some()).map(|(name, _)| name).collect();
        let heading = !std::mem::replace(&mut self.heading_shown, true);
        let shown = number.is_multiple_of(every) || *step == self.last_step;
        self.write(|out| {
            if heading {
                write!(out, "{HEADING}{:>8}  {:>12}", "step", "loss")?;
                for name in names {
                    write!(out, "  {name:>9}")?;
                }
                writeln!(out, "  hidden units{HEADING:#}")?;
            }
            if !shown {
                return Ok(());
            }
            let loss = loss.map_or("-".to_owned(), |loss| format!("{loss:.6}"));
            write!(out, "{step:>8}  {loss:>12}")?;
            for alike in properties.iter().filter_map(|(_, property)| property) {
                write!(out, "  {:>9}", cell(alike))?;
            }
            let spaces: Vec<String> = spaces.iter().map(space_cell).collect();
            writeln!(out, "  {}", spaces.join("  "))
        })
    }

    /// What the classes of the start mean.
    pub fn certificate(&mut self, lines: &[String]) -> io::Result<()> {
        if self.shows_no_lines() || lines.is_empty() {
            return Ok(());
        }
        self.write(|out| {
            writeln!(out, "{HEADING}before training{HEADING:#}")?;
            lines.iter().try_for_each(|line| writeln!(out, "  {line}"))?;
            writeln!(out)
        })
    }

    /// A line a finding. They have no colours: equal units are a finding, and neither a success nor a failure.
    pub fn verdict(&mut self, lines: &[String]) -> io::Result<()> {
        if self.manner == Manner::Json {
            return Ok(());
        }
        self.write(|out| {
            writeln!(out, "{HEADING}verdict{HEADING:#}")?;
            lines.iter().try_for_each(|line| writeln!(out, "  {line}"))
        })
    }

    /// A line with `--json`, nothing otherwise.
    pub fn json_line(&mut self, line: &impl serde::Serialize) -> io::Result<()> {
        if self.manner != Manner::Json {
            return Ok(());
        }
        self.write(|out| write_line(out, line))
    }

    /// A line for people, nothing with `--json`.
    pub fn remark(&mut self, text: &str) -> io::Result<()> {
        if self.manner == Manner::Json {
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

/// A matrix, line by line.
fn lines(data: &TensorData) -> Vec<String> {
    let columns = data.shape.as_slice().last().copied().unwrap_or(0);
    let rows = data.shape.as_slice().first().copied().unwrap_or(0);
    let values: Vec<f64> = data.iter::<f64>().collect();
    let text = Numbers::matrix(rows, columns, |i, j| values[i * columns + j]).to_string();
    text.lines().map(str::to_owned).collect()
}

fn cell(alike: Deviation) -> String {
    if alike.holds() {
        "holds".to_owned()
    } else if alike.deviation == 0.0 {
        "-0/+0".to_owned()
    } else {
        format!("{:.2e}", alike.deviation)
    }
}

fn space_cell(read: &SpaceReading) -> String {
    let SpaceReading { units, twins, apart, .. } = read;
    match apart {
        None => format!("{units} = {twins}"),
        Some(apart) => format!("{units} = {twins}, apart by {:.2e}", apart.difference),
    }
}
