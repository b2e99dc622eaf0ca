//! Proves traced axes by permuting: permuting the units of a space in all parameters does not change the function, but
//! it does if one axis of one parameter is left out.

use burn::module::{Module, ModuleMapper, Param};
use burn::nn::attention::{MhaInput, MultiHeadAttention, MultiHeadAttentionConfig};
use burn::nn::conv::{
    Conv1d, Conv1dConfig, Conv2d, Conv2dConfig, ConvTranspose2d, ConvTranspose2dConfig,
};
use burn::nn::gru::{Gru, GruConfig};
use burn::nn::pool::{AdaptiveAvgPool2d, AdaptiveAvgPool2dConfig, MaxPool2d, MaxPool2dConfig};
use burn::nn::transformer::{
    TransformerEncoder, TransformerEncoderConfig, TransformerEncoderInput,
};
use burn::nn::{
    BatchNorm, BatchNormConfig, Dropout, DropoutConfig, Embedding, EmbeddingConfig, GroupNorm,
    GroupNormConfig, LayerNorm, LayerNormConfig, Linear, LinearConfig, Lstm, LstmConfig, RmsNorm,
    RmsNormConfig,
};
use burn::tensor::activation::{gelu, relu, softmax};
use burn::tensor::backend::Backend;
use burn::tensor::{Int, Tensor, TensorData};
use burn_ndarray::NdArray;
use constinit::axes::{Capture, Trace, Traced, WidthCause, same_structure, trace};
use constinit::params::{parameter_paths, read_parameters};
use constinit::surgery::{Shares, widen};
use constinit::{Activation, ConstInitConfig, Error};
use constinit_symmetry::{AxesSpec, Axis, Role};

/// In doubles, so that rounding is far smaller than what matters.
type N = NdArray<f64>;

fn device() -> <N as burn::tensor::backend::BackendTypes>::Device {
    Default::default()
}

fn wave<B: Backend, const D: usize>(shape: [usize; D], device: &B::Device) -> Tensor<B, D> {
    let n = shape.iter().product();
    let values: Vec<f64> = (0..n).map(|i| ((i as f64) * 0.713 + 0.2).sin()).collect();
    Tensor::from_data(TensorData::new(values, shape), device)
}

/// Gives every parameter other numbers: norms start as ones, running variances must be positive.
fn scrambled<M: Module<N>>(module: M) -> M {
    struct Scramble {
        number: usize,
        path: Vec<String>,
    }
    impl ModuleMapper<N> for Scramble {
        fn enter_module(&mut self, name: &str, _: &str) {
            self.path.push(name.to_owned());
        }
        fn exit_module(&mut self, _: &str, _: &str) {
            self.path.pop();
        }
        fn map_float<const D: usize>(&mut self, param: Param<Tensor<N, D>>) -> Param<Tensor<N, D>> {
            self.number += 1;
            let positive = self.path.last().is_some_and(|name| name.contains("var"));
            let seed = self.number as f64;
            param.map(|old| {
                let shape = old.dims();
                let n: usize = shape.iter().product();
                let value = |i: usize| {
                    let v = ((i as f64) * 1.931 + seed * 0.77).sin() * 1.5;
                    if positive { v.abs() + 0.5 } else { v }
                };
                let values: Vec<f64> = (0..n).map(value).collect();
                Tensor::from_data(TensorData::new(values, shape), &device())
            })
        }
    }
    module.map(&mut Scramble { number: 0, path: Vec::new() })
}

/// The module with the given parameters, in the order in which Burn visits them.
fn with<M: Module<N>>(module: M, data: Vec<TensorData>) -> M {
    struct Set(std::vec::IntoIter<TensorData>);
    impl ModuleMapper<N> for Set {
        fn map_float<const D: usize>(&mut self, param: Param<Tensor<N, D>>) -> Param<Tensor<N, D>> {
            let data = self.0.next().unwrap();
            param.map(|_| Tensor::from_data(data, &device()))
        }
    }
    module.map(&mut Set(data.into_iter()))
}

