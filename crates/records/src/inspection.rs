//! The records that `constinit inspect`, `diff`, `merge`, `collapse` and `break` print about checkpoints.
//!
//! ```
//! use constinit_records::inspection::FileInspection;
//!
//! let line = r#"{"schema":1,"file":"m.safetensors","format":"safetensors","parameters":[{"path":"w","shape":[3,2],
//!     "dtype":"F32","axis":0,"units":3,"classes":2,"largest_class":2,"alike":[[0,2]],"zero_units":0,
//!     "constant_units":0,"non_finite":0}],"vectors":0,"non_finite":0}"#;
//! let inspection: FileInspection = serde_json::from_str(line)?;
//! assert_eq!(inspection.parameters[0].alike, [[0, 2]]);
//! # Ok::<(), serde_json::Error>(())
//! ```

use std::collections::BTreeMap;

use serde::{Deserialize, Deserializer, Serialize};

/// The version of the form in which [`FileInspection`] is written.
pub const INSPECTION_SCHEMA: u32 = 1;
/// The version of the form in which [`CheckpointDiff`] is written.
pub const DIFF_SCHEMA: u32 = 1;
/// The version of the form in which [`Reshaped`] is written.
pub const RESHAPE_SCHEMA: u32 = 1;

/// The classes of the units of one checkpoint's parameters. Its JSON form is one line of `constinit inspect --json`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct FileInspection {
    /// The form of this record: [`INSPECTION_SCHEMA`].
    pub schema: u32,
    /// The path, as the user gave it.
    pub file: String,
    /// How it is stored; absent if the file could not be read.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub format: Option<String>,
    /// The tensors with two axes or more, of whatever type.
    pub parameters: Vec<ParameterInspection>,
    /// The spaces, if the axes are known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub spaces: Option<Vec<SpaceInspection>>,
    /// The source of the axes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub axes: Option<AxesSource>,
    /// How many tensors have fewer than two axes.
    #[serde(default)]
    pub vectors: usize,
    /// Tensors that were not inspected, by type, in reports of earlier versions; `skipped` names them now.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub passed_over: BTreeMap<String, usize>,
    /// Tensors that could not be inspected for something, in the order of their names.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub skipped: Vec<SkippedTensor>,
    /// The state of an optimizer in addition to the model; absent if there is none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub optimizer: Option<OptimizerState>,
    /// The architecture whose names and shapes gave the axes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub architecture: Option<String>,
    /// NaN and infinite entries of all tensors, vectors included; `null` if none was found and not everything was read.
    #[serde(default)]
    pub non_finite: Option<u64>,
    /// The tolerance; absent if bits were compared.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tolerance: Option<f64>,
    /// Further facts that a reader should know.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub notes: Vec<String>,
    /// Why the file could not be read.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error: Option<String>,
    /// The part of the job that this report belongs to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub part: Option<JobPart>,
}

/// The units of one parameter.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct ParameterInspection {
    /// The name.
    pub path: String,
    /// The size of every axis, in the order of the file.
    pub shape: Vec<usize>,
    /// The type of the numbers, as safetensors names it.
    pub dtype: String,
    /// The output axis: its indices are the units.
    pub axis: usize,
    /// The size of that axis.
    pub units: usize,
    /// The number of classes of equal units; a unit includes its entry of the bias.
    pub classes: usize,
    /// How many units the largest class has.
    pub largest_class: usize,
    /// The classes of two units or more, each as the numbers of its units.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub alike: Vec<Vec<usize>>,
    /// The number of units whose weights are all zero, with their entries of the bias.
    pub zero_units: usize,
    /// The numbers of these units.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub zero: Vec<usize>,
    /// The number of units whose weights are all the same number, whatever the bias: two or more equal weights, or
    /// weights that are all zero with a bias that is not. Zero units do not count.
    pub constant_units: usize,
    /// The numbers of these units.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub constant: Vec<usize>,
    /// NaN and infinite entries, with those of the bias; `null` if not everything was read.
    pub non_finite: Option<u64>,
    /// The numbers of the units that have such entries.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub non_finite_units: Vec<usize>,
    /// The row-major number of the first such entry of the parameter; absent if only the bias has one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub non_finite_entry: Option<usize>,
    /// What the tensor belongs to, if not to the model.
    #[serde(default, skip_serializing_if = "TensorRole::is_model")]
    pub role: TensorRole,
    /// The bias whose entries are joined with the units.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub bias: Option<String>,
    /// The space of the units, if the axes are known. [`FileInspection::spaces`] then says which units are twins, over
    /// all parameters of the space.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub space: Option<String>,
    /// The largest difference within a class, if a tolerance was given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub spread: Option<f64>,
}

