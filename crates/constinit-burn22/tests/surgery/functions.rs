//! What collapse, widen and break_symmetry keep.

use super::modules::{Cnn, Residual};
use super::*;
use burn::nn::{Dropout, DropoutConfig, Linear, LinearConfig, LinearLayout};
use burn::optim::GradientsParams;
use burn::tensor::DType;
use constinit_burn22::surgery::{
    Activations, ReduceOptions, Shares, SymmetryKind, break_symmetry, collapse, reduce,
    symmetry_of, widen,
};
use constinit_symmetry::layers::dense;

const KINDS: [(Classes, SymmetryKind); 3] = [
    (Classes::Twins, SymmetryKind::Twins),
    (Classes::Equitable, SymmetryKind::Equitable),
    (Classes::Forward, SymmetryKind::ForwardLumpable),
];

/// Collapses random instances of a module and compares the functions.
fn collapse_keeps<M: Module>(
    spec: &AxesSpec,
    new: impl Fn() -> M,
    forward: impl Fn(&M) -> Tensor<2>,
    seeds: std::ops::Range<usize>,
) {
    for seed in seeds {
        for (how, kind) in KINDS {
            let classes = random_classes(spec, seed);
            let net = imposed(new(), spec, &classes, how, seed);
            let found = symmetry_of(&net, spec, kind).unwrap();
            let before = values(forward(&net));
            let (old_ids, old) = (ids(&net), read_parameters(&net));
            let merged = collapse(net, spec, &found).unwrap();
            let after = values(forward(&merged.module));
            assert_close(&before, &after, 1e-13, &format!("{kind:?}, seed {seed}"));
            let (new_ids, read) = (ids(&merged.module), read_parameters(&merged.module));
            // An optimizer's state of a parameter does not fit a parameter of another shape. Batch norms keep the ids
            // of their statistics, which no optimizer updates.
            for (number, path) in parameter_paths(&merged.module).iter().enumerate() {
                let other_shape = old[number].shape() != read[number].shape();
                let other = other_shape && !path.contains("running_");
                assert_eq!(old_ids[number] != new_ids[number], other, "{path}");
            }
            let entries = read.iter().map(TensorData::num_elements).sum::<usize>();
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
        let (_, spec) = mlp(&[3, 7, 6, 2], activation, &device());
        let new = || mlp(&[3, 7, 6, 2], activation, &device()).0;
        let forward = |net: &ConstInit| net.forward(inputs(5, 3, seed, &device()));
        collapse_keeps(&spec, new, forward, seed..seed + 2);
    }
}

#[test]
fn collapse_keeps_the_function_of_convolutions_with_batch_norms() {
    let forward = |net: &Cnn| net.forward(inputs(3, 9, 4, &device()));
    collapse_keeps(&Cnn::spec(), || Cnn::new(&device()), forward, 0..4);
}

#[test]
fn collapse_keeps_the_function_of_a_residual_stream() {
    let forward = |net: &Residual| net.forward(inputs(5, 3, 4, &device()));
    collapse_keeps(&Residual::spec(), || Residual::new(&device()), forward, 0..6);
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
        let (net, spec) = mlp(&[3, 8, 6, 2], activation, &device());
        let net = write_parameters(net, reducible()).unwrap();
        let x = inputs(5, 3, 7, &device());
        let before = values(net.forward(x.clone()));
        let options = ReduceOptions::default();
        let small = reduce(net.clone(), &spec, &activation.into(), &options).unwrap();
        assert_eq!(small.spaces[0].after, left, "{activation:?}: {small}");
        assert_eq!(small.spec.spaces()[0].units(), left);
        let entries: usize = read_parameters(&small.module).iter().map(|p| p.num_elements()).sum();
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

/// Nothing is rounded if weights are powers of two, and inputs and sums have few bits.
#[test]
fn collapse_keeps_every_bit_of_powers_of_two() {
    let config = ConstInitConfig::new(vec![3, 512, 4]).with_init_w(0.5).with_init_b(0.25);
    let net = config.init(&device());
    let spec = net.axes().unwrap();
    let x = inputs(5, 3, 1, &device());
    let before = values(net.forward(x.clone()));
    let found = symmetry_of(&net, &spec, SymmetryKind::Twins).unwrap();
    let merged = collapse(net, &spec, &found).unwrap();
    assert_eq!(merged.to_string(), "hidden1: 512 -> 1 units; 4100 -> 12 parameters");
    assert_eq!(bits(&values(merged.module.forward(x))), bits(&before));
}

#[test]
fn collapse_without_symmetry_is_the_identity() {
    let (net, spec) = mlp(&[3, 4, 2], Activation::Tanh, &device());
    let classes: Vec<Vec<usize>> = vec![(0..4).collect()];
    let net = imposed(net, &spec, &classes, Classes::Twins, 3);
    let found = symmetry_of(&net, &spec, SymmetryKind::ForwardLumpable).unwrap();
    let before = (read_parameters(&net), ids(&net));
    let merged = collapse(net, &spec, &found).unwrap();
    assert!(merged.is_identity());
    assert_eq!(merged.to_string(), "nothing to collapse: all units differ, 26 parameters stay");
    assert_eq!((read_parameters(&merged.module), ids(&merged.module)), before);
}

#[test]
fn a_module_without_parameters_is_what_it_was() {
    #[derive(Module, Debug)]
    struct Bare {
        dropout: Dropout,
    }
    let net = Bare { dropout: DropoutConfig::new(0.5).init() };
    let spec = AxesSpec::builder().build(std::iter::empty::<(&str, &[usize])>()).unwrap();
    let found = symmetry_of(&net, &spec, SymmetryKind::Twins).unwrap();
    let merged = collapse(net.clone(), &spec, &found).unwrap();
    assert_eq!(merged.to_string(), "nothing to collapse: all units differ, 0 parameters stay");
    let wide = widen(net.clone(), &spec, &[], Shares::Exact).unwrap();
    assert_eq!(wide.parameters, [0, 0]);
    assert_eq!(break_symmetry(net, &spec, &found, 0.5, 1).unwrap().separated, 0);
}

/// Merged units pass on a NaN in an outgoing weight. Units with a NaN in an incoming weight are not merged.
#[test]
fn what_is_no_number_stays_no_number() {
    let (net, spec) = mlp(&[3, 4, 2], Activation::Tanh, &device());
    let mut leaving = vec![1.0; 8];
    leaving[2] = f64::NAN; // from unit 1 to output 0
    let weight = TensorData::new(leaving, [4, 2]);
    let net = write_parameters(net, [("layers.1.weight", weight)]).unwrap();
    let found = symmetry_of(&net, &spec, SymmetryKind::ForwardLumpable).unwrap();
    let merged = collapse(net.clone(), &spec, &found).unwrap().module;
    assert_eq!(merged.layers[1].weight.dims(), [1, 2]);
    let y = values(merged.forward(inputs(1, 3, 0, &device())));
    assert!(y[0].is_nan() && y[1].is_finite(), "{y:?}");

    let weight = TensorData::new(vec![f64::NAN; 12], [3, 4]);
    let net = write_parameters(net, [("layers.0.weight", weight)]).unwrap();
    let found = symmetry_of(&net, &spec, SymmetryKind::ForwardLumpable).unwrap();
    assert!(collapse(net, &spec, &found).unwrap().is_identity());
}

#[test]
fn the_need_of_a_gradient_stays() {
    let (mut net, spec) = mlp(&[3, 4, 2], Activation::Tanh, &autodiff());
    let first = &mut net.layers[0];
    first.weight = first.weight.clone().set_require_grad(false);
    let found = symmetry_of(&net, &spec, SymmetryKind::Twins).unwrap();
    let merged = collapse(net, &spec, &found).unwrap().module;
    let check = |net: &ConstInit| {
        assert!(!net.layers[0].weight.is_require_grad());
        let gradients = net.forward(inputs(2, 3, 0, &autodiff())).sum().backward();
        assert!(net.layers[0].weight.val().grad(&gradients).is_none());
        assert_eq!(net.layers[1].weight.val().grad(&gradients).unwrap().dims(), [1, 2]);
    };
    check(&merged);
    check(&merged.valid().train());
}

/// A device may compute forward passes twice to save memory; Burn cannot combine tensors with and without this.
#[test]
fn a_module_that_checkpoints_gradients_is_trained_on() {
    let device = autodiff().gradient_checkpointing();
    let (net, spec) = mlp(&[3, 4, 2], Activation::Tanh, &device);
    let found = symmetry_of(&net, &spec, SymmetryKind::Twins).unwrap();
    let merged = collapse(net, &spec, &found).unwrap().module;
    let strategy = |net: &ConstInit| net.layers[0].weight.val().gradient_checkpointing_strategy();
    assert_eq!(strategy(&merged), device.gradient_checkpointing_strategy());
    let gradients = merged.forward(inputs(2, 3, 0, &device)).sum().backward();
    assert!(merged.layers[0].weight.val().grad(&gradients).is_some());
}

/// The copy also has what is not a parameter: a tensor in a field, and whether layers draw.
#[test]
fn all_else_that_a_module_holds_is_in_the_copy() {
    #[derive(Module, Debug)]
    struct Holding {
        a: Linear,
        scale: Tensor<1>,
        dropout: Dropout,
        b: Linear,
    }
    for device in [autodiff(), autodiff().gradient_checkpointing()] {
        let net = Holding {
            a: LinearConfig::new(3, 4).init(&device),
            scale: Tensor::from_data([2.0], &device),
            dropout: DropoutConfig::new(0.5).init(),
            b: LinearConfig::new(4, 2).init(&device),
        };
        let layers = [dense("a", "", "hidden"), dense("b", "hidden", "")];
        let spec = declared(&net, &[("hidden", 4)], layers.map(|layer| layer.input_first()));
        let net = imposed(net, &spec, &[vec![0; 4]], Classes::Twins, 1);
        let found = symmetry_of(&net, &spec, SymmetryKind::Twins).unwrap();
        let forward = |net: &Holding| {
            let hidden = net.a.forward(inputs(5, 3, 2, &device)) * net.scale.clone().unsqueeze();
            net.b.forward(net.dropout.forward(hidden))
        };
        let merged = collapse(net.clone(), &spec, &found).unwrap().module;
        assert!(merged.dropout.training.is_enabled());
        let gradients = forward(&merged).sum().backward();
        assert!(merged.b.weight.val().grad(&gradients).is_some());
        let resting = Holding { dropout: net.dropout.clone().freeze(), ..net };
        let before = values(forward(&resting));
        let merged = collapse(resting, &spec, &found).unwrap().module;
        assert_close(&before, &values(forward(&merged)), 1e-13, "without dropout");
    }
}

/// The operation merges the statistics of the last pass in training; clones keep theirs.
#[test]
fn statistics_of_batch_norms_are_merged_in_the_copy_alone() {
    let classes = [vec![0, 0], vec![0, 0, 1, 1, 1, 2], vec![0, 1, 0, 0, 1]];
    let spec = Cnn::spec();
    let net = imposed(Cnn::new(&autodiff()), &spec, &classes, Classes::Twins, 3);
    let clone = net.clone();
    let frozen = Cnn { norm: net.norm.clone().freeze(), ..net.clone() };
    net.forward(inputs(3, 9, 4, &autodiff()));
    let found = symmetry_of(&net, &spec, SymmetryKind::Twins).unwrap();
    let expected = values(net.valid().forward(inputs(3, 9, 9, &device())));
    let merged = collapse(net, &spec, &found).unwrap().module;
    let found_now = values(merged.valid().forward(inputs(3, 9, 9, &device())));
    assert_close(&expected, &found_now, 1e-13, "with new statistics");
    assert_eq!(merged.norm.running_mean.value().dims(), [3]);
    assert_eq!(clone.norm.running_mean.value().dims(), [6]);
    // An update that is held back has the new size, too.
    for _ in 0..2 {
        merged.forward(inputs(3, 9, 5, &autodiff()));
    }
    assert_eq!(merged.norm.running_mean.value_sync().dims(), [3]);
    // What a layer does only in training is on or off as before.
    assert!(merged.norm.training.is_enabled());
    let merged = collapse(frozen, &spec, &found).unwrap().module;
    assert!(!merged.norm.training.is_enabled() && !merged.norm.gamma.is_require_grad());
}

#[test]
fn widen_keeps_the_function_and_collapse_gives_the_module_back() {
    for seed in 0..6 {
        let (net, spec) = mlp(&[3, 4, 3, 2], Activation::Gelu, &device());
        let alone: Vec<Vec<usize>> = vec![(0..4).collect(), (0..3).collect()];
        let net = imposed(net, &spec, &alone, Classes::Twins, seed);
        let x = || inputs(5, 3, seed, &device());
        let before = values(net.forward(x()));
        let parameters = all_parameters(&net);
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
            let back = all_parameters(&back.module);
            match shares {
                Shares::Exact => assert_eq!(bits(&back), bits(&parameters)),
                Shares::Equal => assert_close(&parameters, &back, 1e-15, "equal shares"),
            }
        }
    }
}

/// The same in singles and in halves.
#[test]
fn every_float_type_comes_back_bit_for_bit() {
    for dtype in [DType::F32, DType::F16, DType::BF16] {
        let (net, spec) = mlp(&[3, 4, 2], Activation::Relu, &device());
        let alone: Vec<Vec<usize>> = vec![(0..4).collect()];
        let net = imposed(net, &spec, &alone, Classes::Twins, 3);
        struct Cast(DType);
        impl burn::module::ModuleMapper for Cast {
            fn map_float<const D: usize>(&mut self, param: Param<Tensor<D>>) -> Param<Tensor<D>> {
                param.map(|value| value.cast(self.0))
            }
        }
        let net = net.map(&mut Cast(dtype));
        let old = read_parameters(&net);
        let wide = widen(net, &spec, &[("hidden1", &[1, 3, 2, 1])], Shares::Exact).unwrap();
        assert!(read_parameters(&wide.module).iter().all(|data| data.dtype() == dtype));
        let found = symmetry_of(&wide.module, &wide.spec, SymmetryKind::ForwardLumpable).unwrap();
        let back = collapse(wide.module, &wide.spec, &found).unwrap().module;
        assert_eq!(read_parameters(&back), old, "{dtype:?}");
    }
}

#[test]
fn a_widened_convolution_computes_the_same() {
    let spec = Cnn::spec();
    let alone: Vec<Vec<usize>> = vec![vec![0, 1], (0..6).collect(), (0..5).collect()];
    let net = imposed(Cnn::new(&device()), &spec, &alone, Classes::Twins, 1);
    let before = values(net.forward(inputs(3, 9, 4, &device())));
    let copies = [("one", &[2, 1, 1, 1, 3, 1][..]), ("two", &[1, 1, 2, 2, 1][..])];
    let wide = widen(net, &spec, &copies, Shares::Equal).unwrap();
    assert_eq!(wide.module.norm.gamma.dims(), [9]);
    let after = values(wide.module.forward(inputs(3, 9, 4, &device())));
    assert_close(&before, &after, 1e-13, "widened");
}

/// The gradient of the first weight, unit by unit.
fn first_gradients(net: &ConstInit) -> Vec<f64> {
    let [x, y] = [(3, 1), (2, 2)].map(|(columns, seed)| inputs(5, columns, seed, &autodiff()));
    let loss = (net.forward(x) - y).square().mean();
    let gradients = GradientsParams::from_grads(loss.backward(), net);
    values(gradients.get::<2>(net.layers[0].weight.id).unwrap())
}

#[test]
fn breaking_keeps_the_function_and_makes_no_twins() {
    for seed in 0..5 {
        let (net, spec) = mlp(&[3, 4, 5, 2], Activation::Tanh, &autodiff());
        let classes = [vec![0, 1, 0, 1], vec![0; 5]];
        let net = imposed(net, &spec, &classes, Classes::Twins, seed);
        let found = symmetry_of(&net, &spec, SymmetryKind::Twins).unwrap();
        let before = first_gradients(&net);
        assert_eq!(before[0], before[2], "twins have one gradient");
        let (y, old) = (values(net.valid().forward(inputs(5, 3, 9, &device()))), ids(&net));
        let broken = break_symmetry(net, &spec, &found, 0.25, seed as u64).unwrap();
        assert_eq!((broken.separated, broken.inseparable.len()), (3, 0));
        assert!(broken.largest_change > 0.0 && broken.largest_change <= 0.25);
        assert_eq!(ids(&broken.module), old, "no shape changes");
        let after = values(broken.module.valid().forward(inputs(5, 3, 9, &device())));
        assert_close(&y, &after, 1e-13, "broken");
        let twins = symmetry_of(&broken.module, &spec, SymmetryKind::Twins).unwrap();
        assert!(twins.spaces().iter().all(|space| space.partition().is_discrete()));
        let now = first_gradients(&broken.module);
        assert!(now[0] != now[2] && now[1] != now[3], "{now:?}");
    }
}

/// A weight of a column layout is saved transposed, and so is a smaller one.
#[test]
fn a_column_layout_is_merged_saved_and_loaded() {
    #[derive(Module, Debug)]
    struct Columns {
        a: Linear,
        b: Linear,
    }
    let new = |hidden: usize| {
        let linear = |inputs, outputs| {
            LinearConfig::new(inputs, outputs).with_layout(LinearLayout::Col).init(&autodiff())
        };
        Columns { a: linear(3, hidden), b: linear(hidden, 2) }
    };
    let net = new(4);
    let layers = [dense("a", "", "hidden"), dense("b", "hidden", "")];
    let spec = declared(&net, &[("hidden", 4)], layers.map(|layer| layer.input_first()));
    let net = imposed(net, &spec, &[vec![0, 1, 0, 1]], Classes::Forward, 1);
    let found = symmetry_of(&net, &spec, SymmetryKind::ForwardLumpable).unwrap();
    let forward = |net: &Columns| {
        let net = net.valid();
        values(net.b.forward(net.a.forward(inputs(5, 3, 2, &device())).tanh()))
    };
    let before = forward(&net);
    let merged = collapse(net, &spec, &found).unwrap().module;
    assert_eq!(merged.a.weight.dims(), [3, 2]);
    assert_close(&before, &forward(&merged), 1e-13, "merged");

    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("merged.bpk");
    merged.clone().save_file(&path).unwrap();
    let loaded = new(2).try_load_file(&path).unwrap();
    assert_eq!(bits(&all_parameters(&loaded)), bits(&all_parameters(&merged)));
    assert_eq!((ids(&loaded), loaded.a.weight.dims()), (ids(&merged), [3, 2]));
    assert!(loaded.a.weight.is_require_grad());
}
