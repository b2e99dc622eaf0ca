//! Which units of a module are equal during training.
//!
//! Before the first step, a [`SymmetryTracker`] finds the classes of every space of units and says what will keep them
//! and what would break them. After each step at which it is due, it finds the classes again, measures how far the
//! units of the first classes have diverged, and names the [first break](FirstBreak): step, space, units, parameter,
//! entry, difference, and what is known about the cause. A framework crate shows it each step as a [`WatchedStep`], and
//! decides where in the training loop to do so.

use super::first_break::{self, FirstBreak};
use super::held::Held;
use super::known::Known;
use super::sketch::{self, Sketch};
use super::{Finding, Schedule, SpaceReading, SymmetryReading, WatchedStep, summary};
use crate::Error;
use crate::axes::Traced;
use constinit_symmetry::{
    Activations, AxesSpec, Certificate, ParamView, Partition, SearchError, SpaceSymmetry, Spread,
    SurgeryError, Symmetry, SymmetryError, TrainingFacts, certificate, equitable, forward_lumpable,
    reduce, spreads, twins,
};
use std::fmt;

/// Finds the classes of every space of a module, before and during training.
///
/// # Complexity
///
/// A reading copies the parameters to the host and goes through them once or twice. If all units differed at the start,
/// a reading first inspects a few entries of each unit, and stops there if these still distinguish all units. If all
/// units of each space were equal at the reading before, it reads the parameters once, in the portions in which the
/// framework shows them, and stops there if the units are still equal.
pub struct SymmetryTracker {
    axes: AxesSpec,
    /// Whether all spaces of the module are watched. Then all of its parameters must be known.
    whole: bool,
    /// Whether sums over classes mean something: the classes of all spaces are known, and the model uses entries as
    /// weights only.
    sums: bool,
    schedule: Schedule,
    gradients: Schedule,
    /// Whether a step's gradients and the parameters before it are kept for the case that units diverge in it.
    keeps_gradients: bool,
    known: Known,
    /// The activations of the spaces, and when to count the units that they need.
    needs: Option<(Activations, Schedule)>,
    report: Box<dyn FnMut(&Finding) + Send>,
    sketch: Sketch,
    start: Option<Symmetry>,
    /// The last reading, if its classes are those of the start and no classes other than twins must be found.
    held: Option<Held>,
    certificate: Option<Certificate>,
    readings: Vec<SymmetryReading>,
    /// Whether readings between the first and the last are kept.
    history: bool,
    /// The step of the reading before.
    before: Option<usize>,
    breaks: Vec<FirstBreak>,
    /// Numbers of the spaces that have broken, in this run or before it was resumed.
    broken: Vec<usize>,
    gradients_differed: Vec<bool>,
    failed: Option<String>,
}

impl SymmetryTracker {
    /// A probe of a module with these axes. It reads after every step and reports by `tracing` warnings.
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
            needs: None,
            report,
            start: None,
            held: None,
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

    /// A probe of a module that was traced. It knows the dropout that the trace saw, and the parameters whose sums say
    /// nothing.
    pub fn traced(traced: Traced) -> Self {
        let sums = traced.entrywise.is_empty();
        Self { known: Known::stochastic(traced.stochastic), sums, ..Self::new(traced.axes) }
    }

    /// Reads when the schedule says so; step 0 is always read.
    #[must_use]
    pub fn on(self, schedule: Schedule) -> Self {
        Self { schedule, ..self }
    }

    /// Also compares gradients whenever both schedules say so. Without this, it compares gradients at a break only.
    #[must_use]
    pub fn gradients_on(self, gradients: Schedule) -> Self {
        Self { gradients, ..self }
    }

    /// Does not keep the gradients of a step, nor the parameters before it, for the case that units diverge in the
    /// step. This is cheaper, since an optimizer can reuse memory that nothing else holds, but a break is then reported
    /// without its cause.
    #[must_use]
    pub fn without_gradients(self) -> Self {
        Self { keeps_gradients: false, ..self }
    }

    /// What is known about the training. The certificate takes it into account, and it explains breaks.
    #[must_use]
    pub fn with_facts(self, facts: TrainingFacts) -> Self {
        Self { known: self.known.with(facts), ..self }
    }

    /// Counts the units that the module's function needs, given the activations of its spaces, before training and
    /// whenever both schedules say so. Does nothing if only some spaces are watched.
    ///
    /// # Complexity
    ///
    /// Each count costs as much as [`reduce`](constinit_symmetry::reduce()): several passes over a copy of all
    /// parameters as doubles.
    #[must_use]
    pub fn with_activations(self, activations: impl Into<Activations>, schedule: Schedule) -> Self {
        Self { needs: Some((activations.into(), schedule)), ..self }
    }

