//! Counts how many of 32 hidden units a trained network needs, exactly. `cargo run --release --example needed_units`
use burn::module::{Module, ModuleMapper, Param};
use burn::optim::{GradientsParams, Optimizer};
use burn::tensor::{Int, Tensor, TensorData};
use burn_autodiff::Autodiff;
use burn_ndarray::NdArray;
use constinit::init::{Distribution, Init};
use constinit::params::{parameter_paths, read_parameters};
use constinit::prelude::*;
use constinit::train::{Loss, OptimizerConfig, SgdSettings};
use constinit::{Activation, ConstInit, ConstInitConfig, Error, LayerInit};
use constinit_symmetry::{ParamView, reduce, twins};

type B = Autodiff<NdArray>;
const RATE: f64 = 0.5;

/// Moves every weight towards 0 by this much, and not past it: the proximal step of an L1 penalty.
struct Shrink(f64);

impl ModuleMapper<B> for Shrink {
    fn map_float<const D: usize>(&mut self, param: Param<Tensor<B, D>>) -> Param<Tensor<B, D>> {
        if D < 2 {
            return param;
        }
        param.map(|w| {
            let w = w.inner();
            Tensor::from_inner(w.clone().sign() * (w.abs() - self.0).clamp_min(0.0)).require_grad()
        })
    }
}

fn main() -> Result<(), Error> {
    let digits = smartcore::dataset::digits::load_dataset();
    let device = Default::default();
    let x = Tensor::<B, 2>::from_data(TensorData::new(digits.data, [1797, 64]), &device) / 16.0;
    let classes: Vec<i32> = digits.target.iter().map(|class| *class as i32).collect();
    let classes = Tensor::<B, 1, Int>::from_data(&classes[..], &device);
    let targets: Tensor<B, 2> = classes.clone().one_hot::<2>(10).float();
    println!("activation  start     penalty   right  units  distinct  needed  parameters");
    for activation in [Activation::Tanh, Activation::Relu] {
        for (start, penalty, decay, l1) in [
            ("constant", "none", 0.0, 0.0),
            ("random", "none", 0.0, 0.0),
            ("random", "L2 0.001", 1e-3, 0.0),
            ("random", "L1 0.003", 0.0, 3e-3),
            ("random", "L1 0.01", 0.0, 1e-2),
        ] {
            let config = ConstInitConfig::new(vec![64, 32, 10]).with_activation(activation);
            let random = Init::Xavier { gain: 1.0, distribution: Distribution::Uniform };
            let weight = if start == "random" { random } else { Init::constant(0.01) };
            let layer = LayerInit { weight, bias: Init::constant(0.01) };
            let mut net = config.try_init_with::<B>(&[layer.clone(), layer], &device)?;
            let sgd = SgdSettings { weight_decay: decay, ..SgdSettings::default() };
            let mut sgd = OptimizerConfig::Sgd(sgd).init::<B, ConstInit<B>>()?;
            for _ in 0..200 {
                let loss = Loss::CrossEntropy.forward(net.forward(x.clone()), targets.clone());
                let gradients = GradientsParams::from_grads(loss.backward(), &net);
                net = sgd.step(RATE, net, gradients).map(&mut Shrink(RATE * l1));
            }
            let found: Tensor<B, 1, Int> = net.forward(x.clone()).argmax(1).squeeze_dim(1);
            let right = found.equal(classes.clone()).int().sum().into_scalar();
            let (paths, numbers) = (parameter_paths(&net), read_parameters(&net));
            let views = paths.iter().zip(&numbers).map(|(path, p)| {
                let numbers = p.data.as_slice::<f32>().unwrap_or_default();
                ParamView::new(path, p.data.shape.as_slice(), numbers)
            });
            let (views, spec) = (views.collect::<Result<Vec<_>, _>>()?, net.axes()?);
            let distinct = twins(&spec, &views)?.spaces()[0].effective_width();
            let small = reduce(&spec, &views, &activation.into())?;
            let needed = small.spaces()[0].kept().len();
            let [before, now] = small.entries();
            println!(
                "{:10}  {start:8}  {penalty:8}  {right:5}     32  {distinct:8}  {needed:6}  {before} -> {now}",
                activation.name()
            );
        }
    }
    Ok(())
}
