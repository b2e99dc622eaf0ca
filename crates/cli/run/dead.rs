//! Dead units during a run: how many each hidden layer has, and the step since which a whole layer is dead.
//!
//! A unit is dead after a step if its slope is 0 on every example, as that step saw the examples. Units are counted
//! before training, after the last step, and at about 60 readings between.
//!
//! To find out whether a layer has a living unit, the watch first tests one example on which a unit was alive before.
//! Only if no unit is alive on it, the watch tests all examples. A small network is inspected every 16 steps, and the
//! networks between are kept: if a layer has died, they tell the step. A large network is inspected after every step if
//! a step itself has many examples. If a step has few, a large network is inspected when units are counted; the record
//! then says what is known about the steps between.
//!
//! If a quotient is trained, its units are inspected, and each counts as the units that it stands for.

use super::RunSession;
use super::batches::{examples_at_once, inner_inputs};
use super::screen::between_lines;
use crate::backend_name::BackendName;
use crate::config::RunConfig;
use crate::seen::last_shift;
use burn::module::AutodiffModule;
use burn::tensor::backend::{AutodiffBackend, Backend};
use burn::tensor::{Int, Tensor, TensorData};
use constinit::probe::{Flow, Observation, Probe};
use constinit::{Activation, ConstInit};
use constinit_core::verdict::DeadAtEnd;
use constinit_core::{DeadUnits, hidden_name};
use constinit_records::DeadRecord;
use serde::{Deserialize, Serialize};
use std::cell::RefCell;
use std::rc::Rc;

/// The approximate number of readings with counts.
const COUNTS: usize = 60;
/// Examples times parameters up to which a network is small.
const SMALL: usize = 200_000;
/// Steps between two inspections of a small network.
const KEPT: usize = 16;
/// If a step has this many examples, one more costs little.
const MANY: usize = 32;

/// What is known about a hidden layer.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct DeadLayer {
    /// The last step after which an inspection found a unit alive.
    alive: Option<usize>,
    /// The first step after which every inspection found the whole layer dead.
    since: Option<usize>,
    /// An example that found a unit alive.
    witness: Option<usize>,
    /// In a checkpoint between two inspections: the first step after which all states up to the checkpoint were dead.
    pending: Option<usize>,
}

/// When to inspect what.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Plan {
    /// Units are counted after every multiple of this number of steps, before training and after the last step.
    count_every: usize,
    steps: usize,
    /// Layers are inspected for a living unit after every multiple of this number of steps; None if units are only
    /// counted.
    inspect_every: Option<usize>,
    /// Whether dead layers are inspected then, too, and not only when units are counted.
    dead_too: bool,
}

/// Inspects the units of a run.
pub struct DeadWatch<B: AutodiffBackend> {
    plan: Plan,
    activation: Activation,
    /// For each hidden layer: its name, and how many units each unit of the trained network stands for.
    layers: Vec<(String, Vec<usize>)>,
    known: Vec<DeadLayer>,
    inputs: Tensor<B::InnerBackend, 2>,
    shift_per_step: f64,
    /// The number of examples in a portion.
    portion: usize,
    /// The witnesses and their inputs.
    witnesses: Option<(Vec<usize>, Tensor<B::InnerBackend, 2>)>,
    /// The networks after the steps since the last inspection, if they are kept.
    recent: Vec<(usize, ConstInit<B>)>,
    /// The last count, and its step.
    counted: Option<(usize, Vec<usize>)>,
}

/// A watch that a probe and the readings share.
pub struct SharedDeadWatch<B: AutodiffBackend>(Rc<RefCell<DeadWatch<B>>>);

impl<B: AutodiffBackend> Clone for SharedDeadWatch<B> {
    fn clone(&self) -> Self {
        Self(Rc::clone(&self.0))
    }
}