/// One parameter with the units of one space moved along the wanted axes.
fn moved(
    spec: &AxesSpec,
    path: &str,
    data: &TensorData,
    space: usize,
    order: &[usize],
    skip: Option<usize>,
) -> TensorData {
    let param = &spec.params()[spec.param_id(path).unwrap().get()];
    let mut values: Vec<f64> = data.iter::<f64>().collect();
    let shape = data.shape.to_vec();
    for (number, axis) in param.axes().iter().enumerate() {
        let (Some(of), inner) = (axis.axis.space(), axis.axis.inner()) else { continue };
        if of.get() != space || skip == Some(number) {
            continue;
        }
        let before = values.clone();
        let after: usize = shape[number + 1..].iter().product();
        for (entry, value) in values.iter_mut().enumerate() {
            let index = entry / after % shape[number];
            let [block, unit] = [index / inner / order.len(), index / inner % order.len()];
            let from = (block * order.len() + order[unit]) * inner + index % inner;
            *value = before[entry + (from * after) - (index * after)];
        }
    }
    TensorData::new(values, shape)
}

fn order(n: usize, seed: usize) -> Vec<usize> {
    // A rotation that also turns the first two around: it has no fixed point for n > 2.
    let mut order: Vec<usize> = (0..n).map(|i| (i + 1 + seed % (n - 1).max(1)) % n).collect();
    if n > 3 {
        order.swap(0, 1);
    }
    order
}

fn largest_difference(a: &[f64], b: &[f64]) -> f64 {
    let scale = a.iter().fold(1e-3_f64, |s, v| s.max(v.abs()));
    a.iter().zip(b).fold(0.0_f64, |d, (a, b)| d.max((a - b).abs())) / scale
}

/// Proves that splitting units changes nothing, except if a trace says that their number matters.
fn prove_uncounted<M: Module<N>>(traced: &Traced, module: M, run: impl Fn(&M) -> Tensor<N, 2>) {
    let values = |m: &M| run(m).into_data().to_vec::<f64>().unwrap();
    let expected = values(&module);
    let copies = |units: usize| (0..units).map(|unit| 1 + unit % 3).collect::<Vec<usize>>();
    let mut all: Vec<(&str, Vec<usize>)> = Vec::new();
    for space in traced.axes.spaces() {
        let copies = copies(space.units());
        if traced.width_dependent.iter().any(|counted| counted.space == space.name()) {
            let refused =
                widen(module.clone(), traced, &[(space.name(), copies.as_slice())], Shares::Equal);
            let reason = refused.map(|_| ()).unwrap_err().to_string();
            assert!(reason.contains("depends on the number of these units"), "{reason}");
        } else {
            all.push((space.name(), copies));
        }
    }
    if !sides_are_known(traced) {
        return;
    }
    let all: Vec<(&str, &[usize])> = all.iter().map(|(name, n)| (*name, n.as_slice())).collect();
    let wide = widen(module, traced, &all, Shares::Equal).unwrap();
    let found = largest_difference(&expected, &values(&wide.module));
    assert!(found < 1e-7, "{all:?}: widening changes the function by {found}");
}

fn counted(traced: &Traced) -> Vec<(&str, WidthCause)> {
    traced.width_dependent.iter().map(|counted| (counted.space.as_str(), counted.cause)).collect()
}

/// Proves a spec for a module by permuting, and that units can be split.
fn prove<M: Module<N> + Clone>(traced: &Traced, module: M, run: impl Fn(&M) -> Tensor<N, 2>) {
    let module = scrambled(module);
    prove_permuted(traced, module.clone(), &run);
    prove_uncounted(traced, module, run);
}

