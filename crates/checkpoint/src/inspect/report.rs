//! What `inspect` says of a checkpoint.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// The classes of the units of one checkpoint's parameters. Its JSON form is one line of `constinit inspect --json`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct FileReport {
    /// The form of this report: 1.
    pub schema: u32,
    /// The path, as it was given.
    pub file: String,
    /// How it is stored; absent where the file could not be read.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub format: Option<String>,
    /// The parameters with two axes or more.
    pub parameters: Vec<ParameterReport>,
    /// The spaces, where the axes are known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub spaces: Option<Vec<SpaceReport>>,
    /// Where the axes are known from.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub axes: Option<AxesFrom>,
    /// How many floating parameters have fewer than two axes.
    #[serde(default)]
    pub vectors: usize,
    /// Tensors of other types, by type.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub passed_over: BTreeMap<String, usize>,
    /// NaN and infinite entries of all floating parameters, vectors included; `null` where not everything was read.
    #[serde(default)]
    pub non_finite: Option<u64>,
    /// The tolerance, if not bits were compared.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tolerance: Option<f64>,
    /// What a reader should know.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub notes: Vec<String>,
    /// Why the file could not be read.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error: Option<String>,
    /// Which part of the work this is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub part: Option<Part>,
}

/// The units of one parameter.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct ParameterReport {
    /// The name.
    pub path: String,
    /// The size of every axis, in the file's own order.
    pub shape: Vec<usize>,
    /// The type of the numbers, as safetensors names it.
    pub dtype: String,
    /// The output axis: the one that the units are told along.
    pub axis: usize,
    /// The size of that axis.
    pub units: usize,
    /// How many classes of units that are alike, the bias's entry included.
    pub classes: usize,
    /// How many units the largest class has.
    pub largest_class: usize,
    /// The classes of two units or more, each as the numbers of its units.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub alike: Vec<Vec<usize>>,
    /// Units with nothing but zeros, the bias's entry included.
    pub zero_units: usize,
    /// Units with nothing but zeros as weights, and another bias.
    pub constant_units: usize,
    /// NaN and infinite entries, the bias's included; `null` where not everything was read.
    pub non_finite: Option<u64>,
    /// The parameter that the units are joined with.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub bias: Option<String>,
    /// The space that the units belong to, where the axes are known: [`FileReport::spaces`] then says which of them are
    /// twins, with what other parameters have of them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub space: Option<String>,
    /// The largest difference within a class, where a tolerance was given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub spread: Option<f64>,
}

/// One space of units, over all parameters that it stands on.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct SpaceReport {
    /// The name.
    pub name: String,
    /// How many units there are.
    pub units: usize,
    /// How many twin classes.
    pub twins: usize,
    /// How many equitable classes.
    pub equitable: usize,
    /// How many forward-lumpable classes; `null` where no parameter produces the units.
    pub forward: Option<usize>,
    /// The twin classes, each as the numbers of its units.
    pub classes: Vec<Vec<usize>>,
}

/// Where axes are known from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AxesFrom {
    /// From an axes file.
    Given,
    /// A plain chain of linear layers, told from names and shapes.
    Inferred,
}

/// A part of a job that several machines share. Its files are numbered through, and machine k of n does every n-th.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Part {
    /// This machine's number, from 1.
    pub shard: usize,
    /// How many machines there are.
    pub of: usize,
    /// The place of the checkpoint among those of the job, and how many there are.
    pub checkpoint: [usize; 2],
    /// The numbers of the checkpoint's files among those of the job: the first, and the one past the last.
    pub files: [usize; 2],
    /// How many files the job has.
    pub all_files: usize,
    /// A checksum of the job: its checkpoints, their sizes, and what is asked of them. All machines of a job have one.
    pub job: u32,
}

impl Part {
    /// More files than this are not one job.
    pub const MOST_FILES: usize = 1 << 24;

    /// Whether its numbers can be those of a job.
    pub(crate) fn is_possible(&self) -> bool {
        (1..=self.of).contains(&self.shard)
            && self.checkpoint[0] < self.checkpoint[1]
            && self.files[0] < self.files[1]
            && self.files[1] <= self.all_files
            && self.all_files <= Self::MOST_FILES
    }

    /// Whether the machine does the file of this number.
    pub fn does(&self, file: usize) -> bool {
        file % self.of == self.shard - 1
    }
}

/// Units of several parameters, added up.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Totals {
    /// Units.
    pub units: usize,
    /// Classes.
    pub classes: usize,
    /// Zero units.
    pub zero: usize,
    /// Constant units.
    pub constant: usize,
}

impl FileReport {
    /// The sums over the parameters.
    pub fn totals(&self) -> Totals {
        self.parameters.iter().fold(Totals::default(), |sum, p| Totals {
            // A few bytes can claim any number of units without entries.
            units: sum.units.saturating_add(p.units),
            classes: sum.classes.saturating_add(p.classes),
            zero: sum.zero.saturating_add(p.zero_units),
            constant: sum.constant.saturating_add(p.constant_units),
        })
    }

    /// Where there are twins: the parameters whose units belong to no known space and are alike, and the spaces that
    /// have some. Units of a space may have the same row in one parameter and differ in another.
    pub fn twins(&self) -> impl Iterator<Item = &str> {
        let rows = self.parameters.iter().filter(|p| p.space.is_none() && p.classes < p.units);
        let spaces = self.spaces.iter().flatten().filter(|space| space.twins < space.units);
        rows.map(|p| p.path.as_str()).chain(spaces.map(|space| space.name.as_str()))
    }
}