/// What `constinit inspect` found in all its files. Its JSON form is the last line of `--json`: `{"summary": {...}}`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct InspectionSummary {
    /// The number of files, including those that could not be read.
    pub files: usize,
    /// The number of files with findings.
    pub with_findings: usize,
    /// The number of files that could not be read.
    pub unread: usize,
    /// The number of units. Units of a space count once, units of other parameters once per parameter.
    pub units: usize,
    /// How many of them are distinct.
    pub distinct: usize,
    /// Zero units of all parameters.
    pub zero_units: usize,
    /// Constant units of all parameters.
    pub constant_units: usize,
    /// Entries that are not finite; `null` if not all of them were counted.
    pub non_finite: Option<u64>,
    /// The number of tensors that could not be inspected for a finding.
    pub skipped: usize,
    /// The number of parameters or spaces with a finding, by kind. Kinds without findings are left out.
    pub findings: BTreeMap<String, usize>,
}

/// The last line of `constinit inspect --json`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct SummaryLine {
    /// The summary.
    pub summary: InspectionSummary,
}

/// One space of units, over all parameters with an axis over it.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct SpaceInspection {
    /// The name.
    pub name: String,
    /// How many units there are.
    pub units: usize,
    /// The number of twin classes.
    pub twins: usize,
    /// The number of equitable classes.
    pub equitable: usize,
    /// The number of forward-lumpable classes; `null` if no parameter produces the units.
    pub forward: Option<usize>,
    /// The twin classes, each as the numbers of its units.
    pub classes: Vec<Vec<usize>>,
    /// Units whose incoming weights are all zero: they compute a constant.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub no_incoming: Vec<usize>,
    /// Units whose outgoing weights are all zero: nothing depends on them.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub no_outgoing: Vec<usize>,
    /// What `collapse` would remove: numbers of parameters, and their bytes; absent if it removes nothing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub saves: Option<Savings>,
    /// What a reduction by the activation would leave; absent if the activation is not known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub needed: Option<NeededUnits>,
}

/// The units that the function of a network needs, as far as exact reductions tell.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct NeededUnits {
    /// The activation of the units.
    pub activation: String,
    /// How many units are needed.
    pub units: usize,
}

/// The part of the parameters that a smaller equal network does not have.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Savings {
    /// Entries of parameters.
    pub entries: u64,
    /// Their bytes in the file.
    pub bytes: u64,
}

/// A tensor that could not be inspected.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct SkippedTensor {
    /// The name.
    pub path: String,
    /// The type of its entries, as the file names it.
    pub dtype: String,
    /// The reason, as a clause: `it is sparse`.
    pub why: String,
    /// The findings that it could not be inspected for, as `--deny` names them: `twins`, `zero`, `non-finite`.
    pub findings: Vec<String>,
}

/// The tensors that belong to an optimizer, not to the model.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct OptimizerState {
    /// How many tensors.
    pub tensors: usize,
    /// Their bytes in the file.
    pub bytes: u64,
    /// The prefixes of their names, without the parts that distinguish them: `optimizer.state`.
    pub at: Vec<String>,
}

/// What a tensor of a checkpoint belongs to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TensorRole {
    /// The model.
    #[default]
    Model,
    /// An optimizer: moments, squares, steps.
    Optimizer,
    /// A moving average of the model.
    Average,
}

impl TensorRole {
    /// Whether the tensor belongs to the model.
    pub fn is_model(&self) -> bool {
        *self == Self::Model
    }
}

