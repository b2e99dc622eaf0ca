//! Which axis of a parameter is the output, if its axes are known.
//!
//! The axes file may say it. Otherwise the bias of a weight may decide: the output axis of the weight ranges over the
//! same space as the bias. For all other parameters the whole checkpoint decides ([`Orientations`]). That can be wrong
//! for a single parameter: an embedding is stored transposed in comparison with PyTorch's linear layers, and a
//! transposed convolution in comparison with all other convolutions. Only the surrounding network can rule this out: if
//! reading the parameter transposed would leave a space that no parameter produces or no parameter reads.

use constinit_symmetry::{AxesFile, AxesSpec, Orientation, Role, SpaceId, SpecParam};

use crate::chain;
use crate::checkpoint::Checkpoint;
use crate::orientation::Orientations;

/// The orientation of a parameter of an axes file.
pub(super) fn orientation(
    checkpoint: &Checkpoint,
    orientations: &Orientations<'_>,
    axes: &AxesFile,
    path: &str,
) -> Orientation {
    let Some(parameter) = checkpoint.parameter(path) else { return Orientation::Unknown };
    by_bias(checkpoint, axes, path).unwrap_or_else(|| orientations.of(parameter))
}

/// The orientation by the bias: exactly one of the first two axes of the weight ranges over the space of the bias.
fn by_bias(checkpoint: &Checkpoint, axes: &AxesFile, path: &str) -> Option<Orientation> {
    let bias = checkpoint.bias_of(checkpoint.parameter(path)?)?;
    let [space] = axes.axes.get(bias.path())?.as_slice() else { return None };
    let of_weight = axes.axes.get(path)?;
    let mut stands = (0..2).filter(|&axis| of_weight.get(axis) == Some(space));
    match (stands.next(), stands.next()) {
        (Some(0), None) => Some(Orientation::OutputFirst),
        (Some(_), None) => Some(Orientation::InputFirst),
        _ => None,
    }
}

/// The parameters of a spec that may also be stored transposed.
pub(crate) fn undecided<'s>(
    checkpoint: &Checkpoint,
    axes: &AxesFile,
    spec: &'s AxesSpec,
) -> Vec<&'s SpecParam> {
    // All parameters are linear layers, in their only possible order.
    if chain::linear_chain(checkpoint.parameter_set(), checkpoint.format()).is_some() {
        return Vec::new();
    }
    let params = spec.params().iter();
    params
        .filter(|param| {
            // A parameter without an axis on a space does not affect the units of others.
            param.axes().iter().any(|axis| axis.axis.space().is_some())
                && !axes.orientation.contains_key(param.path())
                && by_bias(checkpoint, axes, param.path()).is_none()
                && is_of_two_kinds(checkpoint, param)
                && may_be_turned(spec, param)
        })
        .collect()
}

/// Whether parameters of this shape are stored both ways.
fn is_of_two_kinds(checkpoint: &Checkpoint, param: &SpecParam) -> bool {
    let Some(parameter) = checkpoint.parameter(param.path()) else { return false };
    let bias = checkpoint.bias_of(parameter);
    match *parameter.shape() {
        [] | [_] => false,
        // A linear layer is stored like the others of its file. An embedding has no bias, and its rows are not units.
        [_, _] => {
            let [rows, columns] = [&param.axes()[0], &param.axes()[1]];
            bias.is_none()
                && rows.role == Role::Output
                && rows.axis.space().is_none()
                && columns.axis.space().is_some()
        }
        // A convolution, or a transposed one. The bias fits one axis, or both.
        [a, b, ..] => bias.is_none() || a == b,
    }
}

/// Whether other parameters would still produce and read every space if this parameter were stored transposed.
fn may_be_turned(spec: &AxesSpec, param: &SpecParam) -> bool {
    let stands = |of: &SpecParam, space: SpaceId, role: Role| {
        of.axes().iter().any(|axis| axis.role == role && axis.axis.space() == Some(&space))
    };
    let others = || spec.params().iter().filter(|of| of.sums() && of.path() != param.path());
    param.axes().iter().take(2).all(|axis| match axis.axis.space() {
        Some(&space) if !spec.spaces()[space.get()].is_fixed() => {
            others().any(|other| stands(other, space, axis.role))
        }
        _ => true,
    })
}

/// The message for an undecided parameter.
pub(crate) fn ask(param: &SpecParam) -> String {
    let path = param.path();
    format!(
        "it is unknown which axis of `{path}` is the output: add to the axes file, in [orientation], \"{path}\" = \
         \"output-first\" (a linear layer of PyTorch, a convolution) or \"input-first\" (an embedding, a transposed \
         convolution)"
    )
}
