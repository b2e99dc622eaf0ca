//! Softmax, norms and others as one operation require of axes what their elementwise forms require.

use constinit_core::axes::{
    AxisReduction, Draws, Operation, OperationKind as Kind, Recording, SliceRange, TensorId,
    TensorRef, Traced, TracedParameter, WidthCause, solve,
};
use constinit_symmetry::Role;

/// A recording that is written by hand.
#[derive(Default)]
struct Run {
    tensors: u64,
    recording: Recording,
}

impl Run {
    fn tensor(&mut self, shape: &[usize]) -> TensorRef {
        self.tensors += 1;
        TensorRef { id: TensorId(self.tensors), shape: shape.to_vec() }
    }

    fn parameter(&mut self, path: &str, shape: &[usize]) -> TensorRef {
        let tensor = self.tensor(shape);
        let (path, tie) = (path.into(), tensor.id.0);
        self.recording.parameters.push(TracedParameter { path, tie, tensor: tensor.clone() });
        tensor
    }

    fn input(&mut self, shape: &[usize]) -> TensorRef {
        let tensor = self.tensor(shape);
        self.recording.inputs.push(tensor.clone());
        tensor
    }

    fn all(&mut self, kind: Kind, inputs: &[&TensorRef], shapes: &[&[usize]]) -> Vec<TensorRef> {
        let outputs: Vec<TensorRef> = shapes.iter().map(|shape| self.tensor(shape)).collect();
        let inputs = inputs.iter().map(|tensor| (*tensor).clone()).collect();
        let operation = Operation { kind, inputs, outputs: outputs.clone() };
        self.recording.operations.push(operation);
        outputs
    }

    fn make(&mut self, kind: Kind, inputs: &[&TensorRef], shape: &[usize]) -> TensorRef {
        self.all(kind, inputs, &[shape]).remove(0)
    }

    /// An output with the shape of the first input.
    fn like(&mut self, kind: Kind, inputs: &[&TensorRef]) -> TensorRef {
        self.make(kind, inputs, &inputs[0].shape)
    }

    fn reduce(&mut self, by: AxisReduction, axis: usize, x: &TensorRef) -> TensorRef {
        let mut shape = x.shape.clone();
        shape[axis] = 1;
        self.make(Kind::Reduce { by, axis }, &[x], &shape)
    }

    fn solved(mut self, output: TensorRef) -> Traced {
        self.recording.outputs.push(output);
        solve(&self.recording).unwrap()
    }
}

/// The trace of two layers with something between them, which takes 6 units and returns `width`.
fn between(width: usize, what: impl Fn(&mut Run, &TensorRef) -> TensorRef) -> Traced {
    let mut run = Run::default();
    let x = run.input(&[7, 3]);
    let [first, last] = [("first", [3, 6]), ("last", [width, 2])]
        .map(|(path, shape)| run.parameter(&format!("{path}.weight"), &shape));
    let hidden = run.make(Kind::Matmul, &[&x, &first], &[7, 6]);
    let hidden = what(&mut run, &hidden);
    let rows = hidden.shape[0];
    let y = run.make(Kind::Matmul, &[&hidden, &last], &[rows, 2]);
    run.solved(y)
}

fn spaces(traced: &Traced) -> Vec<(&str, usize)> {
    traced.axes.spaces().iter().map(|space| (space.name(), space.units())).collect()
}

fn counted(traced: &Traced) -> Vec<(&str, WidthCause)> {
    traced.width_dependent.iter().map(|counted| (counted.space.as_str(), counted.cause)).collect()
}

/// Exponentials divided by their sum, or the logarithm of that.
fn softmax(run: &mut Run, x: &TensorRef, axis: usize, logarithm: bool) -> TensorRef {
    let maximum = run.reduce(AxisReduction::Max, axis, x);
    let shifted = run.like(Kind::Sub, &[x, &maximum]);
    let exponential = run.like(Kind::Exp, &[&shifted]);
    let sum = run.reduce(AxisReduction::Sum, axis, &exponential);
    if logarithm {
        let sum = run.like(Kind::Map, &[&sum]);
        run.like(Kind::Sub, &[&shifted, &sum])
    } else {
        run.like(Kind::Div, &[&exponential, &sum])
    }
}

