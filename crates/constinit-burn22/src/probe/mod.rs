//! Watches a training without changing it: which units of a module are equal, and when they diverge.
//!
//! Before the first step a [`SymmetryProbe`] finds the classes of every space of units and says what will keep them and
//! what would break them. After each step at which it is due, it finds the classes again, measures how far the units of
//! the first classes have diverged, and names the [first break](FirstBreak): step, space, units, parameter, entry,
//! difference, and what is known about the cause. It works on any module whose axes are known: from
//! [`trace`](crate::axes::trace), [`ConstInit::axes`](crate::ConstInit::axes), or declared by hand. The parameters
//! after a number of steps are bitwise the same with and without it.
//!
//! # In a loop by hand
//!
//! [`SymmetryProbe::step`] takes the place of the optimizer's step:
//!
//! ```
//! use burn::optim::{GradientsParams, SgdConfig};
//! use burn::tensor::{Device, Tensor};
//! use constinit_burn22::ConstInitConfig;
//! use constinit_burn22::probe::SymmetryProbe;
//!
//! let device = Device::flex().autodiff();
//! let mut net = ConstInitConfig::new(vec![3, 5, 4]).init(&device);
//! let mut optimizer = SgdConfig::new().init();
//! let mut probe = SymmetryProbe::new(net.axes()?);                  // before the loop
//! for _ in 0..3 {
//!     let loss = net.forward(Tensor::ones([2, 3], &device)).square().mean();
//!     let gradients = GradientsParams::from_grads(loss.backward(), &net);
//!     net = probe.step(&mut optimizer, 0.01, net, gradients);       // instead of optimizer.step(0.01, net, gradients)
//! }
//! assert_eq!(                                                       // after it
//!     probe.summary(),
//!     "hidden1: 5 units, 1 distinct. SGD, SGD with momentum, Adam, AdamW, RMSProp, AdaGrad, Adan, Lion and Muon will keep equal units equal; dropout \
//!      on hidden1 would break the symmetry."
//! );
//! assert_eq!(probe.readings().len(), 4); // before the first step and after each
//! assert!(probe.first_break().is_none());
//! # Ok::<(), constinit_burn22::Error>(())
//! ```
//!
//! A loop that changes parameters in another way shows each state to [`SymmetryProbe::observe`].
//!
//! # In Burn's Learner
//!
//! The Learner keeps its optimizer to itself, but calls `TrainStep::optimize` of the model. The model keeps a
//! [`ProbeHandle`] in a skipped field, and overrides that method with [`ProbeHandle::step`]:
//!
//! ```
//! # use burn::module::Module;
//! # use burn::nn::Linear;
//! # use burn::optim::{GradientsParams, ModuleOptimizer};
//! # use burn::optim::lr_scheduler::module_lr_scheduler::ModuleLearningRate;
//! use constinit_burn22::probe::ProbeHandle;
//!
//! #[derive(Module, Debug)]
//! struct Model {
//!     layers: Vec<Linear>,
//!     #[module(skip)]
//!     probe: ProbeHandle, // ProbeHandle::default(); attach a probe once the axes are known
//! }
//!
//! impl Model { // impl burn::train::TrainStep for Model
//!     fn optimize(self, optimizer: &mut ModuleOptimizer, rate: ModuleLearningRate, gradients: GradientsParams) -> Self {
//!         self.probe.clone().step(optimizer, rate, self, gradients)
//!     }
//! }
//! ```
//!
//! With the feature `learner`, [`SpaceMetric`] shows what the probe reads in the dashboard and the logs.

mod entries;
mod handle;
#[cfg(feature = "learner")]
mod metric;
mod observation;
mod symmetry;

pub use constinit_core::probe::{
    Cause, Finding, FirstBreak, GradientsThen, Schedule, SpaceQuantity, SpaceReading,
    SymmetryReading, SymmetryTracker,
};
pub use constinit_symmetry::{
    Decay, Optimizer, PlannedBreak, PlannedChange, SymmetryBreaker, TrainingFacts,
};
pub use handle::{ProbeGuard, ProbeHandle};
#[cfg(feature = "learner")]
pub use metric::SpaceMetric;
pub use observation::Observation;
pub use symmetry::SymmetryProbe;
