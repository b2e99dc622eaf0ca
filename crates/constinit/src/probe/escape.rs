//! Will rounding separate equal units, and when? Forecasts during training.

use super::symmetry::{bind, views};
use super::{Flow, Observation, Probe, Schedule};
use crate::Error;
use crate::train::OptimizerConfig;
use crate::transverse::{forecast, relative_distance};
use burn::module::AutodiffModule;
use burn::tensor::Tensor;
use burn::tensor::backend::AutodiffBackend;
use constinit_core::probe::{TwinClass, largest_classes};
use constinit_symmetry::AxesSpec;
use constinit_symmetry::forecast::{ESCAPED, Update};
use std::fmt;

pub use constinit_core::probe::{EscapeReading, Outlook, SpaceOutlook};

/// Forecasts whether and when rounding will separate equal units.
///
/// At its first reading the probe finds the classes of twins. At every reading it takes two units of the largest class
/// of each space, finds the lowest curvature of the loss along their difference, and says what that means for the
/// optimizer, or that the state still moves too much to give a number of steps ([`forecast`]). The probe changes
/// nothing: it computes gradients on copies of the module.
///
/// ```
/// use burn::tensor::Tensor;
/// use burn_autodiff::Autodiff;
/// use burn_ndarray::NdArray;
/// use constinit::prelude::*;
/// use constinit::probe::{EscapeProbe, Observation, Probe};
/// use constinit::train::{Loss, OptimizerConfig};
/// use constinit::{Activation, ConstInit, ConstInitConfig};
///
/// type B = Autodiff<NdArray<f64>>;
/// let device = Default::default();
/// let net = ConstInitConfig::new(vec![1, 2, 1]).with_activation(Activation::Tanh).with_init_b(0.0);
/// let net = net.init::<B>(&device);
/// let x = Tensor::<B, 2>::from_data([[1.0_f64]], &device);
/// let loss = move |net: &ConstInit<B>| Loss::Mse.forward(net.forward(x.clone()), x.clone());
/// let mut probe = EscapeProbe::new(net.axes()?, &OptimizerConfig::sgd(0.01), loss);
/// probe.observe(&Observation::before_training(&net));
/// assert_eq!(
///     probe.readings()[0].spaces[0].to_string(),
///     "hidden1, 2 equal units: unstable, e-fold every 63.7 steps, not stationary: valid from step 105 at the earliest"
/// );
/// # Ok::<(), constinit::Error>(())
/// ```
///
/// # Complexity
///
/// A reading takes a few dozen to a few hundred gradients per space. Read rarely.
pub struct EscapeProbe<B: AutodiffBackend, M> {
    axes: AxesSpec,
    update: Update,
    learning_rate: f64,
    loss: BatchLoss<B, M>,
    schedule: Schedule,
    report: Box<dyn FnMut(&EscapeReading) + Send>,
    classes: Option<Vec<TwinClass>>,
    readings: Vec<EscapeReading>,
    failed: Option<String>,
}

type BatchLoss<B, M> = Box<dyn FnMut(&M) -> Tensor<B, 1> + Send>;

impl<B: AutodiffBackend, M: AutodiffModule<B>> EscapeProbe<B, M> {
    /// A probe of a module with these axes that is trained by this optimizer, without clipping. It reads before
    /// training and then every 1000 steps, and reports by `tracing`.
    ///
    /// `loss` is the loss of a batch that represents the training set. It must be a function of the parameters: the
    /// same batch each time, and no random numbers. A loss with random numbers, such as dropout, takes them from the
    /// backend's generator, so training gets other ones.
    pub fn new(
        axes: AxesSpec,
        optimizer: &OptimizerConfig,
        loss: impl FnMut(&M) -> Tensor<B, 1> + Send + 'static,
    ) -> Self {
        let report = |reading: &EscapeReading| {
            for space in &reading.spaces {
                tracing::info!(target: "constinit", "step {}: {space}", reading.step);
            }
        };
        Self {
            axes,
            update: optimizer.update(),
            learning_rate: optimizer.learning_rate(),
            loss: Box::new(loss),
            schedule: Schedule::every(1000),
            report: Box::new(report),
            classes: None,
            readings: Vec::new(),
            failed: None,
        }
    }