impl Plan {
    fn new(config: &RunConfig, parameters: usize, examples: usize, backend: BackendName) -> Self {
        let RunConfig { training, data, probe, .. } = config;
        let batch = data.batch_size.map_or(examples, |size| size.min(examples));
        let is_small = parameters.saturating_mul(examples) <= SMALL;
        // A pass over all examples takes a third of the time of a step on as many examples. So this many passes take a
        // thirtieth of the time of the training.
        let affordable = training.steps.saturating_mul(batch) / examples.max(1) / 10;
        let counts = if is_small { COUNTS } else { affordable.clamp(1, COUNTS) };
        let readings = training.steps / probe.every;
        // Each line of a table needs counts, so the distance between lines must be a multiple of the distance between
        // counts.
        let (lines, pays) = (between_lines(readings), readings.div_ceil(counts).max(1));
        let apart = (pays..=lines).find(|apart| lines.is_multiple_of(*apart)).unwrap_or(pays);
        let many = match backend {
            BackendName::Wgpu => false,
            BackendName::Flex | BackendName::Ndarray => batch >= MANY,
        };
        Self {
            count_every: probe.every.saturating_mul(apart),
            steps: training.steps,
            inspect_every: if is_small { Some(KEPT) } else { many.then_some(1) },
            dead_too: is_small,
        }
    }

    fn counts(&self, step: usize) -> bool {
        step == self.steps || step.is_multiple_of(self.count_every)
    }

    fn inspects(&self, step: usize) -> bool {
        self.inspect_every.is_some_and(|every| step.is_multiple_of(every))
    }
}

impl<B: AutodiffBackend> DeadWatch<B> {
    fn new(session: &RunSession<'_, B>, trained: &ConstInit<B>) -> Self {
        let config = &session.run.config;
        let examples = session.run.examples.inputs.rows;
        let widths = trained.layers.iter().map(|layer| layer.weight.dims());
        let parameters = widths.clone().map(|[inputs, outputs]| (inputs + 1) * outputs).sum();
        let widest = widths.clone().flatten().max().unwrap_or(1);
        let hidden = trained.layers.len().saturating_sub(1);
        let layers = widths.take(hidden).enumerate().map(|(number, [_, units])| {
            let name = hidden_name(number);
            let quotient = session.small.as_ref().map(|small| small.lifting.quotient());
            let sizes = quotient.and_then(|quotient| quotient.class_sizes(&name));
            (name, sizes.unwrap_or_else(|| vec![1; units]))
        });
        Self {
            plan: Plan::new(config, parameters, examples, session.backend),
            activation: config.model.activation,
            layers: layers.collect(),
            known: vec![DeadLayer::default(); hidden],
            inputs: inner_inputs::<B>(&session.run.examples, session.device),
            shift_per_step: config.data.shift_per_step,
            portion: examples_at_once(widest).min(examples.max(1)),
            witnesses: None,
            recent: Vec::new(),
            counted: None,
        }
    }

    /// Inspects a network after a step if an inspection is due, and otherwise keeps it.
    fn see(&mut self, step: usize, trained: &ConstInit<B>) {
        if self.plan.counts(step) {
            self.count(step, &trained.valid());
        } else if self.plan.inspects(step) {
            self.inspect(step, &trained.valid());
        } else {
            self.recent.push((step, trained.clone()));
        }
    }

    /// Finds out which layers of a network have a living unit after a step.
    fn inspect(&mut self, step: usize, network: &ConstInit<B::InnerBackend>) {
        let mut open = self.without_witness(step, network);
        if self.plan.dead_too {
            open.extend((0..self.known.len()).filter(|number| self.known[*number].since.is_some()));
        }
        let witnesses = if open.is_empty() {
            Vec::new()
        } else {
            let found = self.pass(step, network, &open);
            open.iter().map(|number| (*number, found[*number].witness())).collect()
        };
        self.learn(step, &witnesses);
    }