/// Proves a spec for a module by permuting.
fn prove_permuted<M: Module<N>>(traced: &Traced, module: M, run: impl Fn(&M) -> Tensor<N, 2>) {
    let spec = &traced.axes;
    let paths = parameter_paths(&module);
    let data: Vec<TensorData> = read_parameters(&module).into_iter().map(|p| p.data).collect();
    let values = |m: &M| run(m).into_data().to_vec::<f64>().unwrap();
    let expected = values(&module);
    let at = |space: usize, skip: Option<(usize, usize)>| {
        let units = spec.spaces()[space].units();
        let order = order(units, space + 1);
        let moved = paths.iter().zip(&data).enumerate().map(|(number, (path, data))| {
            let skip = skip.filter(|(p, _)| *p == number).map(|(_, axis)| axis);
            moved(spec, path, data, space, &order, skip)
        });
        values(&with(module.clone(), moved.collect()))
    };
    for (space, named) in spec.spaces().iter().enumerate() {
        let name = named.name();
        let found = largest_difference(&expected, &at(space, None));
        assert!(found < 1e-7, "{name}: permuting changes the function by {found}");
        // A key's bias adds one number to all scores of a query, which softmax removes.
        let heard = paths.iter().enumerate().filter(|(_, path)| !path.ends_with("key.bias"));
        for (number, path) in heard {
            let param = &spec.params()[spec.param_id(path).unwrap().get()];
            for (axis, of) in param.axes().iter().enumerate() {
                if of.axis.space().is_some_and(|of| of.get() == space) {
                    let found = largest_difference(&expected, &at(space, Some((number, axis))));
                    assert!(found > 1e-5, "{name}: axis {axis} of {path} does not matter: {found}");
                }
            }
        }
    }
}

/// Names, sizes and the axes of some parameters.
fn spaces(traced: &Traced) -> Vec<(&str, usize)> {
    traced.axes.spaces().iter().map(|space| (space.name(), space.units())).collect()
}

/// Whether the side of its parameter is known for each axis with a space.
fn sides_are_known(traced: &Traced) -> bool {
    let axes = traced.axes.params().iter().flat_map(|param| param.axes());
    axes.filter(|axis| axis.axis.space().is_some()).all(|axis| axis.role != Role::Unknown)
}

fn flat<B: Backend, const D: usize>(y: Tensor<B, D>) -> Tensor<B, 2> {
    let n = y.shape().num_elements();
    y.reshape([1, n])
}

macro_rules! net {
    ($name:ident { $($field:ident: $type:ty),* $(,)? }) => {
        #[derive(Module, Debug)]
        struct $name<B: Backend> { $($field: $type),* }
    };
}

#[test]
fn traced_and_declared_axes_of_const_init_agree() {
    for dims in [vec![3, 5, 4], vec![2, 6, 5, 3], vec![3, 4, 7, 6, 5, 2]] {
        for bias in [true, false] {
            for activation in [Activation::Relu, Activation::Gelu, Activation::Softplus] {
                let config =
                    ConstInitConfig::new(dims.clone()).with_bias(bias).with_activation(activation);
                let traced = trace(|device| {
                    let net = config.init::<Capture>(device);
                    let x = Tensor::<Capture, 2>::zeros([7, dims[0]], device);
                    let y = net.forward(x.clone());
                    Trace::of(&net).input(x).output(y)
                })
                .unwrap();
                assert!(traced.without_rule.is_empty(), "{:?}", traced.without_rule);
                let net = config.init::<N>(&device());
                let declared = net.axes().unwrap();
                assert!(same_structure(&traced.axes, &declared), "{:?}", traced.axes);
                assert_eq!(traced.axes.spaces().len(), dims.len() - 2);
                prove(&traced, net, |net| net.forward(wave([7, dims[0]], &device())));
            }
        }
    }
}

net!(Cnn {
    conv1: Conv2d<B>,
    norm1: BatchNorm<B>,
    pool: MaxPool2d,
    conv2: Conv2d<B>,
    average: AdaptiveAvgPool2d,
    fc1: Linear<B>,
    dropout: Dropout,
    fc2: Linear<B>,
});

