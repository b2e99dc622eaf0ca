//! The network during a reduction. Its numbers are doubles, which represent those of every type exactly.

use crate::axes::{AxesSpec, RoleAxis, SpecParam};
use crate::element::Element;
use crate::error::{SurgeryError, SymmetryError};
use crate::owned::{Number, OwnedParam, with_type};
use crate::params::{ElementType, ParamView};
use crate::space::SpaceId;
use crate::sum::{Range, exact};

/// The parameters, in the order of the spec, and the spec with their current sizes.
pub(super) struct Network {
    pub spec: AxesSpec,
    pub params: Vec<Param>,
}

/// One parameter, row-major.
pub(super) struct Param {
    pub data: Vec<f64>,
    pub element_type: ElementType,
}

impl Network {
    /// # Errors
    ///
    /// If the parameters are not those of the spec, or if an entry is not finite.
    pub fn new(spec: &AxesSpec, params: &[ParamView<'_>]) -> Result<Self, SymmetryError> {
        let of = |view: &&ParamView<'_>| {
            let data = view.to_f64();
            match data.iter().position(|x| !x.is_finite()) {
                None => Ok(Param { data, element_type: view.elements().element_type() }),
                Some(entry) => Err(SurgeryError::NoFunction {
                    parameter: view.path().into(),
                    entry,
                    value: data[entry],
                }
                .into()),
            }
        };
        let params = spec.arrange(params)?.iter().map(of).collect::<Result<_, SymmetryError>>()?;
        Ok(Self { spec: spec.clone(), params })
    }

    /// The parameters in their own types, which represent all their numbers exactly.
    pub fn owned(&self) -> Vec<OwnedParam> {
        let of = |(known, param): (&SpecParam, &Param)| {
            let elements = with_type!(param.element_type, |T| {
                Number::wrap(
                    param.data.iter().map(|&x| <T as Number>::rounded(x)).collect::<Vec<T>>(),
                )
            });
            OwnedParam::new(known.path(), known.shape(), elements)
        };
        self.spec.params().iter().zip(&self.params).map(of).collect()
    }

    /// Replaces spec and numbers by those of parameters with the same paths and other sizes.
    pub fn replace(&mut self, spec: AxesSpec, params: &[OwnedParam]) {
        for (param, new) in self.params.iter_mut().zip(params) {
            param.data = new.view().to_f64();
        }
        self.spec = spec;
    }

    pub fn param(&self, number: usize) -> (&SpecParam, &Param) {
        (&self.spec.params()[number], &self.params[number])
    }

    pub fn units(&self, space: SpaceId) -> usize {
        self.spec.space(space).units()
    }

    /// The positions of a unit's entries in a parameter, along one of its axes.
    pub fn entries(
        &self,
        number: usize,
        axis: usize,
        unit: usize,
    ) -> impl Iterator<Item = usize> + Clone {
        let param = &self.spec.params()[number];
        let RoleAxis { axis: on, .. } = &param.axes()[axis];
        let units = on.space().map_or(0, |space| self.units(*space));
        let (outer, inner) = (on.outer(), on.inner());
        let before: usize = param.shape()[..axis].iter().product();
        let after: usize = param.shape()[axis + 1..].iter().product();
        (0..before * outer).flat_map(move |block| {
            let first = (block * units + unit) * inner * after;
            first..first + inner * after
        })
    }

    /// The values of a unit's entries in a parameter, along one of its axes.
    pub fn values(
        &self,
        number: usize,
        axis: usize,
        unit: usize,
    ) -> impl Iterator<Item = f64> + Clone {
        let data = &self.params[number].data;
        self.entries(number, axis, unit).map(|entry| data[entry])
    }

    /// Keeps only these units of a space, in every parameter.
    ///
    /// # Errors
    ///
    /// As [`AxesSpec::with_units`]; a smaller network causes none.
    pub fn keep(&mut self, space: SpaceId, kept: &[usize]) -> Result<(), SymmetryError> {
        let mut units: Vec<usize> = self.spec.spaces().iter().map(|s| s.units()).collect();
        let old = std::mem::replace(&mut units[space.get()], kept.len());
        for (known, param) in self.spec.params().iter().zip(&mut self.params) {
            let mut shape = known.shape().to_vec();
            for (number, axis) in known.axes().iter().enumerate() {
                if axis.axis.space() != Some(&space) {
                    continue;
                }
                let (outer, inner) = (axis.axis.outer(), axis.axis.inner());
                let before: usize = shape[..number].iter().product();
                let run = inner * shape[number + 1..].iter().product::<usize>();
                let mut smaller = Vec::with_capacity(before * outer * kept.len() * run);
                for block in 0..before * outer {
                    for unit in kept {
                        let first = (block * old + unit) * run;
                        smaller.extend_from_slice(&param.data[first..first + run]);
                    }
                }
                param.data = smaller;
                shape[number] = outer * kept.len() * inner;
            }
        }
        self.spec = self.spec.with_units(&units)?;
        Ok(())
    }

    /// A sum of products, computed exactly and then rounded once to the type of a parameter.
    ///
    /// # Errors
    ///
    /// [`SurgeryError::SumOverflows`] if the sum is too large for the type.
    pub fn rounded(
        &self,
        number: usize,
        entry: usize,
        products: impl Iterator<Item = [f64; 2]>,
    ) -> Result<f64, SymmetryError> {
        // A product is exactly the sum of the nearest double and its rounding error.
        let terms = products.flat_map(|[a, b]| {
            let product = a * b;
            let missed = if product.is_finite() { a.mul_add(b, -product) } else { 0.0 };
            [product, missed]
        });
        let total = exact(Range::DOUBLE, terms);
        let (known, param) = self.param(number);
        let sum = with_type!(param.element_type, |T| {
            Element::value(<T as Number>::nearest(&total, Range::DOUBLE))
        });
        if sum.is_finite() {
            return Ok(sum);
        }
        Err(SurgeryError::SumOverflows { parameter: known.path().into(), entry }.into())
    }

    /// Whether the number type of a parameter can represent this value.
    pub fn has_number(&self, number: usize, value: f64) -> bool {
        with_type!(self.params[number].element_type, |T| {
            Element::value(<T as Number>::rounded(value)) == value
        })
    }
}