    /// Counts the dead units of a network after a step.
    fn count(&mut self, step: usize, network: &ConstInit<B::InnerBackend>) {
        let found = self.pass_until(step, network, |found| found.iter().all(|f| f.count() == 0));
        let stands_for = |(units, (_, sizes)): (&DeadUnits, &(String, Vec<usize>))| -> usize {
            let dead = units.dead().iter().zip(sizes).filter(|(dead, _)| **dead);
            dead.map(|(_, size)| size).sum()
        };
        let counts = found.iter().zip(&self.layers).map(stands_for).collect();
        let witnesses: Vec<_> = found.iter().map(DeadUnits::witness).enumerate().collect();
        self.learn(step, &witnesses);
        self.counted = Some((step, counts));
    }

    /// Notes for each layer the example on which a unit was alive after a step, if there is one. If a layer has died,
    /// looks back for the step.
    fn learn(&mut self, step: usize, witnesses: &[(usize, Option<usize>)]) {
        let mut died = Vec::new();
        for (number, witness) in witnesses {
            let known = &mut self.known[*number];
            known.witness = *witness;
            match witness {
                Some(_) => (known.alive, known.since, known.pending) = (Some(step), None, None),
                None if known.since.is_none() => {
                    known.since = Some(step);
                    died.push(*number);
                }
                None => {}
            }
        }
        for (number, alive, since) in self.look_back(died) {
            let known = &mut self.known[number];
            // If none of the recent networks was alive, the layer was dead before the run was resumed, too.
            let first = if alive.is_some() { since } else { known.pending.or(since) };
            known.since = first.or(known.since);
            known.alive = alive.or(known.alive);
            known.pending = None;
        }
        self.recent.clear();
    }

    /// For each of these layers, which are dead after the newest recent step or after the step that follows it: the
    /// last recent step after which a unit was alive, and the first recent step after it from which on none was.
    fn look_back(&self, mut layers: Vec<usize>) -> Vec<(usize, Option<usize>, Option<usize>)> {
        let mut found: Vec<_> = layers.iter().map(|number| (*number, None, None)).collect();
        for (step, trained) in self.recent.iter().rev() {
            if layers.is_empty() {
                break;
            }
            let units = self.pass(*step, &trained.valid(), &layers);
            for (number, alive, since) in &mut found {
                match units[*number].witness() {
                    _ if !layers.contains(number) => {}
                    Some(_) => *alive = Some(*step),
                    None => *since = Some(*step),
                }
            }
            layers.retain(|number| units[*number].witness().is_none());
        }
        found
    }

    /// What is known, including the recent steps: their networks are lost after a checkpoint.
    fn note(&self) -> Vec<DeadLayer> {
        let mut known = self.known.clone();
        let living = (0..known.len()).filter(|number| known[*number].since.is_none()).collect();
        for (number, alive, since) in self.look_back(living) {
            match alive {
                Some(_) => (known[number].alive, known[number].pending) = (alive, since),
                None => known[number].pending = known[number].pending.or(since),
            }
        }
        known
    }

    /// Tests the witnesses of the layers that had a living unit. Returns the layers in which no unit is alive on their
    /// witness.
    fn without_witness(&mut self, step: usize, network: &ConstInit<B::InnerBackend>) -> Vec<usize> {
        let living: Vec<usize> =
            (0..self.known.len()).filter(|number| self.known[*number].since.is_none()).collect();
        let mut examples: Vec<usize> =
            living.iter().filter_map(|number| self.known[*number].witness).collect();
        examples.sort_unstable();
        examples.dedup();
        if examples.is_empty() {
            return living;
        }
        if self.witnesses.as_ref().is_none_or(|(known, _)| *known != examples) {
            let numbers: Vec<i64> = examples.iter().map(|example| *example as i64).collect();
            let data = TensorData::new(numbers, [examples.len()]);
            let picked = Tensor::<B::InnerBackend, 1, Int>::from_data(data, &self.inputs.device());
            self.witnesses = Some((examples.clone(), self.inputs.clone().select(0, picked)));
        }
        let Some((_, inputs)) = &self.witnesses else { return living };
        let mut found = self.none_yet();
        read(network, self.shifted(step, inputs.clone()), &mut found);
        for number in &living {
            if let Some(witness) = found[*number].witness() {
                let known = &mut self.known[*number];
                (known.alive, known.witness) = (Some(step), Some(examples[witness]));
                known.pending = None;
            }
        }
        living.into_iter().filter(|number| found[*number].witness().is_none()).collect()
    }