impl<B: Backend> Cnn<B> {
    fn new(device: &B::Device) -> Self {
        Self {
            conv1: Conv2dConfig::new([3, 8], [3, 3]).init(device),
            norm1: BatchNormConfig::new(8).init(device),
            pool: MaxPool2dConfig::new([2, 2]).init(),
            conv2: Conv2dConfig::new([8, 6], [3, 3]).init(device),
            average: AdaptiveAvgPool2dConfig::new([2, 2]).init(),
            fc1: LinearConfig::new(24, 10).init(device),
            dropout: DropoutConfig::new(0.3).init(),
            fc2: LinearConfig::new(10, 5).init(device),
        }
    }

    fn forward(&self, x: Tensor<B, 4>) -> Tensor<B, 2> {
        let x = self.pool.forward(relu(self.norm1.forward(self.conv1.forward(x))));
        let x = self.average.forward(relu(self.conv2.forward(x)));
        let x = self.dropout.forward(relu(self.fc1.forward(x.flatten(1, 3))));
        self.fc2.forward(x)
    }
}

#[test]
fn a_convolutional_network_with_batch_norm_and_flattening() {
    let traced = trace(|device| {
        let net = Cnn::<Capture>::new(device);
        let x = Tensor::<Capture, 4>::zeros([2, 3, 12, 12], device);
        let y = net.forward(x.clone());
        Trace::of(&net).input(x).output(y)
    })
    .unwrap();
    assert!(traced.without_rule.is_empty(), "{:?}", traced.without_rule);
    assert_eq!(spaces(&traced), [("conv1", 8), ("conv2", 6), ("fc1", 10)]);
    assert_eq!(counted(&traced), []);
    let fc1 = &traced.axes.params()[traced.axes.param_id("fc1.weight").unwrap().get()];
    assert!(matches!(fc1.axes()[0].axis, Axis::Flattened { inner: 4, .. }), "{fc1:?}");
    assert!(sides_are_known(&traced), "{:?}", traced.axes);
    prove(&traced, Cnn::<N>::new(&device()), |net| net.forward(wave([2, 3, 12, 12], &device())));
}

net!(Residual {
    enter: Linear<B>,
    norm: LayerNorm<B>,
    up: Linear<B>,
    down: Linear<B>,
    rms: RmsNorm<B>,
    leave: Linear<B>,
});

impl<B: Backend> Residual<B> {
    fn new(device: &B::Device) -> Self {
        Self {
            enter: LinearConfig::new(3, 8).init(device),
            norm: LayerNormConfig::new(8).init(device),
            up: LinearConfig::new(8, 12).init(device),
            down: LinearConfig::new(12, 8).init(device),
            rms: RmsNormConfig::new(8).init(device),
            leave: LinearConfig::new(8, 2).init(device),
        }
    }

    fn forward(&self, x: Tensor<B, 2>) -> Tensor<B, 2> {
        let x = self.enter.forward(x);
        let y = self.down.forward(gelu(self.up.forward(self.norm.forward(x.clone()))));
        self.leave.forward(self.rms.forward(x + y))
    }
}

#[test]
fn a_residual_stream_is_one_space() {
    let traced = trace(|device| {
        let net = Residual::<Capture>::new(device);
        let x = Tensor::<Capture, 2>::zeros([4, 3], device);
        let y = net.forward(x.clone());
        Trace::of(&net).input(x).output(y)
    })
    .unwrap();
    assert_eq!(spaces(&traced), [("enter", 8), ("up", 12)]);
    assert_eq!(counted(&traced), [("enter", WidthCause::Reduction)]);
    assert!(sides_are_known(&traced), "{:?}", traced.axes);
    prove(&traced, Residual::<N>::new(&device()), |net| net.forward(wave([4, 3], &device())));
}

net!(Attention { enter: Linear<B>, attention: MultiHeadAttention<B>, leave: Linear<B> });

impl<B: Backend> Attention<B> {
    fn new(device: &B::Device) -> Self {
        Self {
            enter: LinearConfig::new(3, 12).init(device),
            attention: MultiHeadAttentionConfig::new(12, 3).with_dropout(0.0).init(device),
            leave: LinearConfig::new(12, 2).init(device),
        }
    }

    fn forward(&self, x: Tensor<B, 3>) -> Tensor<B, 2> {
        let x = self.enter.forward(x);
        flat(self.leave.forward(self.attention.forward(MhaInput::self_attn(x)).context))
    }
}

