//! Spaces of models as they are built in practice. A trace on Burn 0.21 finds the same spaces.

use crate::proof::{Random, axes_of, prove, spaces, traced};
use burn::module::{Module, Param};
use burn::nn::attention::{MhaInput, MultiHeadAttention, MultiHeadAttentionConfig};
use burn::nn::conv::{
    Conv1d, Conv1dConfig, Conv2d, Conv2dConfig, ConvTranspose2d, ConvTranspose2dConfig,
};
use burn::nn::gru::{Gru, GruConfig};
use burn::nn::pool::{MaxPool2d, MaxPool2dConfig};
use burn::nn::transformer::{
    TransformerEncoder, TransformerEncoderConfig, TransformerEncoderInput,
};
use burn::nn::{
    BatchNorm, BatchNormConfig, Dropout, DropoutConfig, Embedding, EmbeddingConfig, GroupNorm,
    GroupNormConfig, LayerNorm, LayerNormConfig, Linear, LinearConfig, Lstm, LstmConfig, PRelu,
    PReluConfig, PaddingConfig1d, PaddingConfig2d, RmsNorm, RmsNormConfig,
};
use burn::tensor::activation::{gelu, relu, softmax, tanh};
use burn::tensor::module::{adaptive_avg_pool2d, attention};
use burn::tensor::ops::AttentionModuleOptions;
use burn::tensor::{Device, Int, Tensor, TensorData};
use constinit_burn22::axes::{
    AxesFile, StochasticSpaces, Trace, Traced, WidthCause, from_file, same_structure, trace,
};
use constinit_burn22::{Activation, ConstInitConfig};
use constinit_symmetry::Role;

/// Traces a model, proves the result, and compares it with a trace in training, in which Burn records norms and softmax
/// as elementwise operations.
#[track_caller]
fn check<M: Module, const D: usize, const E: usize>(
    model: M,
    shape: [usize; D],
    idle: &[&str],
    run: impl Fn(&M, Tensor<D>) -> Tensor<E>,
) -> Traced {
    let found = traced(&model, shape, &run).unwrap();
    assert_eq!(found.without_rule, []);
    assert!(!found.with_gradients);
    let mut trained = traced(&model.clone().train(), shape, &run).unwrap();
    assert!(trained.with_gradients);
    (trained.with_gradients, trained.stochastic) = (false, StochasticSpaces::default());
    assert_eq!(trained, found);
    let x = Random::new(3).tensor(shape);
    prove(model, &found.axes, idle, |model| run(model, x.clone()));
    found
}

fn cpu() -> Device {
    Device::flex()
}

fn dense(inputs: usize, outputs: usize) -> Linear {
    LinearConfig::new(inputs, outputs).init(&cpu())
}

fn counted(traced: &Traced) -> Vec<(&str, WidthCause)> {
    traced.width_dependent.iter().map(|counted| (counted.space.as_str(), counted.cause)).collect()
}

/// Whether the side of its parameter is known for each axis with a space.
fn sides_are_known(traced: &Traced) -> bool {
    let axes = traced.axes.params().iter().flat_map(|param| param.axes());
    axes.filter(|axis| axis.axis.space().is_some()).all(|axis| axis.role != Role::Unknown)
}

macro_rules! net {
    ($name:ident { $($field:ident: $type:ty),* $(,)? }) => {
        #[derive(Module, Debug)]
        struct $name { $($field: $type),* }
    };
}

#[test]
fn a_perceptron_is_as_declared() {
    for bias in [true, false] {
        for activation in Activation::ALL {
            let config = ConstInitConfig::new(vec![3, 5, 6, 4]).with_bias(bias);
            let model = config.with_activation(activation).init(&cpu());
            let declared = model.axes().unwrap();
            let traced = check(model, [7, 3], &[], |model, x| model.forward(x));
            assert!(same_structure(&traced.axes, &declared));
            assert_eq!(spaces(&declared), [("hidden1", 5), ("hidden2", 6)]);
            assert_eq!(spaces(&traced.axes), [("layers.0", 5), ("layers.1", 6)]);
            // Only the names differ; the roles are equal.
            assert_eq!(traced.axes.params(), declared.params());
        }
    }
}

