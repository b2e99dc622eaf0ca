//! A network in training, in closed form and in double precision, and its readings.

use crate::breaks::{Masks, change};
use crate::forecast::{Outlook, outlook};
use crate::network;
use crate::watched::Watched;
use constinit_core::config::breaks::facts;
use constinit_core::config::seen::last_shift;
use constinit_core::config::{Clipped, Examples, RunConfig, SeenBatches, plan};
use constinit_core::probe::{Schedule, SymmetryTracker};
use constinit_core::verdict::{DeadAtEnd, OutcomeWhat, Tally, What, outcome_sentences};
use constinit_core::{Activation, Error, Loss, TrainingOutcome, dead_units, linear_name};
use constinit_records::{DeadRecord, OutcomeRecord, ReadingRecord, VerdictWord};
use constinit_symmetry::dynamics::{Perceptron, Training, before_activations, outputs};
use constinit_symmetry::{
    AxesSpec, Invariant, OwnedParam, ParamView, Preservation, Quotient, Symmetry, equitable, keeps,
    quotient, twins,
};
use std::sync::Arc;

/// The name of this engine in the verdict.
const ENGINE: &str = "the closed form";

/// An error of a configuration or of a request.
pub fn refused(reason: impl std::fmt::Display) -> Error {
    Error::Config { reason: reason.to_string() }
}

/// A network in training.
pub struct Engine {
    config: RunConfig,
    examples: Arc<Examples>,
    batches: SeenBatches,
    axes: AxesSpec,
    training: Training<f64, Activation, Loss, Clipped>,
    /// The quotient, which gives the full network from the trained one; None if the full network is trained.
    small: Option<Quotient>,
    masks: Masks,
    /// For each planned change, whether it was made.
    made: Vec<bool>,
    tracker: SymmetryTracker,
    tally: Tally,
    known_breaks: usize,
    readings: usize,
    dead: Vec<DeadLayer>,
    step: usize,
    /// The step at which the network got its present sizes.
    since: usize,
    loss: Option<f64>,
    ended: Option<String>,
}

/// What is known of the dead units of a hidden layer.
#[derive(Clone, Debug, Default)]
struct DeadLayer {
    /// For each unit, whether no example reaches it.
    units: Vec<bool>,
    /// The last step after which at least one was alive.
    alive: Option<usize>,
    /// The first step from which on all were dead.
    since: Option<usize>,
}

/// One reading, with what the page and the answer of a run show of it.
pub struct Reading {
    pub record: ReadingRecord,
    /// The full network.
    pub network: Perceptron<f64>,
}

/// The result of a training.
pub struct End {
    pub verdict: VerdictWord,
    pub sentences: Vec<String>,
    pub outcome: Option<OutcomeRecord>,
}

impl Engine {
    /// The network as a configuration starts it. With `small`, one unit per class is trained instead, if that gives the
    /// same numbers; otherwise an error.
    pub fn new(config: RunConfig, examples: Arc<Examples>, small: bool) -> Result<Self, Error> {
        let network = network::start(&config)?;
        let engine = Self::of(config, examples, network, 0)?;
        if small { engine.made_small() } else { Ok(engine) }
    }

    /// The training of a network by a configuration, after `step` steps.
    fn of(
        config: RunConfig,
        examples: Arc<Examples>,
        network: Perceptron<f64>,
        step: usize,
    ) -> Result<Self, Error> {
        let axes = plan::spec(&config)?;
        let training = training(&config, network)?;
        let mut engine = Self {
            batches: SeenBatches::new(&config, &examples).in_double(),
            masks: Masks::new(&config)?,
            made: vec![false; config.breaks.len()],
            tracker: tracker(&config, &axes)?,
            tally: Tally::default(),
            dead: vec![DeadLayer::default(); axes.spaces().len()],
            known_breaks: 0,
            readings: 0,
            step,
            since: step,
            small: None,
            loss: None,
            ended: None,
            config,
            examples,
            axes,
            training,
        };
        engine.judge_dead()?;
        engine.tracker.observe(&Watched {
            axes: &engine.axes,
            network: engine.training.network(),
            before: None,
            gradients: None,
            step,
            loss: None,
        });
        Ok(engine)
    }

    fn made_small(self) -> Result<Self, Error> {
        if let Some(planned) = facts(&self.config)?.planned().first() {
            return Err(refused(format!(
                "{planned} treats units of a class differently, so one unit cannot replace the class"
            )));
        }
        let (params, facts) = (self.params()?, facts(&self.config)?);
        let classes = match keeps(Invariant::Equitable, facts.optimizer(), facts.decay()) {
            Preservation::Kept => equitable(&self.axes, &params)?,
            Preservation::Broken => twins(&self.axes, &params)?,
        };
        let small = quotient(&classes, &params)?;
        let network = small.perceptron(&small.chain()?, |mean| mean)?;
        let training = training(&self.config, network)?;
        drop(params);
        Ok(Self { small: Some(small), training, ..self })
    }

