//! Spaces of models as they are built in practice.

use crate::proof::{Random, axes_of, prove, spaces};
use burn::module::{AutodiffModule, Module, Param};
use burn::nn::attention::{MhaInput, MultiHeadAttention, MultiHeadAttentionConfig};
use burn::nn::conv::{
    Conv1d, Conv1dConfig, Conv2d, Conv2dConfig, ConvTranspose2d, ConvTranspose2dConfig,
};
use burn::nn::gru::{Gru, GruConfig};
use burn::nn::transformer::{
    TransformerEncoder, TransformerEncoderConfig, TransformerEncoderInput,
};
use burn::nn::{
    BatchNorm, BatchNormConfig, Dropout, DropoutConfig, Embedding, EmbeddingConfig, GroupNorm,
    GroupNormConfig, LayerNorm, LayerNormConfig, Linear, LinearConfig, Lstm, LstmConfig,
    PaddingConfig1d, PaddingConfig2d,
};
use burn::tensor::activation::{relu, tanh};
use burn::tensor::backend::Backend;
use burn::tensor::module::{adaptive_avg_pool2d, max_pool2d};
use burn::tensor::{Int, Tensor, TensorData};
use burn_autodiff::Autodiff;
use burn_ndarray::NdArray;
use constinit::ConstInitConfig;
use constinit::axes::{AxesFile, Capture, Trace, Traced, from_file, same_structure, trace};
use constinit::params::materialise;
use constinit_symmetry::Role;

/// Traces a model that has `new` and `forward`, and proves the result.
macro_rules! check {
    ($model:ident, $shape:expr) => {
        check!($model, $shape, [])
    };
    ($model:ident, $shape:expr, $idle:expr) => {{
        let traced = trace(|device| {
            let model = $model::<Capture>::new(device);
            let x = Tensor::<Capture, _>::zeros($shape, device);
            let y = model.forward(x.clone());
            Trace::of(&model).input(x).output(y)
        })
        .unwrap();
        let x = Random::new(3).tensor($shape);
        let model = $model::<NdArray>::new(&Default::default());
        prove(model, &traced.axes, &$idle, |model| model.forward(x.clone()));
        assert_eq!(traced.without_rule, []);
        traced
    }};
}

fn dense<B: Backend>(inputs: usize, outputs: usize, device: &B::Device) -> Linear<B> {
    LinearConfig::new(inputs, outputs).init(device)
}

#[test]
fn a_perceptron_is_as_declared() {
    let config = ConstInitConfig::new(vec![3, 5, 6, 4]);
    let traced = trace(|device| {
        let model = config.init::<Capture>(device);
        let x = Tensor::<Capture, 2>::zeros([7, 3], device);
        let y = model.forward(x.clone());
        Trace::of(&model).input(x).output(y)
    })
    .unwrap();
    let model = config.init::<NdArray>(&Default::default());
    let declared = model.axes().unwrap();
    assert!(same_structure(&traced.axes, &declared));
    assert_eq!(spaces(&declared), [("hidden1", 5), ("hidden2", 6)]);
    assert_eq!(spaces(&traced.axes), [("layers.0", 5), ("layers.1", 6)]);
    // Only the names differ; the roles are equal.
    assert_eq!(traced.axes.params(), declared.params());
    let x = Random::new(3).tensor([7, 3]);
    prove(model, &declared, &[], |model| model.forward(x.clone()));
}

#[derive(Module, Debug)]
struct Cnn<B: Backend> {
    conv1: Conv2d<B>,
    norm: BatchNorm<B>,
    conv2: Conv2d<B>,
    fc1: Linear<B>,
    fc2: Linear<B>,
}

impl<B: Backend> Cnn<B> {
    fn new(device: &B::Device) -> Self {
        let padding = PaddingConfig2d::Explicit(1, 1, 1, 1);
        Self {
            conv1: Conv2dConfig::new([2, 4], [3, 3]).with_padding(padding).init(device),
            norm: BatchNormConfig::new(4).init(device),
            conv2: Conv2dConfig::new([4, 6], [2, 2]).with_stride([2, 2]).init(device),
            fc1: dense(6 * 2 * 3, 10, device),
            fc2: dense(10, 3, device),
        }
    }

