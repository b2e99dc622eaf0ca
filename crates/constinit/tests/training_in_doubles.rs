//! Doubles on the reference backend. Burn keeps one default float type per device and process, so single precision is
//! tested in another binary.

use burn::tensor::Tensor;
use burn_autodiff::Autodiff;
use burn_ndarray::NdArray;
use constinit::params::read_parameters;
use constinit::prelude::*;
use constinit::probe::{PropertyProbe, Schedule};
use constinit::train::{
    Batch, FullBatch, Loss, OptimizerConfig, TrainConfig, TrainState, load_checkpoint,
    save_checkpoint, train,
};
use constinit::{ConstInit, ConstInitConfig};

type B = Autodiff<NdArray<f64>>;

fn data() -> FullBatch<B> {
    let device = Default::default();
    let inputs = Tensor::from_data([[0.3, -1.2, 0.8], [1.1, 0.4, -0.6]], &device);
    let targets = Tensor::ones([2, 4], &device);
    FullBatch::new(Batch { inputs, targets }).unwrap()
}

fn mse(model: &ConstInit<B>, batch: Batch<B>) -> Tensor<B, 1> {
    Loss::Mse.forward(model.forward(batch.inputs), batch.targets)
}

fn bits(model: &ConstInit<B>) -> Vec<u64> {
    let parameters = read_parameters(model);
    let values = parameters.iter().flat_map(|p| p.data.as_slice::<f64>().unwrap().to_vec());
    values.map(f64::to_bits).collect()
}

/// The closed forms of the theorem for one step, by hand.
#[test]
fn one_step_follows_the_closed_forms() {
    let rate = 0.05;
    let optimizer = OptimizerConfig::sgd(rate);
    let model = ConstInitConfig::new(vec![3, 2, 4]).init::<B>(&Default::default());
    let state = TrainState::new(model, optimizer.init().unwrap(), rate);
    let trained = train(state, &mut data(), mse, &TrainConfig::steps(1), &mut []);

    let examples = [[0.3, -1.2, 0.8], [1.1, 0.4, -0.6]];
    let (c1, d1, c2, d2) = ([1.0, 2.0, 3.0], 0.5, 1.0, 0.5);
    let (n1, n2) = (2.0, 4.0);
    let (mut dw1, mut db1, mut dw2, mut db2) = ([0.0; 3], 0.0, 0.0, 0.0);
    for x in examples {
        let o1: f64 = (0..3).map(|j| c1[j] * x[j]).sum::<f64>() + d1;
        let (oa, slope) = if o1 > 0.0 { (o1, 1.0) } else { (0.0, 0.0) };
        let o2 = n1 * c2 * oa + d2;
        let g = 2.0 * (o2 - 1.0) / (2.0 * n2); // mean over 2 examples and 4 outputs
        for (dw1, x) in dw1.iter_mut().zip(x) {
            *dw1 += n2 * g * c2 * slope * x;
        }
        db1 += n2 * g * c2 * slope;
        dw2 += g * oa;
        db2 += g;
    }
    let close =
        |found: f64, expected: f64| assert!((found - expected).abs() < 1e-14, "{found} {expected}");
    let read = read_parameters(&trained.state.model);
    let entries = |n: usize| read[n].data.as_slice::<f64>().unwrap().to_vec();
    for (entry, value) in entries(0).into_iter().enumerate() {
        close(value, c1[entry / 2] - rate * dw1[entry / 2]);
    }
    entries(1).into_iter().for_each(|value| close(value, d1 - rate * db1));
    entries(2).into_iter().for_each(|value| close(value, c2 - rate * dw2));
    entries(3).into_iter().for_each(|value| close(value, d2 - rate * db2));
    assert!(dw1.iter().all(|d| d.abs() > 1e-3) && dw2.abs() > 1e-3, "the step is no trivial one");
}

#[test]
fn checkpoints_hold_doubles_bit_for_bit() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("state.ckpt");
    let optimizer: OptimizerConfig =
        serde_json::from_str(r#"{"type":"adam","learning_rate":0.01}"#).unwrap();
    let start = || {
        let model = ConstInitConfig::new(vec![3, 2, 4]).init::<B>(&Default::default());
        TrainState::new(model, optimizer.init().unwrap(), 0.01)
    };
    let mut probe = PropertyProbe::new(Schedule::every(1));
    let whole = train(start(), &mut data(), mse, &TrainConfig::steps(30), &mut [&mut probe]);
    assert!(probe.readings.iter().all(|reading| reading.properties.hold()));
    let half = train(start(), &mut data(), mse, &TrainConfig::steps(11), &mut []);
    save_checkpoint::<B, _, _, _>(&path, &half.state, "f64", "").unwrap();
    let found = load_checkpoint::<B, _, _, _>(&path, start(), "f64", &Default::default()).unwrap();
    assert_eq!(bits(&found.state.model), bits(&half.state.model));
    let resumed = train(found.state, &mut data(), mse, &TrainConfig::steps(30), &mut []);
    assert_eq!(bits(&resumed.state.model), bits(&whole.state.model));
}