    /// Watches only the spaces for whose names `wanted` returns true. Their twins are exact. Other kinds of classes
    /// depend on the classes of the spaces that are left out, so they are not reported.
    ///
    /// # Errors
    ///
    /// [`Error::Axes`] if no space is left.
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

    /// Continues a run that was resumed. The probe has been shown the module as it was at the start; its last reading
    /// was after `step` steps, and these spaces had broken by then.
    pub fn resume<'s>(&mut self, step: usize, broken: impl IntoIterator<Item = &'s str>) {
        let numbers = broken.into_iter().filter_map(|name| self.axes.space_id(name));
        self.broken = numbers.map(|space| space.get()).collect();
        self.before = Some(step);
    }

    /// The axes that are watched.
    pub fn axes(&self) -> &AxesSpec {
        &self.axes
    }

    /// The readings, in the order of steps.
    pub fn readings(&self) -> &[SymmetryReading] {
        &self.readings
    }

    /// The classes of twins at the first reading.
    pub fn start(&self) -> Option<&Symmetry> {
        self.start.as_ref()
    }

    /// The certificate for the classes at the first reading, under the facts given; None if no facts were given.
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

    /// Why the probe has stopped, if it has.
    pub fn failed(&self) -> Option<&str> {
        self.failed.as_deref()
    }

    /// What the first reading found, one sentence per space that has fewer classes than units.
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

    /// Whether all spaces of the module are watched, so all of its parameters must be among the axes.
    pub fn watches_all(&self) -> bool {
        self.whole
    }

    /// Whether [`SymmetryTracker::observe`] wants to see the state after this many steps.
    pub fn due(&self, step: usize) -> bool {
        self.failed.is_none() && (step == 0 || self.start.is_none() || self.schedule.due(step))
    }

    /// Whether gradients, and parameters before a step, should be kept: only while there are classes that can break.
    pub fn reads_gradients(&self) -> bool {
        self.keeps_gradients
            && self.start.as_ref().is_some_and(|start| {
                let can_break = |(number, space): (usize, &SpaceSymmetry)| {
                    !self.broken.contains(&number) && !space.partition().is_discrete()
                };
                start.spaces().iter().enumerate().any(can_break)
            })
    }

    /// Reads a state. A probe does not end the training that it watches: an error is reported, and nothing is read
    /// after it.
    pub fn observe(&mut self, seen: &dyn WatchedStep) {
        if self.failed.is_none()
            && let Err(error) = self.read(seen)
        {
            self.fail(&error);
        }
    }

    /// Reports an error, and reads nothing after it.
    pub fn fail(&mut self, error: &Error) {
        let reason = error.to_string();
        (self.report)(&Finding::Failed(reason.clone()));
        self.failed = Some(reason);
    }

    fn read(&mut self, seen: &dyn WatchedStep) -> Result<(), Error> {
        let (step, loss) = (seen.step(), seen.loss());
        // Independent of the last reading: after a resumption there is none, and the result must be the same.
        let started_discrete = self.start.as_ref().is_some_and(|start| {
            start.spaces().iter().all(|space| space.partition().is_discrete())
        });
        if started_discrete && self.sketch.proves_discrete(seen)? {
            let spaces = self.axes.spaces().iter().map(|s| SpaceReading::discrete(s.units()));
            let mut spaces: Vec<_> = spaces.collect();
            if !self.sums {
                spaces.iter_mut().for_each(|space| (space.equitable, space.forward) = (None, None));
            }
            self.count_needed(seen, &mut spaces)?;
            self.keep(SymmetryReading { step, loss, spaces });
            return Ok(());
        }

        if let Some(held) = self.held.take()
            && let Some(mut spaces) = held.again(seen)?
        {
            self.held = Some(held);
            let apart = self.gradients_apart(seen)?;
            for (space, apart) in spaces.iter_mut().zip(apart.iter().flatten()) {
                space.gradients_agree = Some(apart.is_none());
            }
            self.count_needed(seen, &mut spaces)?;
            self.keep(SymmetryReading { step, loss, spaces });
            if let Some(apart) = apart {
                self.tell_of_gradients(step, &vec![None; apart.len()], &apart);
            }
            return Ok(());
        }

        let now = seen.parameters()?;
        let found = twins(&self.axes, &now)?;
        let all_one = found.spaces().iter().all(|space| space.effective_width() <= 1);
        let equitable = match (self.sums, all_one) {
            // No class is coarser than one class of all units.
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
        let wanted = !newly.is_empty() || self.gradients.due(step);
        let gradients = if wanted { seen.gradients()? } else { None };
        let gradients_apart = match &gradients {
            Some(gradients) => Some(spreads(start, gradients)?),
            None => None,
        };
        let before = if newly.is_empty() { None } else { seen.parameters_before()? };
        let before_apart = match &before {
            Some(before) => Some(spreads(start, before)?),
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
                needed: None,
                no_incoming: findings.map(|findings| findings.no_incoming().len()),
                no_outgoing: findings.map(|findings| findings.no_outgoing().len()),
            }
        });
        let mut spaces: Vec<SpaceReading> = spaces.collect();
        // No class is coarser than one class of all units, and without sums no other classes are searched for.
        if held && (all_one || !self.sums) {
            self.held = Held::new(&self.axes, &found, &spaces);
        }
        self.count_needed(seen, &mut spaces)?;
        let first = self.readings.is_empty();
        let since = self.before;
        self.keep(SymmetryReading { step, loss, spaces });
        if first {
            let coarsest = equitable.as_ref().unwrap_or(&found);
            self.certificate = self.known.facts.as_ref().map(|facts| certificate(coarsest, facts));
            for finding in self.symmetric(&found) {
                (self.report)(&finding);
            }
        }
        if let Some(gradients_apart) = &gradients_apart {
            self.tell_of_gradients(step, &apart, gradients_apart);
        }
        let scale = if gradients.is_some() { seen.largest_gradient() } else { 0.0 };
        let mut found: Vec<(FirstBreak, usize)> = Vec::new();
        for number in newly {
            let Some(spread) = apart[number] else { continue };
            let gradient = gradients_apart.as_ref().map(|apart| apart[number]);
            let before = before_apart.as_ref().and_then(|apart| apart[number]);
            let in_running = seen.is_running(spread.parameter);
            let known = &self.known;
            let what = first_break::Seen { spread, in_running, before, gradient, scale, known };
            found.push((FirstBreak::new(&self.axes, number, (since, step), &what), number));
        }
        // Units that diverged before the step come first.
        found.sort_by_key(|(found, _)| found.step);
        for (found, number) in found {
            (self.report)(&Finding::Broken(found.clone()));
            self.breaks.push(found);
            self.broken.push(number);
        }
        Ok(())
    }

    /// Counts the units that the function needs, if that is due.
    fn count_needed(
        &self,
        seen: &dyn WatchedStep,
        spaces: &mut [SpaceReading],
    ) -> Result<(), Error> {
        let Some((activations, schedule)) = &self.needs else { return Ok(()) };
        let due = seen.step() == 0 || schedule.due(seen.step());
        if !due || !self.whole {
            return Ok(());
        }
        match reduce(&self.axes, &seen.parameters()?, activations) {
            Ok(small) => {
                for (space, small) in spaces.iter_mut().zip(small.spaces()) {
                    space.needed = Some(small.kept().len());
                }
                Ok(())
            }
            Err(
                SymmetryError::UnknownRole { .. }
                | SymmetryError::Surgery(
                    SurgeryError::NoFunction { .. } | SurgeryError::SumOverflows { .. },
                ),
            ) => Ok(()),
            Err(error) => Err(error.into()),
        }
    }

    /// The distance between the gradients of units that were twins at the start; None if they are not compared, or were
    /// not kept.
    fn gradients_apart(
        &self,
        seen: &dyn WatchedStep,
    ) -> Result<Option<Vec<Option<Spread>>>, Error> {
        let due = self.gradients.due(seen.step());
        let gradients = if due { seen.gradients()? } else { None };
        match (&self.start, gradients) {
            (Some(start), Some(gradients)) => Ok(Some(spreads(start, &gradients)?)),
            _ => Ok(None),
        }
    }

    /// Reports the first step at which gradients differ while the units do not.
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

/// Forward-lumpable classes; None if it is not known which axes are inputs, or what the inputs are.
fn forward(axes: &AxesSpec, params: &[ParamView<'_>]) -> Result<Option<Symmetry>, Error> {
    let inputs: [(&str, Partition); 0] = [];
    match forward_lumpable(axes, params, &inputs) {
        Ok(found) => Ok(Some(found)),
        Err(
            SymmetryError::UnknownRole { .. }
            | SymmetryError::Search(SearchError::MissingInputPartition { .. }),
        ) => Ok(None),
        Err(error) => Err(error.into()),
    }
}

impl fmt::Debug for SymmetryTracker {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SymmetryTracker")
            .field("spaces", &self.axes.spaces())
            .field("readings", &self.readings.len())
            .field("breaks", &self.breaks)
            .finish_non_exhaustive()
    }
}
