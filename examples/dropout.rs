//! Constant hidden units with and without dropout: do they diverge, and do all entries of a weight keep one value?
//! `cargo run --example dropout`
use burn::module::Module;
use burn::nn::{Dropout, DropoutConfig};
use burn::optim::{GradientsParams, Optimizer, SgdConfig};
use burn::tensor::{Tensor, backend::Backend};
use burn_autodiff::Autodiff;
use burn_ndarray::NdArray;
use constinit::axes::{Capture, Trace, trace};
use constinit::init::Init;
use constinit::prelude::*;
use constinit::probe::{ProbedOptimizer, SymmetryProbe};
use constinit::{Activation, ConstInit, ConstInitConfig, Error, LayerInit};

#[derive(Module, Debug)]
struct Net<B: Backend> {
    net: ConstInit<B>,
    dropout: Dropout,
}

impl<B: Backend> Net<B> {
    fn new(share: f64, device: &B::Device) -> Self {
        let config = ConstInitConfig::new(vec![4, 8, 1]).with_activation(Activation::Tanh);
        let constant = || LayerInit { weight: Init::constant(0.1), bias: Init::Zeros };
        let net = config.try_init_with(&[constant(), constant()], device);
        Self { net: net.expect("constants fill"), dropout: DropoutConfig::new(share).init() }
    }

    fn forward(&self, x: Tensor<B, 2>) -> Tensor<B, 2> {
        let hidden = self.net.activation.forward(self.net.layers[0].forward(x));
        self.net.layers[1].forward(self.dropout.forward(hidden))
    }
}

type B = Autodiff<NdArray>;

fn main() -> Result<(), Error> {
    let iris = smartcore::dataset::iris::load_dataset();
    let device = Default::default();
    let x = Tensor::<B, 1>::from_data(&iris.data[..], &device).reshape([150, 4]);
    let y: Vec<f32> = iris.target.iter().map(|class| *class as f32).collect();
    let y = Tensor::<B, 1>::from_data(&y[..], &device).reshape([150, 1]);

    for share in [0.0, 0.5, 0.01] {
        B::seed(&device, 1);
        let traced = trace(|device| {
            let (net, x) =
                (Net::<Autodiff<Capture>>::new(share, device), Tensor::zeros([2, 4], device));
            let y = net.forward(x.clone());
            Trace::of(&net).input(x).output(y)
        })?;
        let probe = SymmetryProbe::traced(traced).reporting(|_| {});
        let mut sgd = ProbedOptimizer::new(SgdConfig::new().init(), probe);
        let mut net = Net::<B>::new(share, &device);
        for _ in 0..300 {
            let loss = (net.forward(x.clone()) - y.clone()).powi_scalar(2).mean();
            let gradients = GradientsParams::from_grads(loss.backward(), &net);
            net = sgd.step(0.01, net, gradients);
        }
        let weight = net.net.layers[0].weight.val().into_data().to_vec::<f32>().unwrap();
        let column = |input: usize| weight[input * 8];
        let probe = sgd.probe();
        println!("dropout {share}: {}", probe.summary());
        println!("  after 300 steps: 8 units, {} distinct", probe.readings()[300].spaces[0].twins);
        println!("  weights of unit 0 to its four inputs: {:?}", [0, 1, 2, 3].map(column));
        if let Some(found) = probe.first_break() {
            println!("  {found}");
        }
    }
    Ok(())
}
