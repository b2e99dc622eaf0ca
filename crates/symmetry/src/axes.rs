//! Which axis of which parameter ranges over which space.
//!
//! ```text
//! linear1.weight [out, in]   = [hidden1 (output), fixed]
//! linear1.bias   [out]       = [hidden1 (output)]
//! linear2.weight [out, in]   = [fixed, hidden1 (input)]
//! ```
//!
//! The *incoming* entries of a space are those on axes of role [`Role::Output`]: the parameter produces the unit. Its
//! *outgoing* entries are those on axes of role [`Role::Input`]: the parameter reads the unit. [`twins`](crate::twins)
//! and [`equitable`](crate::equitable) treat both equally and need no roles.
//! [`forward_lumpable`](crate::forward_lumpable) and the scale policy need them.
//!
//! # References
//!
//! Ainsworth, Hayase, Srinivasa, "Git Re-Basin: Merging Models modulo Permutation Symmetries", 2022: the
//! `axes_to_perm` table.

mod builder;
#[cfg(feature = "serde")]
mod file;
mod given;
pub mod layers;
mod nearest;
mod orientation;

use std::collections::HashMap;
use std::sync::Arc;

use crate::error::{ParameterError, SymmetryError};
use crate::params::{ParamView, fits};
use crate::space::{ParamId, SpaceId, UnitIndex, UnitSpace};

pub use builder::AxesSpecBuilder;
#[cfg(feature = "serde")]
pub use file::AxesFile;
pub(crate) use given::given_partitions;
pub(crate) use nearest::nearest;
pub use orientation::Orientation;

/// What one axis of a parameter ranges over. `S` refers to a space: a name while a spec is written, a [`SpaceId`] once
/// it is built.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Axis<S = SpaceId> {
    /// Members that have a meaning outside the network, or kernel positions: never merged.
    Fixed,
    /// The units of a space.
    Space(S),
    /// Units between an outer and an inner index, flattened. The entry of unit u in block o with inner index k is at
    /// `(o * units + u) * inner + k`.
    ///
    /// The input axis of a linear layer after a flattened convolution has one block (`inner` = height x width). The
    /// output axis of an attention projection also has one block (units are heads, `inner` is the head's dimension).
    /// The stacked gates of a recurrent weight are blocks (`outer` = 4 for an LSTM). A joint projection to queries,
    /// keys and values has several blocks and an inner index. An axis in which every unit has one entry is
    /// [`Axis::Space`].
    Flattened {
        /// The space of the units.
        space: S,
        /// The number of blocks.
        outer: usize,
        /// The number of entries that every unit has in a block.
        inner: usize,
    },
}

impl<S> Axis<S> {
    /// The space that the axis ranges over, if any.
    pub fn space(&self) -> Option<&S> {
        match self {
            Self::Fixed => None,
            Self::Space(space) | Self::Flattened { space, .. } => Some(space),
        }
    }

    /// The number of blocks of the axis. Each block has entries of every unit.
    pub fn outer(&self) -> usize {
        match self {
            Self::Flattened { outer, .. } => *outer,
            _ => 1,
        }
    }

    /// The number of entries that every unit has in a block.
    pub fn inner(&self) -> usize {
        match self {
            Self::Flattened { inner, .. } => *inner,
            _ => 1,
        }
    }

    /// The number of entries that every unit has along the axis.
    pub fn entries(&self) -> usize {
        self.outer().saturating_mul(self.inner())
    }
}

/// An axis that refers to its space by name. The empty name is a fixed axis.
pub type NamedAxis = Axis<String>;

impl From<&str> for NamedAxis {
    fn from(space: &str) -> Self {
        if space.is_empty() { Self::Fixed } else { Self::Space(space.into()) }
    }
}

impl From<String> for NamedAxis {
    fn from(space: String) -> Self {
        if space.is_empty() { Self::Fixed } else { Self::Space(space) }
    }
}

impl NamedAxis {
    /// Units of the named space times an inner index.
    pub fn flattened(space: impl Into<String>, inner: usize) -> Self {
        Self::Flattened { space: space.into(), outer: 1, inner }
    }

    /// Blocks of the units of the named space.
    pub fn blocks(outer: usize, space: impl Into<String>) -> Self {
        Self::Flattened { space: space.into(), outer, inner: 1 }
    }
}

