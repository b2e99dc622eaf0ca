//! The probe around the optimizer of Burn's Learner: on one device and on several, with checkpoints, and continued from
//! them.

use burn::data::dataloader::DataLoaderBuilder;
use burn::data::dataloader::batcher::Batcher;
use burn::data::dataset::InMemDataset;
use burn::nn::loss::{MseLoss, Reduction};
use burn::optim::adaptor::OptimizerAdaptor;
use burn::optim::{Adam, AdamConfig, Optimizer};
use burn::record::{FullPrecisionSettings, NamedMpkFileRecorder};
use burn::tensor::backend::{AutodiffBackend, Backend};
use burn::tensor::{Tensor, TensorData};
use burn::train::metric::LossMetric;
use burn::train::{
    ExecutionStrategy, InferenceStep, Learner, MultiDeviceOptim, RegressionOutput,
    SupervisedTraining, TrainOutput, TrainStep,
};
use burn_autodiff::Autodiff;
use burn_ndarray::NdArray;
use constinit::axes::{Capture, Trace, trace};
use constinit::init::Init;
use constinit::params::read_parameters;
use constinit::probe::{
    EffectiveWidthMetric, ProbeHandle, ProbedOptimizer, SpreadMetric, SymmetryProbe,
};
use constinit::{ConstInit, ConstInitConfig, LayerInit};
use std::path::Path;

type Device = <NdArray as burn::tensor::backend::BackendTypes>::Device;

#[derive(burn::module::Module, Debug)]
struct Net<B: Backend> {
    net: ConstInit<B>,
}

type Pairs<B> = (Tensor<B, 2>, Tensor<B, 2>);

impl<B: Backend> InferenceStep for Net<B> {
    type Input = Pairs<B>;
    type Output = RegressionOutput<B>;

    fn step(&self, (x, y): Pairs<B>) -> RegressionOutput<B> {
        let output = self.net.forward(x);
        let loss = MseLoss::new().forward(output.clone(), y.clone(), Reduction::Mean);
        RegressionOutput::new(loss, output, y)
    }
}

impl<B: AutodiffBackend> TrainStep for Net<B> {
    type Input = Pairs<B>;
    type Output = RegressionOutput<B>;

    fn step(&self, pairs: Pairs<B>) -> TrainOutput<RegressionOutput<B>> {
        let found = InferenceStep::step(self, pairs);
        TrainOutput::new(self, found.loss.backward(), found)
    }
}

#[derive(Clone)]
struct Stack;

impl<B: Backend> Batcher<B, [f32; 5], Pairs<B>> for Stack {
    fn batch(&self, items: Vec<[f32; 5]>, device: &B::Device) -> Pairs<B> {
        let columns = |from: usize, to: usize| {
            let values: Vec<f32> = items.iter().flat_map(|i| i[from..to].to_vec()).collect();
            Tensor::from_data(TensorData::new(values, [items.len(), to - from]), device)
        };
        (columns(0, 3), columns(3, 5))
    }
}

const ITEMS: usize = 24;
const BATCH: usize = 8;

fn items() -> InMemDataset<[f32; 5]> {
    let item = |i: usize| std::array::from_fn(|j| ((5 * i + j) as f32 * 0.7).sin());
    InMemDataset::new((0..ITEMS).map(item).collect())
}

/// The bits of all parameters.
fn bits<B: Backend>(net: &Net<B>) -> Vec<Vec<u32>> {
    let parameters = read_parameters(net);
    let values = parameters.into_iter().map(|p| p.data.to_vec::<f32>().unwrap());
    values.map(|values| values.into_iter().map(f32::to_bits).collect()).collect()
}

fn model<B: Backend>(device: &B::Device) -> Net<B> {
    // Units 0 and 1 are equal.
    let first = vec![0.3, 0.3, -0.2, 0.1, 0.5, -0.4];
    let layer = |weight, bias| LayerInit { weight, bias: Init::Constant { value: bias } };
    let layers =
        [layer(Init::PerOutput { values: first }, 0.1), layer(Init::Constant { value: 0.2 }, 0.0)];
    Net { net: ConstInitConfig::new(vec![3, 6, 2]).try_init_with(&layers, device).unwrap() }
}

fn probe() -> SymmetryProbe {
    let traced = trace(|device| {
        let (net, x) = (model::<Capture>(device), Tensor::zeros([7, 3], device));
        Trace::of(&net).input(x.clone()).output(net.net.forward(x))
    });
    SymmetryProbe::traced(traced.unwrap()).reporting(|_| {})
}

type Training = Autodiff<NdArray>;
type AdamOfNet = OptimizerAdaptor<Adam, Net<Training>, Training>;
type Metrics = (EffectiveWidthMetric, SpreadMetric);

/// Where and for how long Burn's Learner trains.
struct Run<'a> {
    folder: &'a Path,
    epochs: usize,
    from: Option<usize>,
    strategy: ExecutionStrategy<Training>,
}

