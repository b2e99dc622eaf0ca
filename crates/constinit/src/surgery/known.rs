//! What is known of a module, and whether it computes the same with other numbers of units.

use crate::Error;
use crate::axes::Traced;
use crate::params::Walk;
use burn::module::{Module, ModuleVisitor, Param};
use burn::tensor::{Tensor, backend::Backend};
use constinit_symmetry::{AxesSpec, Axis, SpaceId, SpaceSymmetry, Symmetry};
use std::collections::HashMap;

/// A module's axes: a spec, or all that a trace has shown.
///
/// A spec says which units can be swapped, but not what else a module does with them: a norm averages over them, a
/// convolution may take them in groups. With a spec alone, only those of Burn's layers are operated on that are known
/// to look at each unit for itself; a [`trace`](crate::axes::trace) tells of any module.
#[derive(Clone, Copy, Debug)]
pub struct KnownAxes<'a> {
    pub(super) spec: &'a AxesSpec,
    pub(super) traced: Option<&'a Traced>,
}

impl<'a> From<&'a AxesSpec> for KnownAxes<'a> {
    fn from(spec: &'a AxesSpec) -> Self {
        Self { spec, traced: None }
    }
}

impl<'a> From<&'a Traced> for KnownAxes<'a> {
    fn from(traced: &'a Traced) -> Self {
        Self { spec: &traced.axes, traced: Some(traced) }
    }
}

/// Layers that treat each unit for itself, whatever their number.
const FREE: [&str; 9] = [
    "Linear",
    "Embedding",
    "BatchNorm",
    "Conv1d",
    "Conv2d",
    "Conv3d",
    "ConvTranspose1d",
    "ConvTranspose2d",
    "ConvTranspose3d",
];

/// Modules that hold sizes, or whose parts do, around layers that do not.
const BOUND: [&str; 14] = [
    "MultiHeadAttention",
    "CrossAttention",
    "TransformerEncoder",
    "TransformerEncoderLayer",
    "TransformerDecoder",
    "TransformerDecoderLayer",
    "Rnn",
    "BiRnn",
    "Gru",
    "BiGru",
    "Lstm",
    "BiLstm",
    "GateController",
    "SwiGlu",
];

