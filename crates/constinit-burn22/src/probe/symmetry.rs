//! A probe on modules of Burn.

use super::{Observation, entries};
use crate::Error;
use crate::params::{read_gradients, read_parameters, share_gradients};
use crate::views::{bind, views};
use burn::module::Module;
use burn::optim::lr_scheduler::module_lr_scheduler::ModuleLearningRate;
use burn::optim::{GradientsParams, ModuleOptimizer, MultiGradientsParams};
use burn::tensor::TensorData;
use constinit_core::module::Binding;
use constinit_core::probe::{SymmetryTracker, WatchedStep};
use constinit_symmetry::{AxesSpec, OwnedParam, ParamId, ParamView};
use std::cell::OnceCell;
use std::ops::Range;

/// Finds the classes of units of a module at the steps of a schedule.
///
/// Its results are those of the [`SymmetryTracker`] in it. A probe does not end the training that it watches: an error
/// is reported, kept in [`failed`](SymmetryTracker::failed), and nothing is read after it.
///
/// # Complexity
///
/// A reading copies the parameters to the host and goes through them once or twice. If all units differed at the start,
/// a reading first inspects a few entries of each unit, and stops there if these still distinguish all units.
#[derive(Debug)]
pub struct SymmetryProbe {
    tracker: SymmetryTracker,
    bound: Option<Binding>,
    /// Steps done, if the probe does them.
    step: usize,
    started: bool,
}

impl From<SymmetryTracker> for SymmetryProbe {
    fn from(tracker: SymmetryTracker) -> Self {
        Self { tracker, bound: None, step: 0, started: false }
    }
}

constinit_core::symmetry_probe_settings!(SymmetryProbe);

impl SymmetryProbe {
    /// Counts steps from `step`, for a training that is resumed; otherwise the first step is step 1.
    ///
    /// The probe treats the module at that time as the start. It does not know earlier breaks unless
    /// [`SymmetryProbe::resume`] names them.
    #[must_use]
    pub fn starting_at(self, step: usize) -> Self {
        Self { step, ..self }
    }

    /// A step of the optimizer that the probe sees: the module before the first step and after each, and the gradients
    /// before the optimizer takes them.
    pub fn step<M: Module>(
        &mut self,
        optimizer: &mut ModuleOptimizer,
        rate: impl Into<ModuleLearningRate>,
        module: M,
        gradients: GradientsParams,
    ) -> M {
        self.around(
            module,
            gradients,
            |module, gradients| Some(share_gradients(module, gradients)),
            |module, gradients| optimizer.step(rate, module, gradients),
        )
    }

    /// Like [`SymmetryProbe::step`], for gradients of several devices. The optimizer sums these: the probe does not see
    /// them.
    pub fn step_multi<M: Module>(
        &mut self,
        optimizer: &mut ModuleOptimizer,
        rate: impl Into<ModuleLearningRate>,
        module: M,
        gradients: MultiGradientsParams,
    ) -> M {
        self.around(
            module,
            gradients,
            |_, _| None,
            |module, gradients| optimizer.step_multi(rate, module, gradients),
        )
    }

    fn around<M: Module, G>(
        &mut self,
        module: M,
        gradients: G,
        share: impl FnOnce(&M, &G) -> Option<GradientsParams>,
        step: impl FnOnce(M, G) -> M,
    ) -> M {
        if !self.started {
            self.observe(&Observation::after_step(self.step, &module));
        }
        self.step += 1;
        if !self.tracker.due(self.step) {
            return step(module, gradients);
        }
        let wanted = self.tracker.reads_gradients();
        // Shared before the optimizer empties the container.
        let kept = if wanted { share(&module, &gradients) } else { None };
        // Between two steps the loop owns the module and may write to it.
        let before = wanted.then(|| module.clone());
        let module = step(module, gradients);
        let (gradients, before) = (kept.as_ref(), before.as_ref());
        self.observe(&Observation {
            gradients,
            before,
            ..Observation::after_step(self.step, &module)
        });
        module
    }

