//! Burn's Learner with a symmetry probe: 32 hidden units start constant, 1 distinct. `cargo run --example learner`
use burn::data::{dataloader::*, dataset::InMemDataset};
use burn::module::{Initializer, Module};
use burn::nn::{Linear, LinearConfig, loss::CrossEntropyLossConfig};
use burn::tensor::{Int, Tensor, TensorData, backend::AutodiffBackend, backend::Backend};
use burn::train::*;
use constinit::axes::{Capture, Trace, trace};
use constinit::probe::{EffectiveWidthMetric, ProbedOptimizer, SymmetryProbe};

#[derive(Module, Debug)]
struct Net<B: Backend> {
    hidden: Linear<B>,
    output: Linear<B>,
}
type Digits<B> = (Tensor<B, 2>, Tensor<B, 1, Int>);
impl<B: Backend> Net<B> {
    fn new(initializer: &Initializer, device: &B::Device) -> Self {
        let config = |i, o| LinearConfig::new(i, o).with_initializer(initializer.clone());
        Self { hidden: config(64, 32).init(device), output: config(32, 10).init(device) }
    }
    fn forward(&self, x: Tensor<B, 2>) -> Tensor<B, 2> {
        self.output.forward(self.hidden.forward(x).tanh())
    }
}
impl<B: Backend> InferenceStep for Net<B> {
    type Input = Digits<B>;
    type Output = ClassificationOutput<B>;
    fn step(&self, (x, targets): Digits<B>) -> ClassificationOutput<B> {
        let output = self.forward(x);
        let loss = CrossEntropyLossConfig::new().init(&output.device());
        ClassificationOutput::new(loss.forward(output.clone(), targets.clone()), output, targets)
    }
}
impl<B: AutodiffBackend> TrainStep for Net<B> {
    type Input = Digits<B>;
    type Output = ClassificationOutput<B>;
    fn step(&self, batch: Digits<B>) -> TrainOutput<ClassificationOutput<B>> {
        let found = InferenceStep::step(self, batch);
        TrainOutput::new(self, found.loss.backward(), found)
    }
}
struct Stack;
impl<B: Backend> batcher::Batcher<B, (Vec<f32>, i32), Digits<B>> for Stack {
    fn batch(&self, items: Vec<(Vec<f32>, i32)>, device: &B::Device) -> Digits<B> {
        let (pixels, classes): (Vec<Vec<f32>>, Vec<i32>) = items.into_iter().unzip();
        let x = TensorData::new(pixels.concat(), [classes.len(), 64]);
        (Tensor::from_data(x, device).div_scalar(16.0), Tensor::from_data(&classes[..], device))
    }
}
fn main() -> Result<(), Box<dyn std::error::Error>> {
    let digits = smartcore::dataset::digits::load_dataset();
    let images = digits.data.chunks(64).map(<[f32]>::to_vec);
    let items: Vec<_> = images.zip(digits.target.iter().map(|class| *class as i32)).collect();
    let random = Initializer::Uniform { min: -0.2, max: 0.2 };
    for start in [Initializer::Constant { value: 0.05 }, random] {
        let traced = trace(|device| {
            let (net, x) = (Net::<Capture>::new(&start, device), Tensor::zeros([2, 64], device));
            Trace::of(&net).input(x.clone()).output(net.forward(x))
        })?;
        let probe = SymmetryProbe::traced(traced).reporting(|found| println!("{found}"));
        let optimizer = ProbedOptimizer::new(burn::optim::AdamConfig::new().init(), probe);
        let probe = optimizer.handle();
        let width = EffectiveWidthMetric::new(probe.clone(), "hidden").ok_or("no such space")?;
        let data = || InMemDataset::new(items.clone());
        let train = DataLoaderBuilder::new(Stack).batch_size(64).shuffle(1).build(data());
        let valid = DataLoaderBuilder::new(Stack).batch_size(600).build(data());
        let net =
            Net::<burn_autodiff::Autodiff<burn_ndarray::NdArray>>::new(&start, &Default::default());
        let training = SupervisedTraining::new(tempfile::tempdir()?, train, valid).num_epochs(3);
        let training = training.metric_train_numeric(width);
        let net = training.launch(Learner::new(net, optimizer, 0.01)).model;
        let (x, classes) = batcher::Batcher::batch(&Stack, items.clone(), &Default::default());
        let right = net.forward(x).argmax(1).squeeze_dim(1).equal(classes).int().sum();
        let (last, right) = (probe.probe().readings().last().cloned(), right.into_scalar());
        let width = last.map_or(0, |reading| reading.spaces[0].twins);
        println!("{start:?}: 32 units, {width} distinct; {right} of 1797 digits right");
    }
    Ok(())
}
