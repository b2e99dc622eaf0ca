//! Surgery in doubles: functions stay the same, quotients train as the full module does, and operations that are
//! impossible are refused.

use burn::lr_scheduler::LrScheduler;
use burn::lr_scheduler::cosine::CosineAnnealingLrSchedulerConfig;
use burn::module::{AutodiffModule, Module, Param};
use burn::nn::attention::{MhaInput, MultiHeadAttention, MultiHeadAttentionConfig};
use burn::nn::conv::{Conv2d, Conv2dConfig};
use burn::nn::{
    BatchNorm, BatchNormConfig, Dropout, DropoutConfig, GroupNorm, GroupNormConfig, LayerNorm,
    LayerNormConfig, Linear, LinearConfig,
};
use burn::optim::{GradientsParams, Optimizer};
use burn::tensor::activation::relu;
use burn::tensor::backend::{AutodiffBackend, Backend};
use burn::tensor::{Tensor, TensorData};
use burn_autodiff::Autodiff;
use burn_ndarray::NdArray;
use constinit::axes::{Capture, Trace, Traced, trace};
use constinit::params::from_values;
use constinit::params::{parameter_paths, read_parameters, write_parameters};
use constinit::prelude::*;
use constinit::probe::{Probe, SymmetryProbe};
use constinit::surgery::{
    Activations, KnownAxes, LiftedProbe, QuotientModule, ReduceOptions, break_symmetry, collapse,
    quotient, reduce, symmetry_of, widen,
};
use constinit::train::{
    Batch, Clip, FullBatch, Loss, OptimizerConfig, TrainConfig, TrainState, load_checkpoint,
    save_checkpoint, train,
};
use constinit::{Activation, ConstInit, ConstInitConfig, Error};
use constinit_symmetry::layers::{Layer, dense};
use constinit_symmetry::{
    AxesSpec, Axis, Decay, Obstacle, Optimizer as Rule, Role, Shares, SymmetryKind, TrainingFacts,
};

/// For functions.
type I = NdArray<f64>;
/// For training.
type B = Autodiff<I>;

type Device = <I as burn::tensor::backend::BackendTypes>::Device;

fn device() -> Device {
    Default::default()
}

/// A multiple of 1/64 between -1 and 1, so that sums of a few are exact.
fn dyadic(key: &[usize]) -> f64 {
    let mut state = 0x9e37_79b9_7f4a_7c15_u64;
    for part in key {
        state = (state ^ *part as u64).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        state ^= state >> 29;
        state = state.wrapping_mul(0x94d0_49bb_1331_11eb);
        state ^= state >> 32;
    }
    (state % 129) as f64 / 64.0 - 1.0
}

fn inputs<K: Backend>(rows: usize, columns: usize, seed: usize) -> Tensor<K, 2> {
    let values = (0..rows * columns).map(|entry| dyadic(&[seed, 77, entry])).collect();
    from_values(values, [rows, columns], &Default::default())
}

/// How entries depend on classes.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Classes {
    /// Entries are equal within a block.
    Twins,
    /// In addition, a pattern whose sums vanish.
    Equitable,
    /// Outgoing entries are all different.
    Forward,
}

/// A module with random parameters whose units are in the given classes.
fn imposed<K: Backend, M: Module<K>>(
    module: M,
    spec: &AxesSpec,
    classes: &[Vec<usize>],
    how: Classes,
    seed: usize,
) -> M {
    let mut written = Vec::new();
    for (number, param) in spec.params().iter().enumerate() {
        let shape = param.shape();
        let entries: usize = shape.iter().product();
        let sign = |space: usize, unit: usize| {
            let first: Vec<usize> = (0..classes[space].len())
                .filter(|u| classes[space][*u] == classes[space][unit])
                .collect();
            match first[..] {
                [a, _, ..] if a == unit => 1.0,
                [_, b, ..] if b == unit => -1.0,
                _ => 0.0,
            }
        };
        let value = |entry: usize| {
            let mut key = vec![seed, number];
            let (mut rest, mut signs) = (entry, Vec::new());
            for (axis, size) in param.axes().iter().zip(shape).rev() {
                let index = rest % size;
                rest /= size;
                let unit = |space: usize, unit: usize| match (how, axis.role) {
                    (Classes::Forward, Role::Input) => unit,
                    _ => classes[space][unit],
                };
                match axis.axis {
                    Axis::Fixed => key.push(index),
                    Axis::Space(space) => {
                        key.push(unit(space.get(), index));
                        signs.push(sign(space.get(), index));
                    }
                    Axis::Flattened { space, inner, .. } => {
                        let units = classes[space.get()].len();
                        key.extend([index % inner, unit(space.get(), index / inner % units)]);
                        key.push(index / inner / units);
                    }
                }
            }
            let value = dyadic(&key);
            match how {
                _ if param.path().ends_with("running_var") => value.abs() + 0.5,
                Classes::Equitable if signs.len() == 2 => value + signs[0] * signs[1] / 4.0,
                _ => value,
            }
        };
        let data = TensorData::new((0..entries).map(value).collect::<Vec<f64>>(), shape.to_vec());
        written.push((param.path(), data));
    }
    write_parameters(module, written).unwrap()
}

/// Classes at random, as many as units or fewer.
fn random_classes(spec: &AxesSpec, seed: usize) -> Vec<Vec<usize>> {
    let of = |(number, units): (usize, usize)| {
        let class = |unit: usize| ((dyadic(&[seed, number, unit, 5]) + 1.0) * 32.0) as usize % 3;
        (0..units).map(class).collect()
    };
    spec.spaces().iter().map(|space| space.units()).enumerate().map(of).collect()
}

fn mlp<K: Backend>(dims: &[usize], activation: Activation) -> (ConstInit<K>, AxesSpec) {
    let net = ConstInitConfig::new(dims.to_vec()).with_activation(activation);
    let net = net.init::<K>(&Default::default());
    let spec = net.axes().unwrap();
    (net, spec)
}

#[derive(Module, Debug)]
struct Cnn<B: Backend> {
    conv1: Conv2d<B>,
    norm: BatchNorm<B>,
    conv2: Conv2d<B>,
    head: Linear<B>,
}

impl<B: Backend> Cnn<B> {
    fn new(device: &B::Device) -> Self {
        Self {
            conv1: Conv2dConfig::new([1, 6], [3, 3]).init(device),
            norm: BatchNormConfig::new(6).init(device),
            conv2: Conv2dConfig::new([6, 5], [3, 3]).init(device),
            head: LinearConfig::new(20, 3).init(device),
        }
    }

    fn forward(&self, x: Tensor<B, 2>) -> Tensor<B, 2> {
        let rows = x.dims()[0];
        let x = relu(self.norm.forward(self.conv1.forward(x.reshape([rows, 1, 6, 6]))));
        self.head.forward(self.conv2.forward(x).tanh().flatten(1, 3))
    }

    fn traced() -> Traced {
        traced(36, Cnn::new, Cnn::forward)
    }

    fn traced_in_training() -> Traced {
        traced_in_training(36, Cnn::new, Cnn::forward)
    }
}

/// A residual stream, without norms.
#[derive(Module, Debug)]
struct Residual<B: Backend> {
    enter: Linear<B>,
    up: Linear<B>,
    down: Linear<B>,
    leave: Linear<B>,
}

