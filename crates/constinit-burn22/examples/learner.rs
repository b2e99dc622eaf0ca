//! Burn's Learner with a symmetry probe, on Burn 0.22: the 32 hidden units of a network on handwritten digits start
//! constant, 1 distinct. `cargo run -p constinit-burn22 --features learner --example burn22_learner`

use burn::data::{dataloader::*, dataset::InMemDataset};
use burn::module::{Initializer, Module};
use burn::nn::{Linear, LinearConfig, loss::CrossEntropyLossConfig};
use burn::optim::lr_scheduler::module_lr_scheduler::ModuleLearningRate;
use burn::optim::{AdamConfig, GradientsParams, ModuleOptimizer};
use burn::tensor::{Device, Int, Tensor, TensorData};
use burn::train::*;
use constinit_burn22::axes::{Trace, trace};
use constinit_burn22::probe::{ProbeHandle, SpaceMetric, SymmetryProbe};

#[derive(Module, Debug)]
struct Net {
    hidden: Linear,
    output: Linear,
    #[module(skip)]
    probe: ProbeHandle,
}
type Digits = (Tensor<2>, Tensor<1, Int>);
impl Net {
    fn new(initializer: &Initializer, device: &Device) -> Self {
        let config = |i, o| LinearConfig::new(i, o).with_initializer(initializer.clone());
        let (hidden, output) = (config(64, 32).init(device), config(32, 10).init(device));
        Self { hidden, output, probe: ProbeHandle::default() }
    }
    fn forward(&self, x: Tensor<2>) -> Tensor<2> {
        self.output.forward(self.hidden.forward(x).tanh())
    }
}
impl InferenceStep for Net {
    type Input = Digits;
    type Output = ClassificationOutput;
    fn step(&self, (x, targets): Digits) -> ClassificationOutput {
        let output = self.forward(x);
        let loss = CrossEntropyLossConfig::new().init(&output.device());
        ClassificationOutput::new(loss.forward(output.clone(), targets.clone()), output, targets)
    }
}
impl TrainStep for Net {
    type Input = Digits;
    type Output = ClassificationOutput;
    fn step(&self, batch: Digits) -> TrainOutput<ClassificationOutput> {
        let found = InferenceStep::step(self, batch);
        TrainOutput::new(self, found.loss.backward(), found)
    }
    fn optimize(
        self,
        adam: &mut ModuleOptimizer,
        rate: ModuleLearningRate,
        g: GradientsParams,
    ) -> Self {
        self.probe.clone().step(adam, rate, self, g) // the hook
    }
}
struct Stack;
impl batcher::Batcher<(Vec<f32>, i32), Digits> for Stack {
    fn batch(&self, items: Vec<(Vec<f32>, i32)>, device: &Device) -> Digits {
        let (pixels, classes): (Vec<Vec<f32>>, Vec<i32>) = items.into_iter().unzip();
        let x = TensorData::new(pixels.concat(), [classes.len(), 64]);
        (Tensor::from_data(x, device).div_scalar(16.0), Tensor::from_data(&classes[..], device))
    }
}
fn main() -> Result<(), Box<dyn std::error::Error>> {
    let device = Device::flex().autodiff();
    let digits = smartcore::dataset::digits::load_dataset();
    let images = digits.data.chunks(64).map(<[f32]>::to_vec);
    let items: Vec<_> = images.zip(digits.target.iter().map(|class| *class as i32)).collect();
    let random = Initializer::Uniform { min: -0.2, max: 0.2 };
    for start in [Initializer::Constant { value: 0.05 }, random] {
        let net = Net::new(&start, &device);
        let traced = trace(&net, |net, device| {
            let x = Tensor::zeros([2, 64], device);
            Trace::new().input(x.clone()).output(net.forward(x))
        })?;
        net.probe.attach(SymmetryProbe::traced(traced).reporting(|found| println!("{found}")));
        let probe = net.probe.clone();
        let width = SpaceMetric::effective_width(&probe, "hidden").ok_or("no such space")?;
        let data = || InMemDataset::new(items.clone());
        let train = DataLoaderBuilder::new(Stack).batch_size(64).shuffle(1).build(data());
        let valid = DataLoaderBuilder::new(Stack).batch_size(600).build(data());
        let training = SupervisedTraining::new(tempfile::tempdir()?, train, valid).num_epochs(3);
        let training = training.metric_train_numeric(width);
        let net = training.launch(Learner::new(net, AdamConfig::new().init(), 0.01)).model;
        let (x, classes) = batcher::Batcher::batch(&Stack, items.clone(), &Device::flex());
        let right: i64 =
            net.forward(x).argmax(1).squeeze_dim(1).equal(classes).int().sum().into_scalar();
        let last = probe.probe().as_ref().and_then(|probe| probe.readings().last().cloned());
        let distinct = last.map_or(0, |reading| reading.spaces[0].twins);
        println!("{start:?}: 32 units, {distinct} distinct; {right} of 1797 digits right");
    }
    Ok(())
}
