//! A trace finds the same spaces on Burn 0.21, which records norms and activations piece by piece, and on Burn 0.22, which
//! records them whole.

use burn_autodiff::Autodiff;
use constinit::axes::{Capture, same_structure};
use constinit_core::axes::Traced;

/// The models, for one version of Burn. `$trace` makes the layers, runs them on zeros of a shape, and traces that.
macro_rules! models {
    ($version:ident, $burn:ident, $trace:ident $(, $backend:ty)?) => {
        mod $version {
            use super::*;
            use $burn::nn::attention::{MhaInput, MultiHeadAttentionConfig};
            use $burn::nn::conv::Conv2dConfig;
            use $burn::nn::transformer::{TransformerEncoderConfig, TransformerEncoderInput};
            use $burn::nn::{
                BatchNormConfig, DropoutConfig, Gelu, GruConfig, LayerNormConfig, LinearConfig, LstmConfig,
            };
            use $burn::tensor::activation::{log_softmax, relu, sigmoid, silu, softmax};

            pub fn perceptron() -> Traced {
                $trace!(
                    |device| (
                        LinearConfig::new(3, 8).init$(::<$backend>)?(device),
                        LayerNormConfig::new(8).init$(::<$backend>)?(device),
                        LinearConfig::new(8, 6).init$(::<$backend>)?(device),
                        LinearConfig::new(6, 5).init$(::<$backend>)?(device),
                    ),
                    [7, 3],
                    |model, x| {
                        let x = Gelu::new().forward(model.1.forward(model.0.forward(x)));
                        let x = sigmoid(model.2.forward(x.clone())) * silu(model.2.forward(x));
                        log_softmax(relu(model.3.forward(x)), 1)
                    }
                )
            }

            pub fn gated_by_softmax() -> Traced {
                $trace!(
                    |device| (
                        LinearConfig::new(3, 8).init$(::<$backend>)?(device),
                        LinearConfig::new(8, 5).init$(::<$backend>)?(device),
                    ),
                    [7, 3],
                    |model, x| model.1.forward(softmax(model.0.forward(x), 1))
                )
            }

            pub fn dropped() -> Traced {
                $trace!(
                    |device| (
                        LinearConfig::new(3, 8).init$(::<$backend>)?(device),
                        DropoutConfig::new(0.5).init(),
                        LinearConfig::new(8, 5).init$(::<$backend>)?(device),
                    ),
                    [7, 3],
                    |model, x| model.2.forward(model.1.forward(model.0.forward(x).tanh()))
                )
            }

            pub fn convolutional() -> Traced {
                $trace!(
                    |device| (
                        Conv2dConfig::new([2, 6], [3, 3]).init$(::<$backend>)?(device),
                        BatchNormConfig::new(6).init$(::<$backend>)?(device),
                        Conv2dConfig::new([6, 4], [3, 3]).init$(::<$backend>)?(device),
                        LinearConfig::new(64, 5).init$(::<$backend>)?(device),
                    ),
                    [7, 2, 8, 8],
                    |model, x| {
                        let x = relu(model.1.forward(model.0.forward(x)));
                        model.3.forward(relu(model.2.forward(x)).flatten::<2>(1, 3))
                    }
                )
            }

            pub fn long_memory() -> Traced {
                $trace!(
                    |device| (
                        LstmConfig::new(3, 6, true).init$(::<$backend>)?(device),
                        LinearConfig::new(6, 5).init$(::<$backend>)?(device),
                    ),
                    [2, 4, 3],
                    |model, x| model.1.forward(model.0.forward(x, None).0)
                )
            }

            pub fn gated() -> Traced {
                $trace!(
                    |device| (
                        GruConfig::new(3, 6, true).init$(::<$backend>)?(device),
                        LinearConfig::new(6, 5).init$(::<$backend>)?(device),
                    ),
                    [2, 4, 3],
                    |model, x| model.1.forward(model.0.forward(x, None))
                )
            }

            pub fn attention() -> Traced {
                $trace!(
                    |device| (
                        LinearConfig::new(3, 8).init$(::<$backend>)?(device),
                        MultiHeadAttentionConfig::new(8, 2).with_dropout(0.0).init$(::<$backend>)?(device),
                        LinearConfig::new(8, 5).init$(::<$backend>)?(device),
                    ),
                    [2, 7, 3],
                    |model, x| {
                        let x = model.0.forward(x);
                        model.2.forward(model.1.forward(MhaInput::self_attn(x)).context)
                    }
                )
            }

            pub fn transformer() -> Traced {
                $trace!(
                    |device| (
                        LinearConfig::new(3, 8).init$(::<$backend>)?(device),
                        TransformerEncoderConfig::new(8, 12, 2, 2)
                            .with_norm_first(true)
                            .init$(::<$backend>)?(device),
                        LinearConfig::new(8, 5).init$(::<$backend>)?(device),
                    ),
                    [2, 7, 3],
                    |model, x| {
                        let x = TransformerEncoderInput::new(model.0.forward(x));
                        model.2.forward(model.1.forward(x))
                    }
                )
            }

            pub const ALL: [(&str, fn() -> Traced); 8] = [
                ("perceptron", perceptron),
                ("gated by softmax", gated_by_softmax),
                ("dropped", dropped),
                ("convolutional", convolutional),
                ("LSTM", long_memory),
                ("GRU", gated),
                ("attention", attention),
                ("transformer", transformer),
            ];
        }
    };
}