#[test]
fn heads_are_units_and_the_stream_is_a_space() {
    let traced = trace(|device| {
        let net = Attention::<Capture>::new(device);
        let x = Tensor::<Capture, 3>::zeros([2, 5, 3], device);
        let y = net.forward(x.clone());
        Trace::of(&net).input(x).output(y)
    })
    .unwrap();
    assert!(traced.without_rule.is_empty(), "{:?}", traced.without_rule);
    let expected = [("enter", 12), ("attention.query", 3), ("attention.output", 12)];
    assert_eq!(spaces(&traced), expected);
    assert_eq!(counted(&traced), [("attention.query", WidthCause::Split)]);
    // Burn reshapes the heads to the width of the stream, so the stream cannot be split.
    prove_permuted(&traced, scrambled(Attention::<N>::new(&device())), |net| {
        net.forward(wave([2, 5, 3], &device()))
    });
}

net!(Encoder { enter: Linear<B>, encoder: TransformerEncoder<B>, leave: Linear<B> });

impl<B: Backend> Encoder<B> {
    fn new(device: &B::Device) -> Self {
        let encoder = TransformerEncoderConfig::new(8, 20, 2, 2).with_dropout(0.0);
        Self {
            enter: LinearConfig::new(3, 8).init(device),
            encoder: encoder.init(device),
            leave: LinearConfig::new(8, 2).init(device),
        }
    }

    fn forward(&self, x: Tensor<B, 3>) -> Tensor<B, 2> {
        let input = TransformerEncoderInput::new(self.enter.forward(x));
        flat(self.leave.forward(self.encoder.forward(input)))
    }
}

#[test]
fn a_transformer_encoder() {
    let traced = trace(|device| {
        let net = Encoder::<Capture>::new(device);
        let x = Tensor::<Capture, 3>::zeros([2, 5, 3], device);
        let y = net.forward(x.clone());
        Trace::of(&net).input(x).output(y)
    })
    .unwrap();
    assert!(traced.without_rule.is_empty(), "{:?}", traced.without_rule);
    let found = spaces(&traced);
    assert_eq!(found.iter().map(|(_, n)| *n).collect::<Vec<_>>(), [8, 2, 20, 2, 20], "{found:?}");
    assert!(sides_are_known(&traced), "{:?}", traced.axes);
    prove(&traced, Encoder::<N>::new(&device()), |net| net.forward(wave([2, 5, 3], &device())));
}

net!(Recurrent { lstm: Lstm<B>, gru: Gru<B>, leave: Linear<B> });

impl<B: Backend> Recurrent<B> {
    fn new(device: &B::Device) -> Self {
        Self {
            lstm: LstmConfig::new(3, 6, true).init(device),
            gru: GruConfig::new(6, 5, true).init(device),
            leave: LinearConfig::new(5, 2).init(device),
        }
    }

    fn forward(&self, x: Tensor<B, 3>) -> Tensor<B, 2> {
        let (x, _) = self.lstm.forward(x, None);
        flat(self.leave.forward(self.gru.forward(x, None)))
    }
}

#[test]
fn recurrent_states_stand_on_two_axes() {
    let traced = trace(|device| {
        let net = Recurrent::<Capture>::new(device);
        let x = Tensor::<Capture, 3>::zeros([2, 4, 3], device);
        let y = net.forward(x.clone());
        Trace::of(&net).input(x).output(y)
    })
    .unwrap();
    assert!(traced.without_rule.is_empty(), "{:?}", traced.without_rule);
    assert_eq!(spaces(&traced).iter().map(|(_, n)| *n).collect::<Vec<_>>(), [6, 5]);
    prove(&traced, Recurrent::<N>::new(&device()), |net| net.forward(wave([2, 4, 3], &device())));
}

net!(Tied { embedding: Embedding<B>, hidden: Linear<B> });

impl<B: Backend> Tied<B> {
    fn new(device: &B::Device) -> Self {
        Self {
            embedding: EmbeddingConfig::new(11, 6).init(device),
            hidden: LinearConfig::new(6, 6).init(device),
        }
    }

