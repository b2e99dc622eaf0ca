//! Initialisers: the entries of parameters before training.
//!
//! Initialisers, rules by path and their predictions are values without a framework, from
//! [`constinit_core::init`]. This module fills Burn's tensors ([`TensorInit`]) and modules ([`ModulePlan`]) with them.
//!
//! ```
//! use constinit::init::{Init, ParameterAxes, RngKey};
//!
//! // The first weight of the text on constant initialisation: 1 + j for input j, Burn's [in, out].
//! let ramp = Init::InputRamp { start: 1.0, step: 1.0 };
//! let values = ramp.values(&[3, 2], ParameterAxes::LINEAR_WEIGHT, &RngKey::default())?;
//! assert_eq!(values, [1.0, 1.0, 2.0, 2.0, 3.0, 3.0]);
//! # Ok::<(), constinit::Error>(())
//! ```

mod fill;
mod from_burn;
mod lsuv;
mod plan;

pub use constinit_core::init::*;
pub use fill::TensorInit;
pub use from_burn::from_burn;
pub use lsuv::{Lsuv, LsuvStep};
pub use plan::ModulePlan;