    /// The configuration, with the changes that were requested during the training.
    pub fn config(&self) -> &RunConfig {
        &self.config
    }

    pub fn examples(&self) -> &Arc<Examples> {
        &self.examples
    }

    pub fn axes(&self) -> &AxesSpec {
        &self.axes
    }

    /// Steps done.
    pub fn step(&self) -> usize {
        self.step
    }

    /// The loss of the last step, before its update.
    pub fn loss(&self) -> Option<f64> {
        self.loss
    }

    /// Why the training cannot go on; None if it can.
    pub fn ended(&self) -> Option<&str> {
        self.ended.as_deref()
    }

    /// How many numbers are trained.
    pub fn trained(&self) -> usize {
        self.training.network().numbers().len()
    }

    /// For each hidden layer and unit, whether no example reaches it.
    pub fn dead(&self) -> impl Iterator<Item = &[bool]> {
        self.dead.iter().map(|layer| layer.units.as_slice())
    }

    /// The full network.
    pub fn network(&self) -> Result<Perceptron<f64>, Error> {
        let trained = self.training.network();
        let Some(small) = &self.small else { return Ok(trained.clone()) };
        let means = small.means_of_perceptron(&small.chain()?, trained, |number| *number)?;
        let views: Vec<ParamView<'_>> = means.iter().map(OwnedParam::view).collect();
        let lifted: Vec<Vec<f64>> =
            small.lift(&views)?.iter().map(|param| param.view().to_f64()).collect();
        let lifted: Vec<&[f64]> = lifted.iter().map(Vec::as_slice).collect();
        network::of_values(&self.config.model.layer_dims, self.config.model.bias, &lifted)
    }

    /// The network, for changes between steps. An error if the quotient is trained.
    pub fn network_mut(&mut self) -> Result<&mut Perceptron<f64>, Error> {
        if self.small.is_some() {
            return Err(refused(
                "the quotient is trained, so a single unit cannot be changed: switch the quotient off",
            ));
        }
        Ok(self.training.network_mut())
    }

