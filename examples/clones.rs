//! Clones under SGD, Adam and related optimizers: twins, and units that only have equal sums. Under which optimizers do
//! they still compute the same number? In double precision. `cargo run --example clones`
use burn::module::Initializer;
use burn::tensor::{Tensor, TensorData};
use burn_autodiff::Autodiff;
use burn_ndarray::NdArray;
use constinit::init::{Init, from_burn};
use constinit::params::{read_parameters, write_parameters};
use constinit::prelude::*;
use constinit::surgery::{symmetry_of, widen};
use constinit::train::{Batch, FullBatch, Loss, OptimizerConfig, TrainConfig, TrainState, train};
use constinit::{Activation, ConstInit, ConstInitConfig, Error, LayerInit};
use constinit_core::text::number;
use constinit_symmetry::{Shares, SymmetryKind, Verdict, certificate};

type B = Autodiff<NdArray<f64>>;

fn main() -> Result<(), Error> {
    let iris = smartcore::dataset::iris::load_dataset();
    let device = Default::default();
    let inputs = Tensor::<B, 2>::from_data(TensorData::new(iris.data, [150, 4]), &device);
    let classes: Vec<f32> = iris.target.iter().map(|class| *class as f32).collect();
    let targets = Tensor::<B, 2>::from_data(TensorData::new(classes, [150, 1]), &device);
    let batch = Batch { inputs: inputs.clone(), targets };

    let random = from_burn(&Initializer::XavierUniform { gain: 1.0 });
    let layer = || LayerInit { weight: random.clone(), bias: Init::Zeros };
    let config = ConstInitConfig::new(vec![4, 3, 3, 1]).with_activation(Activation::Tanh);
    let net = config.try_init_with::<B>(&[layer(), layer(), layer()], &device)?;
    let copies = [("hidden1", &[3; 3][..]), ("hidden2", &[3; 3])];
    let wide = widen(net.clone(), &net.axes()?, &copies, Shares::Equal)?;
    // Changes within each block of three by three that keep all sums.
    let change = [[0.25, -0.125, -0.125], [-0.125, 0.0, 0.125], [-0.125, 0.125, 0.0]];
    let mut weight = read_parameters(&wide.module)[2].data.to_vec::<f64>().unwrap_or_default();
    for (place, entry) in weight.iter_mut().enumerate() {
        *entry += change[place / 9 % 3][place % 3];
    }
    let data = TensorData::new(weight, [9, 9]);
    let uneven = write_parameters(wide.module.clone(), [("layers.1.weight", data)])?;

    println!("{:44}twins            equal sums", "after 60 steps, outputs of clones apart by");
    for (name, text) in [
        ("SGD", r#"{"type":"sgd","learning_rate":0.05}"#),
        ("SGD, decay", r#"{"type":"sgd","learning_rate":0.05,"weight_decay":0.01}"#),
        ("Adam", r#"{"type":"adam","learning_rate":0.01}"#),
        ("AdamW", r#"{"type":"adamw","learning_rate":0.01}"#),
        ("Adam, L2", r#"{"type":"adam","learning_rate":0.01,"weight_decay":0.1}"#),
    ] {
        let rule: OptimizerConfig = serde_json::from_str(text).expect("a configuration");
        let mut line = format!("{name:44}");
        for start in [&wide.module, &uneven] {
            let classes = symmetry_of(start, &wide.spec, SymmetryKind::Equitable)?;
            let promise = certificate(&classes, &rule.facts());
            let kept = promise.claims().iter().all(|claim| *claim.verdict() == Verdict::Kept);
            let state = TrainState::new(start.clone(), rule.init()?, rule.learning_rate());
            let mut data = FullBatch::new(batch.clone())?;
            let loss = |net: &ConstInit<B>, b: Batch<B>| {
                Loss::Mse.forward(net.forward(b.inputs), b.targets)
            };
            let net = train(state, &mut data, loss, &TrainConfig::steps(60), &mut []).state.model;
            let promise = if kept { "kept" } else { "broken" };
            line += &format!("{:8} {promise:8}", number(apart(&net, &inputs), 2));
        }
        println!("{}", line.trim_end());
    }
    Ok(())
}

/// The largest difference between the activations of two clones in the second hidden layer.
fn apart(net: &ConstInit<B>, x: &Tensor<B, 2>) -> f64 {
    let hidden = net.activation.forward(net.layers[0].forward(x.clone()));
    let hidden = net.activation.forward(net.layers[1].forward(hidden)).reshape([150, 3, 3]);
    let pair = |k| hidden.clone().slice([0..150, 0..3, k..k + 1]);
    (pair(0) - pair(1)).abs().max().into_scalar()
}
