//! What was not inspected, and for which findings: tensors that cannot be read, and the state of optimizers.

use std::collections::BTreeSet;

use constinit_records::inspection::{OptimizerState, SkippedTensor, TensorRole};
use constinit_symmetry::AxesSpec;

use super::InspectOptions;
use crate::checkpoint::Checkpoint;
use crate::dtype::DType;
use crate::format::Skipped;
use crate::natural::natural;
use crate::parameter::Parameter;

/// The findings, under their names for `--deny`.
const TWINS: &str = "twins";
const ZERO: &str = "zero";
const NON_FINITE: &str = "non-finite";

/// Whether the options select a tensor for inspection.
pub(super) fn is_asked_for(
    checkpoint: &Checkpoint,
    options: &InspectOptions<'_>,
    path: &str,
    file: usize,
) -> bool {
    (options.wanted)(path)
        && (options.files)(file)
        && (options.optimizer_state || checkpoint.role(path) != TensorRole::Optimizer)
}

/// A tensor whose units are not compared.
pub(super) fn units(parameter: &Parameter, why: String) -> SkippedTensor {
    SkippedTensor {
        path: parameter.path().into(),
        dtype: parameter.dtype().name().into(),
        why,
        findings: vec![TWINS.into(), ZERO.into()],
    }
}

/// All tensors that could not be inspected: those that the inspection met, and those that the checkpoint names but does
/// not read.
pub(super) fn all(
    checkpoint: &Checkpoint,
    options: &InspectOptions<'_>,
    mut met: Vec<SkippedTensor>,
) -> Vec<SkippedTensor> {
    let unread = checkpoint.skipped_tensors().iter();
    let unread =
        unread.filter(|skipped| is_asked_for(checkpoint, options, &skipped.path, skipped.source));
    met.extend(unread.filter_map(|skipped| {
        let findings = findings(skipped);
        (!findings.is_empty()).then(|| SkippedTensor {
            path: skipped.path.clone(),
            dtype: skipped.dtype.clone(),
            why: skipped.why.clone(),
            findings,
        })
    }));
    met.sort_by(|a, b| natural(&a.path, &b.path));
    met
}

/// What could be found in a tensor if it were read: units need two axes, and not every type has a NaN.
fn findings(skipped: &Skipped) -> Vec<String> {
    let shape = skipped.shape.as_deref();
    if shape.is_some_and(|shape| shape.contains(&0)) {
        return Vec::new();
    }
    let has_units = shape.is_none_or(|shape| shape.len() > 1);
    let finite = DType::from_name(&skipped.dtype).is_some_and(|dtype| !dtype.may_be_non_finite());
    let mut findings = Vec::new();
    if has_units {
        findings.extend([TWINS.to_owned(), ZERO.to_owned()]);
    }
    if !finite {
        findings.push(NON_FINITE.to_owned());
    }
    findings
}

/// The spaces for which no classes are reported, each with a note: a bias of their units has a type that is compared
/// row by row, or was not read.
pub(super) fn uncompared(checkpoint: &Checkpoint, spec: &AxesSpec) -> Vec<(String, String)> {
    let mut found: Vec<(String, String)> = Vec::new();
    let orientations = checkpoint.orientations();
    for param in spec.params() {
        let Some(weight) = checkpoint.parameter(param.path()) else { continue };
        let (axis, bias) = orientations.output_axis(weight);
        let bias = bias.filter(|bias| !bias.dtype().is_own()).map(Parameter::path);
        let Some(bias) = bias.or_else(|| checkpoint.skipped_bias(weight)) else { continue };
        let axis = param.axes().get(axis).and_then(|axis| axis.axis.space());
        let Some(space) = axis.map(|id| spec.spaces()[id.get()].name()) else { continue };
        if !found.iter().any(|(name, _)| name == space) {
            let why = format!(
                "the units of `{space}` are compared row by row and not as a whole: the numbers of `{bias}` are not added"
            );
            found.push((space.into(), why));
        }
    }
    found
}

/// Whether a skipped tensor could have entries that are not finite.
pub(super) fn may_hide_non_finite(skipped: &SkippedTensor) -> bool {
    skipped.findings.iter().any(|finding| finding == NON_FINITE)
}

/// The state of optimizers among the tensors that the options select by name and file.
pub(super) fn optimizer(
    checkpoint: &Checkpoint,
    options: &InspectOptions<'_>,
) -> Option<OptimizerState> {
    let read = checkpoint.tensors().iter().map(|p| (p.path(), p.source, p.bytes()));
    let unread = checkpoint.skipped_tensors().iter().map(|s| (&*s.path, s.source, 0));
    let mut at = BTreeSet::new();
    let mut state = OptimizerState::default();
    for (path, file, bytes) in read.chain(unread) {
        let is_one = checkpoint.role(path) == TensorRole::Optimizer;
        if is_one && (options.wanted)(path) && (options.files)(file) {
            state.tensors += 1;
            state.bytes = state.bytes.saturating_add(bytes);
            at.extend(checkpoint.optimizer_place(path).map(str::to_owned));
        }
    }
    state.at = at.into_iter().collect();
    (state.tensors > 0).then_some(state)
}
