//! A probe sees the same training on Burn 0.21 and on Burn 0.22: classes, sentences and the first break.

use burn_autodiff::Autodiff;
use burn_flex::Flex;
use constinit_core::init::{Init, InitPlan, InitRule};
use constinit_core::probe::{FirstBreak, SymmetryReading, SymmetryTracker};

/// What a probe found.
struct Found {
    summary: String,
    readings: Vec<SymmetryReading>,
    breaks: Vec<FirstBreak>,
}

impl Found {
    fn of(tracker: &SymmetryTracker) -> Self {
        let (readings, breaks) = (tracker.readings().to_vec(), tracker.breaks().to_vec());
        Self { summary: tracker.summary(), readings, breaks }
    }
}

fn wave(count: usize, phase: f32) -> Vec<f32> {
    (0..count).map(|i| (i as f32 * 0.7 + phase).sin()).collect()
}

/// Trains a perceptron `[3, 8, 6, 2]` for 20 steps, with dropout before its last layer. Written once for both versions.
macro_rules! train {
    ($burn:ident, $($backend:ident)?, $device:expr, $net:expr, $dropout:expr, |$module:ident, $gradients:ident| $step:expr) => {{
        use $burn::nn::DropoutConfig;
        use $burn::optim::GradientsParams;
        use $burn::tensor::{Tensor, TensorData};
        let device = $device;
        let dropout = DropoutConfig::new($dropout).init();
        let x = Tensor::<$($backend,)? 2>::from_data(TensorData::new(wave(15, 0.0), [5, 3]), &device);
        let y = Tensor::<$($backend,)? 2>::from_data(TensorData::new(wave(10, 1.0), [5, 2]), &device);
        let mut $module = $net;
        for _ in 0..20 {
            let hidden = $module.layers[0].forward(x.clone()).tanh();
            let hidden = dropout.forward($module.layers[1].forward(hidden).tanh());
            let off = $module.layers[2].forward(hidden) - y.clone();
            let loss = (off.clone() * off).mean();
            let $gradients = GradientsParams::from_grads(loss.backward(), &$module);
            $module = $step;
        }
    }};
}

fn plan(rule: Init) -> InitPlan {
    InitPlan::new(5)
        .rule(InitRule::glob("layers.0.weight", Init::normal(0.0, 0.5).symmetrised(3)))
        .rule(InitRule::glob("layers.1.weight", rule))
        .rule(InitRule::any(Init::constant(0.1)))
}

type Training = Autodiff<Flex>;

fn on_21(rule: Init, dropout: f64) -> Found {
    use burn21::optim::{AdamConfig, Optimizer};
    use constinit::prelude::*;
    use constinit::probe::{ProbedOptimizer, SymmetryProbe};
    use constinit::{Activation, ConstInit, ConstInitConfig};
    let device = Default::default();
    let config = ConstInitConfig::new(vec![3, 8, 6, 2]).with_activation(Activation::Tanh);
    let (net, _) = plan(rule).apply(config.init::<Training>(&device)).unwrap();
    let probe = SymmetryProbe::new(net.axes().unwrap()).reporting(|_| {});
    let adam = AdamConfig::new().init::<Training, ConstInit<Training>>();
    let mut adam = ProbedOptimizer::new(adam, probe);
    train!(burn21, Training, device, net, dropout, |module, gradients| {
        adam.step(0.01, module, gradients)
    });
    Found::of(&adam.probe())
}

fn on_22(rule: Init, dropout: f64) -> Found {
    use burn22::optim::AdamConfig;
    use burn22::tensor::Device;
    use constinit_burn22::prelude::*;
    use constinit_burn22::probe::SymmetryProbe;
    use constinit_burn22::{Activation, ConstInitConfig};
    let device = Device::flex().autodiff();
    let config = ConstInitConfig::new(vec![3, 8, 6, 2]).with_activation(Activation::Tanh);
    let (net, _) = plan(rule).apply(config.init(&device)).unwrap();
    let mut probe = SymmetryProbe::new(net.axes().unwrap()).reporting(|_| {});
    let mut adam = AdamConfig::new().init();
    train!(burn22, , device, net, dropout, |module, gradients| {
        probe.step(&mut adam, 0.01, module, gradients)
    });
    Found::of(&probe)
}

/// Classes at every step, and the largest spread.
fn classes(found: &Found) -> Vec<(usize, Vec<[Option<usize>; 4]>)> {
    let of = |reading: &SymmetryReading| {
        let space = reading.spaces.iter();
        let counts = space.map(|s| [Some(s.units), Some(s.twins), s.equitable, s.forward]);
        (reading.step, counts.collect())
    };
    found.readings.iter().map(of).collect()
}

#[test]
fn classes_that_training_keeps_are_the_same() {
    let [old, new] = [on_21(Init::constant(0.2), 0.0), on_22(Init::constant(0.2), 0.0)];
    assert_eq!(old.readings.len(), 21);
    assert_eq!(classes(&old), classes(&new));
    assert_eq!(old.summary, new.summary);
    assert!(old.summary.contains("hidden1: 8 units, 3 distinct"), "{}", old.summary);
    assert!(old.breaks.is_empty() && new.breaks.is_empty());
}

#[test]
fn units_that_all_differ_are_the_same() {
    let [old, new] = [on_21(Init::normal(0.0, 1.0), 0.0), on_22(Init::normal(0.0, 1.0), 0.0)];
    assert_eq!(old.summary, new.summary);
    assert_eq!(old.breaks, new.breaks);
    assert_eq!(classes(&old)[0], classes(&new)[0]);
}

/// Each version draws different numbers for dropout, but dropout breaks the classes at the same step and place.
#[test]
fn the_first_break_by_dropout_is_the_same() {
    let [old, new] = [on_21(Init::constant(0.2), 0.5), on_22(Init::constant(0.2), 0.5)];
    assert_eq!(old.summary, new.summary);
    let first = |found: &Found| {
        let FirstBreak { step, since, space, cause, .. } = found.breaks[0].clone();
        (step, since, space, cause)
    };
    assert_eq!(first(&old), first(&new));
    assert_eq!((old.breaks[0].step, old.breaks[0].space.as_str()), (1, "hidden2"));
}
