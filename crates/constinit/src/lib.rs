//! Constant initialisation for Burn, and what it does to training.
//!
//! A network whose hidden units start equal stays that way: gradients cannot distinguish the units. This crate has the
//! network that shows it ([`ConstInit`]), initialisers that cause it ([`init`]), a training loop ([`train`]) and probes
//! that watch it happen ([`probe`]). All of it is generic over Burn's `Backend`.
//!
//! ```
//! use burn::tensor::Tensor;
//! use burn_ndarray::NdArray;
//! use constinit::ConstInitConfig;
//!
//! let device = Default::default();
//! let net = ConstInitConfig::new(vec![3, 2, 4]).init::<NdArray>(&device);
//! let y = net.forward(Tensor::from_data([[1.0, 0.0, 0.0]], &device));
//! // Two hidden units of 1 + 0.5 each, then 2 * 1.5 + 0.5, for all four outputs.
//! assert_eq!(y.into_data().to_vec::<f32>().unwrap(), [3.5; 4]);
//! ```
//!
//! The two hidden units are equal. [`train::train`] with a [`probe::PropertyProbe`] shows that they stay equal, bit for
//! bit. [`transverse`] and a [`probe::EscapeProbe`] forecast whether and when rounding separates them.

pub mod axes;
pub mod init;
pub mod params;
pub mod prelude;
pub mod probe;
pub mod surgery;
pub mod train;
pub mod transverse;

mod activation;
mod const_init;
mod gradients;
mod tensors;

pub use activation::TensorActivation;
pub use const_init::{ConstInit, ConstInitConfig, ConstInitRecord, parameters_text};
pub use constinit_core::{Activation, Error, LayerInit, PerceptronStart, linear_name};

/// The code in the README files runs, too.
#[cfg(doctest)]
mod readme {
    #[doc = include_str!("../README.md")]
    struct Crate;

    #[doc = include_str!("../../../README.md")]
    struct Workspace;

    #[doc = include_str!("../../../docs/burn.md")]
    struct Burn;

    #[doc = include_str!("../../../docs/surgery.md")]
    struct Surgery;
}