    fn forward(&self, tokens: Tensor<B, 2, Int>) -> Tensor<B, 2> {
        let x = self.embedding.forward(tokens);
        let x = self.hidden.forward(x.clone()).tanh() + x;
        let [batch, time, features] = x.dims();
        let weight = self.embedding.weight.val().transpose();
        flat(x.reshape([batch * time, features]).matmul(weight))
    }
}

fn tokens<B: Backend>(device: &B::Device) -> Tensor<B, 2, Int> {
    Tensor::from_data([[1, 4, 9], [0, 10, 3]], device)
}

#[test]
fn a_tied_embedding_has_one_space_of_features() {
    let traced = trace(|device| {
        let net = Tied::<Capture>::new(device);
        let x = tokens::<Capture>(device);
        let y = net.forward(x.clone());
        Trace::of(&net).input(x).output(y)
    })
    .unwrap();
    assert!(traced.without_rule.is_empty(), "{:?}", traced.without_rule);
    assert_eq!(spaces(&traced), [("embedding", 6)]);
    prove(&traced, Tied::<N>::new(&device()), |net| net.forward(tokens::<N>(&device())));
}

net!(Grouped {
    conv: Conv1d<B>,
    norm: GroupNorm<B>,
    depthwise: Conv1d<B>,
    groups: Conv1d<B>,
    leave: Conv1d<B>,
});

impl<B: Backend> Grouped<B> {
    fn new(device: &B::Device) -> Self {
        Self {
            conv: Conv1dConfig::new(3, 12, 3).init(device),
            norm: GroupNormConfig::new(4, 12).init(device),
            depthwise: Conv1dConfig::new(12, 12, 3).with_groups(12).init(device),
            groups: Conv1dConfig::new(12, 8, 2).with_groups(4).init(device),
            leave: Conv1dConfig::new(8, 2, 1).init(device),
        }
    }

    fn forward(&self, x: Tensor<B, 3>) -> Tensor<B, 2> {
        let x = self.norm.forward(self.conv.forward(x)).tanh();
        let x = self.groups.forward(self.depthwise.forward(x).tanh()).tanh();
        flat(self.leave.forward(x))
    }
}

#[test]
fn groups_are_units() {
    let traced = trace(|device| {
        let net = Grouped::<Capture>::new(device);
        let x = Tensor::<Capture, 3>::zeros([2, 3, 9], device);
        let y = net.forward(x.clone());
        Trace::of(&net).input(x).output(y)
    })
    .unwrap();
    assert!(traced.without_rule.is_empty(), "{:?}", traced.without_rule);
    assert_eq!(spaces(&traced), [("conv", 4)]);
    prove(&traced, Grouped::<N>::new(&device()), |net| net.forward(wave([2, 3, 9], &device())));
}

net!(Upwards { conv: Conv2d<B>, depthwise: Conv2d<B>, up: ConvTranspose2d<B>, leave: Conv2d<B> });

impl<B: Backend> Upwards<B> {
    fn new(device: &B::Device) -> Self {
        Self {
            conv: Conv2dConfig::new([2, 6], [2, 2]).init(device),
            depthwise: Conv2dConfig::new([6, 6], [2, 2]).with_groups(6).init(device),
            up: ConvTranspose2dConfig::new([6, 4], [2, 2]).init(device),
            leave: Conv2dConfig::new([4, 1], [1, 1]).init(device),
        }
    }

    fn forward(&self, x: Tensor<B, 4>) -> Tensor<B, 2> {
        let x = self.depthwise.forward(self.conv.forward(x).tanh()).tanh();
        flat(self.leave.forward(self.up.forward(x).tanh()))
    }
}

