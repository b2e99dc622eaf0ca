//! Products with the second derivative of a loss, restricted to differences between two units.

use super::pairs::{Middle, Pairs};
use crate::Error;
use crate::gradients::read_gradients;
use crate::params::{HostParameter, materialise, read_parameters, write_parameters};
use crate::tensors::float_type;
use burn::module::{AutodiffModule, Module, ModuleMapper, ModuleVisitor, Param, ParamId};
use burn::optim::GradientsParams;
use burn::tensor::backend::{AutodiffBackend, Backend};
use burn::tensor::{DType, Tensor};
use constinit_core::transverse::dot;
use constinit_symmetry::{AxesSpec, SwappedEntries};
use std::collections::HashMap;

/// The second derivative H of a loss along differences between two units, at a state in which the two are equal.
///
/// A difference has a coordinate for each pair of trained entries that a swap of the two units exchanges: a coordinate
/// of 1 adds 1/√2 to the first entry and subtracts 1/√2 from the second. Products are central differences of gradients,
///
/// ```text
/// H v = P (grad(p + h v) - grad(p - h v)) / 2h
/// ```
///
/// where P takes the part of a gradient that is a difference, and p has both units at the mean of the two, so the
/// module's two units need not be equal to the last bit. The step is h = ε^(1/3) s, where ε is the backend's machine
/// epsilon and s the smaller of 1 and the root of the sum of squares of one unit's entries (1 if that is 0). If
/// gradients and their derivatives are of the size of 1, truncation and rounding then both leave an error of about
/// ε^(2/3), 4e-11 in doubles and 2e-5 in single precision.
///
/// The module stays as it is: gradients are computed on a copy that shares no running statistics with it.
/// [`stability`](super::stability) finds the lowest eigenvalue.
pub struct TransverseHessian<B: AutodiffBackend, M, F> {
    module: M,
    loss: F,
    space: String,
    units: [usize; 2],
    pairs: Pairs,
    middle: Middle,
    difference: Vec<f64>,
    step: f64,
    backend: std::marker::PhantomData<B>,
}