impl<B: Backend> Residual<B> {
    fn new(device: &B::Device) -> Self {
        let linear = |inputs, outputs| LinearConfig::new(inputs, outputs).init(device);
        Self { enter: linear(3, 6), up: linear(6, 5), down: linear(5, 6), leave: linear(6, 2) }
    }

    fn forward(&self, x: Tensor<B, 2>) -> Tensor<B, 2> {
        let x = self.enter.forward(x);
        let x = x.clone() + self.down.forward(self.up.forward(x).tanh());
        self.leave.forward(x)
    }

    fn traced() -> Traced {
        traced(3, Residual::new, Residual::forward)
    }

    fn traced_in_training() -> Traced {
        traced_in_training(3, Residual::new, Residual::forward)
    }
}

fn traced<M: Module<Capture>>(
    columns: usize,
    new: impl Fn(&<Capture as burn::tensor::backend::BackendTypes>::Device) -> M,
    forward: impl Fn(&M, Tensor<Capture, 2>) -> Tensor<Capture, 2>,
) -> Traced {
    trace(|device| {
        let net = new(device);
        let x = Tensor::<Capture, 2>::zeros([7, columns], device);
        let y = forward(&net, x.clone());
        Trace::of(&net).input(x).output(y)
    })
    .unwrap()
}

/// With gradients, which a quotient needs.
fn traced_in_training<M: Module<Autodiff<Capture>>>(
    columns: usize,
    new: impl Fn(&<Capture as burn::tensor::backend::BackendTypes>::Device) -> M,
    forward: impl Fn(&M, Tensor<Autodiff<Capture>, 2>) -> Tensor<Autodiff<Capture>, 2>,
) -> Traced {
    trace(|device| {
        let net = new(device);
        let x = Tensor::<Autodiff<Capture>, 2>::zeros([7, columns], device);
        let y = forward(&net, x.clone());
        Trace::of(&net).input(x).output(y)
    })
    .unwrap()
}

/// A spec that is declared by hand.
fn declared<K: Backend, M: Module<K>>(
    net: &M,
    spaces: &[(&str, usize)],
    layers: impl IntoIterator<Item = Layer>,
) -> AxesSpec {
    let shapes: Vec<Vec<usize>> =
        read_parameters(net).iter().map(|p| p.data.shape.to_vec()).collect();
    let paths = parameter_paths(net);
    let builder = AxesSpec::builder();
    let builder =
        spaces.iter().fold(builder, |builder, (name, units)| builder.space(*name, *units));
    let builder = layers.into_iter().fold(builder, |builder, layer| builder.layer(layer));
    builder.build(paths.iter().map(String::as_str).zip(shapes.iter().map(Vec::as_slice))).unwrap()
}

fn values<const D: usize>(y: Tensor<I, D>) -> Vec<f64> {
    y.into_data().to_vec().unwrap()
}

fn assert_close(a: &[f64], b: &[f64], within: f64, what: &str) {
    assert_eq!(a.len(), b.len(), "{what}");
    let scale = a.iter().fold(1e-3_f64, |s, v| s.max(v.abs()));
    let off = a.iter().zip(b).fold(0.0_f64, |d, (a, b)| d.max((a - b).abs())) / scale;
    assert!(off <= within, "{what}: off by {off:e}");
}

const KINDS: [(Classes, SymmetryKind); 3] = [
    (Classes::Twins, SymmetryKind::Twins),
    (Classes::Equitable, SymmetryKind::Equitable),
    (Classes::Forward, SymmetryKind::ForwardLumpable),
];

/// Collapses random instances of a module and compares the functions.
fn collapse_keeps<M: Module<I>>(
    axes: KnownAxes<'_>,
    spec: &AxesSpec,
    new: impl Fn() -> M,
    forward: impl Fn(&M) -> Tensor<I, 2>,
    seeds: std::ops::Range<usize>,
) {
    for seed in seeds {
        for (how, kind) in KINDS {
            let classes = random_classes(spec, seed);
            let net = imposed(new(), spec, &classes, how, seed);
            let found = symmetry_of(&net, spec, kind).unwrap();
            for (space, classes) in found.spaces().iter().zip(&classes) {
                let mut wanted = classes.clone();
                wanted.sort_unstable();
                wanted.dedup();
                assert!(space.effective_width() <= wanted.len(), "{kind:?} {space:?}");
            }
            let before = values(forward(&net));
            let old = read_parameters(&net);
            let merged = collapse(net, axes, &found).unwrap();
            let after = values(forward(&merged.module));
            assert_close(&before, &after, 1e-13, &format!("{kind:?}, seed {seed}"));
            let read = read_parameters(&merged.module);
            // An optimizer's state of a parameter does not fit a parameter of another shape. Batch norms keep the ids
            // of their statistics, which no optimizer updates.
            for ((old, new), path) in old.iter().zip(&read).zip(parameter_paths(&merged.module)) {
                let other_shape = old.data.shape != new.data.shape;
                let other = other_shape && !path.contains("running_");
                assert_eq!(old.id != new.id, other, "{path}");
            }
            let entries = read.iter().map(|p| p.data.num_elements()).sum::<usize>();
            assert_eq!(entries, merged.parameters[1]);
            assert!(merged.parameters[1] < merged.parameters[0] && !merged.is_identity());
            for (space, sizes) in merged.spec.spaces().iter().zip(&merged.spaces) {
                assert_eq!(space.units(), sizes.after);
            }
            // The merged module has no two equal units.
            let again = symmetry_of(&merged.module, &merged.spec, kind).unwrap();
            assert!(again.spaces().iter().all(|space| space.partition().is_discrete()));
        }
    }
}

#[test]
fn collapse_keeps_the_function_of_perceptrons() {
    for (seed, activation) in Activation::ALL.into_iter().enumerate() {
        let (_, spec) = mlp::<I>(&[3, 7, 6, 2], activation);
        let new = || mlp(&[3, 7, 6, 2], activation).0;
        let forward = |net: &ConstInit<I>| net.forward(inputs(5, 3, seed));
        collapse_keeps((&spec).into(), &spec, new, forward, seed..seed + 2);
    }
}

#[test]
fn collapse_keeps_the_function_of_convolutions_with_batch_norms() {
    let traced = Cnn::<I>::traced();
    assert_eq!(traced.width_dependent, []);
    let forward = |net: &Cnn<I>| net.forward(inputs(3, 36, 4));
    collapse_keeps((&traced).into(), &traced.axes, || Cnn::new(&device()), forward, 0..4);
}

#[test]
fn collapse_keeps_the_function_of_a_residual_stream() {
    let traced = Residual::<I>::traced();
    assert_eq!(traced.width_dependent, []);
    let forward = |net: &Residual<I>| net.forward(inputs(5, 3, 4));
    let new = || Residual::new(&device());
    collapse_keeps((&traced).into(), &traced.axes, new, forward, 0..6);
    collapse_keeps((&traced.axes).into(), &traced.axes, new, forward, 6..8);
}