    /// Shows the probe a state, if it is [due](SymmetryTracker::due): for loops whose steps are not those of a Burn
    /// optimizer. The first state should be the one before training.
    pub fn observe<M: Module>(&mut self, seen: &Observation<'_, M>) {
        self.started = true;
        if !self.tracker.due(seen.step) {
            return;
        }
        if self.bound.is_none() {
            match bind(seen.module, self.tracker.axes(), self.tracker.watches_all()) {
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
                parameters: OnceCell::new(),
                gradients: OnceCell::new(),
                before: OnceCell::new(),
            });
        }
    }
}

/// An observation, by the paths of the axes. Everything is read at most once.
struct Watched<'a, M: Module> {
    seen: &'a Observation<'a, M>,
    bound: &'a Binding,
    axes: &'a AxesSpec,
    parameters: OnceCell<Vec<TensorData>>,
    gradients: OnceCell<Option<Vec<TensorData>>>,
    before: OnceCell<Option<Vec<TensorData>>>,
}

impl<M: Module> Watched<'_, M> {
    fn read(&self) -> &Vec<TensorData> {
        self.parameters.get_or_init(|| read_parameters(self.seen.module))
    }

    /// Zeros for a parameter without a gradient.
    fn read_gradients(&self) -> Option<&Vec<TensorData>> {
        let read = || {
            let found = read_gradients(self.seen.module, self.seen.gradients?).into_iter();
            let zeros = |like: &TensorData| TensorData::zeros::<f32, _>(like.shape().clone());
            let or_zeros =
                |(found, like): (Option<TensorData>, _)| found.unwrap_or_else(|| zeros(like));
            Some(found.zip(self.read()).map(or_zeros).collect())
        };
        self.gradients.get_or_init(read).as_ref()
    }

    /// With zeros in place of what forward passes write. Something else wrote any difference that is left.
    fn read_before(&self) -> Option<&Vec<TensorData>> {
        let read = || {
            let mut read = read_parameters(self.seen.before?);
            for number in &self.bound.running {
                read[*number] = TensorData::zeros::<f32, _>(read[*number].shape().clone());
            }
            Some(read)
        };
        self.before.get_or_init(read).as_ref()
    }

    fn views<'p>(
        &'p self,
        parameters: Option<&'p Vec<TensorData>>,
    ) -> Result<Option<Vec<ParamView<'p>>>, Error> {
        parameters.map(|parameters| views(self.axes, self.bound, parameters)).transpose()
    }
}

impl<M: Module> WatchedStep for Watched<'_, M> {
    fn step(&self) -> usize {
        self.seen.step
    }

    fn loss(&self) -> Option<f64> {
        self.seen.loss
    }

    fn parameters(&self) -> Result<Vec<ParamView<'_>>, Error> {
        views(self.axes, self.bound, self.read())
    }

    fn parameters_before(&self) -> Result<Option<Vec<ParamView<'_>>>, Error> {
        self.views(self.read_before())
    }

    fn gradients(&self) -> Result<Option<Vec<ParamView<'_>>>, Error> {
        self.views(self.read_gradients())
    }

    fn largest_gradient(&self) -> f64 {
        let of = |gradient: &TensorData| {
            gradient.iter::<f64>().fold(0.0_f64, |largest, value| largest.max(value.abs()))
        };
        self.read_gradients().map_or(0.0, |all| all.iter().map(of).fold(0.0, f64::max))
    }

    fn is_running(&self, parameter: ParamId) -> bool {
        self.bound.is_running(parameter)
    }

    fn entries(&self, wanted: &[(ParamId, &[Range<usize>])]) -> Result<Vec<OwnedParam>, Error> {
        entries::read(self.seen.module, self.bound, self.axes, wanted)
    }
}
