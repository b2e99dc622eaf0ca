//! What parameters between two spaces are used for.

use crate::proof::spaces;
use burn::module::Module;
use burn::nn::{Linear, LinearConfig, LinearLayout};
use burn::tensor::Tensor;
use burn::tensor::backend::Backend;
use constinit::Error;
use constinit::axes::{Capture, Trace, Traced, trace};
use constinit_symmetry::Role;

#[derive(Module, Debug)]
struct Three<B: Backend> {
    first: Linear<B>,
    middle: Linear<B>,
    last: Linear<B>,
}

type Matrix = Tensor<Capture, 2>;

/// Traces three layers; `forward` computes the middle one from its input and its weight.
fn with_middle(forward: impl Fn(Matrix, Matrix) -> Matrix) -> Traced {
    let traced = trace(|device| {
        let dense = |inputs, outputs| LinearConfig::new(inputs, outputs).init(device);
        let model = Three { first: dense(3, 5), middle: dense(5, 6), last: dense(6, 2) };
        let x = Matrix::zeros([7, 3], device);
        let inner = forward(model.first.forward(x.clone()).tanh(), model.middle.weight.val());
        let y = model.last.forward(inner.tanh());
        Trace::of(&model).input(x).output(y)
    });
    let traced = traced.unwrap();
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
        h.matmul(w.mask_fill(Matrix::ones([5, 6], &Default::default()).bool(), 1.0))
    });
    // A weight divided by its norm, a weight minus its mean, and a weight multiplied with itself.
    is_entrywise(|h, w| h.matmul(w.clone() / w.powi_scalar(2).sum_dim(0).sqrt()));
    is_entrywise(|h, w| h.matmul(w.clone() - w.mean_dim(0)));
    is_entrywise(|h, w| h.matmul(w.clone() * w));
    is_entrywise(|h, w| h.matmul(w.recip().recip()));
    is_entrywise(|h, w| h.clone().matmul(w.clone()) + h.matmul(w.exp()));
    // Distances of the input to the rows of a parameter.
    is_entrywise(|h, w| {
        let apart: Tensor<Capture, 3> = h.unsqueeze_dim::<3>(2) - w.unsqueeze();
        apart.powi_scalar(2).sum_dim(1).squeeze_dim(1)
    });
}

#[test]
fn a_product_of_two_weights_is_neither() {
    let product = |exponential: bool, first: bool| {
        let traced = trace(|device| {
            let dense =
                |inputs, outputs| LinearConfig::new(inputs, outputs).with_bias(false).init(device);
            let model = vec![dense(3, 4), dense(4, 5), dense(5, 6), dense(6, 2)];
            let weight = |number: usize| model[number].weight.val();
            let both = weight(1).matmul(weight(2));
            let both = if first { weight(0).matmul(both) } else { both };
            let both = if exponential { both.exp() } else { both };
            let x = Matrix::zeros([7, 3], device);
            let hidden = if first { x.clone() } else { model[0].forward(x.clone()) };
            let y = model[3].forward(hidden.matmul(both));
            Trace::of(&model).input(x).output(y)
        });
        let traced = traced.unwrap();
        assert_eq!(spaces(&traced.axes), [("0", 4), ("1", 5), ("2", 6)]);
        traced.entrywise
    };
    for exponential in [true, false] {
        for first in [true, false] {
            assert_eq!(product(exponential, first), ["1.weight", "2.weight"]);
        }
    }
}

#[test]
fn a_layer_that_stores_its_weight_by_columns_is_refused() {
    let traced = trace(|device| {
        let model = LinearConfig::new(3, 5).with_layout(LinearLayout::Col).init(device);
        let x = Matrix::zeros([7, 3], device);
        let y = model.forward(x.clone());
        Trace::of(&model).input(x).output(y)
    });
    assert!(matches!(traced, Err(Error::ColumnLayout { path, .. }) if path == "weight"));
}
