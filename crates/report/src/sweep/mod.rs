//! A sweep's folder, read.

mod axis;
mod cell;
mod column;
mod embed;
mod mosaic;
mod page;
mod phase;
mod quantity;
mod table;
mod thinned;
mod unused;
mod width;
mod words;

use crate::error::{ReportError, io_error};
use crate::figure::Figure;
use column::{Column, ColumnValues};
use constinit_records::{EndWord, ScaleWord, SweepColumn, SweepKey};
use std::fs;
use std::path::Path;

/// What a sweep has left in its folder: many runs of one configuration with other values.
#[derive(Clone, Debug, PartialEq)]
pub struct Sweep {
    /// The folder's name.
    pub name: String,
    /// The configuration as it was written.
    pub config: String,
    /// The version of the program that wrote the table.
    pub version: String,
    /// Points of the whole sweep, whether they are done or not.
    pub points: usize,
    /// What is varied.
    pub keys: Vec<SweepKey>,
    /// Rows of points that were there already.
    repeated: usize,
    /// The point of each row, ascending.
    places: Vec<usize>,
    columns: Vec<Column>,
}

impl Sweep {
    /// Whether a folder is that of a sweep.
    pub fn is_sweep(folder: &Path) -> bool {
        folder.join("sweep.toml").is_file()
    }

    /// Reads the folder that `constinit sweep --out` wrote, of a sweep that is done or still going on:
    /// `results.parquet`, or else all of `parts/*.parquet`. Where a point is there more than once, its first row counts.
    ///
    /// # Errors
    ///
    /// [`ReportError::Table`] for files that are cut off or of another sweep, [`ReportError::Column`] for columns that
    /// are missing or hold something else, [`ReportError::Schema`] for files of a later version, [`ReportError::Io`] for
    /// what the system refuses.
    ///
    /// # Examples
    ///
    /// ```
    /// use constinit_report::Sweep;
    ///
    /// let folder = tempfile::tempdir()?;
    /// assert!(!Sweep::is_sweep(folder.path()));
    /// std::fs::write(folder.path().join("sweep.toml"), "[sweep]\ntraining.seed = { seeds = 10 }\n")?;
    /// assert!(Sweep::is_sweep(folder.path()));
    /// let error = Sweep::read(folder.path()).unwrap_err().to_string();
    /// assert!(error.contains("no rows yet"), "{error}");
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn read(folder: &Path) -> Result<Self, ReportError> {
        let config = folder.join("sweep.toml");
        let text = fs::read(&config).map_err(io_error(&config))?;
        let name = fs::canonicalize(folder).map_err(io_error(folder))?;
        let name = name.file_name().unwrap_or(folder.as_os_str());
        let table::SweepTable { about, points, repeated, columns } = table::read(folder, &text)?;
        Ok(Self {
            name: name.to_string_lossy().into_owned(),
            config: String::from_utf8_lossy(&text).into_owned(),
            version: about.version,
            points: about.points,
            keys: about.keys,
            repeated,
            places: points,
            columns,
        })
    }

    /// How many points are done.
    pub fn rows(&self) -> usize {
        self.places.len()
    }

    /// The figures: final loss, effective width, dead units and escape factor over the first two keys, or over the only
    /// one. Seeds come last: a cell is the mean over them, of runs with a number, at the values of all other keys that the
    /// best run has. Figures that no run has a number for are left out.
    pub fn figures(&self) -> Vec<Figure> {
        phase::figures(self, 0..self.rows()).collect()
    }

    /// The page: what was found in words, with warnings of keys that change nothing; a phase diagram over any two keys and
    /// the run that is chosen in it, beside its baseline; a table that can be sorted and filtered. One file that asks for
    /// nothing outside of it.
    pub fn page(&self) -> String {
        page::page(self)
    }

    /// The keys as axes: seeds come last, since runs of other seeds are the same run again, and a key that no run has a
    /// value of is none.
    fn axes(&self) -> Vec<&SweepKey> {
        let has_values = |key: &&SweepKey| self.column(&key.key).is_some_and(Column::has_values);
        let (seeds, others): (Vec<&SweepKey>, Vec<&SweepKey>) =
            self.keys.iter().filter(has_values).partition(|key| key.scale == ScaleWord::Seed);
        [others, seeds].concat()
    }

    /// The run of the smallest final loss among those of these rows that finished.
    fn best(&self, rows: impl Iterator<Item = usize>) -> Option<usize> {
        let ended = self.outcome(SweepColumn::Ended)?;
        let finished = rows.filter(|row| ended.text(*row) == Some(EndWord::Finished.as_str()));
        let with_loss =
            finished.filter_map(|row| Some((row, self.number(SweepColumn::FinalLoss, row)?)));
        with_loss.min_by(|a, b| a.1.total_cmp(&b.1)).map(|(row, _)| row)
    }

    /// The run whose values of keys that are no axis diagrams show at first: the best of these rows, or the first one.
    fn start(&self, rows: impl Iterator<Item = usize> + Clone) -> Option<usize> {
        self.best(rows.clone()).or_else(|| rows.min())
    }

    fn column(&self, name: &str) -> Option<&Column> {
        self.columns.iter().find(|column| column.name == name)
    }

    /// A column of results.
    fn outcome(&self, column: SweepColumn) -> Option<&Column> {
        self.column(column.name())
    }

    fn number(&self, column: SweepColumn, row: usize) -> Option<f64> {
        self.outcome(column)?.number(row)
    }

    /// The loss of the best constant answer, where it is known and the same in all runs.
    fn baseline(&self) -> Option<f64> {
        let column = self.outcome(SweepColumn::Baseline)?;
        let mut known = (0..self.rows()).filter_map(|row| column.number(row));
        let first = known.next()?;
        known.all(|baseline| (baseline - first).abs() <= 1e-6 * first.abs()).then_some(first)
    }

    /// What ended a run.
    fn ended(&self, row: usize) -> Option<&str> {
        self.outcome(SweepColumn::Ended)?.text(row)
    }

    /// One column divided by another.
    fn share(&self, part: SweepColumn, of: SweepColumn) -> Option<Column> {
        let (ColumnValues::Numbers(part), ColumnValues::Numbers(of)) =
            (&self.outcome(part)?.values, &self.outcome(of)?.values)
        else {
            return None;
        };
        let share = |(part, of): (&f64, &f64)| if *of > 0.0 { part / of } else { f64::NAN };
        let values = ColumnValues::Numbers(part.iter().zip(of).map(share).collect());
        Some(Column { name: String::new(), values })
    }

    /// Whether points were drawn at random, so they lie on no grid.
    fn is_sample(&self) -> bool {
        self.keys.iter().any(|key| key.scale == ScaleWord::Sample)
    }
}