/// Numbers of a network of 3, 8, 6 and 2 units. In the first hidden layer, unit 1 is the opposite of unit 0, unit 2 is
/// twice unit 0, unit 3 is constant, nothing reads unit 4, and unit 5 equals unit 0.
fn reducible() -> Vec<(&'static str, TensorData)> {
    let drawn = |key: usize, count: usize| -> Vec<f64> {
        (0..count).map(|entry| dyadic(&[key, 91, entry])).collect()
    };
    let row = drawn(0, 4);
    let factors = [1.0, -1.0, 2.0, 0.0, 0.5, 1.0, 0.0, 0.0];
    // By input, then the bias; units 6 and 7 differ from all others.
    let incoming = |input: usize| -> Vec<f64> {
        let others = drawn(1 + input, 8);
        let unit = |u: usize| match u {
            4 | 6 | 7 => others[u] + 0.03125,
            3 if input == 3 => 0.5,
            _ => factors[u] * row[input],
        };
        (0..8).map(unit).collect()
    };
    let mut outgoing = drawn(9, 48);
    outgoing[4 * 6..5 * 6].fill(0.0);
    vec![
        ("layers.0.weight", TensorData::new((0..3).flat_map(incoming).collect(), [3, 8])),
        ("layers.0.bias", TensorData::new(incoming(3), [8])),
        ("layers.1.weight", TensorData::new(outgoing, [8, 6])),
        ("layers.1.bias", TensorData::new(drawn(10, 6), [6])),
        ("layers.2.weight", TensorData::new(drawn(11, 12), [6, 2])),
        ("layers.2.bias", TensorData::new(drawn(12, 2), [2])),
    ]
}

#[test]
fn reduce_keeps_the_function_of_perceptrons() {
    for activation in Activation::ALL {
        // Without units 4, 5 and the constant unit 3; units 1 and 2 stay only if the activation does not relate them to
        // unit 0.
        let left = match activation {
            Activation::Identity => 3,
            Activation::Tanh | Activation::Sigmoid | Activation::Relu | Activation::LeakyRelu => 4,
            Activation::Gelu | Activation::Silu | Activation::Softplus | Activation::Elu => 5,
        };
        let (net, spec) = mlp::<I>(&[3, 8, 6, 2], activation);
        let net = write_parameters(net, reducible()).unwrap();
        let x = inputs(5, 3, 7);
        let before = values(net.forward(x.clone()));
        let options = ReduceOptions::default();
        let small = reduce(net.clone(), &spec, &activation.into(), &options).unwrap();
        assert_eq!(small.spaces[0].after, left, "{activation:?}: {small}");
        assert_eq!(small.spec.spaces()[0].units(), left);
        let entries: usize =
            read_parameters(&small.module).iter().map(|p| p.data.num_elements()).sum();
        assert_eq!(entries, small.parameters[1]);
        // Burn's error function is accurate to 1e-7, and the constant of gelu comes from another one.
        let within = if activation == Activation::Gelu { 1e-6 } else { 1e-12 };
        let after = values(small.module.forward(x));
        assert_close(&before, &after, within, activation.name());
        // Without an activation, only units that are equal or not read are removed.
        let careful = reduce(net, &spec, &Activations::none(), &options).unwrap();
        assert_eq!(careful.spaces[0].after, 6, "{activation:?}: {careful}");
        let again = reduce(small.module, &small.spec, &activation.into(), &options).unwrap();
        assert!(again.is_identity(), "{activation:?}: {again}");
    }
}

#[test]
fn collapse_without_symmetry_is_the_identity() {
    let (net, spec) = mlp::<I>(&[3, 4, 2], Activation::Tanh);
    let classes: Vec<Vec<usize>> = vec![(0..4).collect()];
    let net = imposed(net, &spec, &classes, Classes::Twins, 3);
    let found = symmetry_of(&net, &spec, SymmetryKind::ForwardLumpable).unwrap();
    let before: Vec<_> = read_parameters(&net).into_iter().map(|p| p.data).collect();
    let merged = collapse(net, &spec, &found).unwrap();
    assert!(merged.is_identity());
    assert_eq!(merged.to_string(), "nothing to collapse: all units differ, 26 parameters stay");
    let after: Vec<_> = read_parameters(&merged.module).into_iter().map(|p| p.data).collect();
    assert_eq!(before, after);
}

#[test]
fn the_need_of_a_gradient_stays() {
    let (mut net, spec) = mlp::<B>(&[3, 4, 2], Activation::Tanh);
    let first = &mut net.layers[0];
    first.weight = first.weight.clone().set_require_grad(false);
    let found = symmetry_of(&net, &spec, SymmetryKind::Twins).unwrap();
    let merged = collapse(net, &spec, &found).unwrap().module;
    assert!(!merged.layers[0].weight.is_require_grad());
    let loss = merged.forward(inputs(2, 3, 0)).sum();
    let gradients = loss.backward();
    assert_eq!(merged.layers[1].weight.val().grad(&gradients).unwrap().dims(), [1, 2]);
}

#[test]
fn widen_keeps_the_function_and_collapse_gives_the_module_back() {
    for seed in 0..6 {
        let (net, spec) = mlp::<I>(&[3, 4, 3, 2], Activation::Gelu);
        let alone: Vec<Vec<usize>> = vec![(0..4).collect(), (0..3).collect()];
        let net = imposed(net, &spec, &alone, Classes::Twins, seed);
        let x = || inputs(5, 3, seed);
        let before = values(net.forward(x()));
        let parameters: Vec<_> = read_parameters(&net).into_iter().map(|p| p.data).collect();
        let copies = [("hidden1", &[1, 3, 2, 1][..]), ("hidden2", &[2, 1, 5][..])];
        for shares in [Shares::Exact, Shares::Equal] {
            let wide = widen(net.clone(), &spec, &copies, shares).unwrap();
            assert_eq!(wide.spaces.iter().map(|s| s.after).collect::<Vec<_>>(), [7, 8]);
            assert_eq!(wide.origins[0], [0, 1, 1, 1, 2, 2, 3]);
            assert_close(&before, &values(wide.module.forward(x())), 1e-13, "widened");
            let found =
                symmetry_of(&wide.module, &wide.spec, SymmetryKind::ForwardLumpable).unwrap();
            let back = collapse(wide.module, &wide.spec, &found).unwrap();
            assert_eq!(back.spec, spec);
            let back = read_parameters(&back.module);
            for (back, old) in back.iter().zip(&parameters) {
                match shares {
                    Shares::Exact => assert_eq!(back.data, *old),
                    Shares::Equal => assert_close(
                        &old.to_vec().unwrap(),
                        &back.data.to_vec().unwrap(),
                        1e-15,
                        "equal shares",
                    ),
                }
            }
        }
    }
}

#[test]
fn a_widened_convolution_computes_the_same() {
    let traced = Cnn::<I>::traced();
    let alone: Vec<Vec<usize>> = vec![(0..6).collect(), (0..5).collect()];
    let net = imposed(Cnn::<I>::new(&device()), &traced.axes, &alone, Classes::Twins, 1);
    let before = values(net.forward(inputs(3, 36, 4)));
    let copies = [("conv1", &[2, 1, 1, 1, 3, 1][..]), ("conv2", &[1, 1, 2, 2, 1][..])];
    let wide = widen(net, &traced, &copies, Shares::Equal).unwrap();
    assert_eq!(wide.module.norm.gamma.dims(), [9]);
    assert_close(&before, &values(wide.module.forward(inputs(3, 36, 4))), 1e-13, "widened");
}