    fn forward(&self, x: Tensor<B, 4>) -> Tensor<B, 2> {
        let x = relu(self.norm.forward(self.conv1.forward(x)));
        let x = max_pool2d(x, [2, 2], [2, 2], [0, 0], [1, 1], false);
        let x: Tensor<B, 2> = relu(self.conv2.forward(x)).flatten(1, 3);
        self.fc2.forward(relu(self.fc1.forward(x)))
    }
}

#[test]
fn convolutions_share_channels_with_norms_and_flattened_layers() {
    let traced = check!(Cnn, [5, 2, 8, 12]);
    assert_eq!(spaces(&traced.axes), [("conv1", 4), ("conv2", 6), ("fc1", 10)]);
    assert_eq!(
        axes_of(&traced.axes, "conv1"),
        [
            "conv1.weight.0",
            "conv1.bias.0",
            "norm.gamma.0",
            "norm.beta.0",
            "norm.running_mean.0",
            "norm.running_var.0",
            "conv2.weight.1"
        ]
    );
    assert_eq!(
        axes_of(&traced.axes, "conv2"),
        ["conv2.weight.0", "conv2.bias.0", "fc1.weight.0*6"]
    );
    let roles = |path: &str| -> Vec<Role> {
        let param = &traced.axes.params()[traced.axes.param_id(path).unwrap().get()];
        param.axes().iter().map(|axis| axis.role).collect()
    };
    assert_eq!(roles("conv2.weight")[..2], [Role::Output, Role::Input]);
    assert_eq!(roles("fc1.weight"), [Role::Input, Role::Output]);
    assert_eq!(roles("norm.gamma"), [Role::Output]);
    assert_eq!(roles("norm.running_var"), [Role::Output]);
}

#[derive(Module, Debug)]
struct Residual<B: Backend> {
    embed: Linear<B>,
    norm: LayerNorm<B>,
    up: Linear<B>,
    down: Linear<B>,
    head: Linear<B>,
}

impl<B: Backend> Residual<B> {
    fn new(device: &B::Device) -> Self {
        Self {
            embed: dense(3, 8, device),
            norm: LayerNormConfig::new(8).init(device),
            up: dense(8, 9, device),
            down: dense(9, 8, device),
            head: dense(8, 2, device),
        }
    }

    fn forward(&self, x: Tensor<B, 2>) -> Tensor<B, 2> {
        let x = self.embed.forward(x);
        let inner = tanh(self.up.forward(self.norm.forward(x.clone())));
        self.head.forward(x + self.down.forward(inner))
    }
}

#[test]
fn a_residual_stream_is_one_space() {
    let traced = check!(Residual, [7, 3]);
    assert_eq!(spaces(&traced.axes), [("embed", 8), ("up", 9)]);
    assert_eq!(
        axes_of(&traced.axes, "embed"),
        [
            "embed.weight.1",
            "embed.bias.0",
            "norm.gamma.0",
            "norm.beta.0",
            "up.weight.0",
            "down.weight.1",
            "down.bias.0",
            "head.weight.0"
        ]
    );
}

#[derive(Module, Debug)]
struct Transformer<B: Backend> {
    embed: Linear<B>,
    encoder: TransformerEncoder<B>,
    head: Linear<B>,
}

impl<B: Backend> Transformer<B> {
    fn new(device: &B::Device) -> Self {
        Self {
            embed: dense(3, 8, device),
            encoder: TransformerEncoderConfig::new(8, 10, 2, 1).init(device),
            head: dense(8, 2, device),
        }
    }

    fn forward(&self, x: Tensor<B, 3>) -> Tensor<B, 3> {
        let x = self.embed.forward(x);
        self.head.forward(self.encoder.forward(TransformerEncoderInput::new(x)))
    }
}