macro_rules! on_21 {
    ($backend:ty, |$device:ident| $layers:expr, $shape:expr, |$model:ident, $x:ident| $output:expr) => {
        constinit::axes::trace(|$device| {
            let $model = $layers;
            let $x = burn21::tensor::Tensor::<$backend, { $shape.len() }>::zeros($shape, $device);
            let input = $x.clone();
            let output = $output;
            constinit::axes::Trace::of(&$model).input(input).output(output)
        })
        .unwrap()
    };
}

macro_rules! on_22 {
    ($made:expr, |$device:ident| $layers:expr, $shape:expr, |$model:ident, $x:ident| $output:expr) => {{
        let made = $made;
        let $device = &made;
        constinit_burn22::axes::trace(&$layers, |$model, device| {
            let $x = burn22::tensor::Tensor::<{ $shape.len() }>::zeros($shape, device);
            let input = $x.clone();
            let output = $output;
            constinit_burn22::axes::Trace::new().input(input).output(output)
        })
        .unwrap()
    }};
}

macro_rules! valid_21 { ($($all:tt)*) => { on_21!(Capture, $($all)*) }; }
macro_rules! training_21 { ($($all:tt)*) => { on_21!(Autodiff<Capture>, $($all)*) }; }
macro_rules! valid_22 { ($($all:tt)*) => { on_22!(burn22::tensor::Device::flex(), $($all)*) }; }
macro_rules! training_22 { ($($all:tt)*) => { on_22!(burn22::tensor::Device::flex().autodiff(), $($all)*) }; }

models!(old_valid, burn21, valid_21, Capture);
models!(old_training, burn21, training_21, Autodiff<Capture>);
models!(new_valid, burn22, valid_22);
models!(new_training, burn22, training_22);

fn agree(name: &str, [old, new]: [Traced; 2]) {
    assert!(old.without_rule.is_empty() && new.without_rule.is_empty(), "{name}");
    assert!(same_structure(&old.axes, &new.axes), "{name}:\n{:?}\n{:?}", old.axes, new.axes);
    let spaces = |traced: &Traced| -> Vec<(String, usize)> {
        let spaces = traced.axes.spaces().iter();
        spaces.map(|space| (space.name().to_owned(), space.units())).collect()
    };
    assert_eq!(spaces(&old), spaces(&new), "{name}");
    assert!(!spaces(&new).is_empty(), "{name}");
    assert_eq!(old.stochastic, new.stochastic, "{name}");
    assert_eq!(old.with_gradients, new.with_gradients, "{name}");
    let counted = |traced: &Traced| {
        let mut spaces: Vec<String> =
            traced.width_dependent.iter().map(|counted| counted.space.clone()).collect();
        spaces.sort_unstable();
        spaces.dedup();
        spaces
    };
    assert_eq!(counted(&old), counted(&new), "{name}: spaces whose number of units counts");
}

#[test]
fn spaces_of_inference_are_the_same() {
    for ((name, old), (_, new)) in old_valid::ALL.iter().zip(new_valid::ALL) {
        agree(name, [old(), new()]);
    }
}

#[test]
fn spaces_of_training_are_the_same() {
    for ((name, old), (_, new)) in old_training::ALL.iter().zip(new_training::ALL) {
        agree(name, [old(), new()]);
    }
    assert!(!new_training::dropped().stochastic.dropout.is_empty());
}