#[test]
fn a_softmax_counts_the_members_of_its_axis() {
    for axis in [0, 1] {
        let whole = between(6, |run, h| run.like(Kind::Softmax { axis }, &[h]));
        for logarithm in [false, true] {
            assert_eq!(between(6, |run, h| softmax(run, h, axis, logarithm)), whole);
        }
        let negative = |run: &mut Run, h: &TensorRef| {
            let negative = run.like(Kind::Scale, &[h]);
            softmax(run, &negative, axis, false)
        };
        assert_eq!(between(6, negative), whole);
        assert_eq!(spaces(&whole), [("first", 6)]);
        let reduction = ("first", WidthCause::Reduction);
        assert_eq!(counted(&whole), if axis == 1 { vec![reduction] } else { vec![] });
    }
}

/// The maximum is subtracted; `place` may use the place of the maximum.
fn with_places(place: impl Fn(&mut Run, &TensorRef, TensorRef) -> TensorRef) -> Traced {
    between(6, |run, h| {
        let [maximum, places] =
            run.all(Kind::MaxWithPlaces { axis: 1 }, &[h], &[&[7, 1], &[7, 1]]).try_into().unwrap();
        let shifted = run.like(Kind::Sub, &[h, &maximum]);
        let exponential = run.like(Kind::Exp, &[&shifted]);
        let sum = run.reduce(AxisReduction::Sum, 1, &exponential);
        let out = run.like(Kind::Div, &[&exponential, &sum]);
        place(run, &out, places)
    })
}

#[test]
fn the_place_of_a_maximum_distinguishes_members_where_it_is_used() {
    let unused = with_places(|_, out, _| out.clone());
    assert_eq!(unused, between(6, |run, h| run.like(Kind::Softmax { axis: 1 }, &[h])));
    let read = with_places(|run, out, places| run.like(Kind::Mul, &[out, &places]));
    assert_eq!(spaces(&read), []);
    let given = with_places(|run, out, places| {
        run.recording.outputs.push(places);
        out.clone()
    });
    assert_eq!(spaces(&given), []);
    // A maximum that results depend on has a gradient, which goes to one member.
    let alone = between(6, |run, h| {
        let largest = run.all(Kind::MaxWithPlaces { axis: 1 }, &[h], &[&[7, 1], &[7, 1]]);
        run.like(Kind::Mul, &[h, &largest[0]])
    });
    assert_eq!(spaces(&alone), []);
}

/// The softmax with one more member of 0, in which a number replaces a maximum that is not finite; `use_mask` may use
/// the mask.
fn quiet(use_mask: impl Fn(&mut Run, TensorRef, &TensorRef) -> TensorRef) -> Traced {
    between(6, |run, h| {
        let maximum = run.reduce(AxisReduction::Max, 1, h);
        let infinite = run.like(Kind::Map, &[&maximum]);
        let shift = run.like(Kind::Combine, &[&maximum, &infinite]);
        let shifted = run.like(Kind::Sub, &[h, &shift]);
        let exponential = run.like(Kind::Exp, &[&shifted]);
        let sum = run.reduce(AxisReduction::Sum, 1, &exponential);
        let zero = run.like(Kind::Scale, &[&shift]);
        let zero = run.like(Kind::Exp, &[&zero]);
        let sum = run.like(Kind::Combine, &[&sum, &zero]);
        let out = run.like(Kind::Div, &[&exponential, &sum]);
        use_mask(run, out, &infinite)
    })
}

#[test]
fn a_maximum_may_be_replaced_before_it_is_subtracted() {
    assert_eq!(spaces(&quiet(|_, out, _| out)), [("first", 6)]);
    let masked = quiet(|run, out, infinite| run.like(Kind::Mul, &[&out, infinite]));
    assert_eq!(spaces(&masked), []);
}