#[test]
fn a_transformer_has_a_stream_heads_and_inner_units() {
    // The bias of the keys adds the same to all scores of a query.
    let traced = check!(Transformer, [5, 6, 3], ["encoder.layers.0.mha.key.bias"]);
    let names = [
        ("embed", 8),
        ("encoder.layers.0.mha.query", 2),
        ("encoder.layers.0.pwff.linear_inner", 10),
    ];
    assert_eq!(spaces(&traced.axes), names);
    let heads = axes_of(&traced.axes, "encoder.layers.0.mha.query");
    let mha = |name: &str| format!("encoder.layers.0.mha.{name}*4");
    let expected = [
        "query.weight.1",
        "query.bias.0",
        "key.weight.1",
        "key.bias.0",
        "value.weight.1",
        "value.bias.0",
        "output.weight.0",
    ];
    assert_eq!(heads, expected.map(mha));
}

#[derive(Module, Debug)]
struct Attention<B: Backend> {
    mha: MultiHeadAttention<B>,
}

impl<B: Backend> Attention<B> {
    fn new(device: &B::Device) -> Self {
        Self { mha: MultiHeadAttentionConfig::new(6, 3).init(device) }
    }

    fn forward(&self, x: Tensor<B, 3>) -> Tensor<B, 3> {
        let [batch, length, _] = x.dims();
        let mask = Tensor::<B, 2>::zeros([batch, length], &x.device()).greater_elem(1.0);
        self.mha.forward(MhaInput::self_attn(x).mask_pad(mask)).context
    }
}

#[test]
fn heads_of_an_attention_are_units() {
    let traced = check!(Attention, [2, 5, 6], ["mha.key.bias"]);
    assert_eq!(spaces(&traced.axes), [("mha.query", 3)]);
}

#[derive(Module, Debug)]
struct Recurrent<B: Backend> {
    lstm: Lstm<B>,
    head: Linear<B>,
}

impl<B: Backend> Recurrent<B> {
    fn new(device: &B::Device) -> Self {
        Self { lstm: LstmConfig::new(3, 5, true).init(device), head: dense(5, 2, device) }
    }

    fn forward(&self, x: Tensor<B, 3>) -> Tensor<B, 3> {
        self.head.forward(self.lstm.forward(x, None).0)
    }
}

#[test]
fn the_state_of_an_lstm_is_one_space_on_both_axes() {
    let traced = check!(Recurrent, [2, 4, 3]);
    let name = "lstm.input_gate.input_transform";
    assert_eq!(spaces(&traced.axes), [(name, 5)]);
    let axes = axes_of(&traced.axes, name);
    assert!(axes.contains(&"lstm.cell_gate.hidden_transform.weight.0".to_owned()));
    assert!(axes.contains(&"lstm.cell_gate.hidden_transform.weight.1".to_owned()));
    // Four gates of a weight, a bias and a recurrent weight with two axes and a bias, and the head.
    assert_eq!(axes.len(), 4 * 5 + 1);
}

#[derive(Module, Debug)]
struct Gated<B: Backend> {
    gru: Gru<B>,
    head: Linear<B>,
}

impl<B: Backend> Gated<B> {
    fn new(device: &B::Device) -> Self {
        Self { gru: GruConfig::new(3, 5, true).init(device), head: dense(5, 2, device) }
    }

    fn forward(&self, x: Tensor<B, 3>) -> Tensor<B, 3> {
        self.head.forward(self.gru.forward(x, None))
    }
}

#[test]
fn the_state_of_a_gru_is_one_space() {
    let traced = check!(Gated, [2, 4, 3]);
    assert_eq!(spaces(&traced.axes), [("gru.update_gate.input_transform", 5)]);
}

#[derive(Module, Debug)]
struct Language<B: Backend> {
    embedding: Embedding<B>,
    hidden: Linear<B>,
}

impl<B: Backend> Language<B> {
    fn new(device: &B::Device) -> Self {
        Self {
            embedding: EmbeddingConfig::new(11, 6).init(device),
            hidden: LinearConfig::new(6, 6).with_bias(false).init(device),
        }
    }

