//! What is known about a module, and whether it computes the same with other numbers of units.

use super::ModuleLayers;
use crate::Error;
use crate::axes::Traced;
use constinit_symmetry::{AxesSpec, Axis, Role, SpaceId, SpaceSymmetry, Symmetry};

/// A module's axes: a spec, or everything that a trace shows.
///
/// A spec says which units can be swapped, but not what else a module does with them: a norm averages over them, a
/// convolution may take them in groups. With a spec alone, operations accept only those of Burn's layers that are known
/// to treat each unit separately; a trace works for any module. A spec does not show what the forward code does
/// *between* layers that own parameters, such as a softmax or a mean over the units: whoever gives a spec guarantees
/// that there is nothing of this kind. A trace shows it.
#[derive(Clone, Copy, Debug)]
pub struct KnownAxes<'a> {
    /// The axes.
    pub spec: &'a AxesSpec,
    /// Everything that a trace shows; None if only axes are known.
    pub traced: Option<&'a Traced>,
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

/// Layers that treat each unit separately, whatever their number.
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

const CURE: &str = "trace the module (axes::trace), and give the trace instead of the spec";

impl KnownAxes<'_> {
    /// Checks that these classes belong to this spec.
    ///
    /// # Errors
    ///
    /// [`Error::Axes`] with the spaces of both specs if they do not.
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
            format!(
                "the classes were found with another spec: it has {theirs}, this one has {ours}"
            )
        };
        Err(Error::Axes { reason })
    }

    /// Checks that the module computes with the units of these spaces one by one, so that their number may change.
    ///
    /// # Errors
    ///
    /// [`Error::Surgery`] for the first space or parameter that prevents it.
    pub(super) fn check_free(
        &self,
        layers: &ModuleLayers,
        spaces: &[SpaceId],
    ) -> Result<(), Error> {
        if spaces.is_empty() {
            return Ok(());
        }
        match self.traced {
            Some(traced) => self.check_traced(traced, spaces),
            None => self.check_layers(layers, spaces),
        }?;
        self.check_ends(spaces)
    }

    /// Checks that parameters make and read these units: the number of inputs and outputs must not change. An axis of
    /// unknown role may be either.
    fn check_ends(&self, spaces: &[SpaceId]) -> Result<(), Error> {
        let stands = |id: &SpaceId, role: Role| {
            let mut axes = self.spec.params().iter().flat_map(|param| param.axes());
            axes.any(|axis| {
                axis.axis.space() == Some(id) && (axis.role == role || axis.role == Role::Unknown)
            })
        };
        for id in spaces {
            let missing = match [Role::Output, Role::Input].map(|role| stands(id, role)) {
                [false, _] => "produces",
                [_, false] => "reads",
                _ => continue,
            };
            let name = self.spec.spaces()[id.get()].name();
            let reason =
                format!("nothing {missing} the units of `{name}`: declare the space as fixed");
            return Err(refused(name, reason));
        }
        Ok(())
    }

    fn check_traced(&self, traced: &Traced, spaces: &[SpaceId]) -> Result<(), Error> {
        let names: Vec<&str> =
            spaces.iter().map(|id| self.spec.spaces()[id.get()].name()).collect();
        let counts =
            |name: &&&str| traced.width_dependent.iter().any(|counted| counted.space == **name);
        if let Some(space) = names.iter().find(counts) {
            let ways = traced.width_dependent.iter().filter(|counted| counted.space == **space);
            let ways: Vec<String> = ways.map(|counted| counted.cause.to_string()).collect();
            let reason =
                format!("the model depends on the number of these units: {}", ways.join("; "));
            return Err(refused(*space, reason));
        }
        self.check_entries(traced, spaces)
    }

    /// Checks that the entries of all parameters over the spaces only weight units.
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
                "the model uses its entries for something other than weighting units, so equal sums of entries do not \
                 make units equal"
                    .to_owned(),
            )),
        }
    }

    /// Checks that the module uses the classes of several units only through sums of weights.
    ///
    /// # Errors
    ///
    /// [`Error::Surgery`] for the first parameter whose entries do something else.
    pub(super) fn check_weights(
        &self,
        layers: &ModuleLayers,
        symmetry: &Symmetry,
    ) -> Result<(), Error> {
        match self.traced {
            Some(traced) => self.check_entries(traced, &merged(symmetry)),
            None => self.check_readers(layers, &merged(symmetry)),
        }
    }

    /// The same check, by the types of the layers that read the units.
    fn check_readers(&self, layers: &ModuleLayers, spaces: &[SpaceId]) -> Result<(), Error> {
        for param in self.spec.params() {
            let read = param.axes().iter().filter(|axis| axis.role == Role::Input);
            let space = read.filter_map(|axis| axis.axis.space()).find(|id| spaces.contains(id));
            let own = layers.around(param.path()).last().map_or("", String::as_str);
            if let Some(id) = space.filter(|_| !FREE.contains(&own)) {
                let space = self.spec.spaces()[id.get()].name();
                let reason = format!(
                    "a {own} may use its entries for something other than weighting the units of {space}"
                );
                return Err(refused(param.path(), format!("{reason}; {CURE}")));
            }
        }
        Ok(())
    }

    /// The check of [`Self::check_free`], by the types of the layers.
    fn check_layers(&self, layers: &ModuleLayers, spaces: &[SpaceId]) -> Result<(), Error> {
        for param in self.spec.params() {
            let on = |axis: &Axis| axis.space().is_some_and(|space| spaces.contains(space));
            let Some(axis) = param.axes().iter().map(|axis| &axis.axis).find(|axis| on(axis))
            else {
                continue;
            };
            let space = axis.space().map_or("", |id| self.spec.spaces()[id.get()].name());
            let around = layers.around(param.path());
            let own = around.last().map_or("", String::as_str);
            let bound = around.iter().find(|name| BOUND.contains(&name.as_str()));
            let reason = if let Some(name) = bound {
                format!("it belongs to a {name}, which stores the number of its units")
            } else if !FREE.contains(&own) {
                format!(
                    "a {own} may depend on the number of units of {space}, and the spec does not say whether it does"
                )
            } else if own.contains("Conv") && groups_unknown(param.axes().iter().map(|a| &a.axis)) {
                "the spec does not show whether the convolution has groups".to_owned()
            } else {
                continue;
            };
            return Err(refused(param.path(), format!("{reason}; {CURE}")));
        }
        match layers.norm_without_parameters() {
            None => Ok(()),
            Some((path, name)) => Err(refused(
                path,
                format!(
                    "a {name} without parameters may act on units, and a spec cannot show whether it does; {CURE}"
                ),
            )),
        }
    }
}

/// Whether a convolution's weight may be divided into groups. An axis with fewer entries than channels shows groups
/// only if it is known whose channels the axis reads.
fn groups_unknown<'a>(axes: impl Iterator<Item = &'a Axis>) -> bool {
    let axes: Vec<&Axis> = axes.collect();
    axes.len() > 2 && axes[..2].iter().any(|axis| !matches!(axis, Axis::Space(_)))
}

/// The spaces with a class of several units.
pub(super) fn merged(symmetry: &Symmetry) -> Vec<SpaceId> {
    let several = symmetry.spaces().iter().filter(|space| !space.partition().is_discrete());
    several.map(SpaceSymmetry::id).collect()
}

/// The error of an operation that a space, a parameter or an optimizer prevents.
pub fn refused(subject: impl Into<String>, reason: String) -> Error {
    Error::Surgery { subject: subject.into(), reason }
}