/// The source of axes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AxesSource {
    /// An axes file.
    Given,
    /// A plain chain of linear layers, inferred from names and shapes.
    Inferred,
    /// A known architecture, inferred from names and shapes: [`FileInspection::architecture`].
    Architecture,
}

/// A part of a job that several machines share. The files of the job are numbered, and machine k of n takes every n-th.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct JobPart {
    /// This machine's number, from 1.
    pub shard: usize,
    /// How many machines there are.
    pub of: usize,
    /// The position of the checkpoint among those of the job, and how many there are.
    pub checkpoint: [usize; 2],
    /// The numbers of the checkpoint's files among those of the job: the first, and the one past the last.
    pub files: [usize; 2],
    /// How many files the job has.
    pub all_files: usize,
    /// A checksum of the job: its checkpoints, their sizes, and the options. It is the same on all machines of a job.
    pub job: u32,
}

/// The same parameters of two checkpoints. Its JSON form is what `constinit diff --json` prints.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct CheckpointDiff {
    /// The form of this record: [`DIFF_SCHEMA`].
    pub schema: u32,
    /// The first checkpoint.
    pub before: String,
    /// The second checkpoint.
    pub after: String,
    /// The tensors that both have, with the same shape.
    pub parameters: Vec<ParameterDiff>,
    /// Parameters that only the first has.
    pub only_before: Vec<String>,
    /// Parameters that only the second has.
    pub only_after: Vec<String>,
    /// Parameters whose shapes differ.
    pub reshaped: Vec<String>,
    /// The shapes of these, before and after, in the same order.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub shapes: Vec<[Vec<usize>; 2]>,
    /// Tensors of both that could not be compared, or whose units could not, with both types and the reason.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub unread: Vec<String>,
    /// Whether both have the same tensors, with the same types, shapes and bytes. Only set if the checkpoints were
    /// compared as a whole.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub identical: bool,
}

/// One parameter before and after. Units are distinguished along the output axis, joined with the bias.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct ParameterDiff {
    /// The name.
    pub path: String,
    /// The largest difference of an entry; `null` if an entry is not finite in one of the two.
    pub largest_change: Option<f64>,
    /// The row-major number of that entry.
    pub at: Option<usize>,
    /// The types of the numbers before and after, as safetensors names them, if they differ.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub types: Option<[String; 2]>,
    /// The number of units. Units and classes are absent for parameters with fewer than two axes or without entries.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub units: Option<usize>,
    /// Classes before.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub classes_before: Option<usize>,
    /// Classes after.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub classes_after: Option<usize>,
    /// Classes of two or more units that are still equal.
    pub kept: usize,
    /// Classes whose units diverged: they are not all equal any more.
    pub split: Vec<SplitClass>,
    /// Classes whose units became equal: they were in several classes before.
    pub merged: Vec<MergedClass>,
    /// Classes that are still equal within the tolerance, but not bit for bit.
    pub drifted: Vec<DriftedClass>,
    /// The numbers of the units that became zero, with their entries of the bias.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub became_zero: Vec<usize>,
    /// How many entries were finite and are not any more, without those of the bias.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub became_non_finite: u64,
    /// The numbers of the units with such entries, for parameters with two axes or more.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub became_non_finite_units: Vec<usize>,
    /// The row-major number of the first such entry.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub became_non_finite_entry: Option<usize>,
}

fn is_zero(count: &u64) -> bool {
    *count == 0
}

/// A class whose units diverged.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct SplitClass {
    /// Its units.
    pub units: Vec<usize>,
    /// The number of classes of its units now.
    pub into: usize,
    /// The largest difference between two of its units now; `null` if it is not finite.
    pub spread: Option<f64>,
}

/// A class of units that were in several classes before.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct MergedClass {
    /// Its units.
    pub units: Vec<usize>,
    /// The number of classes of its units before.
    pub from: usize,
}

/// A class whose units diverged by less than the tolerance.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct DriftedClass {
    /// Its units.
    pub units: Vec<usize>,
    /// The largest difference between two of its units now.
    pub spread: Option<f64>,
}