#[test]
fn a_layer_norm_counts_its_axis_and_its_vectors_stand_along_it() {
    for bias in [false, true] {
        let vectors = |run: &mut Run| -> Vec<TensorRef> {
            let names = if bias { &["gain", "bias"][..] } else { &["gain"] };
            names.iter().map(|name| run.parameter(&format!("norm.{name}"), &[6])).collect()
        };
        let whole = between(6, |run, h| {
            let vectors = vectors(run);
            run.like(Kind::LayerNorm, &[&[h], &vectors.iter().collect::<Vec<_>>()[..]].concat())
        });
        let parts = between(6, |run, h| {
            let vectors = vectors(run);
            let mean = run.reduce(AxisReduction::Symmetric, 1, h);
            let centred = run.like(Kind::Sub, &[h, &mean]);
            let square = run.like(Kind::Mul, &[&centred, &centred]);
            let variance = run.reduce(AxisReduction::Symmetric, 1, &square);
            let deviation = run.like(Kind::Map, &[&variance]);
            let mut out = run.like(Kind::Div, &[&centred, &deviation]);
            for (vector, kind) in vectors.iter().zip([Kind::Mul, Kind::Combine]) {
                let row = run.make(Kind::Reshape, &[vector], &[1, 6]);
                out = run.like(kind, &[&out, &row]);
            }
            out
        });
        assert_eq!(whole, parts);
        assert_eq!(spaces(&whole), [("first", 6)]);
        assert_eq!(counted(&whole), [("first", WidthCause::Reduction)]);
    }
}

#[test]
fn a_constant_gain_of_a_norm_counts_the_units() {
    let whole = between(6, |run, h| {
        let gain = run.make(Kind::Fill, &[], &[6]);
        run.like(Kind::LayerNorm, &[h, &gain])
    });
    assert_eq!(
        counted(&whole),
        [("first", WidthCause::Reduction), ("first", WidthCause::Constant)]
    );
    let numbers = between(6, |run, h| {
        let gain = run.make(Kind::Source, &[], &[6]);
        run.like(Kind::LayerNorm, &[h, &gain])
    });
    assert_eq!(spaces(&numbers), []);
}

#[test]
fn a_batch_norm_takes_each_channel_by_itself() {
    let names = ["gain", "bias", "mean", "variance"];
    let forms = |whole: bool, swapped: bool| {
        between(6, |run, h| {
            let swap = Kind::Permute { axes: vec![1, 0] };
            let h = if swapped { run.make(swap.clone(), &[h], &[6, 7]) } else { h.clone() };
            let channels = h.shape[1];
            let vectors = names.map(|name| run.parameter(&format!("norm.{name}"), &[channels]));
            let [gain, bias, mean, variance] = &vectors;
            let normed = if whole {
                run.like(Kind::BatchNorm, &[&h, gain, bias, mean, variance])
            } else {
                let [gain, bias, mean, variance] = [gain, bias, mean, variance]
                    .map(|vector| run.make(Kind::Reshape, &[vector], &[1, channels]));
                let centred = run.like(Kind::Sub, &[&h, &mean]);
                let deviation = run.like(Kind::Map, &[&variance]);
                let out = run.like(Kind::Div, &[&centred, &deviation]);
                let out = run.like(Kind::Mul, &[&out, &gain]);
                run.like(Kind::Combine, &[&out, &bias])
            };
            if swapped { run.make(swap, &[&normed], &[7, 6]) } else { normed }
        })
    };
    for swapped in [false, true] {
        let whole = forms(true, swapped);
        assert_eq!(whole, forms(false, swapped));
        assert_eq!(spaces(&whole), [("first", 6)]);
        assert_eq!(counted(&whole), []);
        // If the batch axis has the units, the vectors are along inputs.
        let gain = &whole.axes.params()[whole.axes.param_id("norm.gain").unwrap().get()];
        assert_eq!(gain.axes()[0].axis.space().is_some(), !swapped);
        assert_eq!(gain.axes()[0].role, Role::Output);
    }
}

