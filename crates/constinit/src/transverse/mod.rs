//! Will rounding separate two equal units? The curvature of the loss along their difference.
//!
//! Exact arithmetic never leaves a state in which two units are equal. Rounding leaves it if a difference between them
//! grows. [`stability`] finds the lowest curvature of a loss along differences between two twins, for any Burn module
//! whose axes are known, by products with the second derivative ([`TransverseHessian`]) and Lanczos' method
//! ([`lowest_eigenvalue`]). [`Stability::forecast`] says what that means for an optimizer: how fast a difference grows,
//! and after how many steps it can be seen. [`EscapeProbe`](crate::probe::EscapeProbe) does so during training.
//!
//! ```
//! use burn::tensor::Tensor;
//! use burn_autodiff::Autodiff;
//! use burn_ndarray::NdArray;
//! use constinit::prelude::*;
//! use constinit::train::Loss;
//! use constinit::transverse::stability;
//! use constinit::{Activation, ConstInit, ConstInitConfig};
//! use constinit_symmetry::forecast::Descent;
//!
//! type B = Autodiff<NdArray<f64>>;
//! let device = Default::default();
//! let net = ConstInitConfig::new(vec![1, 2, 1]).with_activation(Activation::Tanh).with_init_b(0.0);
//! let net = net.init::<B>(&device);
//! let x = Tensor::<B, 2>::from_data([[1.0_f64]], &device);
//! let loss = |net: &ConstInit<B>| Loss::Mse.forward(net.forward(x.clone()), x.clone());
//! let found = stability(&net, &net.axes()?, "hidden1", [0, 1], loss)?;
//!
//! // y = 2 tanh(1), g = 2 (y - 1), a' = 1 - tanh², a'' = -2 tanh a'. With d = (dw, db, dq) the matrix is
//! // [[g a'', g a'', g a'], [g a'', g a'', g a'], [g a', g a', 0]], whose lowest eigenvalue is
//! // g (a'' - √(a''² + 2 a'²)).
//! let t = 1_f64.tanh();
//! let (g, a1) = (2.0 * (2.0 * t - 1.0), 1.0 - t * t);
//! let a2 = -2.0 * t * a1;
//! let lowest = g * (a2 - (a2 * a2 + 2.0 * a1 * a1).sqrt());
//! assert!((found.curvature - lowest).abs() < 1e-8);
//! let forecast = found.forecast(&Descent::sgd(0.01).into())?;
//! assert_eq!(
//!     forecast.to_string(),
//!     "unstable, e-fold every 63.7 steps, about 2002 steps to escape"
//! );
//! # Ok::<(), constinit::Error>(())
//! ```
//!
//! This forecast is for the state as it is. It comes true if the state changes little until the escape: at or near a
//! stationary point of the training with the two units equal. [`forecast`] checks this, and gives no number of steps
//! for a state that moves too much: the state above is on its way to `2 q tanh(w) = 1`.
//!
//! ```
//! # use burn::tensor::Tensor;
//! # use burn_autodiff::Autodiff;
//! # use burn_ndarray::NdArray;
//! # use constinit::prelude::*;
//! # use constinit::train::Loss;
//! # use constinit::{Activation, ConstInit, ConstInitConfig};
//! use constinit::transverse::forecast;
//! # use constinit_symmetry::forecast::Descent;
//! # type B = Autodiff<NdArray<f64>>;
//! # let device = Default::default();
//! # let net = ConstInitConfig::new(vec![1, 2, 1]).with_activation(Activation::Tanh).with_init_b(0.0);
//! # let net = net.init::<B>(&device);
//! # let x = Tensor::<B, 2>::from_data([[1.0_f64]], &device);
//! # let loss = |net: &ConstInit<B>| Loss::Mse.forward(net.forward(x.clone()), x.clone());
//! let sgd = Descent::sgd(0.01).into();
//! let (_, found) = forecast(&net, &net.axes()?, "hidden1", [0, 1], &sgd, 0, loss)?;
//! assert_eq!((found.is_stationary(), found.escape_in()), (Some(false), None));
//! # Ok::<(), constinit::Error>(())
//! ```

mod motion;
mod pairs;
mod product;

pub use constinit_core::transverse::{
    LanczosSettings, LowestEigenvalue, Stability, extreme_curvatures, lowest_eigenvalue,
};
pub use product::TransverseHessian;

use crate::Error;
use crate::params::HostParameter;
use burn::module::AutodiffModule;
use burn::tensor::Tensor;
use burn::tensor::backend::AutodiffBackend;
use constinit_core::text::number;
use constinit_core::transverse::{dot, start_vector};
use constinit_symmetry::AxesSpec;
use constinit_symmetry::forecast::{ESCAPED, Forecast, Update};
use pairs::Pairs;

/// The lowest curvature of a loss along differences between two units of a space that are equal, or nearly so.
///
/// The curvature is that of the state in which both units have the mean of their entries. `loss` must be a function of
/// the parameters: the same batch each time, and no random numbers. In a class of more than two twins, any two have the
/// same curvatures.
///
/// The module's parameters are left as they are, bit for bit. Parameters that were not drawn yet are drawn, and running
/// statistics are settled, as [`AutodiffModule::valid`] does.
///
/// # Errors
///
/// Errors of [`TransverseHessian::new`], and [`Error::Twins`] if
/// - the units are not twins: they differ by [`ESCAPED`] or more of their size,
/// - the loss is not a function of the parameters, for example with dropout: two gradients at one point differ,
/// - the loss distinguishes the units although they are equal: the axes are not those of the model,
/// - a gradient is not finite.
///
/// # Complexity
///
/// Two gradients per product. About 10 to 60 products, at most the number of a unit's entries and at most 300.
pub fn stability<B, M, F>(
    model: &M,
    axes: &AxesSpec,
    space: &str,
    units: [usize; 2],
    loss: F,
) -> Result<Stability, Error>
where
    B: AutodiffBackend,
    M: AutodiffModule<B>,
    F: FnMut(&M) -> Tensor<B, 1>,
{
    lowest(&mut TransverseHessian::<B, M, F>::new(model, axes, space, units, loss)?)
}