    /// Tests the examples, until each of these layers has a unit that is alive on one of them.
    fn pass(
        &self,
        step: usize,
        network: &ConstInit<B::InnerBackend>,
        layers: &[usize],
    ) -> Vec<DeadUnits> {
        let all = |found: &[DeadUnits]| layers.iter().all(|n| found[*n].witness().is_some());
        self.pass_until(step, network, all)
    }

    /// Tests the examples, portion by portion, until `enough` holds for what was found.
    fn pass_until(
        &self,
        step: usize,
        network: &ConstInit<B::InnerBackend>,
        enough: impl Fn(&[DeadUnits]) -> bool,
    ) -> Vec<DeadUnits> {
        let [examples, _] = self.inputs.dims();
        let mut found = self.none_yet();
        for from in (0..examples).step_by(self.portion) {
            let portion = from..(from + self.portion).min(examples);
            let inputs = if portion.len() == examples {
                self.inputs.clone()
            } else {
                self.inputs.clone().slice([portion])
            };
            read(network, self.shifted(step, inputs), &mut found);
            if enough(&found) {
                break;
            }
        }
        found
    }

    /// The units of all layers before any example.
    fn none_yet(&self) -> Vec<DeadUnits> {
        let layers = self.layers.iter();
        layers.map(|(_, sizes)| DeadUnits::new(self.activation, sizes.len())).collect()
    }

    fn shifted(
        &self,
        step: usize,
        inputs: Tensor<B::InnerBackend, 2>,
    ) -> Tensor<B::InnerBackend, 2> {
        match last_shift(self.shift_per_step, step) {
            0.0 => inputs,
            shift => inputs.add_scalar(shift),
        }
    }
}

/// Reads the inputs of a network's activations, for the layers with units that were not alive yet.
fn read<B: Backend>(network: &ConstInit<B>, inputs: Tensor<B, 2>, found: &mut [DeadUnits]) {
    let wanted: Vec<usize> = (0..found.len()).filter(|number| found[*number].count() > 0).collect();
    if wanted.is_empty() {
        return;
    }
    let before = network.before_activations(inputs).into_iter().enumerate();
    let before = before.filter(|(number, _)| wanted.contains(number)).map(|(_, z)| z);
    // All layers are read back at once, because a device may take as long for each transfer.
    let data = Tensor::cat(before.collect(), 1).into_data();
    let width = data.shape.as_slice().last().copied().unwrap_or(1).max(1);
    let numbers: Vec<f64> = data.iter::<f64>().collect();
    for example in numbers.chunks(width) {
        let mut rest = example;
        for number in &wanted {
            let (own, others) = rest.split_at(found[*number].dead().len());
            found[*number].add(own);
            rest = others;
        }
    }
}

impl<B: AutodiffBackend> SharedDeadWatch<B> {
    /// A watch of a run, which inspects the trained network as it starts.
    pub fn new(session: &RunSession<'_, B>, trained: &ConstInit<B>) -> Self {
        let mut watch = DeadWatch::new(session, trained);
        watch.see(0, trained);
        Self(Rc::new(RefCell::new(watch)))
    }

    /// What a checkpoint keeps.
    pub fn note(&self) -> Vec<DeadLayer> {
        self.0.borrow().note()
    }

    /// Continues from a checkpoint. The note is empty if an older program, without a watch, wrote the checkpoint.
    pub fn resume(&self, note: &[DeadLayer]) {
        let mut watch = self.0.borrow_mut();
        if note.len() == watch.known.len() {
            watch.known = note.to_vec();
        }
        (watch.counted, watch.recent) = (None, Vec::new());
    }

