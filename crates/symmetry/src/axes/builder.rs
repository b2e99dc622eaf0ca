//! Writing a spec down and checking it.

use std::collections::HashMap;
use std::sync::Arc;

use super::layers::Layer;
use super::{AxesSpec, Axis, RoleAxis, SpecInner, SpecParam, nearest};
use crate::error::{ParameterError, SpecError, SymmetryError};
use crate::params::fits;
use crate::space::{ParamId, SpaceId, UnitSpace};

/// Collects spaces and parameters; [`build`](Self::build) checks them against the shapes of a network.
#[derive(Clone, Debug, Default)]
pub struct AxesSpecBuilder {
    spaces: Vec<UnitSpace>,
    params: Vec<(String, Vec<RoleAxis<String>>)>,
    infer_spaces: bool,
    never_merged: Vec<String>,
}

impl AxesSpecBuilder {
    /// Declares a space of interchangeable units.
    pub fn space(self, name: impl Into<String>, units: usize) -> Self {
        self.unit_space(UnitSpace::new(name, units))
    }

    /// Declares a space whose members are never merged.
    pub fn fixed_space(self, name: impl Into<String>, units: usize) -> Self {
        self.unit_space(UnitSpace::fixed(name, units))
    }

    /// Declares a space.
    pub fn unit_space(mut self, space: UnitSpace) -> Self {
        self.spaces.push(space);
        self
    }

    /// Infers the size of each space that is used but not declared, from the first parameter that uses it.
    ///
    /// A misspelt name then makes a separate space, so declare spaces if you can.
    pub fn infer_spaces(mut self) -> Self {
        self.infer_spaces = true;
        self
    }

    /// Fixes these spaces, declared or inferred: their members are never merged.
    pub fn never_merged(mut self, names: impl IntoIterator<Item = String>) -> Self {
        self.never_merged.extend(names);
        self
    }

    /// Says what the axes of a parameter range over, in the order of its shape.
    pub fn param(
        mut self,
        path: impl Into<String>,
        axes: impl IntoIterator<Item = RoleAxis<String>>,
    ) -> Self {
        self.params.push((path.into(), axes.into_iter().collect()));
        self
    }

    /// Adds the parameters of a [layer](crate::layers).
    pub fn layer(mut self, layer: Layer) -> Self {
        self.params.extend(layer.into_params());
        self
    }

    /// Checks the spec against the paths and shapes of *all* parameters of the network.
    ///
    /// # Errors
    ///
    /// Each error names both places that disagree:
    /// - [`SpecError::DuplicateSpace`], [`ParameterError::DuplicateParameter`];
    /// - [`SpecError::UnknownSpace`] for an axis over a space that was not declared;
    /// - [`SpecError::UnknownParameter`] for a parameter of the spec that the network does not have, and
    ///   [`ParameterError::UncoveredParameter`] for the converse;
    /// - [`SpecError::RankMismatch`], [`SpecError::SizeMismatch`], [`ParameterError::ShapeOverflow`],
    ///   [`SymmetryError::TooManyUnits`].
    pub fn build<'s>(
        self,
        shapes: impl IntoIterator<Item = (&'s str, &'s [usize])>,
    ) -> Result<AxesSpec, SymmetryError> {
        let mut written: HashMap<&str, usize> = HashMap::new();
        for (position, (path, _)) in self.params.iter().enumerate() {
            if let Some(first) = written.insert(path, position) {
                return Err(ParameterError::DuplicateParameter {
                    parameter: path.clone(),
                    within: "the spec",
                    first,
                    second: position,
                }
                .into());
            }
        }

        let mut given: Vec<(usize, &[usize])> = Vec::new();
        let mut param_ids = HashMap::new();
        for (position, (path, shape)) in shapes.into_iter().enumerate() {
            let Some(&place) = written.get(path) else {
                return Err(ParameterError::UncoveredParameter {
                    parameter: path.into(),
                    nearest: nearest(path, written.keys().copied()),
                }
                .into());
            };
            let id =
                ParamId::new(position).ok_or(SymmetryError::TooManyUnits { units: position })?;
            if let Some(first) = param_ids.insert(path.to_owned(), id) {
                return Err(ParameterError::DuplicateParameter {
                    parameter: path.into(),
                    within: "the parameters",
                    first: first.get(),
                    second: position,
                }
                .into());
            }
            given.push((place, shape));
        }
        // In the order of the spec, so that the error does not depend on a hash.
        if let Some((path, _)) = self.params.iter().find(|(p, _)| !param_ids.contains_key(p)) {
            return Err(SpecError::UnknownParameter {
                parameter: path.clone(),
                nearest: nearest(path, param_ids.keys().map(String::as_str)),
            }
            .into());
        }

        let mut spaces = Spaces::declare(self.spaces, self.infer_spaces)?;
        let mut params = Vec::with_capacity(given.len());
        for (place, shape) in given {
            let (path, axes) = &self.params[place];
            if axes.len() != shape.len() {
                return Err(SpecError::RankMismatch {
                    parameter: path.clone(),
                    axes: axes.len(),
                    shape: shape.into(),
                }
                .into());
            }
            fits(path, shape)?;
            let axes = axes
                .iter()
                .zip(shape)
                .enumerate()
                .map(|(number, (axis, &size))| spaces.resolve(path, number, size, axis))
                .collect::<Result<_, _>>()?;
            params.push(SpecParam { path: path.clone(), shape: shape.into(), axes });
        }
        for name in &self.never_merged {
            let Some(id) = spaces.ids.get(name) else {
                return Err(SpecError::UnknownSpace {
                    space: name.clone(),
                    place: "the list of fixed spaces".into(),
                    nearest: nearest(name, spaces.ids.keys().map(String::as_str)),
                }
                .into());
            };
            let space = &mut spaces.list[id.get()];
            *space = UnitSpace::fixed(space.name(), space.units());
        }
        Ok(AxesSpec {
            inner: Arc::new(SpecInner {
                spaces: spaces.list,
                params,
                space_ids: spaces.ids,
                param_ids,
            }),
        })
    }
}