/// The gradient of the first weight, unit by unit.
fn first_gradients(net: &ConstInit<B>) -> Vec<f64> {
    let loss = (net.forward(inputs(5, 3, 1)) - inputs(5, 2, 2)).powi_scalar(2).mean();
    let gradients = GradientsParams::from_grads(loss.backward(), net);
    values(gradients.get::<I, 2>(net.layers[0].weight.id).unwrap())
}

#[test]
fn breaking_keeps_the_function_and_parts_the_gradients() {
    for seed in 0..5 {
        let (net, spec) = mlp::<B>(&[3, 4, 5, 2], Activation::Tanh);
        let classes = [vec![0, 1, 0, 1], vec![0; 5]];
        let net = imposed(net, &spec, &classes, Classes::Twins, seed);
        let found = symmetry_of(&net, &spec, SymmetryKind::Twins).unwrap();
        let [before, after] = [&net, &net].map(first_gradients);
        assert_eq!(before, after);
        assert_eq!(before[0], before[2], "twins have one gradient");
        let y = values(net.valid().forward(inputs(5, 3, 9)));
        let broken = break_symmetry(net, &spec, &found, 0.25, seed as u64).unwrap();
        assert_eq!((broken.separated, broken.inseparable.len()), (3, 0));
        assert!(broken.largest_change > 0.0 && broken.largest_change <= 0.25);
        assert_close(&y, &values(broken.module.valid().forward(inputs(5, 3, 9))), 1e-13, "broken");
        let twins = symmetry_of(&broken.module, &spec, SymmetryKind::Twins).unwrap();
        assert!(twins.spaces().iter().all(|space| space.partition().is_discrete()));
        let parted = first_gradients(&broken.module);
        assert!(parted[0] != parted[2] && parted[1] != parted[3], "{parted:?}");
    }
}

#[test]
fn what_cannot_be_separated_is_said() {
    let (net, spec) = mlp::<I>(&[3, 4, 2], Activation::Tanh);
    let found = symmetry_of(&net, &spec, SymmetryKind::Twins).unwrap();
    let broken = break_symmetry(net, &spec, &found, 0.0, 1).unwrap();
    assert_eq!(broken.separated, 0);
    assert_eq!(broken.inseparable[0].space, "hidden1");
    assert!(
        broken.inseparable[0].reason.to_string().contains("cannot represent changes of this scale")
    );
}

fn config(text: &str) -> OptimizerConfig {
    serde_json::from_str(text).unwrap()
}

/// Optimizers that keep equitable classes, and those that keep twins only.
fn optimizers() -> [Vec<OptimizerConfig>; 2] {
    let equitable = [
        r#"{"type":"sgd","learning_rate":0.05}"#,
        r#"{"type":"sgd","learning_rate":0.02,"momentum":0.9,"weight_decay":0.05,"nesterov":true}"#,
        r#"{"type":"sgd","learning_rate":0.02,"momentum":0.9,"dampening":0.5}"#,
        r#"{"type":"adam","learning_rate":0.01}"#,
        r#"{"type":"adamw","learning_rate":0.01,"weight_decay":0.1}"#,
        r#"{"type":"rmsprop","learning_rate":0.002,"momentum":0.5}"#,
        r#"{"type":"adagrad","learning_rate":0.02,"lr_decay":0.01}"#,
        r#"{"type":"adan","learning_rate":0.01,"weight_decay":0.1}"#,
    ];
    let twins = [
        r#"{"type":"adam","learning_rate":0.01,"weight_decay":0.05,"amsgrad":true}"#,
        r#"{"type":"rmsprop","learning_rate":0.002,"weight_decay":0.05}"#,
        r#"{"type":"adagrad","learning_rate":0.02,"weight_decay":0.05}"#,
    ];
    [equitable.map(config).into(), twins.map(config).into()]
}

fn data(columns: [usize; 2]) -> FullBatch<B> {
    let batch = Batch { inputs: inputs(6, columns[0], 1), targets: inputs(6, columns[1], 2) };
    FullBatch::new(batch).unwrap()
}

/// The parameters, with the statistics of batch norms after the last step.
fn all_parameters<M: AutodiffModule<B>>(module: &M) -> Vec<f64> {
    let read = read_parameters(&module.valid());
    read.iter().flat_map(|p| p.data.to_vec::<f64>().unwrap()).collect()
}

/// What a case of [`trains_alike`] trains.
struct Training<'a> {
    optimizer: &'a OptimizerConfig,
    clip: Option<Clip>,
    steps: usize,
    columns: [usize; 2],
    within: f64,
}

impl<'a> Training<'a> {
    fn new(optimizer: &'a OptimizerConfig, columns: [usize; 2]) -> Self {
        Self { optimizer, clip: None, steps: 200, columns, within: 1e-10 }
    }

    fn schedule(&self) -> impl LrScheduler + use<> {
        let rate = self.optimizer.learning_rate();
        CosineAnnealingLrSchedulerConfig::new(rate, self.steps).init().unwrap()
    }

    /// Trains a module and its quotient, and compares.
    fn alike<M: AutodiffModule<B>>(
        &self,
        full: M,
        axes: KnownAxes<'_>,
        spec: &AxesSpec,
        forward: impl Fn(&M, Tensor<B, 2>) -> Tensor<B, 2>,
    ) -> QuotientModule<B, M> {
        let loss =
            |net: &M, batch: Batch<B>| Loss::Mse.forward(forward(net, batch.inputs), batch.targets);
        let found = symmetry_of(&full, spec, SymmetryKind::Equitable).unwrap();
        let small = quotient(&full, axes, &found, &self.optimizer.facts()).unwrap();
        assert!(!small.is_identity());
        let optimizer = small.optimizer(self.optimizer.init::<B, M>().unwrap());
        let optimizer = match self.clip {
            Some(clip) => optimizer.with_clip(clip),
            None => optimizer,
        };
        let start = all_parameters(&full);
        let lifting = optimizer.lifting().clone();
        let lifted = lifting.lift::<B, M>(&small.module).unwrap();
        assert_close(&start, &all_parameters(&lifted), 1e-15, "lifted at the start");

        let state = TrainState::new(small.module.clone(), optimizer, self.schedule());
        let mut plan = TrainConfig::steps(self.steps);
        let quick = train(state, &mut data(self.columns), loss, &plan, &mut []);
        let lifted = lifting.lift::<B, M>(&quick.state.model).unwrap();
        let state = TrainState::new(full, self.optimizer.init::<B, M>().unwrap(), self.schedule());
        plan.clip = self.clip;
        let slow = train(state, &mut data(self.columns), loss, &plan, &mut []);
        let expected = all_parameters(&slow.state.model);
        let moved = expected.iter().zip(&start).fold(0.0_f64, |m, (a, b)| m.max((a - b).abs()));
        assert!(moved > 1e-2, "training does something: {moved}");
        let what = format!("{:?}", self.optimizer);
        assert_close(&expected, &all_parameters(&lifted), self.within, &what);
        small
    }
}

