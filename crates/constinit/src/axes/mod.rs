//! Which axes of a module's parameters range over the same units.
//!
//! Two ways, which agree where both apply:
//!
//! - [`trace`]: the module is run once on [`Capture`], a backend that records operations and computes nothing; a union
//!   of axes through all operations gives the spaces. An operation without a rule fixes all that it touches and is
//!   listed, so that the answer may miss units that can be swapped, but never claims units that cannot.
//! - declared: [`ConstInit::axes`](crate::ConstInit::axes), or [`AxesSpec::builder`] by hand.
//!
//! ```
//! use burn::nn::{Linear, LinearConfig};
//! use burn::module::Module;
//! use burn::tensor::{Tensor, activation::relu, backend::Backend};
//! use constinit::axes::{Capture, Trace, trace};
//!
//! #[derive(Module, Debug)]
//! struct Net<B: Backend> {
//!     fc1: Linear<B>,
//!     fc2: Linear<B>,
//! }
//!
//! let traced = trace(|device| {
//!     let net: Net<Capture> = Net {
//!         fc1: LinearConfig::new(4, 16).init(device),
//!         fc2: LinearConfig::new(16, 3).init(device),
//!     };
//!     let x = Tensor::<Capture, 2>::zeros([2, 4], device);
//!     let y = net.fc2.forward(relu(net.fc1.forward(x.clone())));
//!     Trace::of(&net).input(x).output(y)
//! })?;
//! assert_eq!(traced.axes.spaces()[0].name(), "fc1");
//! assert_eq!(traced.axes.spaces()[0].units(), 16);
//! assert!(traced.without_rule.is_empty());
//! # Ok::<(), constinit::Error>(())
//! ```

mod capture;
mod declared;
mod factors;
mod rules;
mod trace;

pub use capture::{Capture, CaptureDevice};
pub use declared::same_structure;
pub use trace::{Recorded, Trace, Traced, trace};

#[cfg(doc)]
use constinit_symmetry::AxesSpec;