/// What was written, and how it was checked. Its JSON form is what `collapse` and `break` print.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Reshaped {
    /// The form of this record: [`RESHAPE_SCHEMA`].
    pub schema: u32,
    /// The checkpoint that was read.
    pub file: String,
    /// The checkpoint that was written.
    pub out: String,
    /// Numbers in the parameters before, and now.
    pub entries: [usize; 2],
    /// Every space: its name, its units before and now, and how many twin classes they have.
    pub spaces: Vec<SpaceChange>,
    /// Classes that could not be separated, and why.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub inseparable: Vec<String>,
    /// The largest difference of a sum over a unit's inputs, as a share of the sizes of its terms: over all parameters,
    /// for random inputs that are equal on classes.
    pub largest_sum_difference: f64,
    /// The comparison of outputs on random inputs, if the forward pass is known.
    pub outputs: Option<OutputCheck>,
    /// The assumptions of the checks.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub notes: Vec<String>,
    /// The bytes of the parameters before and now, if an activation removed units.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub bytes: Option<[u64; 2]>,
    /// Whether the network could be smaller, in a sentence.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub minimality: Option<String>,
    /// Whether there was nothing to change, so that nothing was written.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub unchanged: bool,
}

/// The units of one space.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct SpaceChange {
    /// The name.
    pub name: String,
    /// Units before.
    pub before: usize,
    /// Units now.
    pub now: usize,
    /// Twin classes before.
    pub twins_before: usize,
    /// Twin classes now.
    pub twins_now: usize,
    /// The activation of the units, if it was given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub activation: Option<String>,
    /// The fate of each removed unit, if an activation removed units.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub gone: Vec<GoneUnit>,
    /// Units that could be removed under other conditions, in sentences.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub unreduced: Vec<String>,
    /// What was not tried, in sentences.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub untried: Vec<String>,
}

/// A unit that was removed.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct GoneUnit {
    /// Its number among the units before.
    pub unit: usize,
    /// Why it could be removed.
    pub why: GoneReason,
    /// The unit that replaces it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub into: Option<usize>,
    /// It computed this multiple of that unit.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub factor: Option<f64>,
    /// The constant that it computed, alone or in addition to that multiple. Times its outgoing weights, it went into
    /// the next bias.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub constant: Option<f64>,
}

/// Why a unit could be removed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum GoneReason {
    /// It computed a multiple of another unit.
    Merged,
    /// It computed the same number for every input.
    Constant,
    /// It computed 0 for every input.
    Zero,
    /// Nothing read it.
    Unread,
}

/// The outputs of a chain of linear layers, before and now. Between the layers are the activations of the spaces, or
/// ReLU if none is given.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct OutputCheck {
    /// How many random inputs.
    pub inputs: usize,
    /// The largest output; NaN if it is not finite, which is `null` in JSON.
    #[serde(deserialize_with = "nan_of_null")]
    pub largest: f64,
    /// The largest difference; NaN if it is not finite, which is `null` in JSON.
    #[serde(deserialize_with = "nan_of_null")]
    pub difference: f64,
}

