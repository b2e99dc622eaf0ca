//! The examples of a run: read, measured, checked.

use super::data_sets::built_in;
use super::refused;
use super::{DataConfig, DataSource, Dataset, RunConfig, TOO_LARGE};
use crate::Error;
use crate::Loss;
use std::path::Path;

/// Rows of numbers, all of one length.
#[derive(Clone, Debug, PartialEq)]
pub struct Matrix {
    /// How many rows.
    pub rows: usize,
    /// The length of each.
    pub columns: usize,
    /// Row after row.
    pub values: Vec<f64>,
}

/// What a run trains on.
#[derive(Clone, Debug, PartialEq)]
pub struct Examples {
    /// One row per example.
    pub inputs: Matrix,
    /// One row per example, one column per output.
    pub targets: Matrix,
}

/// The texts of the data files. They are saved with the run, since a pipe cannot be read again.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct DataFiles {
    /// The text of the inputs.
    pub inputs: Option<String>,
    /// The text of the targets.
    pub targets: Option<String>,
}

impl Examples {
    /// Reads the examples of a configuration in `folder`, and checks that they fit the network.
    ///
    /// # Errors
    ///
    /// [`Error::Config`], with the key, the file, the row and the column.
    pub fn read(config: &RunConfig, folder: &Path) -> Result<(Self, DataFiles), Error> {
        let (raw, files) = match &config.data {
            DataConfig { dataset: Some(name), inputs: None, targets: None, .. } => {
                (built_in(*name), DataFiles::default())
            }
            DataConfig { dataset: None, inputs: Some(inputs), targets: Some(targets), .. } => {
                let (inputs, inputs_text) = Matrix::read(inputs, "data.inputs", folder)?;
                let (targets, targets_text) = Matrix::read(targets, "data.targets", folder)?;
                let files = DataFiles { inputs: inputs_text, targets: targets_text };
                (Self { inputs, targets }, files)
            }
            DataConfig { dataset: Some(_), .. } => {
                return Err(refused("data: give either dataset, or inputs and targets"));
            }
            DataConfig { inputs: None, .. } => {
                return Err(refused("data.inputs is missing: give it, or data.dataset"));
            }
            _ => return Err(refused("data.targets is missing")),
        };
        Ok((raw.fit(config)?, files))
    }

    /// Warnings about settings that are allowed but probably mistakes.
    pub fn doubts(&self, config: &RunConfig) -> Vec<String> {
        let mut doubts = Vec::new();
        if config.training.loss == Loss::CrossEntropy {
            let Matrix { columns, values, .. } = &self.targets;
            if *columns == 1 {
                doubts.push(
                    "the cross entropy of a single output is always 0, whatever the network computes"
                        .to_owned(),
                );
            }
            let odd = |row: &[f64]| {
                row.iter().any(|p| *p < 0.0) || (row.iter().sum::<f64>() - 1.0).abs() > 1e-3
            };
            if let Some(row) = values.chunks(*columns).position(odd) {
                doubts.push(format!(
                    "{} reads targets as probabilities, but row {} has a negative target or its sum is not 1",
                    config.training.loss.name(),
                    row + 1
                ));
            }
        }
        doubts
    }

    /// A checksum of all numbers. It detects changes to the data files in a run's folder.
    pub fn checksum(&self) -> u32 {
        let mut hasher = crc32fast::Hasher::new();
        for Matrix { rows, columns, values } in [&self.inputs, &self.targets] {
            hasher.update(&(*rows as u64).to_le_bytes());
            hasher.update(&(*columns as u64).to_le_bytes());
            values.iter().for_each(|value| hasher.update(&value.to_le_bytes()));
        }
        hasher.finalize()
    }

    fn fit(self, config: &RunConfig) -> Result<Self, Error> {
        let dims = &config.model.layer_dims;
        let (Some(first), Some(last)) = (dims.first().copied(), dims.last().copied()) else {
            return Err(refused("model.layer_dims is empty"));
        };
        let Self { inputs, targets } = self;
        if inputs.rows != targets.rows {
            return Err(refused(format!(
                "data.inputs has {} rows, data.targets has {}",
                inputs.rows, targets.rows
            )));
        }
        if inputs.columns != first {
            return Err(refused(format!(
                "data.inputs has {} columns, but model.layer_dims = {dims:?} starts with {first}",
                inputs.columns
            )));
        }
        let by_class = targets.columns == 1
            && last > 1
            && match config.data.dataset {
                Some(dataset) => dataset != Dataset::Diabetes,
                None => config.training.loss == Loss::CrossEntropy,
            };
        let targets = if by_class { one_hot(&targets, last, config)? } else { targets };
        if targets.columns != last {
            return Err(refused(format!(
                "data.targets has {} columns, but model.layer_dims = {dims:?} ends with {last}",
                targets.columns
            )));
        }
        Ok(Self { inputs, targets })
    }
}

