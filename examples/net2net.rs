//! Net2Net's widening: every hidden unit of a trained network becomes two, each with half of its outgoing weights. Do
//! they diverge in further training? Runs on every backend that is compiled in. `cargo run --example net2net`
use burn::module::Initializer;
use burn::optim::{AdamConfig, GradientsParams, Optimizer, SgdConfig};
use burn::tensor::{Int, Tensor, TensorData, backend::AutodiffBackend};
use burn_autodiff::Autodiff;
use constinit::init::{Init, from_burn};
use constinit::prelude::*;
use constinit::probe::{ProbedOptimizer, Schedule, SymmetryProbe};
use constinit::surgery::widen;
use constinit::train::Loss;
use constinit::{Activation, ConstInit, ConstInitConfig, Error, LayerInit};
use constinit_symmetry::Shares;

struct Digits<B: AutodiffBackend>(Tensor<B, 2>, Tensor<B, 1, Int>);

impl<B: AutodiffBackend> Digits<B> {
    fn train(
        &self,
        mut net: ConstInit<B>,
        optimizer: &mut impl Optimizer<ConstInit<B>, B>,
        (rate, steps): (f64, usize),
    ) -> ConstInit<B> {
        for step in 0..steps {
            let batch = step * 64 % 1728..step * 64 % 1728 + 64;
            let (x, y) = (self.0.clone().slice(batch.clone()), self.1.clone().slice(batch));
            let loss = Loss::CrossEntropy.forward(net.forward(x), y.one_hot::<2>(10).float());
            let gradients = GradientsParams::from_grads(loss.backward(), &net);
            net = optimizer.step(rate, net, gradients);
        }
        net
    }

    fn right(&self, net: &ConstInit<B>) -> impl std::fmt::Display {
        let found: Tensor<B, 1, Int> = net.forward(self.0.clone()).argmax(1).squeeze_dim(1);
        found.equal(self.1.clone()).int().sum().into_scalar()
    }
}

fn experiment<B: AutodiffBackend>(backend: &str) -> Result<(), Error> {
    let digits = smartcore::dataset::digits::load_dataset();
    let device = Default::default();
    let x = Tensor::<B, 2>::from_data(TensorData::new(digits.data, [1797, 64]), &device) / 16.0;
    let classes: Vec<i32> = digits.target.iter().map(|class| *class as i32).collect();
    let digits = Digits(x, Tensor::from_data(&classes[..], &device));

    let random = from_burn(&Initializer::XavierUniform { gain: 1.0 });
    let layer = || LayerInit { weight: random.clone(), bias: Init::Zeros };
    let config = ConstInitConfig::new(vec![64, 16, 10]).with_activation(Activation::Tanh);
    let net = config.try_init_with::<B>(&[layer(), layer()], &device)?;
    let net = digits.train(net, &mut SgdConfig::new().init(), (0.5, 150));
    println!("{backend}: 16 units, {} of 1797 digits right", digits.right(&net));
    let wide = widen(net.clone(), &net.axes()?, &[("hidden1", &[2; 16])], Shares::Equal)?;
    println!("{backend}: {wide}; {} right", digits.right(&wide.module));
    let probe = || SymmetryProbe::new(wide.spec.clone()).on(Schedule::every(10)).reporting(|_| {});
    let mut sgd = ProbedOptimizer::new(SgdConfig::new().init(), probe());
    let mut adam = ProbedOptimizer::new(AdamConfig::new().init(), probe());
    let by_sgd = digits.train(wide.module.clone(), &mut sgd, (0.5, 150));
    let by_adam = digits.train(wide.module.clone(), &mut adam, (0.01, 150));
    for (name, net, probe) in [("SGD", by_sgd, sgd.probe()), ("Adam", by_adam, adam.probe())] {
        let last = probe.readings().last().map_or(0, |reading| reading.spaces[0].twins);
        let parted = probe.first_break().map_or("none diverged".to_owned(), |b| b.to_string());
        let right = digits.right(&net);
        println!(
            "{backend}: 150 steps of {name}: 32 units, {last} distinct, {right} right; {parted}"
        );
    }
    Ok(())
}

fn main() -> Result<(), Error> {
    #[cfg(feature = "ndarray")]
    experiment::<Autodiff<burn_ndarray::NdArray>>("ndarray")?;
    #[cfg(feature = "flex")]
    experiment::<Autodiff<burn_flex::Flex>>("flex")?;
    #[cfg(feature = "wgpu")]
    experiment::<Autodiff<burn_wgpu::Wgpu>>("wgpu")?;
    Ok(())
}