#[test]
fn an_embedding_is_a_selection_of_rows() {
    let forms = |whole: bool| {
        let mut run = Run::default();
        let indices = run.input(&[3, 4]);
        let weight = run.parameter("embedding.weight", &[11, 6]);
        let last = run.parameter("last.weight", &[6, 2]);
        let rows = if whole {
            run.make(Kind::Embedding, &[&weight, &indices], &[3, 4, 6])
        } else {
            let flat = run.make(Kind::Reshape, &[&indices], &[12]);
            let rows = run.make(Kind::Select { axis: 0 }, &[&weight, &flat], &[12, 6]);
            run.make(Kind::Reshape, &[&rows], &[3, 4, 6])
        };
        let y = run.make(Kind::Linear, &[&rows, &last], &[3, 4, 2]);
        run.solved(y)
    };
    assert_eq!(forms(true), forms(false));
    assert_eq!(spaces(&forms(true)), [("embedding", 6)]);
}

#[test]
fn padding_fixes_the_axes_that_get_longer() {
    for (axis, shape, expected) in [(0, [9, 6], vec![("first", 6)]), (1, [7, 8], vec![])] {
        let whole =
            between(shape[1], |run, h| run.make(Kind::Pad { axes: vec![axis] }, &[h], &shape));
        let parts = between(shape[1], |run, h| {
            let all = run.make(Kind::Fill, &[], &shape);
            let range = |of: usize| SliceRange { start: isize::from(of == axis), step: 1 };
            let ranges = vec![range(0), range(1)];
            run.make(Kind::SliceAssign { ranges }, &[&all, h], &shape)
        });
        assert_eq!(whole, parts);
        assert_eq!(spaces(&whole), expected);
    }
}

#[test]
fn a_sum_over_several_axes_is_one_sum_after_the_other() {
    let whole = between(6, |run, h| {
        let sum = run.make(Kind::SumAxes { axes: vec![0, 1] }, &[h], &[1, 1]);
        run.like(Kind::Mul, &[h, &sum])
    });
    let parts = between(6, |run, h| {
        let sum = run.reduce(AxisReduction::Sum, 0, h);
        let sum = run.reduce(AxisReduction::Sum, 1, &sum);
        run.like(Kind::Mul, &[h, &sum])
    });
    assert_eq!(whole, parts);
    assert_eq!(spaces(&whole), [("first", 6)]);
    // A result that keeps the members is not a sum over them.
    let kept = between(6, |run, h| run.like(Kind::SumAxes { axes: vec![1] }, &[h]));
    assert_eq!(spaces(&kept), []);
}

#[test]
fn attention_is_a_softmax_between_two_products() {
    let forms = |whole: bool, causal: bool| {
        let mut run = Run::default();
        let x = run.input(&[2, 3, 5, 4]);
        let weights =
            ["query", "value"].map(|name| run.parameter(&format!("{name}.weight"), &[4, 6]));
        let last = run.parameter("last.weight", &[6, 2]);
        let [query, value] =
            weights.map(|weight| run.make(Kind::Linear, &[&x, &weight], &[2, 3, 5, 6]));
        let key = run.make(Kind::Combine, &[&value, &query], &[2, 3, 5, 6]);
        let out = if whole {
            run.make(Kind::Attention { causal }, &[&query, &key, &value], &[2, 3, 5, 6])
        } else {
            let key = run.make(Kind::Permute { axes: vec![0, 1, 3, 2] }, &[&key], &[2, 3, 6, 5]);
            let scores = run.make(Kind::Matmul, &[&query, &key], &[2, 3, 5, 5]);
            let scores = softmax(&mut run, &scores, 3, false);
            run.make(Kind::Matmul, &[&scores, &value], &[2, 3, 5, 6])
        };
        let y = run.make(Kind::Linear, &[&out, &last], &[2, 3, 5, 2]);
        run.solved(y)
    };
    assert_eq!(forms(true, false), forms(false, false));
    assert_eq!(spaces(&forms(true, false)), [("query", 6)]);
}

