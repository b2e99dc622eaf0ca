//! Clones under SGD, Adam and their relatives: units that are twins, and units that merely have equal sums. Which
//! optimizers keep them computing the same? In doubles. `cargo run --example clones`
use burn::module::Initializer;
use burn::tensor::{Tensor, TensorData};
use burn_autodiff::Autodiff;
use burn_ndarray::NdArray;
use constinit::init::Init;
use constinit::params::{read_parameters, write_parameters};
use constinit::surgery::{symmetry_of, widen};
use constinit::train::{Batch, FullBatch, Loss, OptimizerConfig, Plan, TrainState, train};
use constinit::{Activation, ConstInit, ConstInitConfig, Error, LayerInit};
use constinit_symmetry::{Kind, Shares, certificate};

type B = Autodiff<NdArray<f64>>;

fn main() -> Result<(), Error> {
    let iris = smartcore::dataset::iris::load_dataset();
    let device = Default::default();
    let inputs = Tensor::<B, 2>::from_data(TensorData::new(iris.data, [150, 4]), &device);
    let classes: Vec<f32> = iris.target.iter().map(|class| *class as f32).collect();
    let targets = Tensor::<B, 2>::from_data(TensorData::new(classes, [150, 1]), &device);
    let batch = Batch { inputs: inputs.clone(), targets };

    let random: Init = Initializer::XavierUniform { gain: 1.0 }.into();
    let layer = || LayerInit { weight: random.clone(), bias: Init::Zeros };
    let config = ConstInitConfig::new(vec![4, 3, 3, 1]).with_activation(Activation::Tanh);
    let net = config.try_init_with::<B>(&[layer(), layer(), layer()], &device)?;
    let copies = [("hidden1", &[2; 3][..]), ("hidden2", &[2; 3])];
    let wide = widen(net.clone(), &net.axes()?, &copies, Shares::Equal)?;
    // A checkerboard within each block of two by two leaves all sums as they are.
    let mut weight = read_parameters(&wide.module)[2].data.to_vec::<f64>().unwrap_or_default();
    for (place, entry) in weight.iter_mut().enumerate() {
        *entry += if (place / 6 + place % 6) % 2 == 0 { 0.125 } else { -0.125 };
    }
    let data = TensorData::new(weight, [6, 6]);
    let uneven = write_parameters(wide.module.clone(), [("layers.1.weight", data)])?;

    println!("{:24} {:>22} {:>22}", "outputs of clones apart", "twins", "equal sums");
    for text in [
        r#"{"type":"sgd","learning_rate":0.05}"#,
        r#"{"type":"sgd","learning_rate":0.05,"momentum":0.9,"weight_decay":0.01}"#,
        r#"{"type":"adam","learning_rate":0.01}"#,
        r#"{"type":"adamw","learning_rate":0.01}"#,
        r#"{"type":"adam","learning_rate":0.01,"weight_decay":0.1}"#,
    ] {
        let rule: OptimizerConfig = serde_json::from_str(text).expect("a configuration");
        let mut line = String::new();
        for start in [&wide.module, &uneven] {
            let classes = symmetry_of(start, &wide.spec, Kind::Equitable)?;
            let kept = certificate(&classes, &rule.facts()).claims().len();
            let state = TrainState::new(start.clone(), rule.init()?, rule.learning_rate());
            let mut data = FullBatch::new(batch.clone())?;
            let loss = |net: &ConstInit<B>, b: Batch<B>| {
                Loss::Mse.forward(net.forward(b.inputs), b.targets)
            };
            let trained = train(state, &mut data, loss, &Plan::steps(500), &mut []).state.model;
            line += &format!(" {:>12.1e} ({kept:>5})", apart(&trained, &inputs));
        }
        println!("{:24}{line}", rule.facts().optimizer());
    }
    Ok(())
}

/// How far the activations of two clones lie apart at most, in the second hidden layer.
fn apart(net: &ConstInit<B>, x: &Tensor<B, 2>) -> f64 {
    let hidden = net.activation.forward(net.layers[0].forward(x.clone()));
    let hidden = net.activation.forward(net.layers[1].forward(hidden)).reshape([150, 3, 2]);
    let pair = |k| hidden.clone().slice([0..150, 0..3, k..k + 1]);
    (pair(0) - pair(1)).abs().max().into_scalar()
}
