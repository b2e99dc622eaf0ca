//! The probe in Burn's Learner: on one device and on several, with checkpoints, and continued from them.

use burn::data::dataloader::DataLoaderBuilder;
use burn::data::dataloader::batcher::Batcher;
use burn::data::dataset::InMemDataset;
use burn::module::Module;
use burn::nn::loss::{MseLoss, Reduction};
use burn::optim::lr_scheduler::module_lr_scheduler::ModuleLearningRate;
use burn::optim::{AdamConfig, GradientsParams, ModuleOptimizer, MultiGradientsParams};
use burn::tensor::{Device, Tensor, TensorData};
use burn::train::metric::LossMetric;
use burn::train::{
    ExecutionStrategy, InferenceStep, Learner, MultiDeviceOptim, RegressionOutput,
    SupervisedTraining, TrainOutput, TrainStep,
};
use constinit_burn22::axes::{Trace, trace};
use constinit_burn22::init::Init;
use constinit_burn22::params::read_parameters;
use constinit_burn22::probe::{ProbeHandle, SpaceMetric, SymmetryProbe};
use constinit_burn22::{ConstInit, ConstInitConfig, LayerInit};
use std::path::Path;

#[derive(Module, Debug)]
struct Net {
    net: ConstInit,
    #[module(skip)]
    probe: ProbeHandle,
}

type Pairs = (Tensor<2>, Tensor<2>);

impl InferenceStep for Net {
    type Input = Pairs;
    type Output = RegressionOutput;

    fn step(&self, (x, y): Pairs) -> RegressionOutput {
        let output = self.net.forward(x);
        let loss = MseLoss::new().forward(output.clone(), y.clone(), Reduction::Mean);
        RegressionOutput::new(loss, output, y)
    }
}

impl TrainStep for Net {
    type Input = Pairs;
    type Output = RegressionOutput;

    fn step(&self, pairs: Pairs) -> TrainOutput<RegressionOutput> {
        let found = InferenceStep::step(self, pairs);
        TrainOutput::new(self, found.loss.backward(), found)
    }

    fn optimize(
        self,
        optimizer: &mut ModuleOptimizer,
        rate: ModuleLearningRate,
        gradients: GradientsParams,
    ) -> Self {
        self.probe.clone().step(optimizer, rate, self, gradients)
    }

    fn optimize_multi(
        self,
        optimizer: &mut ModuleOptimizer,
        rate: ModuleLearningRate,
        gradients: MultiGradientsParams,
    ) -> Self {
        self.probe.clone().step_multi(optimizer, rate, self, gradients)
    }
}

#[derive(Clone)]
struct Stack;

impl Batcher<[f32; 5], Pairs> for Stack {
    fn batch(&self, items: Vec<[f32; 5]>, device: &Device) -> Pairs {
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
fn bits(net: &Net) -> Vec<Vec<u32>> {
    let values = read_parameters(net).into_iter().map(|data| data.try_into_vec::<f32>().unwrap());
    values.map(|values| values.into_iter().map(f32::to_bits).collect()).collect()
}

fn model() -> Net {
    // Units 0 and 1 are equal.
    let first = vec![0.3, 0.3, -0.2, 0.1, 0.5, -0.4];
    let layer = |weight, bias| LayerInit { weight, bias: Init::Constant { value: bias } };
    let layers =
        [layer(Init::PerOutput { values: first }, 0.1), layer(Init::Constant { value: 0.2 }, 0.0)];
    let device = Device::flex().autodiff();
    let net = ConstInitConfig::new(vec![3, 6, 2]).try_init_with(&layers, &device).unwrap();
    Net { net, probe: ProbeHandle::default() }
}

/// Where and for how long Burn's Learner trains.
struct Run<'a> {
    folder: &'a Path,
    epochs: usize,
    from: Option<usize>,
    strategy: ExecutionStrategy,
}

impl Run<'_> {
    /// The bits of all parameters after training with Adam.
    fn train(self, net: Net) -> Vec<Vec<u32>> {
        let train = DataLoaderBuilder::new(Stack).batch_size(BATCH).build(items());
        let valid = DataLoaderBuilder::new(Stack).batch_size(BATCH).build(items());
        let mut training = SupervisedTraining::new(self.folder, train, valid)
            .metric_train_numeric(LossMetric::new())
            .with_default_checkpointers()
            .with_application_logger(None)
            .with_training_strategy(self.strategy.into())
            .num_epochs(self.epochs);
        if let Some(width) = SpaceMetric::effective_width(&net.probe, "net.layers.0") {
            let spread = SpaceMetric::spread(&net.probe, "net.layers.0").unwrap();
            training = training.metric_train_numeric(width).metric_train_numeric(spread);
        }
        if let Some(epoch) = self.from {
            training = training.checkpoint(epoch);
        }
        bits(&training.launch(Learner::new(net, AdamConfig::new().init(), 0.05)).model)
    }