/// The spaces so far, and the source of each size.
struct Spaces {
    list: Vec<UnitSpace>,
    origin: Vec<String>,
    ids: HashMap<String, SpaceId>,
    infer: bool,
}

impl Spaces {
    fn declare(list: Vec<UnitSpace>, infer: bool) -> Result<Self, SymmetryError> {
        let mut ids = HashMap::new();
        for (position, space) in list.iter().enumerate() {
            if u32::try_from(space.units()).map_or(true, |n| n == u32::MAX) {
                return Err(SymmetryError::TooManyUnits { units: space.units() });
            }
            if space.name().is_empty() {
                return Err(SpecError::UnnamedSpace { position }.into());
            }
            let id =
                SpaceId::new(position).ok_or(SymmetryError::TooManyUnits { units: position })?;
            if let Some(first) = ids.insert(space.name().to_owned(), id) {
                return Err(SpecError::DuplicateSpace {
                    space: space.name().into(),
                    first: first.get(),
                    second: position,
                }
                .into());
            }
        }
        let origin = vec!["its declaration".to_owned(); list.len()];
        Ok(Self { list, origin, ids, infer })
    }

    fn resolve(
        &mut self,
        path: &str,
        number: usize,
        size: usize,
        named: &RoleAxis<String>,
    ) -> Result<RoleAxis, SymmetryError> {
        let Some(name) = named.axis.space() else {
            return Ok(RoleAxis { axis: Axis::Fixed, role: named.role });
        };
        let here = format!("axis {number} of `{path}`");
        let entries = named.axis.entries();
        let id = match self.ids.get(name) {
            Some(&id) => id,
            None if self.infer && entries > 0 && size.is_multiple_of(entries) => {
                self.infer(name, size / entries, here.clone())?
            }
            None if self.infer => {
                return Err(SpecError::NotAMultiple {
                    space: name.clone(),
                    place: here,
                    size,
                    entries,
                }
                .into());
            }
            None => {
                return Err(SpecError::UnknownSpace {
                    space: name.clone(),
                    place: here,
                    nearest: nearest(name, self.ids.keys().map(String::as_str)),
                }
                .into());
            }
        };
        let units = self.list[id.get()].units();
        if units.checked_mul(entries) != Some(size) {
            return Err(SpecError::SizeMismatch {
                space: name.clone(),
                units,
                origin: self.origin[id.get()].clone(),
                place: here,
                size,
                entries,
            }
            .into());
        }
        let axis = match named.axis {
            Axis::Flattened { outer, inner, .. } => Axis::Flattened { space: id, outer, inner },
            _ => Axis::Space(id),
        };
        Ok(RoleAxis { axis, role: named.role })
    }

    fn infer(
        &mut self,
        name: &str,
        units: usize,
        origin: String,
    ) -> Result<SpaceId, SymmetryError> {
        if u32::try_from(units).map_or(true, |n| n == u32::MAX) {
            return Err(SymmetryError::TooManyUnits { units });
        }
        let id = SpaceId::new(self.list.len())
            .ok_or(SymmetryError::TooManyUnits { units: self.list.len() })?;
        self.list.push(UnitSpace::new(name, units));
        self.origin.push(origin);
        self.ids.insert(name.to_owned(), id);
        Ok(id)
    }
}
