//! What is refused, and how the message names it.

use super::*;
use burn::module::Lora;
use burn::nn::conv::Conv2dConfig;
use burn::nn::{GroupNorm, GroupNormConfig, LayerNorm, LayerNormConfig, Linear, LinearConfig};
use constinit_burn22::surgery::{
    Decay, Optimizer, Shares, SymmetryKind, TrainingFacts, break_symmetry, collapse, quotient,
    symmetry_of, widen,
};
use constinit_symmetry::Obstacle;
use constinit_symmetry::layers::{conv, dense, vectors};

fn linear(inputs: usize, outputs: usize) -> Linear {
    LinearConfig::new(inputs, outputs).init(&device())
}

#[test]
fn specs_and_classes_that_do_not_fit_are_refused() {
    let (net, spec) = mlp(&[3, 4, 2], Activation::Tanh, &device());
    let (deeper, other) = mlp(&[3, 4, 4, 2], Activation::Tanh, &device());
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
    let (wider, _) = mlp(&[3, 5, 2], Activation::Tanh, &device());
    assert_eq!(
        message(collapse(wider, &spec, &found)),
        "axes: parameter `layers.0.weight` has shape [3, 5], but the spec was built for [3, 4]"
    );
    // Classes of a module whose units are equal, in a module whose units are not.
    let alone: Vec<Vec<usize>> = vec![(0..4).collect()];
    let random = imposed(net, &spec, &alone, Classes::Twins, 1);
    let expected = "axes: units 0 and 1 of `hidden1` are in one class, but";
    let refused = message(collapse(random.clone(), &spec, &found));
    assert!(refused.starts_with(expected) && refused.contains("layers.0.weight"), "{refused}");
    let facts = TrainingFacts::new(Optimizer::Sgd);
    assert!(message(quotient(&random, &spec, &found, &facts)).starts_with(expected));
    let named = message(widen(random, &spec, &[("hidden", &[1])], Shares::Exact));
    assert!(named.contains("hidden1"), "{named}");
}

#[test]
fn training_that_separates_classes_is_refused_with_its_reason() {
    let (net, spec) = mlp(&[3, 4, 4, 2], Activation::Tanh, &autodiff());
    let classes = [vec![0, 0, 1, 1], vec![0, 0, 0, 1]];
    let net = imposed(net, &spec, &classes, Classes::Equitable, 2);
    let refused = |kind: SymmetryKind, facts: TrainingFacts| {
        let found = symmetry_of(&net, &spec, kind).unwrap();
        message(quotient(&net, &spec, &found, &facts))
    };
    let adam = TrainingFacts::new(Optimizer::Adam);
    let dropout = refused(SymmetryKind::Equitable, adam.clone().with_dropout("hidden2"));
    assert!(dropout.contains("can separate them") && dropout.contains("dropout"), "{dropout}");
    let coupled = refused(SymmetryKind::Equitable, adam.clone().with_decay(Decay::Coupled));
    assert!(coupled.contains("coupled decay"), "{coupled}");
    let muon = refused(SymmetryKind::Equitable, TrainingFacts::new(Optimizer::Muon));
    assert!(muon.starts_with("Muon: it updates a weight as a whole matrix"), "{muon}");
    let unknown = refused(SymmetryKind::Equitable, adam.with_dropout("hidden9"));
    assert!(unknown.starts_with("hidden9: "), "{unknown}");
}

#[test]
fn inputs_and_outputs_keep_their_number() {
    let (net, _) = mlp(&[2, 2, 2], Activation::Tanh, &device());
    let all = |from: &str, to: &str, spaces: &[(&str, usize)]| {
        let first = dense("layers.0", from, "hidden1").input_first();
        let second = dense("layers.1", "hidden1", to).input_first();
        declared(&net, spaces, [first, second])
    };
    let facts = TrainingFacts::new(Optimizer::Sgd);
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
    }
}

#[test]
fn a_spec_alone_does_not_vouch_for_layers_that_are_not_known() {
    #[derive(Module, Debug)]
    struct Own {
        weight: Param<Tensor<2>>,
    }
    #[derive(Module, Debug)]
    struct Unknown {
        a: Linear,
        b: Own,
    }
    let weight = Param::from_tensor(Tensor::<2>::ones([4, 2], &device()));
    let net = Unknown { a: linear(3, 4), b: Own { weight } };
    let layers = [dense("a", "", "hidden"), dense("b", "hidden", "").without_bias()];
    let spec = declared(&net, &[("hidden", 4)], layers.map(|layer| layer.input_first()));
    let net = imposed(net, &spec, &[vec![0; 4]], Classes::Twins, 1);
    let found = symmetry_of(&net, &spec, SymmetryKind::Twins).unwrap();
    assert_eq!(
        message(break_symmetry(net, &spec, &found, 0.25, 1)),
        "b.weight: a Own may use its entries for something other than weighting the units of hidden; trace the module \
         (axes::trace), and give the trace instead of the spec"
    );
}

