//! Constant initialisation for Burn 0.22, and what it does to training.
//!
//! A network whose hidden units start equal stays that way: gradients cannot distinguish the units. This crate has the
//! network that shows it ([`ConstInit`]), initialisers by rules for any module ([`init`]), and a probe that watches the
//! units of any module while it is trained ([`probe`]). Modules of Burn 0.22 have no backend parameter: all of it works
//! on whatever device the module is on.
//!
//! ```
//! use burn::tensor::{Device, Tensor};
//! use constinit_burn22::ConstInitConfig;
//!
//! let device = Device::flex();
//! let net = ConstInitConfig::new(vec![3, 2, 4]).init(&device);
//! let y = net.forward(Tensor::from_data([[1.0, 0.0, 0.0]], &device));
//! // Two hidden units of 1 + 0.5 each, then 2 * 1.5 + 0.5, for all four outputs.
//! assert_eq!(y.into_data().try_into_vec::<f32>().unwrap(), [3.5; 4]);
//! ```
//!
//! The crate `constinit` is its counterpart for Burn 0.21. Both use `constinit-core`, so a seed gives the same numbers
//! and a probe gives the same sentences on both.

pub mod axes;
pub mod init;
pub mod params;
pub mod prelude;
pub mod probe;
pub mod surgery;

mod activation;
mod const_init;
mod tensors;
mod views;

pub use activation::TensorActivation;
pub use const_init::{ConstInit, ConstInitConfig, parameters_text};
pub use constinit_core::{Activation, Error, LayerInit, PerceptronStart, linear_name};

/// The code in the README file runs, too.
#[cfg(doctest)]
mod readme {
    #[doc = include_str!("../README.md")]
    struct Crate;
}
