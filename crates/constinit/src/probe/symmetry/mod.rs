//! Which units of a module are the same unit, as training goes on.
//!
//! Before the first step a [`SymmetryProbe`] finds the classes of every space of units and says what will keep them
//! and what would break them. After each step for which it is due it finds the classes again, measures how far the
//! units of the first classes have moved apart, and names the [first break](FirstBreak): step, space, units,
//! parameter, entry, difference, and what is known of the cause. It works on any module whose axes are known, from
//! [`crate::axes`] or written down by hand.
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
//!     "hidden1: 5 units are 1. SGD, SGD with momentum, Adam, AdamW, RMSProp, AdaGrad, Adan and Muon will keep them so; dropout \
//!      on hidden1 would break it."
//! );
//! # Ok::<(), constinit::Error>(())
//! ```

mod first_break;
mod known;
mod sketch;
mod summary;
mod views;

pub use first_break::{Cause, FirstBreak, GradientsThen};

use super::{Flow, Observation, Probe, Schedule};
use crate::Error;
use crate::axes::Traced;
use crate::gradients::read_gradients;
use crate::params::read_parameters;
use burn::module::AutodiffModule;
use burn::tensor::backend::AutodiffBackend;
use constinit_symmetry::{
    AxesSpec, Certificate, Partition, Spread, Symmetry, SymmetryError, TrainingFacts, certificate,
    equitable, forward_lumpable, spreads, twins,
};
use known::Known;
use sketch::Sketch;
use std::fmt;
pub(crate) use views::{Binding, views};

/// The classes of all spaces after a number of steps.
#[derive(Clone, Debug, PartialEq)]
pub struct SymmetryReading {
    /// Steps done; 0 before training.
    pub step: usize,
    /// The loss that the step computed; None before training.
    pub loss: Option<f64>,
    /// The spaces, in the order of the axes.
    pub spaces: Vec<SpaceReading>,
}

/// The classes of one space.
#[derive(Clone, Debug, PartialEq)]
pub struct SpaceReading {
    /// Units of the space.
    pub units: usize,
    /// Classes of twins: units that can be swapped without changing any parameter.
    pub twins: usize,
    /// Classes of the coarsest equitable partition; None where only some spaces are watched, or where sums of entries
    /// say nothing of the module (see [`Traced::entrywise`]).
    pub equitable: Option<usize>,
    /// Classes of the coarsest forward-lumpable partition; None as for `equitable`, and where it is not known which
    /// axes are inputs.
    pub forward: Option<usize>,
    /// How far the two units of one class at the start that differ most lie apart now; None where all classes of the
    /// start are still bitwise one.
    pub apart: Option<Spread>,
    /// Whether units that were twins at the start still have bitwise equal gradients; None where no gradients were
    /// read.
    pub gradients_agree: Option<bool>,
    /// Units whose incoming weights and biases are all zero; None where a look at a few entries settled the reading,
    /// or where it is not known which axes are inputs.
    pub dead: Option<usize>,
    /// Units whose outgoing weights are all zero; None as for `dead`.
    pub unheard: Option<usize>,
}

impl SpaceReading {
    /// The largest absolute difference between two units that were one class at the start.
    pub fn spread(&self) -> f64 {
        self.apart.map_or(0.0, |apart| apart.difference)
    }

    fn discrete(units: usize) -> Self {
        let all = Some(units);
        Self {
            units,
            twins: units,
            equitable: all,
            forward: all,
            apart: None,
            gradients_agree: None,
            dead: None,
            unheard: None,
        }
    }
}

/// Something that the user of a training run wants to know at once.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum Finding {
    /// Before training, a space has fewer classes than units.
    Symmetric {
        /// The space.
        space: String,
        /// Its units.
        units: usize,
        /// Its classes of equitable units, or of twins where those are not known.
        classes: usize,
        /// The same in words, with what keeps them and what would break them.
        sentence: String,
    },
    /// Two units that were one unit differ.
    Broken(FirstBreak),
    /// The first step at which the gradients of units of one class differ, while their parameters do not.
    GradientsDiffer {
        /// Steps done.
        step: usize,
        /// The space.
        space: String,
    },
    /// The probe cannot read the module and looks no more.
    Failed(String),
}