#[test]
fn norms_over_units_are_refused() {
    #[derive(Module, Debug)]
    struct Bare {
        a: Linear,
        norm: GroupNorm,
        b: Linear,
    }
    let norm = GroupNormConfig::new(2, 4).with_affine(false).init(&device());
    let net = Bare { a: linear(3, 4), norm, b: linear(4, 2) };
    let ends = || [dense("a", "", "hidden"), dense("b", "hidden", "")].map(|l| l.input_first());
    let spec = declared(&net, &[("hidden", 4)], ends());
    let net = imposed(net, &spec, &[vec![0; 4]], Classes::Twins, 1);
    let found = symmetry_of(&net, &spec, SymmetryKind::Twins).unwrap();
    let refused = message(collapse(net, &spec, &found));
    assert!(refused.starts_with("norm: a GroupNorm without parameters may act"), "{refused}");

    #[derive(Module, Debug)]
    struct Normed {
        a: Linear,
        norm: LayerNorm,
        b: Linear,
    }
    let norm = LayerNormConfig::new(4).init(&device());
    let net = Normed { a: linear(3, 4), norm, b: linear(4, 2) };
    let layers = ends().into_iter().chain([vectors("norm", &["gamma", "beta"], "hidden")]);
    let spec = declared(&net, &[("hidden", 4)], layers);
    let net = imposed(net, &spec, &[vec![0; 4]], Classes::Twins, 1);
    let found = symmetry_of(&net, &spec, SymmetryKind::Twins).unwrap();
    let refused = message(collapse(net, &spec, &found));
    assert!(refused.starts_with("norm.gamma: a LayerNorm may depend"), "{refused}");
}

#[test]
fn convolutions_that_may_have_groups_are_refused() {
    #[derive(Module, Debug)]
    struct Depthwise {
        enter: burn::nn::conv::Conv2d,
        each: burn::nn::conv::Conv2d,
        leave: burn::nn::conv::Conv2d,
    }
    let net = Depthwise {
        enter: Conv2dConfig::new([1, 4], [1, 1]).init(&device()),
        each: Conv2dConfig::new([4, 4], [2, 2]).with_groups(4).init(&device()),
        leave: Conv2dConfig::new([4, 2], [1, 1]).init(&device()),
    };
    let layers =
        [conv("enter", "", "one", 2), conv("each", "", "one", 2), conv("leave", "one", "", 2)];
    let spec = declared(&net, &[("one", 4)], layers);
    let net = imposed(net, &spec, &[vec![0; 4]], Classes::Twins, 1);
    let found = symmetry_of(&net, &spec, SymmetryKind::Twins).unwrap();
    let refused = message(collapse(net, &spec, &found));
    assert!(refused.contains("whether the convolution has groups"), "{refused}");
}

#[test]
fn tied_weights_are_refused_where_they_would_differ() {
    #[derive(Module, Debug)]
    struct Tied {
        a: Linear,
        b: Linear,
        c: Linear,
    }
    let square = linear(4, 4);
    let net = Tied { a: linear(4, 4), b: square.clone(), c: square };
    let layers = [dense("a", "", "one"), dense("b", "one", "two"), dense("c", "two", "")];
    let spaces = [("one", 4), ("two", 4)];
    let spec = declared(&net, &spaces, layers.map(|layer| layer.input_first()));
    let [square, ones] = [vec![4, 4], vec![4]].map(TensorData::ones::<f64, _>);
    let written = ["a.weight", "b.weight", "a.bias", "b.bias"].into_iter();
    let written = written.zip([square.clone(), square, ones.clone(), ones]);
    let net = write_parameters(net, written).unwrap();
    let found = symmetry_of(&net, &spec, SymmetryKind::Twins).unwrap();
    let facts = TrainingFacts::new(Optimizer::Sgd);
    assert_eq!(
        message(quotient(&net, &spec, &found, &facts)),
        "b.weight: it is tied to another parameter, and Burn's optimizers update only the first of the two"
    );
    assert_eq!(
        message(collapse(net, &spec, &found)),
        "c.weight: it is tied to a parameter that would get other values"
    );
}

/// An adapter multiplies its two factors.
#[test]
fn an_adapter_is_not_vouched_for_by_a_spec() {
    let (net, spec) = mlp(&[3, 4, 2], Activation::Tanh, &device());
    let found = symmetry_of(&net, &spec, SymmetryKind::Twins).unwrap();
    let adapted = net.apply_lora(Lora::new(1, 1.0));
    assert_eq!(
        message(collapse(adapted.clone(), &spec, &found)),
        "axes: the module's parameter layers.0.weight.lora.a is not among the axes"
    );
    let factors =
        [("layers.0", ["", "hidden1"]), ("layers.1", ["hidden1", ""])].map(|(path, ends)| {
            let [reads, makes] = ends;
            dense(path, reads, makes).input_first().and(adapter(path, reads, makes))
        });
    let spec = declared(&adapted, &[("hidden1", 4)], factors);
    let adapted = imposed(adapted, &spec, &[vec![0; 4]], Classes::Twins, 1);
    let found = symmetry_of(&adapted, &spec, SymmetryKind::Twins).unwrap();
    let refused = message(collapse(adapted, &spec, &found));
    assert!(refused.starts_with("layers.0.weight.lora.b: a "), "{refused}");
}

/// The two factors of an adapter: `a[input][rank]` and `b[rank][output]`.
fn adapter(path: &str, reads: &str, makes: &str) -> Layer {
    let factor = |name: &str, reads: &str, makes: &str| {
        dense(&format!("{path}.weight.lora"), reads, makes)
            .without_bias()
            .input_first()
            .renamed("weight", name)
    };
    factor("a", reads, "").and(factor("b", "", makes))
}