    /// Reads when the schedule says so.
    #[must_use]
    pub fn on(self, schedule: Schedule) -> Self {
        Self { schedule, ..self }
    }

    /// Calls a function with each reading instead of reporting it by `tracing`.
    #[must_use]
    pub fn reporting(self, report: impl FnMut(&EscapeReading) + Send + 'static) -> Self {
        Self { report: Box::new(report), ..self }
    }

    /// Follows the classes of this state, without a forecast for it. If a run is resumed, this is the state of the
    /// start.
    ///
    /// # Errors
    ///
    /// If the axes are not those of the module: [`Error::Axes`], [`Error::Parameter`] or [`Error::Symmetry`].
    pub fn follow(&mut self, seen: &Observation<'_, B, M>) -> Result<(), Error> {
        self.classes = Some(self.classes_of(seen)?);
        Ok(())
    }

    fn classes_of(&self, seen: &Observation<'_, B, M>) -> Result<Vec<TwinClass>, Error> {
        let bound = bind(seen.model, &self.axes, true)?;
        largest_classes(&self.axes, &views(&self.axes, &bound, seen.parameters())?)
    }

    /// The readings, in the order of steps.
    pub fn readings(&self) -> &[EscapeReading] {
        &self.readings
    }

    /// Why the probe has stopped, if it has.
    pub fn failed(&self) -> Option<&str> {
        self.failed.as_deref()
    }

    fn read(&mut self, seen: &Observation<'_, B, M>) -> Result<(), Error> {
        let classes = match self.classes.take() {
            Some(classes) => classes,
            None => self.classes_of(seen)?,
        };
        let learning_rate = seen.learning_rate.unwrap_or(self.learning_rate);
        let update = self.update.with_learning_rate(learning_rate);
        let mut spaces = Vec::with_capacity(classes.len());
        for class in &classes {
            let (pair, apart) = farthest(&self.axes, class, seen)?;
            let outlook = if apart >= ESCAPED {
                Outlook::Escaped { apart }
            } else {
                let (axes, space, loss) = (&self.axes, &class.space, &mut self.loss);
                match forecast(seen.model, axes, space, pair, &update, seen.step, loss) {
                    Ok((stability, forecast)) => {
                        Outlook::Together { stability: Box::new(stability), forecast }
                    }
                    Err(error) => Outlook::Unknown { reason: error.to_string() },
                }
            };
            let (space, units) = (class.space.clone(), class.members.len());
            spaces.push(SpaceOutlook { space, units, pair, outlook });
        }
        self.classes = Some(classes);
        let reading = EscapeReading { step: seen.step, loss: seen.loss, learning_rate, spaces };
        (self.report)(&reading);
        self.readings.push(reading);
        Ok(())
    }
}

/// The first unit of a class, the unit farthest from it, and their distance relative to their size.
fn farthest<B: AutodiffBackend, M: AutodiffModule<B>>(
    axes: &AxesSpec,
    class: &TwinClass,
    seen: &Observation<'_, B, M>,
) -> Result<([usize; 2], f64), Error> {
    let TwinClass { space, members } = class;
    let first = members[0].get();
    let mut widest = ([first, members[1].get()], 0.0);
    for other in &members[1..] {
        let pair = [first, other.get()];
        let apart = relative_distance::<B, M>(seen.model, axes, space, pair, seen.parameters())?;
        if apart > widest.1 || apart.is_nan() {
            widest = (pair, apart);
        }
    }
    Ok(widest)
}

impl<B: AutodiffBackend, M: AutodiffModule<B>> Probe<B, M> for EscapeProbe<B, M> {
    fn due(&self, step: usize) -> bool {
        self.failed.is_none() && self.schedule.due(step)
    }

    fn observe(&mut self, seen: &Observation<'_, B, M>) -> Flow {
        // A probe does not end the training that it watches.
        if self.failed.is_none()
            && let Err(error) = self.read(seen)
        {
            tracing::warn!(target: "constinit", "the escape probe stopped: {error}");
            self.failed = Some(error.to_string());
        }
        Flow::Continue
    }
}

impl<B: AutodiffBackend, M> fmt::Debug for EscapeProbe<B, M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("EscapeProbe")
            .field("spaces", &self.axes.spaces())
            .field("readings", &self.readings)
            .finish_non_exhaustive()
    }
}