impl<B, M, F> TransverseHessian<B, M, F>
where
    B: AutodiffBackend,
    M: AutodiffModule<B>,
    F: FnMut(&M) -> Tensor<B, 1>,
{
    /// The second derivative of `loss` along differences between the two units of a space.
    ///
    /// `loss` must be a function of the parameters: the same batch each time, and no random numbers.
    ///
    /// Draws the values of parameters that were not drawn yet, and settles running statistics, as
    /// [`AutodiffModule::valid`] does.
    ///
    /// # Errors
    ///
    /// [`Error::Twins`] if the space does not have the units, no trained parameter has entries for them, or one that
    /// has is tied to another; [`Error::Axes`] and [`Error::Symmetry`] if the axes are not the module's.
    pub fn new(
        module: &M,
        axes: &AxesSpec,
        space: &str,
        units: [usize; 2],
        loss: F,
    ) -> Result<Self, Error> {
        materialise(module);
        check_shapes(module, axes)?;
        let pairs = Pairs::new(module, axes, space, units)?;
        let parameters = read_parameters(module);
        let middle = pairs.middle(&parameters);
        let scale = if middle.size > 0.0 { middle.size.min(1.0) } else { 1.0 };
        Ok(Self {
            module: apart(module),
            loss,
            space: space.into(),
            units,
            difference: pairs.project(&parameters),
            pairs,
            step: epsilon::<B>().cbrt() * scale,
            middle,
            backend: std::marker::PhantomData,
        })
    }

    /// How many coordinates a difference has.
    pub fn dimension(&self) -> usize {
        self.pairs.dimension()
    }

    /// The pair of entries of each coordinate.
    pub fn entries(&self) -> &[SwappedEntries] {
        self.pairs.swapped()
    }

    /// The difference that the units have in the module.
    pub fn difference(&self) -> &[f64] {
        &self.difference
    }

    /// The root of the sum of squares of the entries of one unit, at the mean of the two.
    pub fn size(&self) -> f64 {
        self.middle.size
    }

    /// The distance by which parameters are moved: h.
    pub fn step(&self) -> f64 {
        self.step
    }

    /// H v, for a v of any length other than 0.
    ///
    /// # Errors
    ///
    /// [`Error::Twins`] if v does not have [`dimension`](Self::dimension) coordinates, or a gradient is not finite.
    pub fn product(&mut self, v: &[f64]) -> Result<Vec<f64>, Error> {
        self.product_with_step(v, self.step)
    }

    pub(super) fn product_with_step(&mut self, v: &[f64], step: f64) -> Result<Vec<f64>, Error> {
        if v.len() != self.dimension() {
            let (given, own) = (v.len(), self.dimension());
            return Err(
                self.error(format!("a difference has {own} coordinates, but {given} were given"))
            );
        }
        let length = dot(v, v).sqrt();
        if length == 0.0 {
            return Ok(vec![0.0; v.len()]);
        }
        let step = step / length;
        let forth = self.gradient(v, step)?;
        let back = self.gradient(v, -step)?;
        Ok(forth.iter().zip(back).map(|(forth, back)| (forth - back) / (2.0 * step)).collect())
    }

    /// The part of the gradient that is a difference, at the mean of the two units plus `length * v`.
    pub(super) fn gradient(&mut self, v: &[f64], length: f64) -> Result<Vec<f64>, Error> {
        let values = self.pairs.displaced::<B>(&self.middle, v, length);
        let moved = write_parameters(self.module.clone(), values)?;
        let gradients = self.gradients(&moved);
        let share = self.pairs.project(&gradients);
        match share.iter().find(|entry| !entry.is_finite()) {
            Some(entry) => Err(self.error(format!("a gradient has an entry {entry}"))),
            None => Ok(share),
        }
    }

    /// The gradients of the loss in a state of the module, one per parameter.
    pub(super) fn gradients(&mut self, module: &M) -> Vec<HostParameter> {
        let loss = (self.loss)(module);
        let gradients = GradientsParams::from_grads(loss.backward(), module);
        read_gradients::<B, M>(module, &gradients)
    }

    /// The module with both units at the mean of the two.
    pub(super) fn middled(&self) -> Result<M, Error> {
        let still = vec![0.0; self.dimension()];
        let values = self.pairs.displaced::<B>(&self.middle, &still, 0.0);
        write_parameters(self.module.clone(), values)
    }

    /// v · H v in another state of the module.
    pub(super) fn curvature_in(&mut self, module: M, v: &[f64]) -> Result<f64, Error> {
        let middle = self.pairs.middle(&read_parameters(&module));
        let own = (
            std::mem::replace(&mut self.module, module),
            std::mem::replace(&mut self.middle, middle),
        );
        let image = self.product(v);
        (self.module, self.middle) = own;
        Ok(dot(&image?, v))
    }

    pub(super) fn error(&self, reason: String) -> Error {
        Error::Twins { space: self.space.clone(), units: self.units, reason }
    }
}

/// The distance from 1 to the next number of the backend's float type.
pub(super) fn epsilon<B: Backend>() -> f64 {
    match float_type::<B>() {
        DType::F64 => f64::EPSILON,
        DType::F16 => 2f64.powi(-10),
        DType::BF16 => 2f64.powi(-7),
        _ => f32::EPSILON.into(),
    }
}

/// Whether the module's parameters have the shapes of the axes.
fn check_shapes<B: Backend, M: Module<B>>(module: &M, axes: &AxesSpec) -> Result<(), Error> {
    for survey in crate::params::surveyed(module) {
        let Some(id) = axes.param_id(&survey.path) else { continue };
        let (own, known) = (survey.shape, axes.params()[id.get()].shape());
        if own != known {
            let reason = format!("{} has shape {own:?}, but {known:?} in the axes", survey.path);
            return Err(Error::Axes { reason });
        }
    }
    Ok(())
}

/// A copy that shares no running statistics with the module. A clone would share them.
fn apart<B: AutodiffBackend, M: AutodiffModule<B>>(module: &M) -> M {
    struct Needs(HashMap<ParamId, bool>);
    impl<B: Backend> ModuleVisitor<B> for Needs {
        fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<B, D>>) {
            self.0.insert(param.id, param.val().is_require_grad());
        }
    }
    impl<B: Backend> ModuleMapper<B> for Needs {
        fn map_float<const D: usize>(&mut self, param: Param<Tensor<B, D>>) -> Param<Tensor<B, D>> {
            let needed = self.0.get(&param.id).copied().unwrap_or(false);
            param.set_require_grad(needed)
        }
    }
    // A module that came from `valid` and back may have lost which parameters need a gradient.
    let mut needs = Needs(HashMap::new());
    module.visit(&mut needs);
    M::from_inner(module.valid()).map(&mut needs)
}