    /// How many units of each hidden layer are dead after a step, if they were counted.
    pub fn counts(&self, step: usize) -> Option<Vec<usize>> {
        let watch = self.0.borrow();
        watch.counted.as_ref().filter(|(at, _)| *at == step).map(|(_, counts)| counts.clone())
    }

    /// The dead units at the end of a run: of each layer its name, its dead units and all its units; and the layers
    /// that are dead as a whole.
    pub fn end(&self, step: usize, trained: &ConstInit<B>) -> DeadAtEnd {
        if self.counts(step).is_none() {
            self.0.borrow_mut().count(step, &trained.valid());
        }
        let watch = self.0.borrow();
        let counts = self.counts(step).unwrap_or_default();
        let units = |sizes: &[usize]| -> usize { sizes.iter().sum() };
        let layers = watch.layers.iter().zip(counts);
        let layers = layers.map(|((name, sizes), dead)| (name.clone(), dead, units(sizes)));
        let whole = watch.layers.iter().zip(&watch.known).filter_map(|((name, sizes), known)| {
            let since = known.since?;
            let alive = known.alive.filter(|alive| alive + 1 < since);
            Some((name.clone(), DeadRecord { units: units(sizes), since, alive }))
        });
        DeadAtEnd { layers: layers.collect(), whole: whole.collect() }
    }
}

impl<B: AutodiffBackend> Probe<B, ConstInit<B>> for SharedDeadWatch<B> {
    fn due(&self, step: usize) -> bool {
        let plan = self.0.borrow().plan;
        let has_layers = !self.0.borrow().layers.is_empty();
        has_layers && (plan.inspect_every.is_some() || plan.counts(step))
    }

    fn observe(&mut self, seen: &Observation<'_, B, ConstInit<B>>) -> Flow {
        self.0.borrow_mut().see(seen.step, seen.model);
        Flow::Continue
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn plan(text: &str, parameters: usize, examples: usize, backend: BackendName) -> Plan {
        let text = format!("[model]\nlayer_dims = [1, 1, 1]\n{text}");
        Plan::new(&RunConfig::parse(&text, "run.toml").unwrap(), parameters, examples, backend)
    }

    #[test]
    fn a_small_network_is_inspected_often_and_counted_at_about_sixty_readings() {
        for (steps, every, count_every) in [(300, 1, 5), (50, 7, 7), (40, 1, 1), (0, 1, 1)] {
            let text = format!("[data]\n[training]\nsteps = {steps}\n[probe]\nevery = {every}\n");
            for backend in [BackendName::Ndarray, BackendName::Wgpu] {
                let plan = plan(&text, 1000, 200, backend);
                assert_eq!(
                    plan,
                    Plan { count_every, steps, inspect_every: Some(KEPT), dead_too: true }
                );
                assert!(plan.counts(0) && plan.counts(steps));
            }
        }
    }

    #[test]
    fn a_large_network_is_counted_as_often_as_a_tenth_of_its_steps_pays_for() {
        let text =
            |batch: usize| format!("[data]\nbatch_size = {batch}\n[training]\nsteps = 9000\n");
        // 9000 steps of 100 examples are 15 passes over 60,000 examples.
        let plan_of = |batch, backend| plan(&text(batch), 1_000_000, 60_000, backend);
        let found = plan_of(100, BackendName::Flex);
        let expected =
            Plan { count_every: 9000, steps: 9000, inspect_every: Some(1), dead_too: false };
        assert_eq!(found, expected);
        assert_eq!(plan_of(16, BackendName::Flex).inspect_every, None);
        assert_eq!(plan_of(100, BackendName::Wgpu).inspect_every, None);
        assert_eq!(plan_of(2000, BackendName::Flex).count_every, 450);
    }
}