fn deep(sizes: [&[usize]; 3], how: Classes, seed: usize) -> (ConstInit<B>, AxesSpec) {
    let classes: Vec<Vec<usize>> = sizes
        .iter()
        .map(|sizes| {
            let classes = sizes.iter().enumerate();
            classes.flat_map(|(class, size)| vec![class; *size]).collect()
        })
        .collect();
    let mut dims = vec![3];
    dims.extend(classes.iter().map(Vec::len));
    dims.push(2);
    let (net, spec) = mlp::<B>(&dims, Activation::Tanh);
    let net = imposed(net, &spec, &classes, how, seed);
    // Smaller weights: activations of wide layers stay away from their limits.
    let scaled = read_parameters(&net);
    let scale = |path: &&str| if path.ends_with("weight") { 0.25 } else { 1.0 };
    let values = spec.params().iter().map(|p| p.path()).zip(&scaled).map(|(path, p)| {
        let entries: Vec<f64> = p.data.iter::<f64>().map(|v| v * scale(&path)).collect();
        (path, TensorData::new(entries, p.data.shape.clone()))
    });
    (write_parameters(net, values.collect::<Vec<_>>()).unwrap(), spec)
}

const SIZES: [&[usize]; 3] = [&[1, 3, 2], &[4, 1, 2], &[5]];

#[test]
fn a_quotient_of_twins_goes_the_way_of_the_module() {
    for (seed, optimizer) in optimizers().concat().iter().enumerate() {
        let (net, spec) = deep(SIZES, Classes::Twins, seed);
        let training = Training::new(optimizer, [3, 2]);
        let small = training.alike(net, (&spec).into(), &spec, ConstInit::forward);
        assert_eq!(
            small.to_string(),
            "hidden1: 6 -> 3 units; hidden2: 7 -> 3 units; hidden3: 5 -> 1 units; \
             125 -> 32 parameters"
        );
    }
}

#[test]
fn a_quotient_of_units_with_equal_sums_goes_the_way_of_the_module() {
    let [equitable, _] = optimizers();
    for (seed, optimizer) in equitable.iter().enumerate() {
        let (net, spec) = deep(SIZES, Classes::Equitable, seed);
        let twins = symmetry_of(&net, &spec, SymmetryKind::Twins).unwrap();
        assert!(twins.effective_width("hidden2") > Some(3));
        Training::new(optimizer, [3, 2]).alike(net, (&spec).into(), &spec, ConstInit::forward);
    }
}

#[test]
fn a_quotient_of_wide_classes_goes_the_way_of_the_module() {
    let [equitable, _] = optimizers();
    for (seed, number) in [0, 3].into_iter().enumerate() {
        let (net, spec) = deep([&[1000], &[3, 60], &[1, 17]], Classes::Twins, seed);
        let weights = ["layers.1.weight", "layers.2.weight", "layers.3.weight"];
        let read = read_parameters(&net);
        let smaller =
            weights.iter().zip([2, 4, 6]).zip([1e-3, 1e-2, 0.1]).map(|((path, n), by)| {
                let entries: Vec<f64> = read[n].data.iter::<f64>().map(|v| v * by).collect();
                (*path, TensorData::new(entries, read[n].data.shape.clone()))
            });
        let net = write_parameters(net, smaller.collect::<Vec<_>>()).unwrap();
        let rate = ["0.01", "0.0005"][seed];
        let optimizer = serde_json::to_string(&equitable[number]).unwrap();
        let old = format!("\"learning_rate\":{}", equitable[number].learning_rate());
        let optimizer = config(&optimizer.replace(&old, &format!("\"learning_rate\":{rate}")));
        assert_eq!(optimizer.learning_rate().to_string(), rate);
        Training::new(&optimizer, [3, 2]).alike(net, (&spec).into(), &spec, ConstInit::forward);
    }
}

#[test]
fn a_quotient_of_a_residual_stream_goes_the_way_of_the_module() {
    let traced = Residual::<I>::traced_in_training();
    let [equitable, twins] = optimizers();
    for (optimizer, how) in [(&equitable[1], Classes::Equitable), (&twins[0], Classes::Twins)] {
        let classes = [vec![0, 0, 1, 1, 1, 2], vec![0, 1, 0, 0, 1]];
        let net = imposed(Residual::<B>::new(&device()), &traced.axes, &classes, how, 3);
        Training::new(optimizer, [3, 2]).alike(
            net,
            (&traced).into(),
            &traced.axes,
            Residual::forward,
        );
    }
}

#[test]
fn a_quotient_of_a_convolution_goes_the_way_of_the_module_and_leaves_it_alone() {
    let traced = Cnn::<I>::traced_in_training();
    let [equitable, _] = optimizers();
    let classes = [vec![0, 0, 1, 1, 1, 2], vec![0, 1, 0, 0, 1]];
    let new = || imposed(Cnn::<B>::new(&device()), &traced.axes, &classes, Classes::Twins, 3);
    let mut training = Training::new(&equitable[0], [36, 3]);
    training.steps = 50;
    training.alike(new(), (&traced).into(), &traced.axes, Cnn::forward);
    // Batch norms share their statistics with clones, but not with a quotient, nor with a module that is lifted from
    // it.
    let net = new();
    let found = symmetry_of(&net, &traced.axes, SymmetryKind::Equitable).unwrap();
    let small = quotient(&net, &traced, &found, &equitable[0].facts()).unwrap();
    assert_eq!(net.norm.running_mean.value().dims(), [6]);
    let optimizer = small.optimizer(());
    optimizer.lifting().lift::<B, _>(&small.module).unwrap();
    assert_eq!(small.module.norm.running_mean.value().dims(), [3]);
}