/// Finds the classes of every space of a module, before training and as it goes on.
///
/// # Complexity
///
/// A reading copies the parameters to the host and passes over them once or twice. Where the units were all different
/// before, a reading first looks at a few entries of each unit, and at no more where these still tell all units apart.
pub struct SymmetryProbe {
    axes: AxesSpec,
    /// Whether all spaces of the module are watched: then all of its parameters must be known.
    whole: bool,
    /// Whether sums over classes say something: those of all spaces are known, and what is summed is what counts.
    sums: bool,
    schedule: Schedule,
    gradients: Schedule,
    /// Whether a step's gradients and the parameters before it are kept for the case that units part in it.
    keeps_gradients: bool,
    known: Known,
    report: Box<dyn FnMut(&Finding) + Send>,
    bound: Option<Binding>,
    sketch: Sketch,
    start: Option<Symmetry>,
    certificate: Option<Certificate>,
    readings: Vec<SymmetryReading>,
    /// Whether readings between the first and the last are kept.
    history: bool,
    /// The steps of the reading before.
    before: Option<usize>,
    breaks: Vec<FirstBreak>,
    /// Numbers of the spaces that have broken, in this run or before it was resumed.
    broken: Vec<usize>,
    gradients_differed: Vec<bool>,
    failed: Option<String>,
}

impl SymmetryProbe {
    /// A probe of a module with these axes that looks after every step and reports by `tracing` warnings.
    pub fn new(axes: AxesSpec) -> Self {
        let report = Box::new(|finding: &Finding| tracing::warn!(target: "constinit", "{finding}"));
        Self {
            sketch: Sketch::new(&axes),
            axes,
            whole: true,
            sums: true,
            schedule: Schedule::every(1),
            gradients: Schedule::when(|_| false),
            keeps_gradients: true,
            known: Known::default(),
            report,
            bound: None,
            start: None,
            certificate: None,
            readings: Vec::new(),
            history: true,
            before: None,
            breaks: Vec::new(),
            broken: Vec::new(),
            gradients_differed: Vec::new(),
            failed: None,
        }
    }

    /// A probe of a module that was traced. It knows of the dropout that the trace saw, and of parameters whose sums
    /// say nothing.
    pub fn traced(traced: Traced) -> Self {
        let sums = traced.entrywise.is_empty();
        Self { known: Known::drawn(traced.drawn), sums, ..Self::new(traced.axes) }
    }

    /// Looks when the schedule says so; step 0 is always looked at.
    #[must_use]
    pub fn on(self, schedule: Schedule) -> Self {
        Self { schedule, ..self }
    }

    /// Compares gradients, too, whenever both schedules say so. Without, they are compared at a break only.
    #[must_use]
    pub fn gradients_on(self, gradients: Schedule) -> Self {
        Self { gradients, ..self }
    }

    /// Does not keep the gradients of a step, nor the parameters before it, for the case that units part in it: cheaper,
    /// since an optimizer can reuse memory that nobody else holds, but a break is then told without its cause.
    #[must_use]
    pub fn without_gradients(self) -> Self {
        Self { keeps_gradients: false, ..self }
    }

    /// What is known of the training: the certificate then speaks of it, and breaks are explained by it.
    #[must_use]
    pub fn with_facts(self, facts: TrainingFacts) -> Self {
        Self { known: self.known.with(facts), ..self }
    }

    /// Watches only the spaces whose names `wanted` says yes to. Their twins are exact; other kinds of classes rest on
    /// the classes of the spaces that are left out, and are not reported.
    ///
    /// # Errors
    ///
    /// [`Error::Axes`] where no space is left.
    pub fn watching(self, wanted: impl Fn(&str) -> bool) -> Result<Self, Error> {
        let axes = sketch::restricted(&self.axes, |space| wanted(space.name()))?;
        Ok(Self { sketch: Sketch::new(&axes), axes, whole: false, sums: false, ..self })
    }

    /// Calls a function with each finding instead of reporting it by `tracing`.
    #[must_use]
    pub fn reporting(self, report: impl FnMut(&Finding) + Send + 'static) -> Self {
        Self { report: Box::new(report), ..self }
    }

    /// Keeps only the first and the last reading, for runs of any length.
    #[must_use]
    pub fn without_history(self) -> Self {
        Self { history: false, ..self }
    }