/// Class numbers as probabilities.
fn one_hot(targets: &Matrix, outputs: usize, config: &RunConfig) -> Result<Matrix, Error> {
    if config.data.shift_per_step != 0.0 {
        return Err(refused(
            "data.shift_per_step cannot shift class numbers; give data.targets one column per output",
        ));
    }
    let mut values = vec![0.0; targets.rows * outputs];
    for (row, class) in targets.values.iter().enumerate() {
        if class.fract() != 0.0 || *class < 0.0 || *class >= outputs as f64 {
            return Err(refused(format!(
                "data.targets, row {}: {class} is not a class number from 0 to {}",
                row + 1,
                outputs - 1
            )));
        }
        values[row * outputs + *class as usize] = 1.0;
    }
    Ok(Matrix { rows: targets.rows, columns: outputs, values })
}

impl Matrix {
    /// The numbers of a source and, for a file, its text.
    fn read(
        source: &DataSource,
        key: &str,
        folder: &Path,
    ) -> Result<(Self, Option<String>), Error> {
        match source {
            DataSource::Inline(rows) => {
                let place = |row| format!("{key}, row {row}");
                Ok((Self::collect(rows.iter().cloned(), place)?, None))
            }
            DataSource::File(name) => {
                let path = folder.join(name);
                let at = |reason: String| refused(format!("{key}: {}: {reason}", path.display()));
                let bytes = std::fs::read(&path).map_err(|error| at(error.to_string()))?;
                let text = String::from_utf8(bytes).map_err(|error| {
                    let offset = error.utf8_error().valid_up_to();
                    at(format!("not UTF-8 text: byte {offset} is invalid"))
                })?;
                Ok((Self::parse_csv(&text, &path, key)?, Some(text)))
            }
        }
    }

    /// Parses the text of a CSV file. Messages name the file and the key.
    ///
    /// # Errors
    ///
    /// [`Error::Config`], with the line and the column.
    pub fn parse_csv(text: &str, path: &Path, key: &str) -> Result<Self, Error> {
        let at = |reason: String| refused(format!("{key}: {}: {reason}", path.display()));
        let mut reader = csv::ReaderBuilder::new()
            .has_headers(false)
            .flexible(true)
            .trim(csv::Trim::All)
            .comment(Some(b'#'))
            .from_reader(text.as_bytes());
        let mut rows = Vec::new();
        let mut places = Vec::new();
        for (number, record) in reader.records().enumerate() {
            let record = record.map_err(|error| at(error.to_string()))?;
            let place = record.position().map_or(0, |position| position.byte() as usize);
            let numbers: Vec<_> = record.iter().map(str::parse::<f64>).collect();
            // A first line without any number names the columns.
            if number == 0 && numbers.iter().all(Result::is_err) {
                continue;
            }
            let mut row = Vec::with_capacity(numbers.len());
            for (column, (number, cell)) in numbers.into_iter().zip(record.iter()).enumerate() {
                let place = || format!("line {}, column {}", line_number(text, place), column + 1);
                let number = number
                    .map_err(|_| at(format!("{}: {:?} is not a number", place(), short(cell))))?;
                if !number.is_finite() && cell.contains(|c: char| c.is_ascii_digit()) {
                    return Err(at(format!("{}: {} is too large", place(), short(cell))));
                }
                row.push(number);
            }
            rows.push(row);
            places.push(place);
        }
        Self::collect(rows.into_iter(), |row| match places.get(row - 1) {
            Some(place) => {
                format!("{key}: {}: line {}", path.display(), line_number(text, *place))
            }
            None => format!("{key}: {}", path.display()),
        })
    }

    /// Joins rows; `place` names the row with a number from 1.
    fn collect(
        rows: impl Iterator<Item = Vec<f64>>,
        place: impl Fn(usize) -> String,
    ) -> Result<Self, Error> {
        let mut matrix = Self { rows: 0, columns: 0, values: Vec::new() };
        for row in rows {
            matrix.rows += 1;
            let place = || place(matrix.rows);
            if matrix.rows == 1 {
                matrix.columns = row.len();
            }
            if row.len() != matrix.columns {
                return Err(refused(format!(
                    "{}: {} numbers, but the first row has {}",
                    place(),
                    row.len(),
                    matrix.columns
                )));
            }
            if let Some(column) = row.iter().position(|value| !(*value as f32).is_finite()) {
                let value = row[column];
                let reason = if value.is_finite() { TOO_LARGE } else { "is not finite" };
                let (place, column) = (place(), column + 1);
                return Err(refused(format!("{place}, column {column}: {value} {reason}")));
            }
            matrix.values.extend(row);
        }
        if matrix.rows == 0 || matrix.columns == 0 {
            return Err(refused(format!("{}: no numbers", place(1))));
        }
        Ok(matrix)
    }
}

/// The beginning of a cell. A cell whose quote is never closed reaches to the end of the file.
fn short(cell: &str) -> String {
    const LONGEST: usize = 24;
    match cell.char_indices().nth(LONGEST) {
        Some((end, _)) => format!("{}...", &cell[..end]),
        None => cell.to_owned(),
    }
}

