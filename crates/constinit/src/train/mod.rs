//! A training loop that probes can watch.
//!
//! [`train`] takes the state of a run (module, optimizer, learning-rate schedule, steps done), a
//! source of batches and a loss, and continues until the plan's number of steps is done. The module
//! may be any Burn module, the optimizer any Burn optimizer, the loss any function of module and
//! batch.
//!
//! ```
//! use burn::tensor::Tensor;
//! use burn_autodiff::Autodiff;
//! use burn_ndarray::NdArray;
//! use constinit::prelude::*;
//! use constinit::ConstInitConfig;
//! use constinit::probe::{PropertyProbe, Schedule};
//! use constinit::train::{Batch, FullBatch, Loss, OptimizerConfig, TrainConfig, TrainState, train};
//!
//! type B = Autodiff<NdArray>;
//! let device = Default::default();
//! let model = ConstInitConfig::new(vec![3, 2, 4]).init::<B>(&device);
//! let optimizer = OptimizerConfig::sgd(0.1);
//! let state = TrainState::new(model, optimizer.init()?, optimizer.learning_rate());
//!
//! let x = Tensor::<B, 2>::from_data([[0.5, -1.0, 2.0], [1.0, 0.0, -0.5]], &device);
//! let mut data = FullBatch::new(Batch { inputs: x, targets: Tensor::ones([2, 4], &device) })?;
//!
//! let mut probe = PropertyProbe::new(Schedule::every(1));
//! let trained = train(
//!     state,
//!     &mut data,
//!     |model, batch: Batch<B>| Loss::Mse.forward(model.forward(batch.inputs), batch.targets),
//!     &TrainConfig::steps(20),
//!     &mut [&mut probe],
//! );
//! assert_eq!(trained.state.step, 20);
//! assert!(probe.readings.iter().all(|reading| reading.properties.hold()));
//! # Ok::<(), constinit::Error>(())
//! ```

mod checkpoint;
mod clip;
mod data;
mod loss;
mod optimizer;
mod run;
mod stop;

pub use checkpoint::{TrainCheckpoint, load_checkpoint, save_checkpoint};
pub use clip::ClipGradients;
pub(crate) use clip::apply_counted;
pub use constinit_core::optimizer::*;
pub use constinit_core::train::{
    Batches, Divergence, Epochs, NonFinite, SeededDropout, StopReason, TrainConfig, epoch_order,
};
pub use constinit_core::{Clip, Loss};
pub use data::{Batch, FullBatch, MiniBatches, Shifted};
pub use loss::TensorLoss;
pub use optimizer::*;
pub use run::{TrainState, Trained, train, train_with_changes};
pub use stop::{LossBelow, Plateau};