/// A number, or NaN for `null`.
fn nan_of_null<'de, D: Deserializer<'de>>(deserializer: D) -> Result<f64, D::Error> {
    Ok(Option::deserialize(deserializer)?.unwrap_or(f64::NAN))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn json<T: Serialize>(record: &T) -> String {
        serde_json::to_string(record).unwrap()
    }

    /// Checks that the JSON form of a record is `expected`, and that it reads back as the record.
    fn is_written<'j, T>(record: &T, expected: &'j str)
    where
        T: Serialize + Deserialize<'j> + PartialEq + std::fmt::Debug,
    {
        assert_eq!(json(record), expected);
        assert_eq!(&serde_json::from_str::<T>(expected).unwrap(), record);
    }

    #[test]
    fn an_inspection() {
        let nothing = FileInspection { schema: INSPECTION_SCHEMA, ..FileInspection::default() };
        let expected = r#"{"schema":1,"file":"","parameters":[],"vectors":0,"non_finite":null}"#;
        is_written(&nothing, expected);
        let all = FileInspection {
            file: "m".into(),
            format: Some("safetensors".into()),
            parameters: vec![ParameterInspection {
                path: "w".into(),
                shape: vec![2, 1],
                dtype: "F32".into(),
                units: 2,
                classes: 1,
                largest_class: 2,
                alike: vec![vec![0, 1]],
                non_finite: Some(0),
                zero: vec![1],
                constant: vec![0],
                non_finite_units: vec![0],
                non_finite_entry: Some(1),
                role: TensorRole::Average,
                bias: Some("b".into()),
                space: Some("h".into()),
                spread: Some(0.5),
                ..ParameterInspection::default()
            }],
            spaces: Some(vec![SpaceInspection {
                name: "h".into(),
                units: 2,
                twins: 1,
                equitable: 1,
                forward: None,
                classes: vec![vec![0, 1]],
                no_incoming: vec![1],
                no_outgoing: vec![0],
                saves: Some(Savings { entries: 2, bytes: 8 }),
                needed: Some(NeededUnits { activation: "tanh".into(), units: 1 }),
            }]),
            axes: Some(AxesSource::Given),
            vectors: 1,
            passed_over: [("I8".to_owned(), 3)].into(),
            skipped: vec![SkippedTensor {
                path: "s".into(),
                dtype: "F32".into(),
                why: "it is sparse".into(),
                findings: vec!["twins".into()],
            }],
            optimizer: Some(OptimizerState { tensors: 2, bytes: 8, at: vec!["exp_avg".into()] }),
            architecture: Some("llama".into()),
            non_finite: Some(4),
            tolerance: Some(0.5),
            notes: vec!["note".into()],
            error: Some("error".into()),
            part: Some(JobPart {
                shard: 1,
                of: 2,
                checkpoint: [0, 1],
                files: [0, 2],
                all_files: 2,
                job: 7,
            }),
            ..nothing
        };
        is_written(
            &all,
            concat!(
                r#"{"schema":1,"file":"m","format":"safetensors","parameters":[{"path":"w","shape":[2,1],"#,
                r#""dtype":"F32","axis":0,"units":2,"classes":1,"largest_class":2,"alike":[[0,1]],"zero_units":0,"#,
                r#""zero":[1],"constant_units":0,"constant":[0],"non_finite":0,"non_finite_units":[0],"non_finite_entry":1,"#,
                r#""role":"average","bias":"b","space":"h","spread":0.5}],"spaces":[{"name":"h","#,
                r#""units":2,"twins":1,"equitable":1,"forward":null,"classes":[[0,1]],"no_incoming":[1],"#,
                r#""no_outgoing":[0],"saves":{"entries":2,"bytes":8},"needed":{"activation":"tanh","units":1}}],"#,
                r#""axes":"given","vectors":1,"#,
                r#""passed_over":{"I8":3},"skipped":[{"path":"s","dtype":"F32","why":"it is sparse","#,
                r#""findings":["twins"]}],"optimizer":{"tensors":2,"bytes":8,"at":["exp_avg"]},"#,
                r#""architecture":"llama","non_finite":4,"tolerance":0.5,"notes":["note"],"error":"error","part":{"#,
                r#""shard":1,"of":2,"checkpoint":[0,1],"files":[0,2],"all_files":2,"job":7}}"#,
            ),
        );
    }

    #[test]
    fn a_diff() {
        let w = ParameterDiff {
            path: "w".into(),
            largest_change: Some(1.5),
            at: Some(1),
            types: Some(["F32".into(), "F16".into()]),
            units: Some(4),
            classes_before: Some(2),
            classes_after: Some(2),
            kept: 0,
            split: vec![SplitClass { units: vec![0, 1], into: 2, spread: Some(0.5) }],
            merged: vec![MergedClass { units: vec![1, 2], from: 2 }],
            drifted: vec![DriftedClass { units: vec![2, 3], spread: None }],
            became_zero: vec![3],
            became_non_finite: 1,
            became_non_finite_units: vec![2],
            became_non_finite_entry: Some(2),
        };
        let vector = ParameterDiff { path: "b".into(), ..ParameterDiff::default() };
        let diff = CheckpointDiff {
            schema: DIFF_SCHEMA,
            before: "a".into(),
            after: "b".into(),
            parameters: vec![w, vector],
            reshaped: vec!["s".into()],
            shapes: vec![[vec![2], vec![3]]],
            identical: true,
            ..CheckpointDiff::default()
        };
        is_written(
            &diff,
            concat!(
                r#"{"schema":1,"before":"a","after":"b","parameters":[{"path":"w","largest_change":1.5,"at":1,"#,
                r#""types":["F32","F16"],"units":4,"classes_before":2,"classes_after":2,"kept":0,"#,
                r#""split":[{"units":[0,1],"into":2,"spread":0.5}],"merged":[{"units":[1,2],"from":2}],"#,
                r#""drifted":[{"units":[2,3],"spread":null}],"became_zero":[3],"became_non_finite":1,"#,
                r#""became_non_finite_units":[2],"became_non_finite_entry":2},{"path":"b","largest_change":null,"#,
                r#""at":null,"kept":0,"split":[],"merged":[],"drifted":[]}],"only_before":[],"only_after":[],"#,
                r#""reshaped":["s"],"shapes":[[[2],[3]]],"identical":true}"#,
            ),
        );
    }

    #[test]
    fn a_summary() {
        let summary = InspectionSummary {
            files: 3,
            with_findings: 1,
            unread: 1,
            units: 7,
            distinct: 6,
            findings: [("duplicate-units".to_owned(), 1)].into(),
            ..InspectionSummary::default()
        };
        is_written(
            &SummaryLine { summary },
            concat!(
                r#"{"summary":{"files":3,"with_findings":1,"unread":1,"units":7,"distinct":6,"zero_units":0,"#,
                r#""constant_units":0,"non_finite":null,"skipped":0,"findings":{"duplicate-units":1}}}"#,
            ),
        );
    }

    #[test]
    fn a_reshaped_checkpoint() {
        let reshaped = Reshaped {
            schema: RESHAPE_SCHEMA,
            file: "a".into(),
            out: "b".into(),
            entries: [6, 4],
            spaces: vec![SpaceChange {
                name: "h".into(),
                before: 3,
                now: 2,
                twins_before: 2,
                twins_now: 2,
                ..SpaceChange::default()
            }],
            inseparable: vec![],
            largest_sum_difference: 0.0,
            outputs: None,
            notes: vec![],
            bytes: None,
            minimality: None,
            unchanged: false,
        };
        is_written(
            &reshaped,
            concat!(
                r#"{"schema":1,"file":"a","out":"b","entries":[6,4],"spaces":[{"name":"h","before":3,"now":2,"#,
                r#""twins_before":2,"twins_now":2}],"largest_sum_difference":0.0,"outputs":null}"#,
            ),
        );
        let by_activation = Reshaped {
            spaces: vec![SpaceChange {
                name: "h".into(),
                before: 3,
                now: 2,
                twins_before: 3,
                twins_now: 2,
                activation: Some("tanh".into()),
                gone: vec![GoneUnit {
                    unit: 1,
                    why: GoneReason::Merged,
                    into: Some(0),
                    factor: Some(-1.0),
                    constant: None,
                }],
                unreduced: vec!["u".into()],
                untried: vec!["t".into()],
            }],
            bytes: Some([24, 16]),
            minimality: Some("minimal".into()),
            ..reshaped
        };
        is_written(
            &by_activation,
            concat!(
                r#"{"schema":1,"file":"a","out":"b","entries":[6,4],"spaces":[{"name":"h","before":3,"now":2,"#,
                r#""twins_before":3,"twins_now":2,"activation":"tanh","gone":[{"unit":1,"why":"merged","into":0,"#,
                r#""factor":-1.0}],"unreduced":["u"],"untried":["t"]}],"largest_sum_difference":0.0,"outputs":null,"#,
                r#""bytes":[24,16],"minimality":"minimal"}"#,
            ),
        );
        let outputs = OutputCheck { inputs: 64, largest: f64::INFINITY, difference: f64::NAN };
        let text = json(&outputs);
        assert_eq!(text, r#"{"inputs":64,"largest":null,"difference":null}"#);
        let read: OutputCheck = serde_json::from_str(&text).unwrap();
        assert!(read.largest.is_nan() && read.difference.is_nan());
    }
}
