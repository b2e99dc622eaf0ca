//! The traits that apply settings without a framework to Burn's tensors and modules: import all of them.
//!
//! ```
//! use burn::tensor::Device;
//! use constinit_burn22::ConstInitConfig;
//! use constinit_burn22::init::{Init, InitPlan, InitRule};
//! use constinit_burn22::prelude::*;
//!
//! let net = ConstInitConfig::new(vec![3, 2, 4]).init(&Device::flex().autodiff());
//! let plan = InitPlan::new(0).rule(InitRule::any(Init::constant(0.5)));
//! let (net, _) = plan.apply(net)?; // a method of ModulePlan
//! assert!(net.layers[0].weight.val().into_data().iter::<f64>().all(|entry| entry == 0.5));
//! # Ok::<(), constinit_burn22::Error>(())
//! ```

pub use crate::activation::TensorActivation;
pub use crate::init::{ModulePlan, TensorInit};