    fn forward(&self, tokens: Tensor<B, 2, Int>) -> Tensor<B, 3> {
        let x = self.embedding.forward(tokens);
        let x = x.clone() + tanh(self.hidden.forward(x));
        x.matmul(self.embedding.weight.val().transpose().unsqueeze())
    }
}

#[test]
fn a_tied_embedding_keeps_its_features() {
    let traced = trace(|device| {
        let model = Language::<Capture>::new(device);
        let tokens = Tensor::<Capture, 2, Int>::zeros([3, 4], device);
        let y = model.forward(tokens.clone());
        Trace::of(&model).input(tokens).output(y)
    })
    .unwrap();
    // The embedding produces the features, and reads them at the end.
    assert_eq!(spaces(&traced.axes), [("embedding", 6)]);
    assert_eq!(
        axes_of(&traced.axes, "embedding"),
        ["embedding.weight.1", "hidden.weight.0", "hidden.weight.1"]
    );
    let data = TensorData::from([[0, 5, 3, 10], [2, 2, 9, 1], [4, 6, 7, 8]]);
    let tokens = Tensor::<NdArray, 2, Int>::from_data(data, &Default::default());
    let model = Language::<NdArray>::new(&Default::default());
    prove(model, &traced.axes, &[], |model| model.forward(tokens.clone()));
}

#[derive(Module, Debug)]
struct Tied<B: Backend> {
    first: Linear<B>,
    one: Linear<B>,
    two: Linear<B>,
    last: Linear<B>,
}

impl<B: Backend> Tied<B> {
    fn new(device: &B::Device) -> Self {
        let one = dense(4, 4, device);
        materialise(&one);
        Self { first: dense(3, 4, device), two: one.clone(), one, last: dense(4, 2, device) }
    }

    fn forward(&self, x: Tensor<B, 2>) -> Tensor<B, 2> {
        let x = tanh(self.one.forward(tanh(self.first.forward(x))));
        self.last.forward(tanh(self.two.forward(x)))
    }
}

#[test]
fn tied_layers_share_their_spaces() {
    let traced = check!(Tied, [7, 3]);
    assert_eq!(spaces(&traced.axes), [("first", 4)]);
    assert_eq!(axes_of(&traced.axes, "first").len(), 2 + 3 + 3 + 1);
}

#[derive(Module, Debug)]
struct Grouped<B: Backend> {
    conv1: Conv2d<B>,
    norm: GroupNorm<B>,
    conv2: Conv2d<B>,
    head: Linear<B>,
}

impl<B: Backend> Grouped<B> {
    fn new(device: &B::Device) -> Self {
        Self {
            conv1: Conv2dConfig::new([2, 6], [3, 3]).init(device),
            norm: GroupNormConfig::new(3, 6).init(device),
            conv2: Conv2dConfig::new([6, 4], [3, 3]).init(device),
            head: dense(4, 2, device),
        }
    }

    fn forward(&self, x: Tensor<B, 4>) -> Tensor<B, 2> {
        let x = relu(self.norm.forward(self.conv1.forward(x)));
        let x = adaptive_avg_pool2d(tanh(self.conv2.forward(x)), [1, 1]);
        self.head.forward(x.flatten(1, 3))
    }
}

#[test]
fn a_group_norm_leaves_its_groups() {
    let traced = check!(Grouped, [5, 2, 7, 7]);
    assert_eq!(spaces(&traced.axes), [("conv1", 3), ("conv2", 4)]);
    let groups = [
        "conv1.weight.0*2",
        "conv1.bias.0*2",
        "norm.gamma.0*2",
        "norm.beta.0*2",
        "conv2.weight.1*2",
    ];
    assert_eq!(axes_of(&traced.axes, "conv1"), groups);
}

#[derive(Module, Debug)]
struct Depthwise<B: Backend> {
    conv: Conv2d<B>,
    depth: Conv2d<B>,
    wide: Conv2d<B>,
    point: Conv2d<B>,
    grouped: Conv2d<B>,
    head: Conv2d<B>,
}

