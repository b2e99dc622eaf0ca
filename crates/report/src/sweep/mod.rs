//! The folder of a sweep.

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

/// What a sweep has written to its folder: many runs of one configuration with different values.
#[derive(Clone, Debug, PartialEq)]
pub struct Sweep {
    /// The folder's name.
    pub name: String,
    /// The configuration as the user wrote it.
    pub config: String,
    /// The version of the program that wrote the table.
    pub version: String,
    /// The points of the whole sweep, done or not.
    pub points: usize,
    /// The keys that vary.
    pub keys: Vec<SweepKey>,
    /// The number of left-out rows, whose points have an earlier row.
    repeated: usize,
    /// The point of each row, ascending.
    places: Vec<usize>,
    columns: Vec<Column>,
}

impl Sweep {
    /// Whether a folder is the folder of a sweep.
    pub fn is_sweep(folder: &Path) -> bool {
        folder.join("sweep.toml").is_file()
    }

    /// Reads the folder that `constinit sweep --out` wrote, of a sweep that is done or still running:
    /// `results.parquet`, or without it all of `parts/*.parquet`. If a point has several rows, the first one counts.
    ///
    /// # Errors
    ///
    /// [`ReportError::Table`] for files that are cut off or of another sweep, [`ReportError::Column`] for columns that
    /// are missing or have wrong contents, [`ReportError::Schema`] for files of a later version, [`ReportError::Io`]
    /// for errors of the system.
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
    /// one. Seeds come last: a cell is the mean over seeds, of the runs with a number. All other keys have the values
    /// of the best run. Figures without a number in any run are left out.
    pub fn figures(&self) -> Vec<Figure> {
        phase::figures(self, 0..self.rows()).collect()
    }

    /// The page: the findings in words, with warnings of keys that change nothing; a phase diagram over any two keys,
    /// and the selected run with its baseline; a table that can be sorted and filtered. It is one file and loads
    /// nothing else.
    pub fn page(&self) -> String {
        page::page(self)
    }

    /// The keys as axes. Seeds come last, since runs with different seeds repeat the same run. A key without a value in
    /// any run is left out.
    fn axes(&self) -> Vec<&SweepKey> {
        let has_values = |key: &&SweepKey| self.column(&key.key).is_some_and(Column::has_values);
        let (seeds, others): (Vec<&SweepKey>, Vec<&SweepKey>) =
            self.keys.iter().filter(has_values).partition(|key| key.scale == ScaleWord::Seed);
        [others, seeds].concat()
    }

    /// The run with the smallest final loss, among those of these rows that finished.
    fn best(&self, rows: impl Iterator<Item = usize>) -> Option<usize> {
        let ended = self.outcome(SweepColumn::Ended)?;
        let finished = rows.filter(|row| ended.text(*row) == Some(EndWord::Finished.as_str()));
        let with_loss =
            finished.filter_map(|row| Some((row, self.number(SweepColumn::FinalLoss, row)?)));
        with_loss.min_by(|a, b| a.1.total_cmp(&b.1)).map(|(row, _)| row)
    }

    /// The run whose values the diagrams use at first for keys that are not axes: the best of these rows, or the first
    /// one.
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

    /// The loss of the best constant answer, if it is known and the same in all runs.
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

    /// Whether points were drawn at random, so that they form no grid.
    fn is_sample(&self) -> bool {
        self.keys.iter().any(|key| key.scale == ScaleWord::Sample)
    }
}
