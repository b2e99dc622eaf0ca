//! Which units of a module are equal during training.
//!
//! Before the first step a [`SymmetryProbe`] finds the classes of every space of units and says what will keep them and
//! what would break them. After each step at which it is due, it finds the classes again, measures how far the units of
//! the first classes have diverged, and names the [first break](FirstBreak): step, space, units, parameter, entry,
//! difference, and what is known about the cause. It works on any module whose axes are known, from [`crate::axes`] or
//! declared by hand.
//!
//! ```
//! use burn_autodiff::Autodiff;
//! use burn_ndarray::NdArray;
//! use constinit::ConstInitConfig;
//! use constinit::probe::{Observation, Probe, SymmetryProbe};
//!
//! let net = ConstInitConfig::new(vec![3, 5, 4]).init::<Autodiff<NdArray>>(&Default::default());
//! let mut probe = SymmetryProbe::new(net.axes()?);
//! probe.observe(&Observation::before_training(&net));
//! let hidden = &probe.readings()[0].spaces[0];
//! assert_eq!((hidden.units, hidden.twins, hidden.equitable), (5, 1, Some(1)));
//! assert_eq!(
//!     probe.summary(),
//!     "hidden1: 5 units, 1 distinct. SGD, SGD with momentum, Adam, AdamW, RMSProp, AdaGrad, Adan, Lion and Muon will keep equal units equal; dropout \
//!      on hidden1 would break the symmetry."
//! );
//! # Ok::<(), constinit::Error>(())
//! ```

mod entries;
mod views;

pub use constinit_core::probe::{
    Cause, Finding, FirstBreak, GradientsThen, SpaceReading, SymmetryReading,
};

use super::{Flow, Observation, Probe};
use crate::Error;
use crate::gradients::read_gradients;
use crate::params::{HostParameter, read_parameters};
use burn::module::AutodiffModule;
use burn::tensor::backend::AutodiffBackend;
use constinit_core::module::Binding;
use constinit_core::probe::{LookAtRows, Repeated, Repeats, SymmetryTracker, WatchedStep};
use constinit_symmetry::{AxesSpec, OwnedParam, ParamId, ParamView};
use std::cell::OnceCell;
use std::ops::Range;
use views::without_running;
pub(crate) use views::{bind, views};

/// Finds the classes of units of a module at the steps of a schedule.
///
/// Its results are those of the [`SymmetryTracker`] in it.
///
/// # Complexity
///
/// A reading copies the parameters to the host and goes through them once or twice. If all units differed at the start,
/// a reading first inspects a few entries of each unit, and stops there if these still distinguish all units. If all
/// units of each space were equal at the reading before, it reads the parameters once, on CPU backends without a copy
/// of all of them, and stops there if the units are still equal. A GPU compares the parameters itself, and sends those
/// of one unit per class.
#[derive(Debug)]
pub struct SymmetryProbe {
    tracker: SymmetryTracker,
    bound: Option<Binding>,
}

impl From<SymmetryTracker> for SymmetryProbe {
    fn from(tracker: SymmetryTracker) -> Self {
        Self { tracker, bound: None }
    }
}

constinit_core::symmetry_probe_settings!(SymmetryProbe);

impl<B: AutodiffBackend, M: AutodiffModule<B>> Probe<B, M> for SymmetryProbe {
    fn due(&self, step: usize) -> bool {
        self.tracker.due(step)
    }

    fn reads_gradients(&self) -> bool {
        self.tracker.reads_gradients()
    }

    fn observe(&mut self, seen: &Observation<'_, B, M>) -> Flow {
        if self.tracker.failed().is_some() {
            return Flow::Continue;
        }
        if self.bound.is_none() {
            let all = self.tracker.watches_all();
            match bind(seen.model, self.tracker.axes(), all) {
                Ok(bound) => self.bound = Some(bound),
                Err(error) => self.tracker.fail(&error),
            }
        }
        if let Some(bound) = &self.bound {
            let axes = self.tracker.axes().clone();
            self.tracker.observe(&Watched {
                seen,
                bound,
                axes: &axes,
                gradients: OnceCell::new(),
                before: OnceCell::new(),
            });
        }
        Flow::Continue
    }
}

/// An observation, by the paths of the axes. Everything is read at most once.
struct Watched<'a, B: AutodiffBackend, M: AutodiffModule<B>> {
    seen: &'a Observation<'a, B, M>,
    bound: &'a Binding,
    axes: &'a AxesSpec,
    gradients: OnceCell<Option<Vec<HostParameter>>>,
    before: OnceCell<Option<Vec<HostParameter>>>,
}

impl<B: AutodiffBackend, M: AutodiffModule<B>> Watched<'_, B, M> {
    fn read_gradients(&self) -> Option<&Vec<HostParameter>> {
        let read = || {
            let gradients = self.seen.gradients?;
            Some(read_gradients::<B, M>(self.seen.model, gradients))
        };
        self.gradients.get_or_init(read).as_ref()
    }

    fn views<'p>(
        &'p self,
        parameters: Option<&'p Vec<HostParameter>>,
    ) -> Result<Option<Vec<ParamView<'p>>>, Error> {
        parameters.map(|parameters| views(self.axes, self.bound, parameters)).transpose()
    }
}

impl<B: AutodiffBackend, M: AutodiffModule<B>> WatchedStep for Watched<'_, B, M> {
    fn step(&self) -> usize {
        self.seen.step
    }

    fn loss(&self) -> Option<f64> {
        self.seen.loss
    }

    fn parameters(&self) -> Result<Vec<ParamView<'_>>, Error> {
        views(self.axes, self.bound, self.seen.parameters())
    }

    fn rows(&self, look: &mut LookAtRows<'_>) -> Result<Option<bool>, Error> {
        if self.seen.are_read() {
            return Ok(None);
        }
        entries::rows::<B, M>(self.seen.model, self.bound, self.axes, look)
    }

    fn repeats(&self, repeated: &Repeated) -> Result<Option<Vec<Repeats>>, Error> {
        if self.seen.are_read() {
            return Ok(None);
        }
        entries::repeats::<B, M>(self.seen.model, self.bound, self.axes, repeated)
    }

    fn parameters_before(&self) -> Result<Option<Vec<ParamView<'_>>>, Error> {
        let read = || Some(without_running(self.bound, read_parameters(self.seen.before?)));
        self.views(self.before.get_or_init(read).as_ref())
    }

    fn gradients(&self) -> Result<Option<Vec<ParamView<'_>>>, Error> {
        self.views(self.read_gradients())
    }

    fn largest_gradient(&self) -> f64 {
        let of = |gradient: &HostParameter| {
            gradient.data.iter::<f64>().fold(0.0_f64, |largest, value| largest.max(value.abs()))
        };
        self.read_gradients().map_or(0.0, |all| all.iter().map(of).fold(0.0, f64::max))
    }

    fn is_running(&self, parameter: ParamId) -> bool {
        self.bound.is_running(parameter)
    }

    fn entries(&self, wanted: &[(ParamId, &[Range<usize>])]) -> Result<Vec<OwnedParam>, Error> {
        entries::read::<B, M>(self.seen.model, self.bound, self.axes, wanted)
    }
}