impl Run<'_> {
    /// The bits of all parameters after training with `optimizer`, which is made from Adam.
    fn train<O>(self, optimizer: O, metrics: Option<Metrics>) -> Vec<Vec<u32>>
    where
        O: Optimizer<Net<Training>, Training> + 'static,
    {
        let train = DataLoaderBuilder::new(Stack).batch_size(BATCH).build(items());
        let valid = DataLoaderBuilder::new(Stack).batch_size(BATCH).build(items());
        let recorder = NamedMpkFileRecorder::<FullPrecisionSettings>::new();
        let mut training = SupervisedTraining::new(self.folder, train, valid)
            .metric_train_numeric(LossMetric::new())
            .with_file_checkpointer(recorder)
            .with_application_logger(None)
            .with_training_strategy(self.strategy.into())
            .num_epochs(self.epochs);
        if let Some((width, spread)) = metrics {
            training = training.metric_train_numeric(width).metric_train_numeric(spread);
        }
        if let Some(epoch) = self.from {
            training = training.checkpoint(epoch);
        }
        let net = model::<Training>(&Device::default());
        bits(&training.launch(Learner::new(net, optimizer, 0.05)).model)
    }

    fn plain(self) -> Vec<Vec<u32>> {
        self.train::<AdamOfNet>(AdamConfig::new().init(), None)
    }

    /// Like [`Run::plain`], with a probe that counts from `step`.
    fn probed(self, step: usize) -> (Vec<Vec<u32>>, ProbeHandle<SymmetryProbe>) {
        let adam: AdamOfNet = AdamConfig::new().init();
        let optimizer = ProbedOptimizer::new(adam, probe()).starting_at(step);
        let handle = optimizer.handle();
        let width = EffectiveWidthMetric::new(handle.clone(), "net.layers.0").unwrap();
        let spread = SpreadMetric::new(handle.clone(), "net.layers.0").unwrap();
        (self.train(optimizer, Some((width, spread))), handle)
    }
}

fn single(folder: &Path, epochs: usize) -> Run<'_> {
    let strategy = ExecutionStrategy::single(Device::default());
    Run { folder, epochs, from: None, strategy }
}

fn steps(handle: &ProbeHandle<SymmetryProbe>) -> Vec<usize> {
    handle.probe().readings().iter().map(|reading| reading.step).collect()
}

#[test]
fn on_one_device_the_probe_changes_nothing_and_reads_every_step() {
    let folders = [(); 2].map(|()| tempfile::tempdir().unwrap());
    let plain = single(folders[0].path(), 2).plain();
    let (probed, handle) = single(folders[1].path(), 2).probed(0);
    assert_eq!(plain, probed);
    assert_eq!(steps(&handle), (0..=2 * ITEMS / BATCH).collect::<Vec<_>>());
    let probe = handle.probe();
    assert!(probe.readings().iter().all(|reading| reading.spaces[0].twins == 5));
    assert!(probe.first_break().is_none());
    // Burn's log has both metrics, one value per step.
    let log = |name: &str| {
        let file = folders[1].path().join("train/epoch-2").join(name);
        let text = std::fs::read_to_string(&file).unwrap_or_else(|e| panic!("{file:?}: {e}"));
        text.lines().map(|line| line.split(',').next().unwrap().to_owned()).collect::<Vec<_>>()
    };
    assert_eq!(log("Effective_width_of_net.layers.0.log"), ["5"; ITEMS / BATCH]);
    assert_eq!(log("Spread_of_net.layers.0.log"), ["0"; ITEMS / BATCH]);
}

#[test]
fn a_run_goes_on_from_a_checkpoint_as_if_it_had_not_stopped() {
    let folders = [(); 3].map(|()| tempfile::tempdir().unwrap());
    let whole = single(folders[0].path(), 3).plain();
    single(folders[1].path(), 2).probed(0);
    let done = 2 * ITEMS / BATCH;
    let resumed = Run { from: Some(2), ..single(folders[1].path(), 3) };
    let (probed, handle) = resumed.probed(done);
    assert_eq!(whole, probed);
    assert_eq!(steps(&handle), (done..=done + ITEMS / BATCH).collect::<Vec<_>>());
    // A checkpoint that was written without a probe is read with one.
    single(folders[2].path(), 2).plain();
    let resumed = Run { from: Some(2), ..single(folders[2].path(), 3) };
    assert_eq!(whole, resumed.probed(done).0);
}

#[test]
fn on_several_devices_the_probe_changes_nothing_and_reads_every_step() {
    for optimizer in [MultiDeviceOptim::OptimMainDevice, MultiDeviceOptim::OptimSharded] {
        let folders = [(); 2].map(|()| tempfile::tempdir().unwrap());
        let run = |folder| Run {
            strategy: ExecutionStrategy::multi(vec![Device::default(); 2], optimizer),
            ..single(folder, 2)
        };
        let plain = run(folders[0].path()).plain();
        let (probed, handle) = run(folders[1].path()).probed(0);
        assert_eq!(plain, probed, "{optimizer:?}");
        let steps = steps(&handle);
        assert_eq!(steps, (0..steps.len()).collect::<Vec<_>>(), "{optimizer:?}");
        assert!(steps.len() > 2, "{optimizer:?}");
        let probe = handle.probe();
        assert!(probe.readings().iter().all(|reading| reading.spaces[0].twins == 5));
    }
}
