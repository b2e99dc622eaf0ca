//! Small runs that return every state to the host, which judges them. This is the only part of the verification that
//! uses a backend.

use crate::backend::Job;
use burn::module::Param;
use burn::nn::{DropoutConfig, Linear};
use burn::optim::GradientsParams;
use burn::tensor::Tensor;
use burn::tensor::backend::AutodiffBackend;
use constinit::init::{Init, ParameterAxes, RngKey};
use constinit::params::from_values;
use constinit::prelude::*;
use constinit::probe::{Recorder, Schedule};
use constinit::train::{Batch, FullBatch, Loss, OptimizerConfig, TrainConfig, TrainState, train};
use constinit::{Activation, ConstInit, linear_name};
use constinit_cli::backend_name::BackendName;
use constinit_cli::failure::Failure;
use constinit_cli::plan;
use constinit_symmetry::theorem::{Dense, Order, ShapeError};
use constinit_symmetry::{AxesSpec, ParamView, Symmetry, SymmetryError};
use rayon::prelude::*;

/// A perceptron's parameters on the host.
#[derive(Clone, Debug, PartialEq)]
pub struct Network {
    /// Inputs, hidden units, ..., outputs.
    pub dims: Vec<usize>,
    /// For every layer: the weight, `[input][output]` as Burn stores it, and the bias.
    pub layers: Vec<(Vec<f64>, Vec<f64>)>,
}

impl Network {
    /// A network with entries by layer, output and input; `None` for the input asks for a bias.
    pub fn from_fn(dims: &[usize], entry: impl Fn(usize, usize, Option<usize>) -> f64) -> Self {
        let layer = |(number, pair): (usize, &[usize])| {
            let (inputs, outputs) = (pair[0], pair[1]);
            let entry = &entry;
            let weight =
                (0..inputs).flat_map(|j| (0..outputs).map(move |i| entry(number, i, Some(j))));
            (weight.collect(), (0..outputs).map(|i| entry(number, i, None)).collect())
        };
        Self { dims: dims.into(), layers: dims.windows(2).enumerate().map(layer).collect() }
    }

    /// The weight from an input to an output of a layer.
    pub fn weight(&self, layer: usize, output: usize, input: usize) -> f64 {
        self.layers[layer].0[input * self.dims[layer + 1] + output]
    }

    /// Which axes share a space.
    pub fn axes(&self) -> Result<AxesSpec, SymmetryError> {
        plan::perceptron(&self.dims, true)
    }

    /// Does something with borrowed views of all parameters.
    pub fn with_views<T>(
        &self,
        ask: impl FnOnce(&[ParamView<'_>]) -> Result<T, SymmetryError>,
    ) -> Result<T, SymmetryError> {
        let names: Vec<[String; 2]> = (0..self.layers.len())
            .map(|layer| ["weight", "bias"].map(|name| linear_name(layer, name)))
            .collect();
        let mut views = Vec::new();
        for (layer, (weight, bias)) in self.layers.iter().enumerate() {
            let shape = [self.dims[layer], self.dims[layer + 1]];
            views.push(ParamView::new(&names[layer][0], &shape, weight)?);
            views.push(ParamView::new(&names[layer][1], &shape[1..], bias)?);
        }
        ask(&views)
    }

    /// The classes of all hidden spaces, by one of the engine's searches.
    pub fn search(
        &self,
        search: impl FnOnce(&AxesSpec, &[ParamView<'_>]) -> Result<Symmetry, SymmetryError>,
    ) -> Result<Symmetry, SymmetryError> {
        let axes = self.axes()?;
        self.with_views(|views| search(&axes, views))
    }

    /// The layers as the theorem's checks take them.
    pub fn dense(&self) -> Result<Vec<Dense<'_, f64>>, ShapeError> {
        let layers = self.layers.iter().zip(self.dims.windows(2));
        let dense = layers.map(|((weight, bias), dims)| {
            Dense::new(dims[0], dims[1], weight, Some(bias), Order::InputMajor)
        });
        dense.collect()
    }

    /// All numbers.
    pub fn numbers(&self) -> impl Iterator<Item = f64> + '_ {
        self.layers.iter().flat_map(|(weight, bias)| weight.iter().chain(bias)).copied()
    }
}

/// A planned run.
#[derive(Clone, Debug)]
pub struct Trial {
    pub start: Network,
    pub activation: Activation,
    pub loss: Loss,
    pub optimizer: OptimizerConfig,
    /// `[example][input]`.
    pub inputs: Vec<f64>,
    /// `[example][output]`.
    pub targets: Vec<f64>,
    pub steps: usize,
    /// The share of hidden units that is dropped in each step.
    pub dropout: f64,
}

/// What a trial came to.
#[derive(Clone, Debug)]
pub struct TrialTrace {
    /// Before training, and after each step.
    pub states: Vec<Network>,
    /// The gradients of the first step.
    pub gradients: Network,
    /// What the network answers before training, `[example][output]`.
    pub outputs: Vec<f64>,
}

impl TrialTrace {
    /// The state after the last step.
    pub fn end(&self) -> &Network {
        &self.states[self.states.len() - 1]
    }
}

/// Runs trials in turn.
pub struct Trials<'a>(pub &'a [Trial]);

impl Job for Trials<'_> {
    type Output = Result<Vec<TrialTrace>, Failure>;

