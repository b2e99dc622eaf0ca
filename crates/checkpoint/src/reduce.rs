//! Checkpoints with as few units as the activations allow: the same function, written to a new file.

mod check;

use constinit_records::inspection::{
    GoneReason, GoneUnit, NeededUnits, RESHAPE_SCHEMA, Reshaped, SpaceChange, SpaceInspection,
};
use constinit_symmetry::text::number;
use constinit_symmetry::{
    Activation, Activations, AxesFile, AxesSpec, ParamView, ReduceOptions, Reduction, RoleAxis,
    SpaceId, SpaceReduction, SpecParam, SymmetryError, UnitFate, reduce, reduce_with, twins,
};

use crate::chain::{self, Chain};
use crate::checkpoint::Checkpoint;
use crate::error::CheckpointError;
use crate::inspect::direction::{ask, undecided};
use crate::inspect::spaces::Loaded;
use crate::parameter::Parameter;
use crate::reshape::{check_finite, guesses, unchanged, whole};
use crate::verify;
use crate::write::{Destination, NewFile};

/// Removes every unit that the function does not need, as far as [`reduce`] finds them, and writes the smaller network
/// to a new file. The axes must name the same tensors as for [`collapse_file`](crate::collapse_file).
///
/// # Errors
///
/// As [`collapse_file`](crate::collapse_file), and if an activation is given for a space that does not exist or is
/// fixed.
pub fn reduce_file<'d>(
    checkpoint: &Checkpoint,
    axes: &AxesFile,
    activations: &Activations,
    options: &ReduceOptions,
    out: impl Into<Destination<'d>>,
) -> Result<Reshaped, CheckpointError> {
    let out = out.into();
    let symmetry = CheckpointError::symmetry(checkpoint.path());
    let spec = whole(checkpoint, axes)?;
    let loaded = Loaded::new(checkpoint, &spec)?;
    check_finite(checkpoint, &loaded)?;
    let views = loaded.views().map_err(&symmetry)?;
    let reduced = reduce_with(&spec, &views, activations, options).map_err(&symmetry)?;
    check_decided(checkpoint, axes, &spec, &reduced)?;
    let mut notes = guesses(checkpoint, axes, reduced.spec());
    notes.extend(norm_note(&spec, &reduced));
    let minimality = Some(reduced.minimality().sentence().to_owned());
    if out.skips_copies() && reduced.is_identity() {
        let twins = twins_of(&spec, &views).map_err(&symmetry)?;
        let spaces = reduced.spaces().iter().zip(twins.clone()).zip(twins).map(change);
        let report = unchanged(checkpoint, out, reduced.entries()[0], (spaces.collect(), notes))?;
        return Ok(Reshaped { minimality, ..report });
    }

    let file = NewFile::write(out, checkpoint, reduced.params())?;
    let written = file.open()?;
    let loaded = Loaded::new(&written, reduced.spec())?;
    let now = loaded.views().map_err(&symmetry)?;
    let wrong = |problem| CheckpointError::NotVerified { file: out.path().into(), problem };
    let changed = options.factor_tolerance().unwrap_or(0.0);
    let found = check::sums(&spec, &views, &reduced, &now, changed);
    if let Some(place) = found.place {
        let share = number(found.largest, 3);
        return Err(wrong(format!("sums of `{place}` differ by {share} of their size")));
    }
    let chain = chain::linear_chain(checkpoint.parameter_set(), checkpoint.format());
    let outputs = chain.map(|chain| {
        let functions = functions(&chain, &spec, &reduced);
        verify::outputs(&chain, &functions, changed, &views, &now)
    });
    let outputs = outputs.transpose().map_err(wrong)?;
    let twins = [(&spec, &views), (reduced.spec(), &now)];
    let [before, after] = twins.map(|(spec, views)| twins_of(spec, views).map_err(&symmetry));
    let spaces = reduced.spaces().iter().zip(before?).zip(after?).map(change);
    let report = Reshaped {
        schema: RESHAPE_SCHEMA,
        file: checkpoint.path().display().to_string(),
        out: out.path().display().to_string(),
        entries: reduced.entries(),
        spaces: spaces.collect(),
        inseparable: Vec::new(),
        largest_sum_difference: found.largest,
        outputs,
        notes,
        bytes: Some([bytes(checkpoint, &spec), bytes(&written, reduced.spec())]),
        minimality,
        unchanged: false,
    };
    out.go_on()?;
    file.keep()?;
    Ok(report)
}