    fn plain(self) -> Vec<Vec<u32>> {
        self.train(model())
    }

    /// Like [`Run::plain`], with a probe that counts from `step`.
    fn probed(self, step: usize) -> (Vec<Vec<u32>>, ProbeHandle) {
        let net = model();
        let traced = trace(&net, |net, device| {
            let x = Tensor::zeros([7, 3], device);
            Trace::new().input(x.clone()).output(net.net.forward(x))
        });
        let probe = SymmetryProbe::traced(traced.unwrap()).reporting(|_| {});
        net.probe.attach(probe.starting_at(step));
        let handle = net.probe.clone();
        (self.train(net), handle)
    }
}

fn single(folder: &Path, epochs: usize) -> Run<'_> {
    let strategy = ExecutionStrategy::single(Device::flex());
    Run { folder, epochs, from: None, strategy }
}

fn steps(handle: &ProbeHandle) -> Vec<usize> {
    handle.probe().as_ref().unwrap().readings().iter().map(|reading| reading.step).collect()
}

fn always_five(handle: &ProbeHandle) -> bool {
    let probe = handle.probe();
    let readings = probe.as_ref().unwrap().readings();
    readings.iter().all(|reading| reading.spaces[0].twins == 5)
}

#[test]
fn on_one_device_the_probe_changes_nothing_and_reads_every_step() {
    let folders = [(); 2].map(|()| tempfile::tempdir().unwrap());
    let plain = single(folders[0].path(), 2).plain();
    let (probed, handle) = single(folders[1].path(), 2).probed(0);
    assert_eq!(plain, probed);
    assert_eq!(steps(&handle), (0..=2 * ITEMS / BATCH).collect::<Vec<_>>());
    assert!(always_five(&handle));
    // Burn's log has both metrics, one value per step.
    let log = |name: &str| {
        let file = folders[1].path().join("train/epoch-2").join(name);
        let text = std::fs::read_to_string(&file).unwrap_or_else(|e| panic!("{file:?}: {e}"));
        text.lines().map(|line| line.split(',').next().unwrap().to_owned()).collect::<Vec<_>>()
    };
    assert_eq!(log("Effective_width_of_net.layers.0.log")[..ITEMS / BATCH], ["5"; ITEMS / BATCH]);
    assert_eq!(log("Spread_of_net.layers.0.log")[..ITEMS / BATCH], ["0"; ITEMS / BATCH]);
}

#[test]
fn a_training_goes_on_from_a_checkpoint_as_if_it_had_not_stopped() {
    let folders = [(); 2].map(|()| tempfile::tempdir().unwrap());
    let whole = single(folders[0].path(), 3).plain();
    single(folders[1].path(), 2).probed(0);
    let done = 2 * ITEMS / BATCH;
    let resumed = Run { from: Some(2), ..single(folders[1].path(), 3) };
    let (probed, handle) = resumed.probed(done);
    assert_eq!(whole, probed);
    assert_eq!(steps(&handle), (done..=done + ITEMS / BATCH).collect::<Vec<_>>());
}

#[test]
fn on_several_devices_the_probe_changes_nothing_and_reads_every_step() {
    for optimizer in [MultiDeviceOptim::OptimMainDevice, MultiDeviceOptim::OptimSharded] {
        let folders = [(); 2].map(|()| tempfile::tempdir().unwrap());
        let run = |folder| Run {
            strategy: ExecutionStrategy::multi(vec![Device::flex(); 2], optimizer),
            ..single(folder, 2)
        };
        let plain = run(folders[0].path()).plain();
        let (probed, handle) = run(folders[1].path()).probed(0);
        assert_eq!(plain, probed, "{optimizer:?}");
        let steps = steps(&handle);
        assert_eq!(steps, (0..steps.len()).collect::<Vec<_>>(), "{optimizer:?}");
        assert!(steps.len() > 2 && always_five(&handle), "{optimizer:?}");
    }
}
