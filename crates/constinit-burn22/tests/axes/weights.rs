//! What parameters between two spaces are used for.

use crate::proof::{axes_of, spaces, traced};
use burn::module::Module;
use burn::nn::{Linear, LinearConfig};
use burn::tensor::activation::softmax;
use burn::tensor::{Device, Tensor};
use constinit_burn22::axes::Traced;
use constinit_symmetry::Role;

#[derive(Module, Debug)]
struct Three {
    first: Linear,
    middle: Linear,
    last: Linear,
}

type Matrix = Tensor<2>;

/// Traces three layers; `forward` computes the middle one from its input and its weight.
fn with_middle(forward: impl Fn(Matrix, Matrix) -> Matrix) -> Traced {
    let dense = |inputs, outputs| LinearConfig::new(inputs, outputs).init(&Device::flex());
    let model = Three { first: dense(3, 5), middle: dense(5, 6), last: dense(6, 2) };
    let run = |model: &Three, x| {
        let hidden = model.first.forward(x).tanh();
        model.last.forward(forward(hidden, model.middle.weight.val()).tanh())
    };
    let [traced, mut trained] =
        [model.clone(), model.train()].map(|model| traced(&model, [7, 3], run).unwrap());
    trained.with_gradients = false;
    assert_eq!(trained, traced);
    assert_eq!(spaces(&traced.axes), [("first", 5), ("middle", 6)]);
    assert_eq!(traced.without_rule, []);
    traced
}

fn roles(traced: &Traced) -> Vec<Role> {
    let param = &traced.axes.params()[traced.axes.param_id("middle.weight").unwrap().get()];
    param.axes().iter().map(|axis| axis.role).collect()
}

#[track_caller]
fn is_weight(forward: impl Fn(Matrix, Matrix) -> Matrix) {
    let traced = with_middle(forward);
    assert_eq!(traced.entrywise, [""; 0]);
    assert_eq!(roles(&traced), [Role::Input, Role::Output]);
}

#[track_caller]
fn is_entrywise(forward: impl Fn(Matrix, Matrix) -> Matrix) {
    let traced = with_middle(forward);
    assert_eq!(traced.entrywise, ["middle.weight"]);
    assert_ne!(roles(&traced), [Role::Input, Role::Output]);
}

#[test]
fn multiples_of_a_weight_are_weights() {
    is_weight(|h, w| h.matmul(w));
    is_weight(|h, w| burn::tensor::module::linear(h, w, None));
    is_weight(|h, w| w.transpose().matmul(h.transpose()).transpose());
    is_weight(|h, w| h.matmul(w.mul_scalar(-0.5)));
    is_weight(|h, w| h.matmul(w / 3.0));
    is_weight(|h, w| {
        let mask = Matrix::ones([5, 6], &w.device());
        h.matmul(w * mask)
    });
    // The other factor need not come from an input: the state before the first step of an LSTM does not.
    is_weight(|h, w| Matrix::zeros([7, 5], &h.device()).matmul(w.clone()) + h.matmul(w));
}

#[test]
fn sums_of_entries_say_nothing_of_other_functions_of_them() {
    is_entrywise(|h, w| h.matmul(w.exp()));
    is_entrywise(|h, w| h.matmul(w.powi_scalar(2)));
    is_entrywise(|h, w| h.matmul(w.abs()));
    is_entrywise(|h, w| {
        let mask = Matrix::ones([5, 6], &h.device()).bool();
        h.matmul(w.mask_fill(mask, 1.0))
    });
    // A weight divided by its norm, a weight minus its mean, and a weight multiplied with itself.
    is_entrywise(|h, w| h.matmul(w.clone() / w.powi_scalar(2).sum_dim(0).sqrt()));
    is_entrywise(|h, w| h.matmul(w.clone() - w.mean_dim(0)));
    is_entrywise(|h, w| h.matmul(w.clone() * w));
    is_entrywise(|h, w| h.matmul(w.recip().recip()));
    is_entrywise(|h, w| h.matmul(softmax(w, 0)));
    is_entrywise(|h, w| h.matmul(softmax(w, 1)));
    is_entrywise(|h, w| h.clone().matmul(w.clone()) + h.matmul(w.exp()));
    // Distances of the input to the rows of a parameter.
    is_entrywise(|h, w| {
        let apart: Tensor<3> = h.unsqueeze_dim::<3>(2) - w.unsqueeze();
        apart.powi_scalar(2).sum_dim(1).squeeze_dim(1)
    });
}

#[test]
fn a_product_of_two_weights_is_neither() {
    let dense =
        |inputs, outputs| LinearConfig::new(inputs, outputs).with_bias(false).init(&Device::flex());
    let model = vec![dense(3, 4), dense(4, 5), dense(5, 6), dense(6, 2)];
    for (exponential, first) in [(true, true), (true, false), (false, true), (false, false)] {
        let traced = traced(&model, [7, 3], |model, x: Matrix| {
            let weight = |number: usize| model[number].weight.val();
            let both = weight(1).matmul(weight(2));
            let both = if first { weight(0).matmul(both) } else { both };
            let both = if exponential { both.exp() } else { both };
            let hidden = if first { x } else { model[0].forward(x) };
            model[3].forward(hidden.matmul(both))
        });
        let traced = traced.unwrap();
        assert_eq!(spaces(&traced.axes), [("0", 4), ("1", 5), ("2", 6)]);
        assert_eq!(traced.entrywise, ["1.weight", "2.weight"]);
    }
}

/// The axes of two layers; `change` changes the weight of the second before it is used.
fn with_second(change: impl Fn(Matrix, Matrix) -> Matrix) -> Vec<Role> {
    let dense = |inputs, outputs| LinearConfig::new(inputs, outputs).init(&Device::flex());
    let model = vec![dense(3, 8), dense(8, 2)];
    let traced = traced(&model, [4, 3], |model, x| {
        let hidden = model[0].forward(x).tanh();
        hidden.clone().matmul(change(model[1].weight.val(), hidden))
    });
    let axes = traced.unwrap().axes;
    assert_eq!(axes_of(&axes, "0"), ["0.weight.1", "0.bias.0", "1.weight.0"]);
    let second = &axes.params()[axes.param_id("1.weight").unwrap().get()];
    second.axes().iter().map(|axis| axis.role).collect()
}

#[test]
fn what_a_weight_under_a_mask_is_for_is_known_of_a_constant_one() {
    let constant = with_second(|weight, _| weight.clone() * weight.ones_like());
    assert_eq!(constant, [Role::Input, Role::Output]);
    let computed = with_second(|weight, hidden| weight * hidden.mean_dim(0).reshape([8, 1]));
    assert_eq!(computed, [Role::Unknown, Role::Unknown]);
}