    fn run<B: AutodiffBackend>(self, backend: BackendName, device: &B::Device) -> Self::Output {
        // A GPU takes one after the other anyway, and masks of dropout come from one generator for all threads.
        let in_turn = match backend {
            BackendName::Wgpu => true,
            BackendName::Ndarray | BackendName::Flex => {
                self.0.iter().any(|trial| trial.dropout != 0.0)
            }
        };
        if in_turn {
            self.0.iter().map(|trial| trial.run::<B>(device)).collect()
        } else {
            self.0.par_iter().map(|trial| trial.run::<B>(device)).collect()
        }
    }
}

impl Trial {
    pub fn model<B: AutodiffBackend>(&self, device: &B::Device) -> ConstInit<B> {
        let dims = &self.start.dims;
        let layers = self.start.layers.iter().enumerate().map(|(layer, (weight, bias))| {
            let (inputs, outputs) = (dims[layer], dims[layer + 1]);
            let weight = from_values(weight.clone(), [inputs, outputs], device);
            let bias = from_values(bias.clone(), [outputs], device);
            Linear { weight: Param::from_tensor(weight), bias: Some(Param::from_tensor(bias)) }
        });
        ConstInit { layers: layers.collect(), activation: self.activation }
    }

    fn run<B: AutodiffBackend>(&self, device: &B::Device) -> Result<TrialTrace, Failure> {
        let dims = &self.start.dims;
        let examples = self.inputs.len() / dims[0];
        let model = self.model::<B>(device);
        let batch = Batch {
            inputs: from_values(self.inputs.clone(), [examples, dims[0]], device),
            targets: from_values(self.targets.clone(), [examples, dims[dims.len() - 1]], device),
        };
        // The same dropped units in every verification.
        B::seed(device, 0);
        let dropout = (self.dropout > 0.0).then(|| DropoutConfig::new(self.dropout).init());
        let forward = |model: &ConstInit<B>, inputs: Tensor<B, 2>| match &dropout {
            None => model.forward(inputs),
            Some(dropout) => {
                let last = model.layers.len() - 1;
                model.layers.iter().enumerate().fold(inputs, |signal, (layer, linear)| {
                    let signal = linear.forward(signal);
                    if layer == last {
                        signal
                    } else {
                        dropout.forward(model.activation.forward(signal))
                    }
                })
            }
        };
        let loss = |model: &ConstInit<B>, batch: Batch<B>| {
            self.loss.forward(forward(model, batch.inputs), batch.targets)
        };
        let outputs = model.forward(batch.inputs.clone()).into_data().iter().collect();
        let gradients = gradients_of(&model, loss(&model, batch.clone()), dims);
        let state = TrainState::new(model, self.optimizer.init()?, self.optimizer.learning_rate());
        let mut recorder = Recorder::new(Schedule::every(1));
        let mut data = FullBatch::new(batch)?;
        let plan = TrainConfig {
            check_parameters: Schedule::when(|_| false),
            ..TrainConfig::steps(self.steps)
        };
        train(state, &mut data, loss, &plan, &mut [&mut recorder]);
        let states = recorder.history.iter().map(|recorded| {
            network(dims, recorded.parameters.iter().map(|p| p.data.iter().collect()))
        });
        Ok(TrialTrace { states: states.collect(), gradients, outputs })
    }
}

fn network(dims: &[usize], parameters: impl Iterator<Item = Vec<f64>>) -> Network {
    let mut parameters = parameters;
    let mut next = || parameters.next().unwrap_or_default();
    let layers = (1..dims.len()).map(|_| (next(), next())).collect();
    Network { dims: dims.into(), layers }
}

fn gradients_of<B: AutodiffBackend>(
    model: &ConstInit<B>,
    loss: Tensor<B, 1>,
    dims: &[usize],
) -> Network {
    let gradients = GradientsParams::from_grads(loss.backward(), model);
    let host = |data: Option<burn::tensor::TensorData>, entries: usize| -> Vec<f64> {
        data.map_or_else(|| vec![0.0; entries], |data| data.iter().collect())
    };
    let layers = model.layers.iter().enumerate().map(|(layer, linear)| {
        let weight = gradients.get::<B::InnerBackend, 2>(linear.weight.id);
        let bias = linear.bias.as_ref();
        let bias = bias.and_then(|bias| gradients.get::<B::InnerBackend, 1>(bias.id));
        let (inputs, outputs) = (dims[layer], dims[layer + 1]);
        (
            host(weight.map(|gradient| gradient.into_data()), inputs * outputs),
            host(bias.map(|gradient| gradient.into_data()), outputs),
        )
    });
    Network { dims: dims.into(), layers: layers.collect() }
}

/// Numbers between -1 and 1 that belong to a seed and a name.
pub fn numbers(seed: u64, name: &str, count: usize) -> Vec<f64> {
    let uniform = Init::Uniform { low: -1.0, high: 1.0 };
    let draw = RngKey::new(seed, name);
    // A uniform initialiser needs no axes and fits every shape.
    uniform.values(&[count], ParameterAxes::UNKNOWN, &draw).unwrap_or_default()
}

/// A whole number from `low` to `high` that belongs to a seed and a name.
pub fn count(seed: u64, name: &str, low: usize, high: usize) -> usize {
    let share = numbers(seed, name, 1).first().map_or(0.5, |x| (x + 1.0) / 2.0);
    let many = (high - low + 1) as f64;
    low + ((share * many) as usize).min(high - low)
}