net!(Cnn {
    conv1: Conv2d,
    norm: BatchNorm,
    pool: MaxPool2d,
    conv2: Conv2d,
    fc1: Linear,
    fc2: Linear
});

impl Cnn {
    fn new() -> Self {
        let padding = PaddingConfig2d::Explicit(1, 1, 1, 1);
        Self {
            conv1: Conv2dConfig::new([2, 4], [3, 3]).with_padding(padding).init(&cpu()),
            norm: BatchNormConfig::new(4).init(&cpu()),
            pool: MaxPool2dConfig::new([2, 2]).init(),
            conv2: Conv2dConfig::new([4, 6], [2, 2]).with_stride([2, 2]).init(&cpu()),
            fc1: dense(6 * 2 * 3, 10),
            fc2: dense(10, 3),
        }
    }

    fn forward(&self, x: Tensor<4>) -> Tensor<2> {
        let x = relu(self.norm.forward(self.conv1.forward(x)));
        let x = self.pool.forward(x);
        let x: Tensor<2> = relu(self.conv2.forward(x)).flatten(1, 3);
        self.fc2.forward(relu(self.fc1.forward(x)))
    }
}

fn traced_cnn() -> Traced {
    check(Cnn::new(), [5, 2, 8, 12], &[], Cnn::forward)
}

#[test]
fn convolutions_share_channels_with_norms_and_flattened_layers() {
    let traced = traced_cnn();
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
    assert_eq!(counted(&traced), []);
    assert!(sides_are_known(&traced), "{:?}", traced.axes);
    let roles = |path: &str| -> Vec<Role> {
        let param = &traced.axes.params()[traced.axes.param_id(path).unwrap().get()];
        param.axes().iter().map(|axis| axis.role).collect()
    };
    assert_eq!(roles("conv2.weight")[..2], [Role::Output, Role::Input]);
    assert_eq!(roles("fc1.weight"), [Role::Input, Role::Output]);
    assert_eq!(roles("norm.gamma"), [Role::Output]);
    assert_eq!(roles("norm.running_var"), [Role::Output]);
}

net!(Residual {
    embed: Linear,
    norm: LayerNorm,
    up: Linear,
    down: Linear,
    rms: RmsNorm,
    head: Linear
});

impl Residual {
    fn new(bias: bool) -> Self {
        Self {
            embed: dense(3, 8),
            norm: LayerNormConfig::new(8).with_bias(bias).init(&cpu()),
            up: dense(8, 9),
            down: dense(9, 8),
            rms: RmsNormConfig::new(8).init(&cpu()),
            head: dense(8, 2),
        }
    }

    fn forward(&self, x: Tensor<2>) -> Tensor<2> {
        let x = self.embed.forward(x);
        let inner = gelu(self.up.forward(self.norm.forward(x.clone())));
        self.head.forward(self.rms.forward(x + self.down.forward(inner)))
    }
}

#[test]
fn a_residual_stream_is_one_space() {
    let traced = check(Residual::new(true), [7, 3], &[], Residual::forward);
    assert_eq!(spaces(&traced.axes), [("embed", 8), ("up", 9)]);
    let stream = [
        "embed.weight.1",
        "embed.bias.0",
        "norm.gamma.0",
        "norm.beta.0",
        "up.weight.0",
        "down.weight.1",
        "down.bias.0",
        "rms.gamma.0",
        "head.weight.0",
    ];
    assert_eq!(axes_of(&traced.axes, "embed"), stream);
    assert_eq!(counted(&traced), [("embed", WidthCause::Reduction)]);
    assert!(sides_are_known(&traced), "{:?}", traced.axes);
    let traced = check(Residual::new(false), [7, 3], &[], Residual::forward);
    let without = stream.into_iter().filter(|path| *path != "norm.beta.0").collect::<Vec<_>>();
    assert_eq!(axes_of(&traced.axes, "embed"), without);
}

net!(Transformer { embed: Linear, encoder: TransformerEncoder, head: Linear });

impl Transformer {
    fn new(layers: usize) -> Self {
        let encoder = TransformerEncoderConfig::new(8, 10, 2, layers).with_dropout(0.0);
        Self { embed: dense(3, 8), encoder: encoder.init(&cpu()), head: dense(8, 2) }
    }