    /// Goes on with a run that was resumed. The probe has been shown the module as it was at the start; its last
    /// reading was after `step` steps, and these spaces had broken by then.
    pub fn resume<'s>(&mut self, step: usize, broken: impl IntoIterator<Item = &'s str>) {
        let numbers = broken.into_iter().filter_map(|name| self.axes.space_id(name));
        self.broken = numbers.map(|space| space.get()).collect();
        self.before = Some(step);
    }

    /// The axes that are watched.
    pub fn axes(&self) -> &AxesSpec {
        &self.axes
    }

    /// What was read, in the order of steps.
    pub fn readings(&self) -> &[SymmetryReading] {
        &self.readings
    }

    /// The classes at the first reading: of twins.
    pub fn start(&self) -> Option<&Symmetry> {
        self.start.as_ref()
    }

    /// What is certified of the classes at the first reading, under the facts given; None where none were.
    pub fn certificate(&self) -> Option<&Certificate> {
        self.certificate.as_ref()
    }

    /// The first break of each space that has broken, in the order of steps.
    pub fn breaks(&self) -> &[FirstBreak] {
        &self.breaks
    }

    /// The first break of all.
    pub fn first_break(&self) -> Option<&FirstBreak> {
        self.breaks.first()
    }

    /// Why the probe looks no more, where it does not.
    pub fn failed(&self) -> Option<&str> {
        self.failed.as_deref()
    }

    /// What the first reading found, a sentence a space that has fewer classes than units.
    pub fn summary(&self) -> String {
        let Some(start) = &self.start else { return String::new() };
        let lines: Vec<String> =
            self.symmetric(start).into_iter().map(|finding| finding.to_string()).collect();
        lines.join("\n")
    }

    fn symmetric(&self, start: &Symmetry) -> Vec<Finding> {
        let first = self.readings.first().map_or(&[][..], |reading| reading.spaces.as_slice());
        summary::of_start(start, first, &self.known)
    }

    fn read<B: AutodiffBackend, M: AutodiffModule<B>>(
        &mut self,
        seen: &Observation<'_, B, M>,
    ) -> Result<(), Error> {
        if self.bound.is_none() {
            self.bound = Some(Binding::new(seen.model, &self.axes, self.whole)?);
        }
        let Some(bound) = &self.bound else { return Ok(()) };
        let was_discrete = self.start.as_ref().is_some_and(|start| {
            start.spaces().iter().all(|space| space.partition().is_discrete())
        }) && self.readings.last().is_some_and(SymmetryReading::is_discrete);
        if was_discrete && self.sketch.proves_discrete(seen.model, bound)? {
            let spaces = self.axes.spaces().iter().map(|s| SpaceReading::discrete(s.units()));
            let mut spaces: Vec<_> = spaces.collect();
            if !self.sums {
                spaces.iter_mut().for_each(|space| (space.equitable, space.forward) = (None, None));
            }
            self.keep(SymmetryReading { step: seen.step, loss: seen.loss, spaces });
            return Ok(());
        }

        let now = views(&self.axes, bound, seen.parameters())?;
        let found = twins(&self.axes, &now)?;
        let all_one = found.spaces().iter().all(|space| space.effective_width() <= 1);
        let equitable = match (self.sums, all_one) {
            // Coarser than one class there is nothing.
            (true, true) => None,
            (true, false) => Some(equitable(&self.axes, &now)?),
            (false, _) => None,
        };
        let forward = if self.sums && !all_one { forward(&self.axes, &now)? } else { None };
        let start = self.start.get_or_insert_with(|| found.clone());
        let pairs = || start.spaces().iter().zip(found.spaces());
        let held = pairs().all(|(start, now)| start.partition().refines(now.partition()));
        let apart = if held { vec![None; found.spaces().len()] } else { spreads(start, &now)? };

        let newly: Vec<usize> = (0..apart.len())
            .filter(|space| apart[*space].is_some())
            .filter(|space| !self.broken.contains(space))
            .collect();
        let wanted = !newly.is_empty() || self.gradients.due(seen.step);
        let gradients = seen.gradients.filter(|_| wanted);
        let gradients = gradients.map(|gradients| read_gradients::<B, M>(seen.model, gradients));
        let gradients_apart = match &gradients {
            Some(gradients) => Some(spreads(start, &views(&self.axes, bound, gradients)?)?),
            None => None,
        };
        let before_apart = match seen.before.filter(|_| !newly.is_empty()) {
            Some(before) => {
                let parameters = bound.without_running(read_parameters(before));
                Some(spreads(start, &views(&self.axes, bound, &parameters)?)?)
            }
            None => None,
        };

        let classes = |symmetry: Option<&Symmetry>, space: usize| match symmetry {
            Some(symmetry) => Some(symmetry.spaces()[space].effective_width()),
            None if self.sums && all_one => Some(found.spaces()[space].effective_width()),
            None => None,
        };
        let spaces = found.spaces().iter().enumerate().map(|(number, space)| {
            let findings = space.findings();
            SpaceReading {
                units: space.partition().units(),
                twins: space.effective_width(),
                equitable: classes(equitable.as_ref(), number),
                forward: classes(forward.as_ref(), number),
                apart: apart[number],
                gradients_agree: gradients_apart.as_ref().map(|apart| apart[number].is_none()),
                dead: findings.map(|findings| findings.dead().len()),
                unheard: findings.map(|findings| findings.unheard().len()),
            }
        });
        let spaces: Vec<SpaceReading> = spaces.collect();
        let first = self.readings.is_empty();
        let since = self.before;
        self.keep(SymmetryReading { step: seen.step, loss: seen.loss, spaces });
        if first {
            let coarsest = equitable.as_ref().unwrap_or(&found);
            self.certificate = self.known.facts.as_ref().map(|facts| certificate(coarsest, facts));
            for finding in self.symmetric(&found) {
                (self.report)(&finding);
            }
        }
        if let Some(gradients_apart) = &gradients_apart {
            self.tell_of_gradients(seen.step, &apart, gradients_apart);
        }
        let scale = gradients.as_ref().map_or(0.0, |gradients| first_break::largest(gradients));
        let mut found: Vec<(FirstBreak, usize)> = Vec::new();
        for number in newly {
            let Some(spread) = apart[number] else { continue };
            let gradient = gradients_apart.as_ref().map(|apart| apart[number]);
            let before = before_apart.as_ref().and_then(|apart| apart[number]);
            let in_running = self.bound.as_ref().is_some_and(|b| b.is_running(spread.parameter));
            let known = &self.known;
            let what = first_break::Seen { spread, in_running, before, gradient, scale, known };
            found.push((FirstBreak::new(&self.axes, number, (since, seen.step), &what), number));
        }
        // What was written before the step parted its units first.
        found.sort_by_key(|(found, _)| found.step);
        for (found, number) in found {
            (self.report)(&Finding::Broken(found.clone()));
            self.breaks.push(found);
            self.broken.push(number);
        }
        Ok(())
    }

    /// Tells of the first step at which gradients differ while the units do not.
    fn tell_of_gradients(
        &mut self,
        step: usize,
        apart: &[Option<Spread>],
        gradients: &[Option<Spread>],
    ) {
        self.gradients_differed.resize(apart.len(), false);
        let differed = self.gradients_differed.iter_mut();
        for ((number, apart), (gradient, told)) in
            apart.iter().enumerate().zip(gradients.iter().zip(differed))
        {
            if gradient.is_some() && apart.is_none() && !*told {
                let space = self.axes.spaces()[number].name().to_owned();
                (self.report)(&Finding::GradientsDiffer { step, space });
            }
            *told |= gradient.is_some();
        }
    }

    fn keep(&mut self, reading: SymmetryReading) {
        self.before = Some(reading.step);
        if !self.history {
            self.readings.truncate(1);
        }
        self.readings.push(reading);
    }
}