impl KnownAxes<'_> {
    /// Whether these classes are of this spec.
    pub(super) fn check_classes(&self, symmetry: &Symmetry) -> Result<(), Error> {
        if symmetry.spec() == self.spec {
            return Ok(());
        }
        let names = |spec: &AxesSpec| {
            let all: Vec<String> = spec
                .spaces()
                .iter()
                .map(|space| format!("{} ({})", space.name(), space.units()))
                .collect();
            if all.is_empty() { "no spaces".to_owned() } else { all.join(", ") }
        };
        let [ours, theirs] = [self.spec, symmetry.spec()].map(names);
        let reason = if ours == theirs {
            "the classes were found with another spec of the same spaces".to_owned()
        } else {
            format!("the classes were found with another spec: {theirs}, where this one has {ours}")
        };
        Err(Error::Axes { reason })
    }

    /// Whether the module computes with the units of these spaces one by one, so that their number may change.
    pub(super) fn check_free<B: Backend, M: Module<B>>(
        &self,
        module: &M,
        spaces: &[SpaceId],
    ) -> Result<(), Error> {
        if spaces.is_empty() {
            return Ok(());
        }
        match self.traced {
            Some(traced) => self.check_traced(traced, spaces),
            None => self.check_layers(module, spaces),
        }
    }

    fn check_traced(&self, traced: &Traced, spaces: &[SpaceId]) -> Result<(), Error> {
        let names: Vec<&str> =
            spaces.iter().map(|id| self.spec.spaces()[id.get()].name()).collect();
        let counts = |name: &&&str| traced.counted.iter().any(|counted| counted.space == **name);
        if let Some(space) = names.iter().find(counts) {
            let ways = traced.counted.iter().filter(|counted| counted.space == **space);
            let ways: Vec<String> = ways.map(|counted| counted.by.to_string()).collect();
            let reason =
                format!("the model depends on the number of these units: {}", ways.join("; "));
            return Err(refused(*space, reason));
        }
        self.check_entries(traced, spaces)
    }

    /// Whether the entries of all parameters over the spaces do nothing but weigh units.
    fn check_entries(&self, traced: &Traced, spaces: &[SpaceId]) -> Result<(), Error> {
        let on = |axis: &Axis| axis.space().is_some_and(|space| spaces.contains(space));
        let bent = |path: &&String| {
            self.spec.param_id(path).is_some_and(|id| {
                self.spec.params()[id.get()].axes().iter().any(|axis| on(&axis.axis))
            })
        };
        match traced.entrywise.iter().find(bent) {
            None => Ok(()),
            Some(path) => Err(refused(
                path.as_str(),
                "the model does something else with its entries than to weigh units by them, so that sums of them \
                 do not count"
                    .to_owned(),
            )),
        }
    }

    /// Whether sums of weights are what counts of the classes of several units.
    pub(super) fn check_weights(&self, symmetry: &Symmetry) -> Result<(), Error> {
        self.traced.map_or(Ok(()), |traced| self.check_entries(traced, &merged(symmetry)))
    }

    /// The same from the types of the layers.
    fn check_layers<B: Backend, M: Module<B>>(
        &self,
        module: &M,
        spaces: &[SpaceId],
    ) -> Result<(), Error> {
        let containers = containers(module);
        for param in self.spec.params() {
            let on = |axis: &Axis| axis.space().is_some_and(|space| spaces.contains(space));
            let Some(axis) = param.axes().iter().map(|axis| &axis.axis).find(|axis| on(axis))
            else {
                continue;
            };
            let space = axis.space().map_or("", |id| self.spec.spaces()[id.get()].name());
            let around = containers.get(param.path()).map_or(&[][..], Vec::as_slice);
            let own = around.last().map_or("", String::as_str);
            let bound = around.iter().find(|name| BOUND.contains(&name.as_str()));
            let reason = if let Some(name) = bound {
                format!("it is a part of a {name}, which holds the sizes of its units")
            } else if !FREE.contains(&own) {
                format!(
                    "a {own} may depend on the number of units of {space}, of which the spec says nothing"
                )
            } else if own.contains("Conv") && groups_unknown(param.axes().iter().map(|a| &a.axis)) {
                "the spec does not show whether the convolution has groups".to_owned()
            } else {
                continue;
            };
            let cure = "trace the module (axes::trace), and give the trace instead of the spec";
            return Err(refused(param.path(), format!("{reason}; {cure}")));
        }
        Ok(())
    }
}

/// Whether a convolution's weight could be one of groups. Its axis with fewer entries than there are channels shows
/// groups only where it is known whose channels it reads.
fn groups_unknown<'a>(axes: impl Iterator<Item = &'a Axis>) -> bool {
    let axes: Vec<&Axis> = axes.collect();
    axes.len() > 2 && axes[..2].iter().any(|axis| !matches!(axis, Axis::Space(_)))
}

/// The types of all modules around each parameter, outermost first.
fn containers<B: Backend, M: Module<B>>(module: &M) -> HashMap<String, Vec<String>> {
    #[derive(Default)]
    struct Containers {
        walk: Walk,
        found: HashMap<String, Vec<String>>,
    }
    impl<B: Backend> ModuleVisitor<B> for Containers {
        fn visit_float<const D: usize>(&mut self, _: &Param<Tensor<B, D>>) {
            let names = self.walk.containers().map(str::to_owned).collect();
            self.found.insert(self.walk.path(), names);
        }
        fn enter_module(&mut self, name: &str, container: &str) {
            self.walk.enter(name, container);
        }
        fn exit_module(&mut self, _: &str, _: &str) {
            self.walk.exit();
        }
    }
    let mut containers = Containers::default();
    module.visit(&mut containers);
    containers.found
}

/// The spaces with a class of several units.
pub(super) fn merged(symmetry: &Symmetry) -> Vec<SpaceId> {
    let several = symmetry.spaces().iter().filter(|space| !space.partition().is_discrete());
    several.map(SpaceSymmetry::id).collect()
}

pub(super) fn refused(subject: impl Into<String>, reason: String) -> Error {
    Error::Surgery { subject: subject.into(), reason }
}