    fn forward(&self, x: Tensor<3>) -> Tensor<3> {
        let x = self.embed.forward(x);
        self.head.forward(self.encoder.forward(TransformerEncoderInput::new(x)))
    }
}

#[test]
fn a_transformer_has_a_stream_heads_and_inner_units() {
    // The bias of the keys adds the same to all scores of a query.
    let idle = ["encoder.layers.0.mha.key.bias", "encoder.layers.1.mha.key.bias"];
    let traced = check(Transformer::new(2), [5, 6, 3], &idle, Transformer::forward);
    let names = [
        ("embed", 8),
        ("encoder.layers.0.mha.query", 2),
        ("encoder.layers.0.pwff.linear_inner", 10),
        ("encoder.layers.1.mha.query", 2),
        ("encoder.layers.1.pwff.linear_inner", 10),
    ];
    assert_eq!(spaces(&traced.axes), names);
    assert!(sides_are_known(&traced), "{:?}", traced.axes);
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

net!(Attention { mha: MultiHeadAttention });

impl Attention {
    fn forward(&self, x: Tensor<3>) -> Tensor<3> {
        let [batch, length, _] = x.dims();
        let mask = Tensor::<2>::zeros([batch, length], &x.device()).greater_scalar(1.0);
        self.mha.forward(MhaInput::self_attn(x).mask_pad(mask)).context
    }
}

#[test]
fn heads_of_an_attention_are_units() {
    let mha = MultiHeadAttentionConfig::new(6, 3).with_dropout(0.0).init(&cpu());
    let traced = check(Attention { mha }, [2, 5, 6], &["mha.key.bias"], Attention::forward);
    assert_eq!(spaces(&traced.axes), [("mha.query", 3)]);
    assert_eq!(counted(&traced), [("mha.query", WidthCause::Split)]);
}

net!(ByHand { query: Linear, key: Linear, value: Linear, output: Linear });

impl ByHand {
    fn new() -> Self {
        let [query, key, value] = [(); 3].map(|()| dense(6, 12));
        Self { query, key, value, output: dense(12, 5) }
    }

    /// Attention of 3 heads of 4 features, by its parts or as one operation.
    fn forward(&self, x: Tensor<3>, whole: bool) -> Tensor<3> {
        let [batch, length, _] = x.dims();
        let heads = |layer: &Linear| {
            layer.forward(x.clone()).reshape([batch, length, 3, 4]).swap_dims(1, 2)
        };
        let [query, key, value] = [heads(&self.query), heads(&self.key), heads(&self.value)];
        let context = if whole {
            attention(query, key, value, None, None, AttentionModuleOptions::default())
        } else {
            softmax(query.matmul(key.swap_dims(2, 3)) * 0.5, 3).matmul(value)
        };
        self.output.forward(context.swap_dims(1, 2).reshape([batch, length, 12]))
    }
}

#[test]
fn attention_as_one_operation_is_what_its_parts_are() {
    let [parts, whole] = [false, true].map(|whole| {
        check(ByHand::new(), [2, 5, 6], &["key.bias"], |model, x| model.forward(x, whole))
    });
    assert_eq!(parts, whole);
    assert_eq!(spaces(&parts.axes), [("query", 3)]);
    assert_eq!(
        axes_of(&parts.axes, "query"),
        [
            "query.weight.1*4",
            "query.bias.0*4",
            "key.weight.1*4",
            "key.bias.0*4",
            "value.weight.1*4",
            "value.bias.0*4",
            "output.weight.0*4"
        ]
    );
}

net!(Recurrent { lstm: Lstm, gru: Gru, head: Linear });

impl Recurrent {
    fn new() -> Self {
        Self {
            lstm: LstmConfig::new(3, 6, true).init(&cpu()),
            gru: GruConfig::new(6, 5, true).init(&cpu()),
            head: dense(5, 2),
        }
    }

    fn forward(&self, x: Tensor<3>) -> Tensor<3> {
        self.head.forward(self.gru.forward(self.lstm.forward(x, None).0, None))
    }
}

#[test]
fn the_state_of_a_recurrent_layer_is_one_space_on_both_axes() {
    let traced = check(Recurrent::new(), [2, 4, 3], &[], Recurrent::forward);
    let [lstm, gru] = ["lstm.input_gate.input_transform", "gru.update_gate.input_transform"];
    assert_eq!(spaces(&traced.axes), [(lstm, 6), (gru, 5)]);
    let axes = axes_of(&traced.axes, lstm);
    assert!(axes.contains(&"lstm.cell_gate.hidden_transform.weight.0".to_owned()));
    assert!(axes.contains(&"lstm.cell_gate.hidden_transform.weight.1".to_owned()));
    // Four gates of a weight, a bias and a recurrent weight with two axes and a bias, and three gates that read.
    assert_eq!(axes.len(), 4 * 5 + 3);
    assert_eq!(axes_of(&traced.axes, gru).len(), 3 * 5 + 1);
}

net!(Language { embedding: Embedding, hidden: Linear });

impl Language {
    fn new() -> Self {
        Self {
            embedding: EmbeddingConfig::new(11, 6).init(&cpu()),
            hidden: LinearConfig::new(6, 6).with_bias(false).init(&cpu()),
        }
    }

    fn forward(&self, tokens: Tensor<2, Int>) -> Tensor<3> {
        let x = self.embedding.forward(tokens);
        let x = x.clone() + tanh(self.hidden.forward(x));
        x.matmul(self.embedding.weight.val().transpose().unsqueeze())
    }
}

#[test]
fn a_tied_embedding_keeps_its_features() {
    let model = Language::new();
    let traced = trace(&model, |model, device| {
        let tokens = Tensor::<2, Int>::zeros([3, 4], device);
        Trace::new().input(tokens.clone()).output(model.forward(tokens))
    })
    .unwrap();
    // The embedding produces the features, and reads them at the end.
    assert_eq!(spaces(&traced.axes), [("embedding", 6)]);
    assert_eq!(
        axes_of(&traced.axes, "embedding"),
        ["embedding.weight.1", "hidden.weight.0", "hidden.weight.1"]
    );
    let data = TensorData::from([[0, 5, 3, 10], [2, 2, 9, 1], [4, 6, 7, 8]]);
    let tokens = Tensor::<2, Int>::from_data(data, &cpu());
    prove(model, &traced.axes, &[], |model| model.forward(tokens.clone()));
}

net!(Tied { first: Linear, one: Linear, two: Linear, last: Linear });

impl Tied {
    fn forward(&self, x: Tensor<2>) -> Tensor<2> {
        let x = tanh(self.one.forward(tanh(self.first.forward(x))));
        self.last.forward(tanh(self.two.forward(x)))
    }
}

#[test]
fn tied_layers_share_their_spaces() {
    let one = dense(4, 4);
    let tied = Tied { first: dense(3, 4), two: one.clone(), one, last: dense(4, 2) };
    let traced = check(tied, [7, 3], &[], Tied::forward);
    assert_eq!(spaces(&traced.axes), [("first", 4)]);
    assert_eq!(axes_of(&traced.axes, "first").len(), 2 + 3 + 3 + 1);
}

net!(Grouped { conv1: Conv2d, norm: GroupNorm, conv2: Conv2d, slope: PRelu, head: Linear });

impl Grouped {
    fn new() -> Self {
        Self {
            conv1: Conv2dConfig::new([2, 6], [3, 3]).init(&cpu()),
            norm: GroupNormConfig::new(3, 6).init(&cpu()),
            conv2: Conv2dConfig::new([6, 4], [3, 3]).init(&cpu()),
            slope: PReluConfig::new().with_num_parameters(4).init(&cpu()),
            head: dense(4, 2),
        }
    }

    fn forward(&self, x: Tensor<4>) -> Tensor<2> {
        let x = relu(self.norm.forward(self.conv1.forward(x)));
        let x = self.slope.forward(self.conv2.forward(x));
        self.head.forward(adaptive_avg_pool2d(x, [1, 1]).flatten(1, 3))
    }
}

#[test]
fn a_group_norm_leaves_its_groups() {
    let traced = check(Grouped::new(), [5, 2, 7, 7], &[], Grouped::forward);
    assert_eq!(spaces(&traced.axes), [("conv1", 3), ("conv2", 4)]);
    let groups = [
        "conv1.weight.0*2",
        "conv1.bias.0*2",
        "norm.gamma.0*2",
        "norm.beta.0*2",
        "conv2.weight.1*2",
    ];
    assert_eq!(axes_of(&traced.axes, "conv1"), groups);
    let channels = ["conv2.weight.0", "conv2.bias.0", "slope.alpha.0", "head.weight.0"];
    assert_eq!(axes_of(&traced.axes, "conv2"), channels);
}

net!(Depthwise {
    conv: Conv2d,
    depth: Conv2d,
    wide: Conv2d,
    point: Conv2d,
    grouped: Conv2d,
    head: Conv2d,
});

impl Depthwise {
    fn new() -> Self {
        let conv =
            |channels, groups| Conv2dConfig::new(channels, [2, 2]).with_groups(groups).init(&cpu());
        Self {
            conv: conv([2, 4], 1),
            depth: conv([4, 4], 4),
            wide: conv([4, 8], 4),
            point: conv([8, 6], 1),
            grouped: conv([6, 9], 3),
            head: conv([9, 2], 1),
        }
    }

    fn forward(&self, x: Tensor<4>) -> Tensor<4> {
        let x = tanh(self.depth.forward(tanh(self.conv.forward(x))));
        let x = tanh(self.point.forward(tanh(self.wide.forward(x))));
        self.head.forward(tanh(self.grouped.forward(x)))
    }
}

#[test]
fn groups_of_a_convolution_are_units() {
    let traced = check(Depthwise::new(), [3, 2, 8, 8], &[], Depthwise::forward);
    assert_eq!(spaces(&traced.axes), [("conv", 4), ("point", 3)]);
    let groups = [("conv", WidthCause::Groups), ("point", WidthCause::Groups)];
    assert_eq!(counted(&traced), groups);
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

net!(Decoder { up1: ConvTranspose2d, up2: ConvTranspose2d, up3: ConvTranspose2d });

impl Decoder {
    fn new() -> Self {
        Self {
            up1: ConvTranspose2dConfig::new([2, 6], [3, 3]).init(&cpu()),
            up2: ConvTranspose2dConfig::new([6, 8], [2, 2]).with_groups(2).init(&cpu()),
            up3: ConvTranspose2dConfig::new([8, 3], [2, 2]).init(&cpu()),
        }
    }

    fn forward(&self, x: Tensor<4>) -> Tensor<4> {
        self.up3.forward(tanh(self.up2.forward(tanh(self.up1.forward(x)))))
    }
}

#[test]
fn transposed_convolutions_read_axis_0() {
    let traced = check(Decoder::new(), [3, 2, 4, 4], &[], Decoder::forward);
    assert_eq!(spaces(&traced.axes), [("up1", 2)]);
    assert_eq!(
        axes_of(&traced.axes, "up1"),
        ["up1.weight.1*3", "up1.bias.0*3", "up2.weight.0*3", "up2.bias.0*4", "up3.weight.0*4"]
    );
}

net!(Signal { conv1: Conv1d, conv2: Conv1d, head: Linear });

impl Signal {
    fn new() -> Self {
        let padding = PaddingConfig1d::Explicit(1, 2);
        Self {
            conv1: Conv1dConfig::new(2, 5, 3).with_padding(padding).init(&cpu()),
            conv2: Conv1dConfig::new(5, 4, 3).init(&cpu()),
            head: dense(4, 2),
        }
    }

    fn forward(&self, x: Tensor<3>) -> Tensor<2> {
        let x = tanh(self.conv1.forward(x)).pad([(0, 0), (0, 0), (1, 0)], 0.5);
        self.head.forward(tanh(self.conv2.forward(x)).mean_dim(2).squeeze_dim(2))
    }
}

#[test]
fn convolutions_in_one_dimension_with_padding() {
    let traced = check(Signal::new(), [3, 2, 9], &[], Signal::forward);
    assert_eq!(spaces(&traced.axes), [("conv1", 5), ("conv2", 4)]);
}

net!(Patched { conv: Conv2d, head: Linear });

#[test]
fn patches_keep_the_channels() {
    let conv = Conv2dConfig::new([2, 4], [2, 2]).init(&cpu());
    let model = Patched { conv, head: dense(4 * 2 * 3, 2) };
    let run = |model: &Patched, x: Tensor<4>| {
        let x = tanh(model.conv.forward(x));
        let patches = burn::nn::Unfold4dConfig::new([2, 3]).init().forward(x);
        model.head.forward(patches.swap_dims(1, 2))
    };
    let traced = check(model, [3, 2, 6, 7], &[], run);
    assert_eq!(axes_of(&traced.axes, "conv"), ["conv.weight.0", "conv.bias.0", "head.weight.0*6"]);
}

net!(Dropped { fc1: Linear, dropout: Dropout, fc2: Linear, fc3: Linear });

impl Dropped {
    fn new() -> Self {
        let dropout = DropoutConfig::new(0.5).init();
        Self { fc1: dense(3, 6), dropout, fc2: dense(6, 5), fc3: dense(5, 2) }
    }

    fn forward(&self, x: Tensor<2>) -> Tensor<2> {
        let x = self.dropout.forward(relu(self.fc1.forward(x)));
        self.fc3.forward(relu(self.fc2.forward(x)))
    }
}

#[test]
fn dropout_layers_are_found_in_training_mode() {
    let evaluated = check(Dropped::new(), [7, 3], &[], Dropped::forward);
    assert_eq!(spaces(&evaluated.axes), [("fc1", 6), ("fc2", 5)]);
    assert_eq!(evaluated.stochastic, StochasticSpaces::default());
    let training = Dropped::new().train();
    let dropped = |model: &Dropped| {
        let traced = traced(model, [7, 3], Dropped::forward).unwrap();
        assert_eq!(traced.axes, evaluated.axes);
        (traced.with_gradients, traced.stochastic.dropout.join(" "))
    };
    assert_eq!(dropped(&training), (true, "fc1".to_owned()));
    // Without gradients, dropout does nothing; nor does frozen dropout.
    assert_eq!(dropped(&training.valid()), (false, String::new()));
    assert_eq!(dropped(&training.valid().train()), (true, "fc1".to_owned()));
    assert_eq!(dropped(&training.clone().no_grad()), (true, "fc1".to_owned()));
    assert_eq!(dropped(&training.freeze()), (true, String::new()));
}

net!(Concatenated { token: Param<Tensor<3>>, embed: Linear, left: Linear, right: Linear, head: Linear });

impl Concatenated {
    fn new() -> Self {
        Self {
            token: Param::from_tensor(Tensor::zeros([1, 1, 6], &cpu())),
            embed: dense(3, 6),
            left: dense(6, 4),
            right: dense(6, 5),
            head: dense(9, 2),
        }
    }

    fn forward(&self, x: Tensor<3>) -> Tensor<3> {
        let x = self.embed.forward(x);
        let token = self.token.val().repeat_dim(0, x.dims()[0]);
        let x = tanh(Tensor::cat(vec![token, x], 1));
        let both = vec![self.left.forward(x.clone()), self.right.forward(x)];
        self.head.forward(tanh(Tensor::cat(both, 2)))
    }
}

#[test]
fn a_concatenation_fixes_its_axis_alone() {
    let traced = check(Concatenated::new(), [2, 4, 3], &[], Concatenated::forward);
    assert_eq!(spaces(&traced.axes), [("embed", 6)]);
    assert_eq!(
        axes_of(&traced.axes, "embed"),
        ["token.2", "embed.weight.1", "embed.bias.0", "left.weight.0", "right.weight.0"]
    );
}

#[test]
fn a_trace_tells_the_same_twice() {
    assert_eq!(traced_cnn(), traced_cnn());
}

#[test]
fn a_spec_that_was_written_to_a_file_is_the_same() {
    let traced = traced_cnn();
    let text = toml::to_string(&AxesFile::from(&traced.axes)).unwrap();
    let read = from_file(toml::from_str(&text).unwrap(), &Cnn::new());
    assert!(same_structure(&read.unwrap(), &traced.axes), "{text}");
    let wrong = text.replace("\"conv1\"", "\"conv\"");
    let wrong = from_file(toml::from_str(&wrong).unwrap(), &Cnn::new());
    assert!(wrong.unwrap_err().to_string().contains("did you mean"), "{text}");
}