/// The bytes of the parameters of a spec.
fn bytes(checkpoint: &Checkpoint, spec: &AxesSpec) -> u64 {
    let parameters = spec.params().iter().filter_map(|p| checkpoint.parameter(p.path()));
    parameters.map(Parameter::bytes).sum()
}

/// The effective width of every space.
fn twins_of(spec: &AxesSpec, views: &[ParamView<'_>]) -> Result<Vec<usize>, SymmetryError> {
    Ok(twins(spec, views)?.spaces().iter().map(|space| space.effective_width()).collect())
}

/// An error if it is unknown which axis of a parameter is the output, and units of a space that it ranges over were
/// removed.
fn check_decided(
    checkpoint: &Checkpoint,
    axes: &AxesFile,
    spec: &AxesSpec,
    reduced: &Reduction,
) -> Result<(), CheckpointError> {
    let changed = |axis: &RoleAxis<SpaceId>| {
        let space = axis.axis.space().map(|id| &reduced.spaces()[id.get()]);
        space.is_some_and(|space| space.kept().len() < space.units())
    };
    let mut undecided = undecided(checkpoint, axes, spec).into_iter();
    match undecided.find(|param| param.axes().iter().any(changed)) {
        Some(param) => Err(CheckpointError::unsupported(checkpoint.path(), ask(param))),
        None => Ok(()),
    }
}

/// A note if units of a batch norm were removed because of their activation.
fn norm_note(spec: &AxesSpec, reduced: &Reduction) -> Option<String> {
    let by_activation = |param: &&SpecParam| {
        let [axis] = param.axes() else { return false };
        let space = axis.axis.space().map(|id| &reduced.spaces()[id.get()]);
        param.path().ends_with("running_mean")
            && space.is_some_and(|s| s.activation().is_some() && s.kept().len() < s.units())
    };
    let norm = spec.params().iter().find(by_activation)?.path();
    Some(format!("the norm of `{norm}` is assumed to come before the activation, not after it"))
}

/// The functions after all layers of a chain but the last; ReLU if none is given.
fn functions(chain: &Chain, spec: &AxesSpec, reduced: &Reduction) -> Vec<Activation> {
    let of = |path: &str| {
        let param = &spec.params()[spec.param_id(path)?.get()];
        let output = param.axes().get(usize::from(chain.inputs_first))?;
        reduced.spaces()[output.axis.space()?.get()].activation()
    };
    chain.layers.iter().map(|(weight, _)| of(weight).unwrap_or_default()).collect()
}

fn change(((space, twins_before), twins_now): ((&SpaceReduction, usize), usize)) -> SpaceChange {
    let gone = space.fates().iter().enumerate().filter_map(|(unit, fate)| gone(unit, fate));
    SpaceChange {
        name: space.name().into(),
        before: space.units(),
        now: space.kept().len(),
        twins_before,
        twins_now,
        activation: space.activation().map(|activation| activation.name().into()),
        gone: gone.collect(),
        unreduced: space.unreduced().iter().map(ToString::to_string).collect(),
        untried: space.untried().iter().map(ToString::to_string).collect(),
    }
}

fn gone(unit: usize, fate: &UnitFate) -> Option<GoneUnit> {
    let gone = |why| GoneUnit { unit, why, into: None, factor: None, constant: None };
    match *fate {
        UnitFate::Merged { into, factor, constant } => Some(GoneUnit {
            into: Some(into.get()),
            factor: Some(factor),
            constant: (constant != 0.0).then_some(constant),
            ..gone(GoneReason::Merged)
        }),
        UnitFate::Folded { value } => {
            Some(GoneUnit { constant: Some(value), ..gone(GoneReason::Constant) })
        }
        UnitFate::AlwaysZero => Some(gone(GoneReason::Zero)),
        UnitFate::NotRead => Some(gone(GoneReason::Unread)),
        _ => None,
    }
}

/// Adds to inspected spaces how many units a reduction by their activations would leave. A note if the reduction fails.
pub(crate) fn add_needed(
    spec: &AxesSpec,
    views: &[ParamView<'_>],
    activations: &Activations,
    spaces: &mut [SpaceInspection],
) -> Option<String> {
    let reduced = match reduce(spec, views, activations) {
        Ok(reduced) => reduced,
        Err(error) => return Some(format!("the number of needed units is unknown: {error}")),
    };
    for space in spaces {
        let found = reduced.space(&space.name);
        space.needed = found.and_then(|found| {
            let activation = found.activation()?.name().into();
            Some(NeededUnits { activation, units: found.kept().len() })
        });
    }
    None
}