/// Positions of keys that are units themselves: a memory of 7 slots, all of which are read by every query.
#[test]
fn slots_of_a_memory_are_counted_by_attention() {
    let forms = |whole: bool, causal: bool| {
        let mut run = Run::default();
        let query = run.input(&[2, 3, 5, 4]);
        let [key, value] = ["key", "value"].map(|name| run.parameter(name, &[2, 3, 7, 4]));
        let out = if whole {
            run.make(Kind::Attention { causal }, &[&query, &key, &value], &[2, 3, 5, 4])
        } else {
            let key = run.make(Kind::Permute { axes: vec![0, 1, 3, 2] }, &[&key], &[2, 3, 4, 7]);
            let scores = run.make(Kind::Matmul, &[&query, &key], &[2, 3, 5, 7]);
            let scores = softmax(&mut run, &scores, 3, false);
            run.make(Kind::Matmul, &[&scores, &value], &[2, 3, 5, 4])
        };
        run.solved(out)
    };
    let [whole, parts] = [forms(true, false), forms(false, false)];
    assert_eq!(whole.axes.spaces(), parts.axes.spaces());
    assert_eq!(whole.axes.spaces().iter().map(|space| space.units()).collect::<Vec<_>>(), [7]);
    let causes = |traced: &Traced| counted(traced).into_iter().map(|(_, c)| c).collect::<Vec<_>>();
    assert_eq!(causes(&whole), [WidthCause::Reduction, WidthCause::Product]);
    // The rules for products count a key or value that is multiplied by computed numbers as a weight.
    assert!(causes(&parts).contains(&WidthCause::Reduction));
    assert_eq!(spaces(&forms(true, true)), []);
}

#[test]
fn patches_have_the_places_of_the_kernel_within_a_channel() {
    let mut run = Run::default();
    let x = run.input(&[2, 3, 6, 7]);
    let kernel = run.parameter("conv.weight", &[4, 3, 1, 1]);
    let last = run.parameter("last.weight", &[24, 2]);
    let conv = Kind::Convolution { groups: 1, transposed: false };
    let channels = run.make(conv, &[&x, &kernel], &[2, 4, 6, 7]);
    let patches = run.make(Kind::Patches, &[&channels], &[2, 24, 20]);
    let rows = run.make(Kind::Permute { axes: vec![0, 2, 1] }, &[&patches], &[2, 20, 24]);
    let y = run.make(Kind::Linear, &[&rows, &last], &[2, 20, 2]);
    let traced = run.solved(y);
    assert_eq!(spaces(&traced), [("conv", 4)]);
    let last = &traced.axes.params()[traced.axes.param_id("last.weight").unwrap().get()];
    assert_eq!((last.axes()[0].axis.inner(), last.axes()[0].axis.outer()), (6, 1));
}

#[test]
fn a_softmax_of_a_weight_is_a_function_of_all_its_entries() {
    let forms = |whole: bool, axis: usize| {
        between(4, |run, h| {
            let weight = run.parameter("middle.weight", &[6, 4]);
            let weight = match whole {
                true => run.like(Kind::Softmax { axis }, &[&weight]),
                false => softmax(run, &weight, axis, false),
            };
            run.make(Kind::Matmul, &[h, &weight], &[7, 4])
        })
    };
    for axis in [0, 1] {
        assert_eq!(forms(true, axis), forms(false, axis));
        assert_eq!(forms(true, axis).entrywise, ["middle.weight"]);
        assert_eq!(forms(true, axis).axes.spaces().len(), 2);
    }
}

#[test]
fn what_is_drawn_is_seen_behind_a_whole_operation() {
    let traced = between(6, |run, h| {
        let drawn = run.make(Kind::Random(Draws::Dropout), &[], &[7, 6]);
        let kept = run.like(Kind::Mul, &[h, &drawn]);
        run.like(Kind::Softmax { axis: 1 }, &[&kept])
    });
    assert_eq!(traced.stochastic.dropout, ["first"]);
}

#[test]
fn an_operation_with_too_few_tensors_has_no_rule() {
    let kinds =
        [Kind::LayerNorm, Kind::BatchNorm, Kind::Embedding, Kind::MaxWithPlaces { axis: 1 }];
    for kind in kinds {
        let traced = between(6, |run, h| run.like(kind.clone(), &[h]));
        assert_eq!(spaces(&traced), []);
        assert_eq!(traced.without_rule[0].operation, format!("{kind:?}"));
        assert_eq!(traced.without_rule[0].fixed.len(), 2);
    }
}