impl<B: Backend> Depthwise<B> {
    fn new(device: &B::Device) -> Self {
        let conv =
            |channels, groups| Conv2dConfig::new(channels, [2, 2]).with_groups(groups).init(device);
        Self {
            conv: conv([2, 4], 1),
            depth: conv([4, 4], 4),
            wide: conv([4, 8], 4),
            point: conv([8, 6], 1),
            grouped: conv([6, 9], 3),
            head: conv([9, 2], 1),
        }
    }

    fn forward(&self, x: Tensor<B, 4>) -> Tensor<B, 4> {
        let x = tanh(self.depth.forward(tanh(self.conv.forward(x))));
        let x = tanh(self.point.forward(tanh(self.wide.forward(x))));
        self.head.forward(tanh(self.grouped.forward(x)))
    }
}

#[test]
fn groups_of_a_convolution_are_units() {
    let traced = check!(Depthwise, [3, 2, 8, 8]);
    assert_eq!(spaces(&traced.axes), [("conv", 4), ("point", 3)]);
    assert_eq!(
        axes_of(&traced.axes, "conv"),
        [
            "conv.weight.0",
            "conv.bias.0",
            "depth.weight.0",
            "depth.bias.0",
            "wide.weight.0*2",
            "wide.bias.0*2",
            "point.weight.1*2"
        ]
    );
    assert_eq!(
        axes_of(&traced.axes, "point"),
        [
            "point.weight.0*2",
            "point.bias.0*2",
            "grouped.weight.0*3",
            "grouped.bias.0*3",
            "head.weight.1*3"
        ]
    );
}

#[derive(Module, Debug)]
struct Decoder<B: Backend> {
    up1: ConvTranspose2d<B>,
    up2: ConvTranspose2d<B>,
    up3: ConvTranspose2d<B>,
}

impl<B: Backend> Decoder<B> {
    fn new(device: &B::Device) -> Self {
        Self {
            up1: ConvTranspose2dConfig::new([2, 6], [3, 3]).init(device),
            up2: ConvTranspose2dConfig::new([6, 8], [2, 2]).with_groups(2).init(device),
            up3: ConvTranspose2dConfig::new([8, 3], [2, 2]).init(device),
        }
    }

    fn forward(&self, x: Tensor<B, 4>) -> Tensor<B, 4> {
        self.up3.forward(tanh(self.up2.forward(tanh(self.up1.forward(x)))))
    }
}

#[test]
fn transposed_convolutions_read_axis_0() {
    let traced = check!(Decoder, [3, 2, 4, 4]);
    assert_eq!(spaces(&traced.axes), [("up1", 2)]);
    assert_eq!(
        axes_of(&traced.axes, "up1"),
        ["up1.weight.1*3", "up1.bias.0*3", "up2.weight.0*3", "up2.bias.0*4", "up3.weight.0*4"]
    );
}

#[derive(Module, Debug)]
struct Signal<B: Backend> {
    conv1: Conv1d<B>,
    conv2: Conv1d<B>,
    head: Linear<B>,
}

impl<B: Backend> Signal<B> {
    fn new(device: &B::Device) -> Self {
        let padding = PaddingConfig1d::Explicit(1, 1);
        Self {
            conv1: Conv1dConfig::new(2, 5, 3).with_padding(padding).init(device),
            conv2: Conv1dConfig::new(5, 4, 3).init(device),
            head: dense(4, 2, device),
        }
    }

    fn forward(&self, x: Tensor<B, 3>) -> Tensor<B, 2> {
        let x = tanh(self.conv2.forward(tanh(self.conv1.forward(x))));
        self.head.forward(x.mean_dim(2).squeeze_dim(2))
    }
}

#[test]
fn convolutions_in_one_dimension() {
    let traced = check!(Signal, [3, 2, 9]);
    assert_eq!(spaces(&traced.axes), [("conv1", 5), ("conv2", 4)]);
}