/// The side of its parameter that an axis is on.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Role {
    /// The parameter produces the members of this axis: an output axis, a bias, a gain.
    Output,
    /// The parameter reads the members of this axis.
    Input,
    /// Unknown: the spec does not say.
    #[default]
    Unknown,
}

/// An axis and its role.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct RoleAxis<S = SpaceId> {
    /// What the axis ranges over.
    pub axis: Axis<S>,
    /// The side of the parameter that it is on.
    pub role: Role,
}

/// An axis whose members the parameter produces.
pub fn output(axis: impl Into<NamedAxis>) -> RoleAxis<String> {
    RoleAxis { axis: axis.into(), role: Role::Output }
}

/// An axis whose members the parameter reads.
pub fn input(axis: impl Into<NamedAxis>) -> RoleAxis<String> {
    RoleAxis { axis: axis.into(), role: Role::Input }
}

/// An axis of unknown role.
pub fn unknown_role(axis: impl Into<NamedAxis>) -> RoleAxis<String> {
    RoleAxis { axis: axis.into(), role: Role::Unknown }
}

/// A parameter of the spec: its path, its shape and what its axes range over.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SpecParam {
    path: String,
    shape: Vec<usize>,
    axes: Vec<RoleAxis>,
}

impl SpecParam {
    /// The parameter's name.
    pub fn path(&self) -> &str {
        &self.path
    }

    /// The size of every axis.
    pub fn shape(&self) -> &[usize] {
        &self.shape
    }

    /// What every axis ranges over.
    pub fn axes(&self) -> &[RoleAxis] {
        &self.axes
    }

    /// Whether the parameter computes units from other units, as sums over an input axis. A bias or a gain only changes
    /// units.
    pub fn sums(&self) -> bool {
        self.axes.iter().any(|axis| axis.role == Role::Input)
    }
}

/// For every parameter, which space each of its axes ranges over. Validated; cheap to clone.
///
/// ```
/// use constinit_symmetry::{AxesSpec, input, output};
///
/// let spec = AxesSpec::builder()
///     .space("hidden1", 2)
///     .param("linear1.weight", [output("hidden1"), input("")])
///     .param("linear1.bias", [output("hidden1")])
///     .param("linear2.weight", [output(""), input("hidden1")])
///     .build([
///         ("linear1.weight", &[2, 3][..]),
///         ("linear1.bias", &[2]),
///         ("linear2.weight", &[4, 2]),
///     ])?;
/// assert_eq!(spec.spaces()[0].units(), 2);
/// # Ok::<(), constinit_symmetry::SymmetryError>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AxesSpec {
    inner: Arc<SpecInner>,
}

#[derive(Debug, PartialEq, Eq)]
struct SpecInner {
    spaces: Vec<UnitSpace>,
    params: Vec<SpecParam>,
    space_ids: HashMap<String, SpaceId>,
    param_ids: HashMap<String, ParamId>,
}

impl AxesSpec {
    /// An empty spec to add spaces and parameters to.
    pub fn builder() -> AxesSpecBuilder {
        AxesSpecBuilder::default()
    }

    /// The axis of a parameter, with the name of its space in place of its number.
    pub fn named(&self, axis: &Axis) -> Axis<&str> {
        let name = |id: &SpaceId| self.inner.spaces[id.get()].name();
        match axis {
            Axis::Fixed => Axis::Fixed,
            Axis::Space(id) => Axis::Space(name(id)),
            Axis::Flattened { space, outer, inner } => {
                Axis::Flattened { space: name(space), outer: *outer, inner: *inner }
            }
        }
    }

    /// The spaces, in the order of declaration: `spaces()[id.get()]` is the space `id`.
    pub fn spaces(&self) -> &[UnitSpace] {
        &self.inner.spaces
    }

    /// The parameters, in the order in which they were given to
    /// [`build`](AxesSpecBuilder::build): `params()[id.get()]` is the parameter `id`.
    pub fn params(&self) -> &[SpecParam] {
        &self.inner.params
    }

    /// The number of the space of this name.
    pub fn space_id(&self, name: &str) -> Option<SpaceId> {
        self.inner.space_ids.get(name).copied()
    }

    /// The number of the parameter of this path.
    pub fn param_id(&self, path: &str) -> Option<ParamId> {
        self.inner.param_ids.get(path).copied()
    }

    /// The numbers of all spaces, in order.
    pub fn space_ids(&self) -> impl ExactSizeIterator<Item = SpaceId> + Clone + use<> {
        (0..self.inner.spaces.len()).map(SpaceId::at)
    }