/// Forward-lumpable classes; None where it is not known which axes are inputs, or what the inputs are.
fn forward(
    axes: &AxesSpec,
    params: &[constinit_symmetry::ParamView<'_>],
) -> Result<Option<Symmetry>, Error> {
    let inputs: [(&str, Partition); 0] = [];
    match forward_lumpable(axes, params, &inputs) {
        Ok(found) => Ok(Some(found)),
        Err(SymmetryError::UnknownRole { .. } | SymmetryError::MissingInputPartition { .. }) => {
            Ok(None)
        }
        Err(error) => Err(error.into()),
    }
}

impl SymmetryReading {
    /// Whether no two units of any space are alike in any sense that was looked for.
    pub fn is_discrete(&self) -> bool {
        self.spaces.iter().all(|space| {
            let coarsest = space.forward.or(space.equitable).unwrap_or(space.twins);
            space.units == coarsest
        })
    }
}

impl<B: AutodiffBackend, M: AutodiffModule<B>> Probe<B, M> for SymmetryProbe {
    fn due(&self, step: usize) -> bool {
        self.failed.is_none() && (step == 0 || self.start.is_none() || self.schedule.due(step))
    }

    /// Only while there are classes that can break.
    fn reads_gradients(&self) -> bool {
        self.keeps_gradients
            && self.start.as_ref().is_some_and(|start| {
                let can_break = |(number, space): (usize, &constinit_symmetry::SpaceSymmetry)| {
                    !self.broken.contains(&number) && !space.partition().is_discrete()
                };
                start.spaces().iter().enumerate().any(can_break)
            })
    }

    fn observe(&mut self, seen: &Observation<'_, B, M>) -> Flow {
        if self.failed.is_some() {
            return Flow::Continue;
        }
        match self.read(seen) {
            Ok(()) => Flow::Continue,
            Err(error) => {
                // A probe does not end the training that it watches.
                let reason = error.to_string();
                (self.report)(&Finding::Failed(reason.clone()));
                self.failed = Some(reason);
                Flow::Continue
            }
        }
    }
}

impl fmt::Debug for SymmetryProbe {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SymmetryProbe")
            .field("spaces", &self.axes.spaces())
            .field("readings", &self.readings.len())
            .field("breaks", &self.breaks)
            .finish_non_exhaustive()
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Symmetric { sentence, .. } => f.write_str(sentence),
            Self::Broken(found) => found.fmt(f),
            Self::GradientsDiffer { step, space } => write!(
                f,
                "{space}: at step {step} the gradients of units of one class differ for the first time, while the \
                 units are still bitwise one."
            ),
            Self::Failed(reason) => write!(f, "the symmetry probe looks no more: {reason}"),
        }
    }
}