#[test]
fn transposed_and_depthwise_convolutions() {
    let traced = trace(|device| {
        let net = Upwards::<Capture>::new(device);
        let x = Tensor::<Capture, 4>::zeros([1, 2, 5, 5], device);
        let y = net.forward(x.clone());
        Trace::of(&net).input(x).output(y)
    })
    .unwrap();
    assert!(traced.without_rule.is_empty(), "{:?}", traced.without_rule);
    assert_eq!(spaces(&traced), [("conv", 6), ("up", 4)]);
    assert_eq!(counted(&traced), [("conv", WidthCause::Groups)]);
    prove(&traced, Upwards::<N>::new(&device()), |net| net.forward(wave([1, 2, 5, 5], &device())));
}

net!(Two { first: Linear<B>, second: Linear<B> });

/// The free spaces of two layers with something between them.
fn between(
    what: impl Fn(Tensor<Capture, 2>) -> Tensor<Capture, 2>,
) -> (Vec<(String, usize)>, Vec<String>) {
    let traced = trace(|device| {
        let net = Two::<Capture> {
            first: LinearConfig::new(3, 8).init(device),
            second: LinearConfig::new(8, 2).init(device),
        };
        let x = Tensor::<Capture, 2>::zeros([4, 3], device);
        let y = net.second.forward(what(net.first.forward(x.clone())));
        Trace::of(&net).input(x).output(y)
    })
    .unwrap();
    let spaces = spaces(&traced).into_iter().map(|(name, n)| (name.to_owned(), n)).collect();
    let listed = traced.without_rule.into_iter().map(|w| w.operation).collect();
    (spaces, listed)
}

#[test]
fn what_knows_units_by_number_fixes_them() {
    let free = |what: &dyn Fn(Tensor<Capture, 2>) -> Tensor<Capture, 2>| between(what).0;
    assert_eq!(free(&|x| x.tanh()), [("first".to_owned(), 8)]);
    assert_eq!(free(&|x| softmax(x, 1)), [("first".to_owned(), 8)]);
    let zeros = |x: &Tensor<Capture, 2>| Tensor::<Capture, 2>::zeros([4, 8], &x.device());
    assert_eq!(free(&|x| x.clone() + zeros(&x)), [("first".to_owned(), 8)]);
    // A constant from numbers, a selected unit, an order, a position.
    assert_eq!(free(&|x| x.clone() + wave([4, 8], &x.device())), []);
    assert_eq!(free(&|x| x.clone() + x.slice([0..4, 0..1])), []);
    assert_eq!(free(&|x| x.clone() + x.narrow(1, 3, 1)), []);
    assert_eq!(free(&|x| x.flip([1])), []);
    assert_eq!(free(&|x| x.cumsum(1)), []);
    assert_eq!(free(&|x| x.clone() * x.argmax(1).float()), []);
    assert_eq!(free(&|x| x.clone() + x.swap_dims(0, 1).reshape([4, 8])), []);
    assert_eq!(
        free(&|x| Tensor::cat(vec![x.clone().slice([0..4, 0..3]), x.slice([0..4, 3..8])], 1)),
        []
    );
    // Blocks of equal size are permuted within.
    assert_eq!(
        free(&|x| Tensor::cat(vec![x.clone().slice([0..4, 4..8]), x.slice([0..4, 0..4])], 1)),
        [("first".to_owned(), 4)]
    );
    let indices = |x: &Tensor<Capture, 2>| {
        Tensor::<Capture, 1, Int>::from_data([7, 6, 5, 4, 3, 2, 1, 0], &x.device())
    };
    assert_eq!(free(&|x| x.clone().select(1, indices(&x))), []);
}

/// The axes of two layers; `change` changes the weight of the second before it is used.
fn with_second(
    change: impl Fn(Tensor<Capture, 2>, Tensor<Capture, 2>) -> Tensor<Capture, 2>,
) -> Traced {
    let traced = trace(|device| {
        let net = Two::<Capture> {
            first: LinearConfig::new(3, 8).with_bias(false).init(device),
            second: LinearConfig::new(8, 2).with_bias(false).init(device),
        };
        let x = Tensor::<Capture, 2>::zeros([4, 3], device);
        let hidden = net.first.forward(x.clone()).tanh();
        let y = hidden.clone().matmul(change(net.second.weight.val(), hidden));
        Trace::of(&net).input(x).output(y)
    })
    .unwrap();
    assert_eq!(spaces(&traced), [("first", 8)]);
    traced
}