/// What [`stability`] finds, and what it means for an optimizer: the [forecast](Stability::forecast), with the
/// [motion](Forecast::moving) of the state. `step` is the number of steps done: forecasts say from which step on they
/// are valid.
///
/// The motion is that of gradient descent on `loss`, with the optimizer's decay. It is not computed if the difference
/// does not grow or shrink along the lowest curvature: for an optimizer without a rate, or a learning rate so large
/// that differences grow along the highest.
///
/// # Errors
///
/// Those of [`stability`], and of [`Stability::forecast`].
///
/// # Complexity
///
/// That of [`stability`], and 25 gradients.
pub fn forecast<B, M, F>(
    model: &M,
    axes: &AxesSpec,
    space: &str,
    units: [usize; 2],
    update: &Update,
    step: usize,
    loss: F,
) -> Result<(Stability, Forecast), Error>
where
    B: AutodiffBackend,
    M: AutodiffModule<B>,
    F: FnMut(&M) -> Tensor<B, 1>,
{
    let mut hessian = TransverseHessian::<B, M, F>::new(model, axes, space, units, loss)?;
    let found = lowest(&mut hessian)?;
    let forecast = found.forecast(update)?;
    let along_the_lowest = forecast.curvature() == found.curvature;
    let (Update::Linear(descent), Some(ahead), true) = (update, forecast.ahead(), along_the_lowest)
    else {
        return Ok((found, forecast));
    };
    let motion = hessian.motion(&found.direction, ahead, descent.weight_decay, step)?;
    Ok((found, forecast.moving(motion)))
}

fn lowest<B, M, F>(hessian: &mut TransverseHessian<B, M, F>) -> Result<Stability, Error>
where
    B: AutodiffBackend,
    M: AutodiffModule<B>,
    F: FnMut(&M) -> Tensor<B, 1>,
{
    let rounding = product::epsilon::<B>();
    let size = hessian.size();
    let difference = hessian.difference().to_vec();
    let apart = relative(norm(&difference), size);
    if apart >= ESCAPED || apart.is_nan() {
        let apart = number(apart, 3);
        let reason = format!("they are not twins: they differ by {apart} of their size");
        return Err(hessian.error(reason));
    }

    let somewhere = start_vector(hessian.dimension());
    let once = hessian.gradient(&somewhere, hessian.step())?;
    let again = hessian.gradient(&somewhere, hessian.step())?;
    // Kernels that sum in no fixed order change gradients by rounding; random numbers change them completely.
    if norm(&less(&once, &again)) > 1e-3 * norm(&once) {
        let reason = "two gradients at the same parameters differ, so the loss is not a function of the parameters \
                      (dropout?)";
        return Err(hessian.error(reason.into()));
    }
    let settings = LanczosSettings {
        tolerance: 10.0 * rounding.powf(2.0 / 3.0),
        ..LanczosSettings::default()
    };
    let found = lowest_eigenvalue(hessian.dimension(), &settings, |v| hessian.product(v))?;

    let direction = found.vector;
    let image = hessian.product(&direction)?;
    let coarse = hessian.product_with_step(&direction, 2.0 * hessian.step())?;
    let curvature = dot(&direction, &image);
    let beside = image.iter().zip(&direction).map(|(image, v)| image - curvature * v);
    let residual = norm(&beside.collect::<Vec<_>>());
    let product_error = norm(&less(&coarse, &image));

    // A gradient along differences moves the units apart as this displacement would.
    let told = norm(&hessian.gradient(&vec![0.0; hessian.dimension()], 0.0)?);
    if told > 10.0 * hessian.step() * found.highest.abs().max(curvature.abs()) {
        let reason = format!(
            "the loss distinguishes them although they are equal: their gradients differ by {}",
            number(told, 3)
        );
        return Err(hessian.error(reason));
    }
    Ok(Stability {
        curvature,
        residual,
        product_error,
        highest: found.highest,
        along: relative(dot(&difference, &direction).abs(), size),
        apart,
        direction,
        entries: hessian.entries().to_vec(),
        products: found.products + 2,
        rounding,
    })
}

/// The distance between two units of a module, relative to their size.
pub(crate) fn relative_distance<B: AutodiffBackend, M: AutodiffModule<B>>(
    module: &M,
    axes: &AxesSpec,
    space: &str,
    units: [usize; 2],
    parameters: &[HostParameter],
) -> Result<f64, Error> {
    let pairs = Pairs::new(module, axes, space, units)?;
    Ok(relative(norm(&pairs.project(parameters)), pairs.middle(parameters).size))
}

/// A coordinate c is a difference of √2 c between the units.
fn relative(length: f64, size: f64) -> f64 {
    std::f64::consts::SQRT_2 * length / if size > 0.0 { size } else { 1.0 }
}

fn norm(v: &[f64]) -> f64 {
    dot(v, v).sqrt()
}

fn less(a: &[f64], b: &[f64]) -> Vec<f64> {
    a.iter().zip(b).map(|(a, b)| a - b).collect()
}
