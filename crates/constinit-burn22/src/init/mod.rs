//! Initialisers: the entries of parameters before training.
//!
//! Initialisers, rules by path and their predictions are values without a framework, from
//! [`constinit_core::init`]. This module fills Burn's tensors ([`TensorInit`]) and modules ([`ModulePlan`]) with them.
//! The same plan and seed give the same bits on Burn 0.21, in the crate `constinit`.

mod fill;
mod from_burn;
mod plan;

pub use constinit_core::init::*;
pub use fill::TensorInit;
pub use from_burn::from_burn;
pub use plan::ModulePlan;