#[test]
fn a_weight_under_a_constant_mask_is_a_weight() {
    let traced = with_second(|weight, _| weight * Tensor::ones([8, 2], &Default::default()));
    assert!(sides_are_known(&traced), "{:?}", traced.axes);
}

#[test]
fn what_a_weight_under_a_computed_mask_is_for_is_not_guessed() {
    let traced = with_second(|weight, hidden| weight * hidden.mean_dim(0).reshape([8, 1]));
    let second = &traced.axes.params()[traced.axes.param_id("second.weight").unwrap().get()];
    assert!(second.axes().iter().all(|axis| axis.role == Role::Unknown), "{second:?}");
}

#[test]
fn blocks_of_a_feature_axis_are_permuted_within() {
    // A gate: 8 features are 2 blocks of 4; each place of one block is united with the same place of the other.
    let traced = trace(|device| {
        let net = Two::<Capture> {
            first: LinearConfig::new(3, 8).init(device),
            second: LinearConfig::new(4, 2).init(device),
        };
        let x = Tensor::<Capture, 2>::zeros([4, 3], device);
        let h = net.first.forward(x.clone());
        let h = h.clone().slice([0..4, 0..4]) * h.slice([0..4, 4..8]).tanh();
        let y = net.second.forward(h);
        Trace::of(&net).input(x).output(y)
    })
    .unwrap();
    assert_eq!(spaces(&traced), [("first", 4)]);
    let first = &traced.axes.params()[traced.axes.param_id("first.weight").unwrap().get()];
    assert!(
        matches!(first.axes()[1].axis, Axis::Flattened { outer: 2, inner: 1, .. }),
        "{first:?}"
    );
    let net = Two::<N> {
        first: LinearConfig::new(3, 8).init(&device()),
        second: LinearConfig::new(4, 2).init(&device()),
    };
    prove(&traced, net, |net| {
        let h = net.first.forward(wave([4, 3], &device()));
        let h = h.clone().slice([0..4, 0..4]) * h.slice([0..4, 4..8]).tanh();
        net.second.forward(h)
    });
}

#[test]
fn a_hidden_layer_that_is_an_output_is_fixed() {
    let traced = trace(|device| {
        let net = Two::<Capture> {
            first: LinearConfig::new(3, 8).init(device),
            second: LinearConfig::new(8, 2).init(device),
        };
        let x = Tensor::<Capture, 2>::zeros([4, 3], device);
        let hidden = net.first.forward(x.clone()).tanh();
        let y = net.second.forward(hidden.clone());
        Trace::of(&net).input(x).output(y).output(hidden)
    })
    .unwrap();
    assert_eq!(spaces(&traced), []);
}

#[test]
fn a_model_that_reads_numbers_is_refused() {
    let error = trace(|device| {
        let net = Two::<Capture> {
            first: LinearConfig::new(3, 8).init(device),
            second: LinearConfig::new(8, 2).init(device),
        };
        let x = Tensor::<Capture, 2>::zeros([4, 3], device);
        let y = net.second.forward(net.first.forward(x.clone()).sort(1));
        Trace::of(&net).input(x).output(y)
    });
    assert!(matches!(error, Err(Error::TraceRead { .. })), "{error:?}");
}

#[test]
fn a_trace_without_inputs_or_outputs_is_refused() {
    let two = |device: &_| Two::<Capture> {
        first: LinearConfig::new(3, 8).init(device),
        second: LinearConfig::new(8, 2).init(device),
    };
    let error = trace(|device| Trace::of(&two(device))).unwrap_err();
    assert!(matches!(error, Error::TraceIncomplete { .. }), "{error}");
    let error =
        trace(|device| Trace::of(&two(device)).input(Tensor::<Capture, 2>::zeros([1, 3], device)));
    assert!(matches!(error, Err(Error::TraceIncomplete { .. })), "{error:?}");
}