    fn params(&self) -> Result<Vec<ParamView<'_>>, Error> {
        let network = self.training.network();
        Ok(network::views(&self.axes, network, network.numbers())?)
    }

    /// The classes of the full network now.
    pub fn twins(&self) -> Result<Symmetry, Error> {
        let network = self.network()?;
        Ok(twins(&self.axes, &network::views(&self.axes, &network, network.numbers())?)?)
    }

    /// The largest class that a hidden layer, counted from 0, had at the start; None if all of its units differed.
    pub fn class_of_start(&self, space: usize) -> Option<Vec<usize>> {
        let partition = self.tracker.start()?.spaces().get(space)?.partition();
        let largest = partition.classes().reduce(|a, b| if b.len() > a.len() { b } else { a })?;
        (largest.len() > 1).then(|| largest.iter().map(|unit| unit.get()).collect())
    }

    /// All examples as the last step saw them.
    fn last_seen(&self) -> [Vec<f64>; 2] {
        let shift = last_shift(self.config.data.shift_per_step, self.step);
        let matrices = [&self.examples.inputs, &self.examples.targets];
        matrices.map(|matrix| matrix.values.iter().map(|value| value + shift).collect())
    }

    /// Takes one step, and shows the state to the tracker. Does nothing if the training has ended.
    pub fn advance(&mut self) -> Result<(), Error> {
        if self.ended.is_some() {
            return Ok(());
        }
        for number in 0..self.config.breaks.len() {
            if !self.made[number] && self.config.breaks[number].step() == self.step + 1 {
                self.make(number)?;
            }
        }
        let [inputs, targets] = self.batches.of_step(self.step);
        let examples = inputs.len() / self.config.model.layer_dims[0];
        let widths = self.training.network().widths();
        let masks = self.masks.of_step(self.step + 1, examples, widths);
        let before = (self.tracker.reads_gradients() && self.small.is_none())
            .then(|| self.training.network().numbers().to_vec());
        let loss = self.training.masked_step(inputs, targets, &masks).map_err(refused)?;
        self.loss = Some(loss);
        self.step += 1;
        if !loss.is_finite() {
            self.ended = Some(format!("the loss of step {} is {loss}", self.step));
            return Ok(());
        }
        let numbers = self.training.network().numbers();
        if let Some(at) = numbers.iter().position(|number| !number.is_finite()) {
            let (entry, value) = (self.name_of(at), numbers[at]);
            self.ended = Some(format!("after step {}, {entry} is {value}", self.step));
            return Ok(());
        }
        let full = self.network()?;
        self.tracker.observe(&Watched {
            axes: &self.axes,
            network: &full,
            before: before.as_deref(),
            gradients: before.as_ref().map(|_| self.training.gradients()),
            step: self.step,
            loss: Some(loss),
        });
        self.judge_dead()
    }

    /// Makes a planned change.
    fn make(&mut self, number: usize) -> Result<(), Error> {
        self.made[number] = true;
        let planned = &self.config.breaks[number];
        change(&self.config, planned, &self.axes, self.training.network_mut())
    }

    /// The name of a number of the trained network.
    fn name_of(&self, at: usize) -> String {
        let network = self.training.network();
        for layer in 0..network.layers() {
            let (weight, reads) = (network.weight_range(layer), network.widths()[layer]);
            if weight.contains(&at) {
                let entry = at - weight.start;
                let name = linear_name(layer, "weight");
                return format!("{name}[{}, {}]", entry / reads, entry % reads);
            }
            if let Some(bias) = network.bias_range(layer).filter(|bias| bias.contains(&at)) {
                return format!("{}[{}]", linear_name(layer, "bias"), at - bias.start);
            }
        }
        format!("number {at}")
    }

    /// Finds the units that no example reaches, with the examples as the last step saw them.
    fn judge_dead(&mut self) -> Result<(), Error> {
        let [inputs, _] = self.last_seen();
        let network = self.network()?;
        let activation = self.config.model.activation;
        let before = before_activations(&network, &activation, &inputs).map_err(refused)?;
        for ((layer, z), known) in before.iter().enumerate().zip(&mut self.dead) {
            known.units = dead_units(activation, z, network.widths()[layer + 1]);
            if known.units.iter().all(|dead| *dead) {
                known.since.get_or_insert(self.step);
            } else {
                (known.alive, known.since) = (Some(self.step), None);
            }
        }
        Ok(())
    }

    /// Reads the state: the classes as the tracker saw them after the last step, properties and dead units.
    pub fn read(&mut self) -> Result<Reading, Error> {
        let network = self.network()?;
        if let Some(reason) = self.tracker.failed() {
            return Err(refused(reason));
        }
        let names: Vec<&str> = self.axes.spaces().iter().map(|space| space.name()).collect();
        let properties = network::four_properties(&network)?;
        let last = self.tracker.readings().last().cloned();
        let reading = last.ok_or_else(|| refused("the state was not read"))?;
        self.tally.add(&names, &properties, &reading);
        for found in &self.tracker.breaks()[self.known_breaks..] {
            let path = found.parameter.as_str();
            let param = self.axes.params().iter().find(|param| param.path() == path);
            let columns = param.map_or(1, |param| param.shape().last().copied().unwrap_or(1));
            // In PyTorch's orientation, as in the program's records.
            let index = |entry: usize| match param.map(|param| param.shape().len()) {
                Some(2) => vec![entry % columns, entry / columns],
                _ => vec![entry],
            };
            self.tally.add_break(found.record(path, index));
        }
        self.known_breaks = self.tracker.breaks().len();
        self.readings += 1;
        let mut record = reading.record(&names, &properties);
        for (space, dead) in record.spaces.iter_mut().zip(&self.dead) {
            space.dead = Some(dead.units.iter().filter(|dead| **dead).count());
        }
        if self.readings == 1 {
            record.certificate = Some(self.tracker.summary().lines().map(str::to_owned).collect());
        }
        Ok(Reading { record, network })
    }

    /// The verdict so far.
    pub fn end(&self) -> Result<End, Error> {
        let [inputs, targets] = self.last_seen();
        let (activation, loss) = (self.config.model.activation, self.config.training.loss);
        let outputs = outputs(&self.network()?, &activation, &inputs).map_err(refused)?;
        let columns = self.examples.targets.columns;
        let outcome = TrainingOutcome::of(loss, &outputs, &targets, columns)?.record();
        let learned = OutcomeWhat {
            loss,
            activation,
            bias: self.config.model.bias,
            step: self.step,
            distinct: self.tally.distinct(),
        };
        let alike = |row: &[f64]| row.iter().all(|target| target.to_bits() == row[0].to_bits());
        let what = What {
            backend: ENGINE,
            optimizer: self.config.training.optimizer.name(),
            step: self.step - self.since,
            readings: self.readings,
            targets_alike: self.examples.targets.values.chunks(columns).all(alike),
            finite: self.ended.is_none(),
        };
        let mut sentences = outcome_sentences(outcome.as_ref(), &self.dead_at_end(), &learned);
        sentences.extend(self.tally.sentences(&what));
        if let Some(reason) = &self.ended {
            sentences.insert(0, format!("The run diverged: {reason}."));
        }
        Ok(End { verdict: self.tally.word(), sentences, outcome })
    }

    fn dead_at_end(&self) -> DeadAtEnd {
        let mut at_end = DeadAtEnd::default();
        for (space, known) in self.axes.spaces().iter().zip(&self.dead) {
            let units = known.units.len();
            let dead = known.units.iter().filter(|dead| **dead).count();
            at_end.layers.push((space.name().to_owned(), dead, units));
            if let Some(since) = known.since {
                let alive = known.alive.filter(|alive| alive + 1 < since);
                let record = DeadRecord { units, since, alive };
                at_end.whole.insert(space.name().to_owned(), record);
            }
        }
        at_end
    }

    /// The tally of breaks and properties.
    pub fn tally(&self) -> &Tally {
        &self.tally
    }

    /// The forecast for the twins of each hidden layer.
    pub fn outlook(&self, start: Option<f64>) -> Result<Vec<Outlook>, Error> {
        let [inputs, targets] = self.last_seen();
        outlook(self, &self.network()?, [&inputs, &targets], start)
    }

    /// The smallest loss of a constant answer to all examples.
    pub fn baseline(&self) -> Option<f64> {
        let [_, targets] = self.last_seen();
        constinit_core::baseline(self.config.training.loss, &targets, self.examples.targets.columns)
    }

    /// Plans a change for the next step and makes it now, so that the page shows it. From here on, the tracker knows of
    /// it. The configuration with this change gives the same training.
    pub fn plan_now(&mut self, planned: constinit_core::config::BreakConfig) -> Result<(), Error> {
        self.network_mut()?;
        let mut config = self.config.clone();
        config.training.steps = config.training.steps.max(planned.step());
        config.breaks.push(planned);
        config.check().map_err(refused)?;
        self.config = config;
        self.made.push(false);
        self.tell()?;
        self.make(self.made.len() - 1)?;
        self.judge_dead()
    }

    /// Drops a share of the hidden units in each step from here on; 0 drops none.
    pub fn drop_share(&mut self, share: f64) -> Result<(), Error> {
        self.network_mut()?;
        let mut config = self.config.clone();
        config.training.steps = config.training.steps.max(self.step + 1);
        config.model.dropout =
            (share != 0.0).then_some(constinit_core::config::DropoutShares::All(share));
        config.model.dropout_from = config.model.dropout.as_ref().map(|_| self.step + 1);
        config.check().map_err(refused)?;
        self.masks = Masks::new(&config)?;
        self.config = config;
        self.tell()
    }

    /// Gives the tracker the facts of the training.
    fn tell(&mut self) -> Result<(), Error> {
        let idle = SymmetryTracker::new(self.axes.clone());
        let tracker = std::mem::replace(&mut self.tracker, idle);
        self.tracker = tracker.with_facts(facts(&self.config)?);
        Ok(())
    }

    /// Continues with another network, perhaps of other sizes. Its start is the present state, with the classes that it
    /// has now; its optimizer restarts.
    pub fn replace(&mut self, network: Perceptron<f64>) -> Result<(), Error> {
        let mut config = self.config.clone();
        config.model.layer_dims = network.widths().to_vec();
        // Planned changes may name units that no longer exist.
        config.breaks.clear();
        let loss = self.loss;
        *self = Self { loss, ..Self::of(config, Arc::clone(&self.examples), network, self.step)? };
        self.read().map(|_| ())
    }
}

fn training(
    config: &RunConfig,
    network: Perceptron<f64>,
) -> Result<Training<f64, Activation, Loss, Clipped>, Error> {
    let optimizer = config.training.optimizer.name();
    let rule = Clipped::new(&config.training, &network).ok_or_else(|| {
        refused(format!(
            "training.optimizer: {optimizer} has no closed form here; `constinit run` trains with it"
        ))
    })?;
    Ok(Training::new(network, config.model.activation, config.training.loss, rule))
}

fn tracker(config: &RunConfig, axes: &AxesSpec) -> Result<SymmetryTracker, Error> {
    Ok(SymmetryTracker::new(axes.clone())
        .with_facts(facts(config)?)
        .on(Schedule::every(1))
        .without_history()
        .reporting(|_| {}))
}