    pub(crate) fn space(&self, id: SpaceId) -> &UnitSpace {
        &self.inner.spaces[id.get()]
    }

    pub(crate) fn param(&self, id: ParamId) -> &SpecParam {
        &self.inner.params[id.get()]
    }

    /// The same spec with another number of units for each space.
    ///
    /// # Errors
    ///
    /// If there are more units or entries than can be counted.
    pub(crate) fn with_units(&self, units: &[usize]) -> Result<Self, SymmetryError> {
        if let Some(&units) =
            units.iter().find(|&&n| UnitIndex::new(n).is_none_or(|n| n.0 == u32::MAX))
        {
            return Err(SymmetryError::TooManyUnits { units });
        }
        let resized = |param: &SpecParam| {
            let size = |(axis, &len): (&RoleAxis, &usize)| match axis.axis.space() {
                Some(id) => axis.axis.entries().saturating_mul(units[id.get()]),
                None => len,
            };
            let shape: Vec<usize> = param.axes.iter().zip(&param.shape).map(size).collect();
            fits(&param.path, &shape)?;
            Ok(SpecParam { shape, ..param.clone() })
        };
        let space = |(space, &units): (&UnitSpace, &usize)| match space.is_fixed() {
            true => UnitSpace::fixed(space.name(), units),
            false => UnitSpace::new(space.name(), units),
        };
        let inner = SpecInner {
            spaces: self.spaces().iter().zip(units).map(space).collect(),
            params: self.params().iter().map(resized).collect::<Result<_, SymmetryError>>()?,
            space_ids: self.inner.space_ids.clone(),
            param_ids: self.inner.param_ids.clone(),
        };
        Ok(Self { inner: Arc::new(inner) })
    }

    /// The same spec, in which exactly the spaces that `fixed` accepts are fixed.
    pub(crate) fn with_fixed(&self, fixed: impl Fn(SpaceId) -> bool) -> Self {
        let space = |(id, space): (SpaceId, &UnitSpace)| match fixed(id) {
            true => UnitSpace::fixed(space.name(), space.units()),
            false => UnitSpace::new(space.name(), space.units()),
        };
        let inner = SpecInner {
            spaces: self.space_ids().zip(self.spaces()).map(space).collect(),
            params: self.inner.params.clone(),
            space_ids: self.inner.space_ids.clone(),
            param_ids: self.inner.param_ids.clone(),
        };
        Self { inner: Arc::new(inner) }
    }

    /// The error for an axis of a parameter that has no known role.
    pub(crate) fn missing_role(
        &self,
        param: &SpecParam,
        axis: usize,
        needed_by: &'static str,
    ) -> SymmetryError {
        let space = param.axes[axis].axis.space().map_or("", |id| self.space(*id).name());
        let place = format!("axis {axis} of `{}`", param.path);
        SymmetryError::UnknownRole { space: space.into(), place, needed_by }
    }

    /// The views in the order of the spec's parameters.
    ///
    /// # Errors
    ///
    /// If a parameter is missing, given twice, unknown to the spec, or of another shape.
    pub(crate) fn arrange<'p, 'a>(
        &self,
        views: &'p [ParamView<'a>],
    ) -> Result<Vec<&'p ParamView<'a>>, SymmetryError> {
        let mut places: Vec<Option<usize>> = vec![None; self.params().len()];
        for (position, view) in views.iter().enumerate() {
            let Some(id) = self.param_id(view.path()) else {
                return Err(ParameterError::UncoveredParameter {
                    parameter: view.path().into(),
                    nearest: nearest(view.path(), self.params().iter().map(SpecParam::path)),
                }
                .into());
            };
            if let Some(first) = places[id.get()].replace(position) {
                return Err(ParameterError::DuplicateParameter {
                    parameter: view.path().into(),
                    within: "the parameters",
                    first,
                    second: position,
                }
                .into());
            }
            let known = self.param(id);
            if known.shape() != view.shape() {
                return Err(ParameterError::ShapeMismatch {
                    parameter: view.path().into(),
                    spec: known.shape().into(),
                    found: view.shape().into(),
                }
                .into());
            }
        }
        let found = self.params().iter().zip(places).map(|(param, place)| match place {
            Some(position) => Ok(&views[position]),
            None => Err(ParameterError::MissingParameter { parameter: param.path().into() }.into()),
        });
        found.collect()
    }
}
