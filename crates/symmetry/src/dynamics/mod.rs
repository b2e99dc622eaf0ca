//! Training a dense network, or its quotient, in closed form.
//!
//! For an equitable partition with class sizes n, let `w[C][D]` be the mean of a block of weights and `b[C]` the bias
//! that class C shares. The forward pass is
//!
//! ```text
//! z[C] = Σ_D n[D] w[C][D] a[D] + b[C]      a[C] = a(z[C])
//! ```
//!
//! With `δ[C] = dloss/dz` of *one* unit of class C, the backward pass is, per example,
//!
//! ```text
//! dloss/dw[C][D] = δ[C] a[D]      dloss/db[C] = δ[C]      δ[D] = a'(z[D]) Σ_C n[C] w[C][D] δ[C]
//! ```
//!
//! These are the full network's derivatives with regard to one entry of each block. So under any rule that acts entry
//! by entry, the quotient takes the full network's path, and the cost of a step does not depend on the sizes. A network
//! without merged units has all n = 1. The case of two layers with one class each is [the theorem's](crate::theorem).
//!
//! Everything is generic over the number type: floats, and fractions (`num_rational::BigRational`), which never round.
//!
//! ```
//! use constinit_symmetry::dynamics::{DenseLayer, Mse, Perceptron, Relu, Sgd, Training};
//! use num_rational::BigRational;
//!
//! let number = |x: f64| BigRational::from_float(x).unwrap();
//! let numbers = |xs: &[f64]| xs.iter().map(|&x| number(x)).collect::<Vec<_>>();
//! // Two hidden units that start equal.
//! let net = Perceptron::new(
//!     &[1, 2, 1],
//!     vec![
//!         DenseLayer { weight: numbers(&[0.5, 0.5]), bias: None },
//!         DenseLayer { weight: numbers(&[0.25, 0.25]), bias: None },
//!     ],
//! )?;
//! let mut training = Training::new(net, Relu, Mse, Sgd::new(number(0.125)));
//! let loss = training.step(&numbers(&[1.0]), &numbers(&[0.5]))?;
//! assert_eq!(loss, number(0.0625)); // (2 · 0.25 · 0.5 - 0.5)²
//! let weight = training.network().weight(0);
//! assert_eq!(weight[0], number(0.5 + 0.125 * 2.0 * 0.25 * 0.25));
//! assert_eq!(weight[0], weight[1]); // equal as fractions: no tolerance
//! # Ok::<(), constinit_symmetry::theorem::ShapeError>(())
//! ```

mod activation;
mod loss;
mod pass;
mod perceptron;
mod scalar;
mod training;
mod update_rule;

pub(crate) use pass::Pass;

pub use crate::activation::Activation;
pub use crate::loss::Loss;
pub use activation::{ActivationFunction, Identity, LeakyRelu, Relu};
pub use loss::{CrossEntropy, Huber, LossFunction, Mse};
pub use perceptron::{DenseLayer, Perceptron};
pub use scalar::{Real, Scalar};
pub use training::{Training, before_activations, gradients, outputs};
pub use update_rule::*;
