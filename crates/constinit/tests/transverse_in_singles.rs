//! Curvature along differences of twins in single precision: close to that in doubles, with a bound on the error.

use burn::tensor::backend::AutodiffBackend;
use burn::tensor::{Tensor, TensorData};
use burn_autodiff::Autodiff;
use burn_flex::Flex;
use burn_ndarray::NdArray;
use constinit::prelude::*;
use constinit::train::Loss;
use constinit::transverse::stability;
use constinit::{Activation, ConstInit, ConstInitConfig};
use constinit_symmetry::forecast::{Descent, Growth};

/// The network of two units with one input of 1: the lowest curvature is g (a'' - √(a''² + 2 a'²)) for
/// g = 2 (2 tanh(1) - 1), a' = 1 - tanh(1)², a'' = -2 tanh(1) a'.
fn curvature_is_that_of_the_closed_form<B: AutodiffBackend>() {
    let device = Default::default();
    let config = ConstInitConfig::new(vec![1, 2, 1]).with_activation(Activation::Tanh);
    let net = config.with_init_b(0.0).init::<B>(&device);
    let one = Tensor::<B, 2>::from_data(TensorData::new(vec![1.0_f32], [1, 1]), &device);
    let loss = |net: &ConstInit<B>| Loss::Mse.forward(net.forward(one.clone()), one.clone());
    let found = stability(&net, &net.axes().unwrap(), "hidden1", [0, 1], loss).unwrap();
    let t = 1_f64.tanh();
    let (g, slope) = (2.0 * (2.0 * t - 1.0), 1.0 - t * t);
    let bend = -2.0 * t * slope;
    let lowest = g * (bend - (bend * bend + 2.0 * slope * slope).sqrt());
    let error = (found.curvature - lowest).abs();
    assert!(error < 1e-4 && error <= found.error(), "{} {lowest} {found:?}", found.curvature);
    assert!(found.is_strict_saddle() && found.error() < 1e-2, "{found:?}");
    assert_eq!(found.rounding, f64::from(f32::EPSILON));
    let forecast = found.forecast(&Descent::sgd(0.01).into()).unwrap();
    assert_eq!(forecast.growth(), Growth::Unstable);
    // ln(0.01 / 2^-23) / ln(1 + 0.01 * 1.58276)
    assert!((forecast.escape_in().unwrap() - 722.0).abs() < 1.0, "{forecast}");
}

#[test]
fn on_ndarray() {
    curvature_is_that_of_the_closed_form::<Autodiff<NdArray>>();
}

#[test]
fn on_flex() {
    curvature_is_that_of_the_closed_form::<Autodiff<Flex>>();
}
