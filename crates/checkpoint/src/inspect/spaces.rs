//! Compares the units of spaces over all parameters that range over them.

use constinit_records::inspection::{Savings, SpaceInspection};
use constinit_symmetry::{
    Activation, Activations, AxesFile, AxesSpec, EqualityPolicy, Findings, ParamView, SearchError,
    SpaceSymmetry, SpecError, SymmetryError, UnitIndex, equitable, forward_lumpable, twins_with,
};

use super::direction;
use crate::checkpoint::{Checkpoint, Other};
use crate::error::CheckpointError;
use crate::parameter::Parameter;
use crate::reduce::add_needed;
use crate::values::ParameterValues;

/// The floating parameters that a spec does not name.
pub(crate) fn not_named<'c>(
    checkpoint: &'c Checkpoint,
    spec: &AxesSpec,
) -> impl Iterator<Item = &'c str> {
    let paths = checkpoint.parameters().iter().map(Parameter::path);
    paths.filter(|path| spec.param_id(path).is_none())
}

/// The spec of an axes file for a checkpoint's parameters, or for some of them.
///
/// The file may also name tensors of other types, but only with fixed axes: their units are compared row by row, not as
/// a whole.
pub(crate) fn given(checkpoint: &Checkpoint, axes: &AxesFile) -> Result<AxesSpec, CheckpointError> {
    let mut read = axes.clone();
    for other in checkpoint.others() {
        if let Some(names) = read.axes.remove(&other.path) {
            check_fixed(checkpoint, other, &names)?;
        }
    }
    if let Some(path) = read.axes.keys().find(|path| checkpoint.parameter(path).is_none()) {
        let known = checkpoint.parameters().iter().map(Parameter::path);
        let error = SpecError::unknown_parameter(path, known);
        return Err(CheckpointError::axes(checkpoint.path())(error.into()));
    }
    // A file of a few bytes can claim any number of units that have no entries.
    for empty in checkpoint.parameters().iter().filter(|p| p.entries() == 0) {
        if axes.axes.get(empty.path()).is_some_and(|names| names.iter().any(|n| !n.is_empty())) {
            let problem =
                format!("`{}` {:?} has no entries to compare", empty.path(), empty.shape());
            return Err(CheckpointError::unsupported(checkpoint.path(), problem));
        }
    }
    let named = |p: &&Parameter| axes.axes.contains_key(p.path());
    let orientations = checkpoint.orientations();
    let orientation = |path: &str| direction::orientation(checkpoint, &orientations, axes, path);
    let named = checkpoint.parameters().iter().filter(named).map(|p| (p.path(), p.shape()));
    let named: Vec<_> = named.collect();
    read.into_builder_with(orientation)
        .build(named)
        .map_err(CheckpointError::axes(checkpoint.path()))
}

/// An error if an axes file gives a space to a tensor whose numbers are not added.
fn check_fixed(
    checkpoint: &Checkpoint,
    Other { path, dtype, shape, .. }: &Other,
    names: &[String],
) -> Result<(), CheckpointError> {
    let problem = if names.len() != shape.len() {
        format!("the axes file has {} axes for `{path}` {shape:?}", names.len())
    } else if let Some(space) = names.iter().find(|name| !name.is_empty()) {
        format!(
            "`{path}` is {dtype}, whose numbers are not added: its axes must be fixed (\"\"), not `{space}`"
        )
    } else {
        return Ok(());
    };
    Err(CheckpointError::unsupported(checkpoint.path(), problem))
}

/// A spec's parameters with their numbers, in memory: sums over classes need all of them at once.
pub(crate) struct Loaded<'c> {
    parameters: Vec<(&'c Parameter, ParameterValues)>,
}

impl<'c> Loaded<'c> {
    pub fn new(checkpoint: &'c Checkpoint, spec: &AxesSpec) -> Result<Self, CheckpointError> {
        let parameters = spec.params().iter().map(|param| {
            let missing = || CheckpointError::NoParameter {
                file: checkpoint.path().into(),
                parameter: param.path().into(),
            };
            let parameter = checkpoint.parameter(param.path()).ok_or_else(missing)?;
            Ok((parameter, checkpoint.read(parameter)?))
        });
        Ok(Self { parameters: parameters.collect::<Result<_, CheckpointError>>()? })
    }

    /// The first parameter with entries that are not finite, and how many.
    pub fn non_finite(&self) -> Option<(&'c str, u64)> {
        let counts = self.parameters.iter().map(|(p, numbers)| (p.path(), numbers.non_finite()));
        counts.into_iter().find(|(_, count)| *count > 0)
    }

