//! The 56 numbers that the text prints, on Burn 0.22. The program's preset contains them.

use burn::optim::{GradientsParams, SgdConfig};
use burn::tensor::{Device, Tensor, TensorData};
use constinit_burn22::params::read_parameters;
use constinit_burn22::{ConstInit, ConstInitConfig};
use serde::Deserialize;

#[derive(Deserialize)]
struct Preset {
    model: Model,
    data: Data,
    expected: Expected,
}

#[derive(Deserialize)]
struct Model {
    layer_dims: Vec<usize>,
    init_w: f64,
    init_b: f64,
}

#[derive(Deserialize)]
struct Data {
    inputs: Vec<[f64; 3]>,
    targets: Vec<[f64; 4]>,
    shift_per_step: f64,
}

#[derive(Deserialize)]
struct Expected {
    outputs_before_training: Vec<f64>,
    after_step: Vec<AfterStep>,
}

#[derive(Deserialize)]
struct AfterStep {
    linear1_weight_row: Vec<f64>,
    linear1_bias: f64,
    linear2_weight: f64,
    linear2_bias: f64,
}

fn tensor<const C: usize>(rows: &[[f64; C]], device: &Device) -> Tensor<2> {
    let data = TensorData::new(rows.concat(), [rows.len(), C]).convert::<f32>();
    Tensor::from_data(data, device)
}

/// How many numbers agree with the printed ones, to 4 decimals; one is printed for each row, or for all.
fn agreeing(found: &TensorData, printed: &[f64]) -> usize {
    let four = |value: f64| format!("{value:.4}").replace("-0.0000", "0.0000");
    let columns = found.num_elements() / printed.len();
    let pairs = found.iter::<f64>().enumerate();
    let agree = |(at, value): &(usize, f64)| four(*value) == four(printed[at / columns]);
    pairs.filter(agree).count()
}

fn numbers_that_agree(device: &Device) -> usize {
    let text = include_str!("../../core/src/config/notebook.toml");
    let Preset { model, data, expected } = toml::from_str(text).unwrap();
    let config =
        ConstInitConfig::new(model.layer_dims).with_init_w(model.init_w).with_init_b(model.init_b);
    let mut net: ConstInit = config.init(device);
    let (x, y) = (tensor(&data.inputs, device), tensor(&data.targets, device));
    let mut optimizer = SgdConfig::new().init();
    let mut agreed =
        agreeing(&net.forward(x.clone()).into_data(), &expected.outputs_before_training);
    for (step, after) in expected.after_step.iter().enumerate() {
        let shift = data.shift_per_step * step as f64;
        let off = net.forward(x.clone().add_scalar(shift)) - y.clone().add_scalar(shift);
        let loss = off.square().mean();
        let gradients = GradientsParams::from_grads(loss.backward(), &net);
        net = optimizer.step(0.1, net, gradients);
        let read = read_parameters(&net);
        let printed = [
            &after.linear1_weight_row[..],
            &[after.linear1_bias],
            &[after.linear2_weight],
            &[after.linear2_bias],
        ];
        agreed += read.iter().zip(printed).map(|(read, all)| agreeing(read, all)).sum::<usize>();
    }
    agreed
}

#[test]
fn all_printed_numbers_come_out_on_flex() {
    assert_eq!(numbers_that_agree(&Device::flex().autodiff()), 56);
}

#[cfg(feature = "wgpu")]
#[test]
fn all_printed_numbers_come_out_on_wgpu() {
    let device = Device::wgpu(burn::tensor::DeviceKind::DefaultDevice);
    assert_eq!(numbers_that_agree(&device.autodiff()), 56);
}
