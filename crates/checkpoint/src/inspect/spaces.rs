//! Spaces of units over all parameters that they stand on.

use constinit_records::inspection::SpaceInspection;
use constinit_symmetry::{
    AxesFile, AxesSpec, EqualityPolicy, ParamView, SearchError, SpecError, SymmetryError,
    equitable, forward_lumpable, twins_with,
};

use super::direction;
use crate::checkpoint::{Checkpoint, Other};
use crate::error::CheckpointError;
use crate::parameter::Parameter;
use crate::values::ParameterValues;

/// The floating parameters that a spec says nothing of.
pub(crate) fn not_named<'c>(
    checkpoint: &'c Checkpoint,
    spec: &AxesSpec,
) -> impl Iterator<Item = &'c str> {
    let paths = checkpoint.parameters().iter().map(Parameter::path);
    paths.filter(|path| spec.param_id(path).is_none())
}

/// The spec of an axes file for a checkpoint's parameters, or for some of them.
///
/// The file may also name tensors of other types, to say that their axes are fixed: what they say of units is compared row
/// by row and not joined.
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

/// An error where an axes file puts a tensor on a space whose numbers are not read.
fn check_fixed(
    checkpoint: &Checkpoint,
    Other { path, dtype, shape, .. }: &Other,
    names: &[String],
) -> Result<(), CheckpointError> {
    let problem = if names.len() != shape.len() {
        format!("the axes name {} axes of `{path}` {shape:?}", names.len())
    } else if let Some(space) = names.iter().find(|name| !name.is_empty()) {
        format!(
            "`{path}` is {dtype}, whose numbers are not added: its axes can be fixed (\"\"), but not of `{space}`"
        )
    } else {
        return Ok(());
    };
    Err(CheckpointError::unsupported(checkpoint.path(), problem))
}

/// A spec's parameters with their numbers, in memory: sums over classes ask for all of them at once.
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

/// The classes of every space, in all three senses; twins by the policy, sums by value. Which units compute the same is
/// only told where it is known what produces and what reads them.
pub(crate) fn spaces(
    checkpoint: &Checkpoint,
    spec: &AxesSpec,
    policy: &EqualityPolicy,
    directed: bool,
) -> Result<Vec<SpaceInspection>, CheckpointError> {
    let symmetry = CheckpointError::symmetry(checkpoint.path());
    let loaded = Loaded::new(checkpoint, spec)?;
    let views = loaded.views().map_err(&symmetry)?;
    let twins = twins_with(spec, &views, policy).map_err(&symmetry)?;
    let equitable = equitable(spec, &views).map_err(&symmetry)?;
    let forward = match forward_lumpable(spec, &views, &[]) {
        _ if !directed => None,
        Ok(found) => Some(found),
        // Nobody in the file produces the units of some space, so what they carry is not known.
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
        ..SpaceInspection::default()
    });
    Ok(reports.collect())
}