#[derive(Module, Debug)]
struct Dropped<B: Backend> {
    fc1: Linear<B>,
    dropout: Dropout,
    fc2: Linear<B>,
}

impl<B: Backend> Dropped<B> {
    fn new(device: &B::Device) -> Self {
        let dropout = DropoutConfig::new(0.5).init();
        Self { fc1: dense(3, 6, device), dropout, fc2: dense(6, 2, device) }
    }

    fn forward(&self, x: Tensor<B, 2>) -> Tensor<B, 2> {
        self.fc2.forward(self.dropout.forward(relu(self.fc1.forward(x))))
    }
}

#[test]
fn dropout_of_an_evaluation_changes_nothing() {
    assert_eq!(spaces(&check!(Dropped, [7, 3]).axes), [("fc1", 6)]);
}

#[derive(Module, Debug)]
struct Concatenated<B: Backend> {
    token: Param<Tensor<B, 3>>,
    embed: Linear<B>,
    left: Linear<B>,
    right: Linear<B>,
    head: Linear<B>,
}

impl<B: Backend> Concatenated<B> {
    fn new(device: &B::Device) -> Self {
        Self {
            token: Param::from_tensor(Tensor::zeros([1, 1, 6], device)),
            embed: dense(3, 6, device),
            left: dense(6, 4, device),
            right: dense(6, 5, device),
            head: dense(9, 2, device),
        }
    }

    fn forward(&self, x: Tensor<B, 3>) -> Tensor<B, 3> {
        let x = self.embed.forward(x);
        let token = self.token.val().repeat_dim(0, x.dims()[0]);
        let x = tanh(Tensor::cat(vec![token, x], 1));
        let both = vec![self.left.forward(x.clone()), self.right.forward(x)];
        self.head.forward(tanh(Tensor::cat(both, 2)))
    }
}

#[test]
fn a_concatenation_fixes_its_axis_alone() {
    let traced = check!(Concatenated, [2, 4, 3]);
    assert_eq!(spaces(&traced.axes), [("embed", 6)]);
    assert_eq!(
        axes_of(&traced.axes, "embed"),
        ["token.2", "embed.weight.1", "embed.bias.0", "left.weight.0", "right.weight.0"]
    );
}

#[test]
fn a_trace_tells_the_same_twice() {
    let once = || -> Traced { check!(Cnn, [5, 2, 8, 12]) };
    assert_eq!(once(), once());
}

#[test]
fn a_trace_of_training_has_the_axes_of_one_of_evaluation() {
    type Training = Autodiff<Capture>;
    let training = trace(|device| {
        let model = Cnn::<Training>::new(device);
        let x = Tensor::<Training, 4>::zeros([5, 2, 8, 12], device);
        let y = model.forward(x.clone());
        // The norm's statistics of the batch are in the model now.
        Trace::of(&model.valid()).input(x.inner()).output(y.inner())
    });
    // The statistics of a batch are tensors whose size the model gives, so the number of units matters.
    let mut trained = training.unwrap();
    let counted: Vec<&str> =
        trained.width_dependent.iter().map(|counted| counted.space.as_str()).collect();
    assert_eq!(counted, ["conv1"]);
    trained.width_dependent.clear();
    assert_eq!(trained, check!(Cnn, [5, 2, 8, 12]));
}

#[test]
fn a_spec_that_was_written_to_a_file_is_the_same() {
    let traced = check!(Cnn, [5, 2, 8, 12]);
    let text = toml::to_string(&AxesFile::from(&traced.axes)).unwrap();
    let read = from_file(toml::from_str(&text).unwrap(), &Cnn::<NdArray>::new(&Default::default()));
    assert!(same_structure(&read.unwrap(), &traced.axes), "{text}");
    let wrong = text.replace("\"conv1\"", "\"conv\"");
    let wrong =
        from_file(toml::from_str(&wrong).unwrap(), &Cnn::<NdArray>::new(&Default::default()));
    assert!(wrong.unwrap_err().to_string().contains("did you mean"), "{text}");
}