    pub fn views(&self) -> Result<Vec<ParamView<'_>>, SymmetryError> {
        let parameters = self.parameters.iter();
        parameters
            .map(|(p, numbers)| ParamView::new(p.path(), p.shape(), numbers.elements()))
            .collect()
    }
}

/// The classes of every space, in all three senses: twins by the policy, sums by value. Which units compute the same is
/// reported only if `directed`: if it is known what produces and what reads them. How many units are needed is reported
/// only if their activation is known, too; if it cannot be found, the note says why. `unmerged` are spaces that
/// `collapse` leaves as they are.
pub(crate) fn spaces(
    checkpoint: &Checkpoint,
    spec: &AxesSpec,
    policy: &EqualityPolicy,
    (directed, unmerged): (bool, &[String]),
    activation: &dyn Fn(&str) -> Option<Activation>,
) -> Result<(Vec<SpaceInspection>, Option<String>), CheckpointError> {
    let symmetry = CheckpointError::symmetry(checkpoint.path());
    let loaded = Loaded::new(checkpoint, spec)?;
    let views = loaded.views().map_err(&symmetry)?;
    let twins = twins_with(spec, &views, policy).map_err(&symmetry)?;
    let equitable = equitable(spec, &views).map_err(&symmetry)?;
    let forward = match forward_lumpable(spec, &views, &[]) {
        _ if !directed => None,
        Ok(found) => Some(found),
        // No parameter of the file produces the units of some space: their values are unknown.
        Err(SymmetryError::Search(SearchError::MissingInputPartition { .. })) => None,
        Err(error) => return Err(symmetry(error)),
    };
    let reports = twins.spaces().iter().map(|space| SpaceInspection {
        name: space.name().into(),
        units: space.partition().units(),
        twins: space.effective_width(),
        equitable: equitable.effective_width(space.name()).unwrap_or_default(),
        forward: forward.as_ref().and_then(|found| found.effective_width(space.name())),
        classes: space
            .partition()
            .classes()
            .map(|class| class.iter().map(|unit| unit.get()).collect())
            .collect(),
        no_incoming: found_units(directed, space, |found| {
            let mut units = [found.no_incoming(), found.constant()].concat();
            units.sort_unstable();
            units
        }),
        no_outgoing: found_units(directed, space, |found| found.no_outgoing().to_vec()),
        saves: forward
            .as_ref()
            .and_then(|found| found.effective_width(space.name()))
            .filter(|_| !unmerged.iter().any(|name| name == space.name()))
            .and_then(|classes| savings(checkpoint, spec, space, classes)),
        needed: None,
    });
    let mut reports: Vec<SpaceInspection> = reports.collect();
    let free = spec.spaces().iter().filter(|space| !space.is_fixed());
    let known = free.filter_map(|space| Some((space.name(), activation(space.name())?)));
    let known: Vec<(&str, Activation)> = known.collect();
    if known.is_empty() || !directed {
        return Ok((reports, None));
    }
    let activations =
        known.into_iter().fold(Activations::none(), |all, (space, known)| all.with(space, known));
    let note = add_needed(spec, &views, &activations, &mut reports);
    Ok((reports, note))
}

/// The numbers of the units with a finding; none unless it is known what produces and what reads them.
fn found_units(
    directed: bool,
    space: &SpaceSymmetry,
    of: impl Fn(&Findings) -> Vec<UnitIndex>,
) -> Vec<usize> {
    let units = space.findings().filter(|_| directed).map(of).unwrap_or_default();
    units.into_iter().map(UnitIndex::get).collect()
}

/// The entries and bytes that a network with one unit for each class of a space saves.
fn savings(
    checkpoint: &Checkpoint,
    spec: &AxesSpec,
    space: &SpaceSymmetry,
    classes: usize,
) -> Option<Savings> {
    let units = space.partition().units();
    let mut saved = Savings::default();
    for param in spec.params() {
        let along = param.axes().iter().filter(|a| a.axis.space() == Some(&space.id())).count();
        let Some(parameter) = checkpoint.parameter(param.path()).filter(|_| along > 0) else {
            continue;
        };
        // Each axis on the space has the same number of entries for each unit.
        let fewer = (0..along).fold(parameter.entries(), |left, _| left / units * classes);
        let entries = (parameter.entries() - fewer) as u64;
        saved.entries += entries;
        let bits = parameter.dtype().bits() as u64;
        saved.bytes += entries * bits / 8;
    }
    (saved.entries > 0).then_some(saved)
}
