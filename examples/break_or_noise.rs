//! Widening gives a network more units, but they are copies. Two changes make the copies differ: zero-sum changes of
//! outgoing weights, and noise on incoming weights. How does each change the function, and how does training continue?
//! `cargo run --example break_or_noise`
use burn::module::Initializer;
use burn::optim::{AdamConfig, GradientsParams, Optimizer};
use burn::tensor::{Distribution, Int, Tensor, TensorData, backend::Backend};
use burn_autodiff::Autodiff;
use burn_ndarray::NdArray;
use constinit::init::{Init, from_burn};
use constinit::prelude::*;
use constinit::surgery::{break_symmetry, symmetry_of, widen};
use constinit::train::Loss;
use constinit::{Activation, ConstInit, ConstInitConfig, Error, LayerInit};
use constinit_symmetry::{Shares, SymmetryKind};

type B = Autodiff<NdArray>;

struct Digits(Tensor<B, 2>, Tensor<B, 2>, Tensor<B, 1, Int>);

impl Digits {
    fn loss(&self, net: &ConstInit<B>) -> Tensor<B, 1> {
        Loss::CrossEntropy.forward(net.forward(self.0.clone()), self.1.clone())
    }

    /// Trains, and reports the loss before and after it, and the step at which it fell below `goal`.
    fn train(&self, mut net: ConstInit<B>, steps: usize, goal: f64) -> (ConstInit<B>, String) {
        let mut adam = AdamConfig::new().init();
        let (start, mut reached) = (self.loss(&net).into_scalar(), None);
        for step in 0..steps {
            let loss = self.loss(&net);
            let gradients = GradientsParams::from_grads(loss.backward(), &net);
            if f64::from(loss.into_scalar()) < goal && reached.is_none() {
                reached = Some(step);
            }
            net = adam.step(0.01, net, gradients);
        }
        let found: Tensor<B, 1, Int> = net.forward(self.0.clone()).argmax(1).squeeze_dim(1);
        let right = found.equal(self.2.clone()).int().sum().into_scalar();
        let end = self.loss(&net).into_scalar();
        let reached = reached.map_or("never".to_owned(), |step| format!("at step {step}"));
        (
            net,
            format!("loss {start:.4}, under {goal}: {reached}, {end:.4} in the end, {right} right"),
        )
    }
}

fn main() -> Result<(), Error> {
    let digits = smartcore::dataset::digits::load_dataset();
    let device = Default::default();
    let x = Tensor::<B, 2>::from_data(TensorData::new(digits.data, [1797, 64]), &device) / 16.0;
    let classes: Vec<i32> = digits.target.iter().map(|class| *class as i32).collect();
    let classes = Tensor::<B, 1, Int>::from_data(&classes[..], &device);
    let digits = Digits(x, classes.clone().one_hot::<2>(10).float(), classes);

    let random = from_burn(&Initializer::XavierUniform { gain: 1.0 });
    let layer = || LayerInit { weight: random.clone(), bias: Init::Zeros };
    let config = ConstInitConfig::new(vec![64, 4, 10]).with_activation(Activation::Tanh);
    let net = config.try_init_with::<B>(&[layer(), layer()], &device)?;
    let (net, text) = digits.train(net, 300, 0.0);
    println!("4 units                 {text}");
    let (spec, goal) = (net.axes()?, 0.1);
    let wide = widen(net, &spec, &[("hidden1", &[4; 4])], Shares::Equal)?;
    println!("16 units, 4 times 4     {}", digits.train(wide.module.clone(), 200, goal).1);
    let twins = symmetry_of(&wide.module, &wide.spec, SymmetryKind::Twins)?;
    for scale in [0.01, 0.1, 1.0] {
        let broken = break_symmetry(wide.module.clone(), &wide.spec, &twins, scale, 1)?;
        println!("broken, scale {scale:<4}      {}", digits.train(broken.module, 200, goal).1);
        let mut noisy = wide.module.clone();
        B::seed(&device, 1);
        let weight = &mut noisy.layers[0].weight;
        *weight = weight.clone().map(|w| {
            let noise = w.random_like(Distribution::Normal(0.0, scale));
            (w + noise).detach().require_grad()
        });
        println!("noise, scale {scale:<4}       {}", digits.train(noisy, 200, goal).1);
    }
    Ok(())
}