#[test]
fn gradients_are_clipped_by_the_norm_of_the_full_module() {
    for clip in [Clip::GlobalNorm(0.05), Clip::Value(0.01)] {
        for how in [Classes::Twins, Classes::Equitable] {
            let (net, spec) = deep(SIZES, how, 5);
            let optimizer = config(r#"{"type":"sgd","learning_rate":0.5}"#);
            let mut training = Training::new(&optimizer, [3, 2]);
            training.clip = Some(clip);
            training.alike(net, (&spec).into(), &spec, ConstInit::forward);
        }
    }
}

#[test]
fn a_quotient_goes_on_from_a_checkpoint() {
    let optimizer = config(r#"{"type":"adamw","learning_rate":0.01,"weight_decay":0.3}"#);
    let start = || {
        let (net, spec) = deep(SIZES, Classes::Equitable, 2);
        let found = symmetry_of(&net, &spec, SymmetryKind::Equitable).unwrap();
        let small = quotient(&net, &spec, &found, &optimizer.facts()).unwrap();
        let trained = small.optimizer(optimizer.init::<B, ConstInit<B>>().unwrap());
        let lifting = trained.lifting().clone();
        (TrainState::new(small.module, trained, 0.01), lifting)
    };
    let loss = |net: &ConstInit<B>, batch: Batch<B>| {
        Loss::Mse.forward(net.forward(batch.inputs), batch.targets)
    };
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("state.ckpt");
    let (state, lifting) = start();
    let half = train(state, &mut data([3, 2]), loss, &TrainConfig::steps(11), &mut []);
    save_checkpoint::<B, _, _, _>(&path, &half.state, "f64", "").unwrap();
    let whole = train(half.state, &mut data([3, 2]), loss, &TrainConfig::steps(30), &mut []);
    let whole = lifting.lift::<B, _>(&whole.state.model).unwrap();

    let (fresh, lifting) = start();
    let found = load_checkpoint::<B, _, _, _>(&path, fresh, "f64", &device()).unwrap();
    let resumed = train(found.state, &mut data([3, 2]), loss, &TrainConfig::steps(30), &mut []);
    let resumed = lifting.lift::<B, _>(&resumed.state.model).unwrap();
    let bits =
        |net: &ConstInit<B>| all_parameters(net).into_iter().map(f64::to_bits).collect::<Vec<_>>();
    assert_eq!(bits(&resumed), bits(&whole));
}

/// Two heads on one stem, with a space each.
#[derive(Module, Debug)]
struct Heads<B: Backend> {
    stem: Linear<B>,
    up: Vec<Linear<B>>,
    leave: Vec<Linear<B>>,
}

/// In a step, one head has no gradient, and Burn's optimizers do not change it: its deviations must not change either.
#[test]
fn heads_that_are_trained_in_turn_go_the_way_of_the_module() {
    let linear = |inputs, outputs| LinearConfig::new(inputs, outputs).init::<B>(&device());
    let net = Heads {
        stem: linear(3, 6),
        up: vec![linear(6, 4), linear(6, 5)],
        leave: vec![linear(4, 2), linear(5, 2)],
    };
    let spaces = [("stem", 6), ("one", 4), ("two", 5)];
    let layers = [
        ("stem", "", "stem"),
        ("up.0", "stem", "one"),
        ("up.1", "stem", "two"),
        ("leave.0", "one", ""),
        ("leave.1", "two", ""),
    ];
    let layers = layers.map(|(path, reads, makes)| dense(path, reads, makes).input_first());
    let spec = declared(&net, &spaces, layers);
    let classes = [vec![0, 0, 1, 1, 1, 2], vec![0, 0, 1, 1], vec![0, 0, 0, 1, 1]];
    let net = imposed(net, &spec, &classes, Classes::Equitable, 4);
    let optimizer = config(r#"{"type":"adamw","learning_rate":0.02,"weight_decay":1.0}"#);
    let found = symmetry_of(&net, &spec, SymmetryKind::Equitable).unwrap();
    let small = quotient(&net, &spec, &found, &optimizer.facts()).unwrap();
    assert_eq!(small.spec.spaces()[0].units(), 3);
    let step = |head: usize, net: &Heads<B>| {
        let x = net.stem.forward(inputs(6, 3, 1)).tanh();
        let y = net.leave[head].forward(net.up[head].forward(x).tanh());
        let loss = Loss::Mse.forward(y, inputs(6, 2, 2));
        GradientsParams::from_grads(loss.backward(), net)
    };
    let mut slow = (net, optimizer.init::<B, Heads<B>>().unwrap());
    let quick = small.optimizer(optimizer.init::<B, Heads<B>>().unwrap());
    let mut quick = (small.module, quick);
    // The second head has fewer steps.
    for head in [0, 1, 0, 0, 1, 0, 0, 0, 0, 0] {
        let gradients = step(head, &slow.0);
        slow.0 = slow.1.step(0.02, slow.0, gradients);
        let gradients = step(head, &quick.0);
        quick.0 = quick.1.step(0.02, quick.0, gradients);
    }
    let lifted = quick.1.lifting().lift::<B, _>(&quick.0).unwrap();
    assert_close(&all_parameters(&slow.0), &all_parameters(&lifted), 1e-12, "heads in turn");
}

#[test]
fn clones_of_an_optimizer_are_trained_apart() {
    let adamw = config(r#"{"type":"adamw","learning_rate":0.01,"weight_decay":0.3}"#);
    let (net, spec) = deep(SIZES, Classes::Equitable, 2);
    let found = symmetry_of(&net, &spec, SymmetryKind::Equitable).unwrap();
    let small = quotient(&net, &spec, &found, &adamw.facts()).unwrap();
    let still = small.optimizer(adamw.init::<B, ConstInit<B>>().unwrap());
    let loss = |net: &ConstInit<B>, batch: Batch<B>| {
        Loss::Mse.forward(net.forward(batch.inputs), batch.targets)
    };
    let state = TrainState::new(small.module.clone(), still.clone(), 0.01);
    train(state, &mut data([3, 2]), loss, &TrainConfig::steps(5), &mut []);
    let lifted = still.lifting().lift::<B, _>(&small.module).unwrap();
    assert_close(&all_parameters(&net), &all_parameters(&lifted), 1e-15, "of the other clone");
}

#[test]
fn a_lifted_probe_reads_what_a_probe_of_the_module_reads() {
    let optimizer = config(r#"{"type":"adam","learning_rate":0.01}"#);
    let (net, spec) = deep([&[1, 2], &[4], &[2, 2]], Classes::Twins, 8);
    let loss = |net: &ConstInit<B>, batch: Batch<B>| {
        Loss::Mse.forward(net.forward(batch.inputs), batch.targets)
    };
    let probe = || SymmetryProbe::new(spec.clone()).reporting(|_| {});
    let found = symmetry_of(&net, &spec, SymmetryKind::Equitable).unwrap();
    let small = quotient(&net, &spec, &found, &optimizer.facts()).unwrap();
    let mut seen = probe();
    let trained = small.optimizer(optimizer.init::<B, ConstInit<B>>().unwrap());
    let mut lifted = LiftedProbe::new(&mut seen, trained.lifting().clone());
    assert!(!Probe::<B, ConstInit<B>>::reads_gradients(&lifted));
    let state = TrainState::new(small.module, trained, 0.01);
    train(state, &mut data([3, 2]), loss, &TrainConfig::steps(9), &mut [&mut lifted]);
    let mut full = probe().without_gradients();
    let state = TrainState::new(net, optimizer.init::<B, ConstInit<B>>().unwrap(), 0.01);
    train(state, &mut data([3, 2]), loss, &TrainConfig::steps(9), &mut [&mut full]);
    assert_eq!(seen.readings().len(), 10);
    for (seen, full) in seen.readings().iter().zip(full.readings()) {
        let loss = |reading: &constinit::probe::SymmetryReading| reading.loss.unwrap_or(0.0);
        assert!((loss(seen) - loss(full)).abs() < 1e-12);
        let classes = |reading: &constinit::probe::SymmetryReading| -> Vec<_> {
            reading.spaces.iter().map(|s| (s.units, s.twins, s.equitable)).collect()
        };
        assert_eq!(classes(seen), classes(full));
    }
}

fn message<T>(result: Result<T, Error>) -> String {
    result.map(|_| ()).unwrap_err().to_string()
}

#[test]
fn specs_and_classes_that_do_not_fit_are_refused() {
    let (net, spec) = mlp::<I>(&[3, 4, 2], Activation::Tanh);
    let (deeper, other) = mlp::<I>(&[3, 4, 4, 2], Activation::Tanh);
    let found = symmetry_of(&net, &spec, SymmetryKind::Twins).unwrap();
    assert_eq!(
        message(collapse(deeper.clone(), &spec, &found)),
        "axes: the module's parameter layers.2.weight is not among the axes"
    );
    let theirs = symmetry_of(&deeper, &other, SymmetryKind::Twins).unwrap();
    assert_eq!(
        message(collapse(net.clone(), &spec, &theirs)),
        "axes: the classes were found with another spec: it has hidden1 (4), hidden2 (4), this one has hidden1 (4)"
    );
    let (wider, _) = mlp::<I>(&[3, 5, 2], Activation::Tanh);
    assert_eq!(
        message(collapse(wider, &spec, &found)),
        "axes: parameter `layers.0.weight` has shape [3, 5], but the spec was built for [3, 4]"
    );
    // Classes of a module whose units are equal, in a module whose units are not.
    let alone: Vec<Vec<usize>> = vec![(0..4).collect()];
    let random = imposed(net, &spec, &alone, Classes::Twins, 1);
    let found = message(collapse(random.clone(), &spec, &found));
    let expected = "axes: units 0 and 1 of `hidden1` are in one class, but";
    assert!(found.starts_with(expected) && found.contains("layers.0.weight"), "{found}");
    let (trained, spec) = mlp::<B>(&[3, 4, 2], Activation::Tanh);
    let found = symmetry_of(&trained, &spec, SymmetryKind::Twins).unwrap();
    let trained = imposed(trained, &spec, &alone, Classes::Twins, 1);
    let facts = TrainingFacts::new(Rule::Sgd);
    assert!(message(quotient(&trained, &spec, &found, &facts)).starts_with(expected));
    let named = message(widen(random, &spec, &[("hidden", &[1])], Shares::Exact));
    assert!(named.contains("hidden1"), "{named}");
}

#[test]
fn training_that_parts_classes_is_refused_with_its_reason() {
    let (net, spec) = deep(SIZES, Classes::Equitable, 2);
    let refused = |kind: SymmetryKind, facts: TrainingFacts| {
        let found = symmetry_of(&net, &spec, kind).unwrap();
        message(quotient(&net, &spec, &found, &facts))
    };
    let adam = TrainingFacts::new(Rule::Adam);
    let dropout = refused(SymmetryKind::Equitable, adam.clone().with_dropout("hidden2"));
    assert!(dropout.contains("can separate them") && dropout.contains("dropout"), "{dropout}");
    let coupled = refused(SymmetryKind::Equitable, adam.clone().with_decay(Decay::Coupled));
    assert!(coupled.contains("coupled decay"), "{coupled}");
    let muon = refused(SymmetryKind::Equitable, TrainingFacts::new(Rule::Muon));
    assert_eq!(
        muon,
        "Muon: it updates a weight as a whole matrix and not entry by entry, so a quotient would train differently"
    );
    let lumpable = refused(SymmetryKind::ForwardLumpable, adam.clone());
    assert!(lumpable.contains("compute the same number now"), "{lumpable}");
    let unknown = refused(SymmetryKind::Equitable, adam.with_dropout("hidden9"));
    assert!(unknown.starts_with("hidden9: "), "{unknown}");
}

#[test]
fn a_trace_tells_a_quotient_of_dropout() {
    #[derive(Module, Debug)]
    struct Dropped<B: Backend> {
        a: Linear<B>,
        dropout: Dropout,
        b: Linear<B>,
    }
    impl<B: Backend> Dropped<B> {
        fn new(device: &B::Device) -> Self {
            let [a, b] = [LinearConfig::new(3, 4), LinearConfig::new(4, 2)];
            let dropout = DropoutConfig::new(0.5).init();
            Self { a: a.init(device), dropout, b: b.init(device) }
        }
    }
    type T = Autodiff<Capture>;
    let traced = trace(|device| {
        let net = Dropped::<T>::new(device);
        let x = Tensor::<T, 2>::zeros([7, 3], device);
        let y = net.b.forward(net.dropout.forward(net.a.forward(x.clone()).tanh()));
        Trace::of(&net).input(x).output(y)
    })
    .unwrap();
    let net = imposed(Dropped::<B>::new(&device()), &traced.axes, &[vec![0; 4]], Classes::Twins, 1);
    let found = symmetry_of(&net, &traced.axes, SymmetryKind::Twins).unwrap();
    let facts = TrainingFacts::new(Rule::Sgd);
    let refused = message(quotient(&net, &traced, &found, &facts));
    assert!(refused.contains("dropout"), "{refused}");
    // It does nothing after training.
    collapse(net, &traced, &found).unwrap();
}

#[test]
fn a_trace_without_gradients_is_refused_for_a_quotient() {
    let traced = Residual::<I>::traced();
    let classes = [vec![0, 0, 1, 1, 1, 2], vec![0, 1, 0, 0, 1]];
    let net = imposed(Residual::<B>::new(&device()), &traced.axes, &classes, Classes::Twins, 3);
    let found = symmetry_of(&net, &traced, SymmetryKind::Twins).unwrap();
    assert_eq!(
        message(quotient(&net, &traced, &found, &TrainingFacts::new(Rule::Sgd))),
        "the trace: it was made without gradients, so it does not show dropout; trace the module on \
         Autodiff<Capture>"
    );
}

#[test]
fn inputs_and_outputs_keep_their_number() {
    let (net, _) = mlp::<B>(&[2, 2, 2], Activation::Tanh);
    let all = |from: &str, to: &str, spaces: &[(&str, usize)]| {
        let first = dense("layers.0", from, "hidden1").input_first();
        let second = dense("layers.1", "hidden1", to).input_first();
        declared(&net, spaces, [first, second])
    };
    let facts = TrainingFacts::new(Rule::Sgd);
    for (from, to, missing) in [("in", "", "produces"), ("", "out", "reads")] {
        let named = if from.is_empty() { to } else { from };
        let spec = all(from, to, &[(named, 2), ("hidden1", 2)]);
        let net = imposed(net.clone(), &spec, &[vec![0; 2], vec![0; 2]], Classes::Twins, 1);
        let found = symmetry_of(&net, &spec, SymmetryKind::Twins).unwrap();
        let expected = format!(
            "{named}: nothing {missing} the units of `{named}`: declare the space as fixed"
        );
        assert_eq!(message(collapse(net.clone(), &spec, &found)), expected);
        assert_eq!(message(quotient(&net, &spec, &found, &facts)), expected);
        let wider = widen(net.clone(), &spec, &[(named, &[1, 2])], Shares::Exact);
        assert_eq!(message(wider), expected);
        let broken = break_symmetry(net.clone(), &spec, &found, 0.25, 1).unwrap();
        let obstacle = if to.is_empty() { Obstacle::Unproduced } else { Obstacle::Unread };
        assert_eq!((broken.separated, broken.inseparable[0].reason), (1, obstacle));
        assert!(broken.to_string().contains(&format!("; 2 units of {named}: ")), "{broken}");
    }
}

#[test]
fn a_spec_alone_does_not_vouch_for_layers_that_are_not_known() {
    #[derive(Module, Debug)]
    struct Own<B: Backend> {
        weight: Param<Tensor<B, 2>>,
    }
    #[derive(Module, Debug)]
    struct Unknown<B: Backend> {
        a: Linear<B>,
        b: Own<B>,
    }
    let weight = Param::from_tensor(Tensor::<I, 2>::ones([4, 2], &device()));
    let net = Unknown { a: LinearConfig::new(3, 4).init::<I>(&device()), b: Own { weight } };
    let layers = [dense("a", "", "hidden"), dense("b", "hidden", "").without_bias()];
    let spec = declared(&net, &[("hidden", 4)], layers.map(|layer| layer.input_first()));
    let net = imposed(net, &spec, &[vec![0; 4]], Classes::Twins, 1);
    let found = symmetry_of(&net, &spec, SymmetryKind::Twins).unwrap();
    assert_eq!(
        message(break_symmetry(net, &spec, &found, 0.25, 1)),
        "b.weight: a Own may use its entries for something other than weighting the units of hidden; trace the module \
         (axes::trace), and give the trace instead of the spec"
    );
    #[derive(Module, Debug)]
    struct Bare<B: Backend> {
        a: Linear<B>,
        norm: GroupNorm<B>,
        b: Linear<B>,
    }
    let norm = GroupNormConfig::new(2, 4).with_affine(false).init::<I>(&device());
    let [a, b] = [LinearConfig::new(3, 4), LinearConfig::new(4, 2)].map(|c| c.init(&device()));
    let net = Bare { a, norm, b };
    let layers = [dense("a", "", "hidden"), dense("b", "hidden", "")];
    let spec = declared(&net, &[("hidden", 4)], layers.map(|layer| layer.input_first()));
    let net = imposed(net, &spec, &[vec![0; 4]], Classes::Twins, 1);
    let found = symmetry_of(&net, &spec, SymmetryKind::Twins).unwrap();
    let refused = message(collapse(net, &spec, &found));
    assert!(refused.starts_with("norm: a GroupNorm without parameters may act"), "{refused}");
}

/// A layer between two linear ones.
macro_rules! between {
    ($name:ident, $layer:ty, $new:expr, |$net:ident, $x:ident| $forward:expr) => {{
        #[derive(Module, Debug)]
        struct $name<B: Backend> {
            a: Linear<B>,
            middle: $layer,
            b: Linear<B>,
        }
        fn new<K: Backend>(device: &K::Device) -> $name<K> {
            let [a, b] = [LinearConfig::new(3, 4), LinearConfig::new(4, 2)];
            $name { a: a.init(device), middle: $new.init(device), b: b.init(device) }
        }
        let traced = traced(3, new::<Capture>, |$net, x| {
            let $x = $net.a.forward(x);
            $net.b.forward($forward)
        });
        let spec = traced.axes.clone();
        let classes: Vec<Vec<usize>> = spec.spaces().iter().map(|s| vec![0; s.units()]).collect();
        let net = imposed(new::<I>(&device()), &spec, &classes, Classes::Twins, 1);
        let found = symmetry_of(&net, &spec, SymmetryKind::Twins).unwrap();
        let declared = collapse(net.clone(), &spec, &found);
        let declared = declared.map_or_else(|error| error.to_string(), |_| String::new());
        [message(collapse(net, &traced, &found)), declared]
    }};
}

#[test]
fn modules_that_count_their_units_are_refused() {
    let [traced, declared] =
        between!(Normed, LayerNorm<B>, LayerNormConfig::new(4), |net, x| net.middle.forward(x));
    assert_eq!(
        traced,
        "a: the model depends on the number of these units: it sums or averages them, as norms and \
         softmax do"
    );
    assert!(declared.contains("middle.gamma: a LayerNorm may depend"), "{declared}");
    let [traced, declared] = between!(
        Attentive,
        MultiHeadAttention<B>,
        MultiHeadAttentionConfig::new(4, 2),
        |net, x| {
            let [rows, columns] = x.dims();
            let x = x.reshape([1, rows, columns]);
            net.middle.forward(MhaInput::self_attn(x)).context.reshape([rows, columns])
        }
    );
    assert!(traced.contains("middle"), "{traced}");
    assert!(declared.contains("belongs to a MultiHeadAttention"), "{declared}");
    // A spec alone cannot show what is between two layers.
    let [traced, _] =
        between!(Averaged, Linear<B>, LinearConfig::new(4, 4), |net, x| x.clone() / x.mean_dim(1));
    assert!(traced.contains("sums or averages"), "{traced}");
}

#[test]
fn convolutions_in_groups_are_refused() {
    #[derive(Module, Debug)]
    struct Depthwise<B: Backend> {
        enter: Conv2d<B>,
        each: Conv2d<B>,
        leave: Linear<B>,
    }
    fn new<K: Backend>(device: &K::Device) -> Depthwise<K> {
        Depthwise {
            enter: Conv2dConfig::new([1, 4], [1, 1]).init(device),
            each: Conv2dConfig::new([4, 4], [2, 2]).with_groups(4).init(device),
            leave: LinearConfig::new(4, 2).init(device),
        }
    }
    let traced = traced(4, new::<Capture>, |net, x| {
        let x = net.enter.forward(x.reshape([7, 1, 2, 2]));
        net.leave.forward(net.each.forward(x).flatten(1, 3))
    });
    let net = imposed(new::<I>(&device()), &traced.axes, &[vec![0; 4]], Classes::Twins, 1);
    let found = symmetry_of(&net, &traced.axes, SymmetryKind::Twins).unwrap();
    assert!(message(collapse(net.clone(), &traced, &found)).contains("in groups"));
    let declared = message(collapse(net, &traced.axes, &found));
    assert!(declared.contains("whether the convolution has groups"), "{declared}");
}

#[test]
fn tied_weights_are_refused_where_they_would_part() {
    #[derive(Module, Debug)]
    struct Tied<B: Backend> {
        a: Linear<B>,
        b: Linear<B>,
        c: Linear<B>,
    }
    fn tied<K: AutodiffBackend>(device: &K::Device) -> Tied<K> {
        let square = LinearConfig::new(4, 4).init::<K>(device);
        constinit::params::materialise(&square);
        Tied { a: LinearConfig::new(4, 4).init(device), b: square.clone(), c: square }
    }
    let net = tied::<B>(&device());
    let shapes = [("a.weight", [4, 4]), ("b.weight", [4, 4]), ("c.weight", [4, 4])];
    let layers = ["a", "b", "c"].map(|path| {
        let (reads, makes) = match path {
            "a" => ("", "one"),
            "b" => ("one", "two"),
            _ => ("two", ""),
        };
        dense(path, reads, makes).input_first()
    });
    let spec = layers
        .into_iter()
        .fold(AxesSpec::builder().space("one", 4).space("two", 4), |builder, layer| {
            builder.layer(layer)
        });
    let all: Vec<(String, Vec<usize>)> = shapes
        .iter()
        .flat_map(|(path, shape)| {
            let bias = path.replace("weight", "bias");
            [((*path).to_owned(), shape.to_vec()), (bias, vec![4])]
        })
        .collect();
    let spec =
        spec.build(all.iter().map(|(path, shape)| (path.as_str(), shape.as_slice()))).unwrap();
    let ones = |n: usize| TensorData::ones::<f64, _>(vec![n; 1]);
    let square = TensorData::ones::<f64, _>(vec![4, 4]);
    let net = write_parameters(
        net,
        [
            ("a.weight", square.clone()),
            ("b.weight", square.clone()),
            ("a.bias", ones(4)),
            ("b.bias", ones(4)),
        ],
    )
    .unwrap();
    let found = symmetry_of(&net, &spec, SymmetryKind::Twins).unwrap();
    let facts = TrainingFacts::new(Rule::Sgd);
    assert!(message(quotient(&net, &spec, &found, &facts)).contains("is tied to another"));
    assert!(message(collapse(net, &spec, &found)).contains("is tied to a parameter"));
}