/// The line number of a record that the reader saw begin at `place`. `place` may be before blank lines and comments, or
/// within the end of the line before.
fn line_number(text: &str, place: usize) -> usize {
    let within = text[..place].ends_with('\r') && text[place..].starts_with('\n');
    let (before, rest) = text.split_at(place + usize::from(within));
    // Old programs end a line with only a carriage return.
    let [before, rest] = [before, rest].map(|part| part.replace("\r\n", "\n").replace('\r', "\n"));
    let skipped = rest.lines().take_while(|line| {
        let line = line.trim();
        line.is_empty() || line.starts_with('#')
    });
    before.matches('\n').count() + skipped.count() + 1
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(data: &str, loss: &str) -> Result<Examples, String> {
        let text = format!(
            "[model]\nlayer_dims = [2, 3, 3]\n[training]\nloss = \"{loss}\"\n[data]\n{data}\n"
        );
        let config = RunConfig::parse(&text, "run.toml").map_err(|error| error.to_string())?;
        let read = Examples::read(&config, Path::new("."));
        read.map(|(examples, _)| examples).map_err(|error| error.to_string())
    }

    #[test]
    fn rows_that_do_not_fit_are_named() {
        for (data, expected) in [
            (
                "inputs = [[1, 2], [3]]\ntargets = [[1, 1, 1], [1, 1, 1]]",
                "data.inputs, row 2: 1 numbers, but the first row has 2",
            ),
            (
                "inputs = [[1, 2], [3, nan]]\ntargets = [[1, 1, 1], [1, 1, 1]]",
                "data.inputs, row 2, column 2: NaN is not finite",
            ),
            (
                "inputs = [[1, 2, 3]]\ntargets = [[1, 1, 1]]",
                "data.inputs has 3 columns, but model.layer_dims = [2, 3, 3] starts with 2",
            ),
            (
                "inputs = [[1, 2]]\ntargets = [[1, 1]]",
                "data.targets has 2 columns, but model.layer_dims = [2, 3, 3] ends with 3",
            ),
            (
                "inputs = [[1, 2]]\ntargets = [[1, 1, 1], [1, 1, 1]]",
                "data.inputs has 1 rows, data.targets has 2",
            ),
            (
                "inputs = [[1, 1e39]]\ntargets = [[1, 1, 1]]",
                "data.inputs, row 1, column 2: 1000000000000000000000000000000000000000 is beyond \
                 the largest number of single precision, 3.4e38",
            ),
            (
                "dataset = \"diabetes\"",
                "data.inputs has 10 columns, but model.layer_dims = [2, 3, 3] starts with 2",
            ),
            ("inputs = []\ntargets = [[1, 1, 1]]", "data.inputs, row 1: no numbers"),
            ("inputs = [[1, 2]]", "data.targets is missing"),
            ("shift_per_step = 1", "data.inputs is missing: give it, or data.dataset"),
            (
                "dataset = \"iris\"\ninputs = [[1, 2]]",
                "data: give either dataset, or inputs and targets",
            ),
        ] {
            assert_eq!(read(data, "mse").unwrap_err(), expected, "{data}");
        }
    }

    #[test]
    fn class_numbers_become_probabilities() {
        let data = "inputs = [[1, 2], [3, 4]]\ntargets = [[2], [0]]";
        let examples = read(data, "cross_entropy").unwrap();
        assert_eq!(examples.targets.values, [0., 0., 1., 1., 0., 0.]);
        let wrong = read("inputs = [[1, 2]]\ntargets = [[3]]", "cross_entropy").unwrap_err();
        assert_eq!(wrong, "data.targets, row 1: 3 is not a class number from 0 to 2");
        let shifted = format!("{data}\nshift_per_step = 1");
        assert!(read(&shifted, "cross_entropy").unwrap_err().contains("class numbers"));
    }

    #[test]
    fn what_can_hardly_be_meant_is_doubted() {
        let doubts = |layers: &str, data: &str| {
            let text = format!(
                "[model]\nlayer_dims = {layers}\n[training]\nloss = \"cross_entropy\"\n[data]\n{data}\n"
            );
            let config = RunConfig::parse(&text, "run.toml").unwrap();
            Examples::read(&config, Path::new(".")).unwrap().0.doubts(&config)
        };
        let whole = doubts("[1, 2, 2]", "inputs = [[1], [1]]\ntargets = [[0.25, 0.75], [0, 1]]");
        assert_eq!(whole, [""; 0]);
        let odd = doubts("[1, 2, 2]", "inputs = [[1], [1]]\ntargets = [[0.25, 0.75], [2, 1]]");
        assert!(odd[0].contains("row 2"), "{odd:?}");
        let single = doubts("[1, 2, 1]", "inputs = [[1]]\ntargets = [[1]]");
        assert!(single[0].contains("single output"), "{single:?}");
    }

    #[test]
    fn numbers_to_predict_are_no_classes() {
        let text = "[model]\nlayer_dims = [10, 3, 2]\n[data]\ndataset = \"diabetes\"\n";
        let config = RunConfig::parse(text, "run.toml").unwrap();
        let error = Examples::read(&config, Path::new(".")).unwrap_err().to_string();
        assert!(error.starts_with("data.targets has 1 columns"), "{error}");
    }
}
