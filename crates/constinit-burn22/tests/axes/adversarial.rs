//! What distinguishes units, and so must be fixed; and what a trace cannot show.

use crate::proof::{axes_of, spaces, traced};
use burn::module::{Lora, Module, Param, QLora, Quantizer, RunningState};
use burn::nn::{BatchNorm, BatchNormConfig, Linear, LinearConfig, LinearLayout};
use burn::tensor::activation::{log_softmax, quiet_softmax, relu, softmax, softmin};
use burn::tensor::quantization::{Calibration, QuantScheme};
use burn::tensor::{Bool, CaptureError, Device, Distribution, Int, Tensor};
use constinit_burn22::Error;
use constinit_burn22::axes::{StochasticSpaces, Trace, Traced, trace};
use constinit_burn22::params::{parameter_paths, read_parameters};
use std::collections::HashSet;
use std::panic::{AssertUnwindSafe, catch_unwind};

#[derive(Module, Debug)]
struct Two {
    fc1: Linear,
    fc2: Linear,
}

/// 3 inputs, 6 hidden units of which `width` are left, 2 outputs.
fn two(width: usize) -> Two {
    let dense = |inputs, outputs| LinearConfig::new(inputs, outputs).init(&Device::flex());
    Two { fc1: dense(3, 6), fc2: dense(width, 2) }
}

type Hidden = Tensor<2>;

/// Traces `fc2(between(fc1(x)))` for 6 hidden units, of which `width` are left.
#[track_caller]
fn between(width: usize, between: impl Fn(Hidden) -> Hidden) -> Result<Traced, Error> {
    let run = |model: &Two, x| model.fc2.forward(between(model.fc1.forward(x)));
    let found = traced(&two(width), [7, 3], run);
    // With gradients, Burn records other operations, for which the same holds.
    if let (Ok(found), Ok(trained)) = (&found, traced(&two(width).train(), [7, 3], run)) {
        assert_eq!(trained.axes, found.axes);
        assert_eq!(trained.entrywise, found.entrywise);
    }
    found
}

#[track_caller]
fn is_fixed(width: usize, change: impl Fn(Hidden) -> Hidden) {
    let traced = between(width, change).unwrap();
    assert_eq!(spaces(&traced.axes), []);
    assert_eq!(traced.without_rule, []);
}

#[track_caller]
fn is_free(width: usize, change: impl Fn(Hidden) -> Hidden) {
    let traced = between(width, change).unwrap();
    assert_eq!(spaces(&traced.axes), [("fc1", 6)]);
    assert_eq!(traced.without_rule, []);
}

#[test]
fn positions_fix() {
    is_fixed(6, |h| h.clone().slice([0..7, 0..1]) + h);
    is_fixed(1, |h| h.slice([0..7, 0..1]));
    is_fixed(5, |h| h.slice([0..7, 1..6]));
    is_fixed(6, |h| h.clone().slice_assign([0..7, 0..1], h.slice([0..7, 1..2])));
    is_fixed(6, |h| h.cumsum(1));
    is_fixed(6, |h| h.sort(1));
    is_fixed(6, |h| h.clone() * h.argsort(1).float());
    is_fixed(6, |h| h.sort_descending_with_indices(1).0);
    is_fixed(6, |h| h.clone() - h.median(1));
    is_fixed(8, |h| h.pad((1, 1, 0, 0), 0.0));
    is_fixed(6, |h| h.clone().pad((1, 1, 0, 0), 0.0).slice([0..7, 0..6]) + h);
    is_fixed(6, |h| h.clone() * h.argmax(1).float());
    is_fixed(2, |h| h.topk(2, 1));
    is_fixed(2, |h| h.topk_with_indices(2, 1).1.float());
    is_fixed(6, |h| h.clone() + h.max_dim_with_indices(1).1.float());
    // Of equal members, the first gets the gradient of a maximum.
    is_fixed(6, |h| h.clone() / h.max_dim(1));
    is_fixed(6, |h| (h.clone() - h.max_dim(1)).exp());
    is_fixed(6, |h| (h.clone() - h.max_dim(1)).tanh());
    is_fixed(6, |h| h.clone() - h.min_dim(1));
    is_fixed(6, |h| h.clone() * h.max().unsqueeze());
    is_fixed(6, |h| h.flip([1]));
    is_fixed(6, |h| h.roll(&[1], &[1]));
    is_fixed(7, |h| Tensor::cat(vec![h.clone(), h.slice([0..7, 0..1])], 1));
    is_fixed(6, |h| {
        let device = h.device();
        h.select(1, Tensor::<1, Int>::from_data([1, 0, 3, 2, 5, 4], &device))
    });
    is_fixed(6, |h| {
        let device = h.device();
        h.gather(1, Tensor::<2, Int>::from_data([[1, 0, 3, 2, 5, 4]; 7], &device))
    });
}

#[test]
fn data_fixes() {
    is_fixed(6, |h| {
        let device = h.device();
        h + Tensor::from_data([[1.0, 2.0, 3.0, 4.0, 5.0, 6.0]], &device)
    });
    is_fixed(6, |h| {
        let device = h.device();
        h.matmul(Tensor::from_data([[1.0, 2.0, 3.0, 4.0, 5.0, 6.0]; 6], &device).transpose())
    });
    is_fixed(6, |h| {
        let device = h.device();
        h + Tensor::<1, Int>::arange(0..6, &device).float().unsqueeze()
    });
}

/// Random numbers for the units of `fc1`, from a closure that draws them before the model runs or while it runs.
fn drawn(distribution: Distribution, before: bool) -> (Vec<usize>, StochasticSpaces) {
    let traced = trace(&two(6), |model, device| {
        let draw = || Hidden::random([7, 6], distribution, device);
        let constant = before.then(draw);
        let x = Hidden::zeros([7, 3], device);
        let hidden = model.fc1.forward(x.clone());
        let y = model.fc2.forward(hidden * constant.unwrap_or_else(draw));
        Trace::new().input(x).output(y)
    })
    .unwrap();
    assert_eq!(traced.without_rule, []);
    (spaces(&traced.axes).into_iter().map(|(_, units)| units).collect(), traced.stochastic)
}

#[test]
fn what_is_drawn_once_fixes_and_what_is_drawn_in_every_run_disturbs() {
    let none: &[&str] = &[];
    for distribution in [Distribution::Bernoulli(0.5), Distribution::Normal(0.0, 1.0)] {
        assert_eq!(drawn(distribution, true), (vec![], StochasticSpaces::default()));
    }
    let (units, dropped) = drawn(Distribution::Bernoulli(0.5), false);
    assert_eq!((units, &dropped.noise[..]), (vec![6], &[][..]));
    assert_eq!(dropped.dropout, ["fc1"]);
    let (units, noisy) = drawn(Distribution::Normal(0.0, 1.0), false);
    assert_eq!(units, [6]);
    assert_eq!((&noisy.dropout[..], &noisy.noise[..]), (&[][..], &["fc1".to_owned()][..]));
    assert_eq!(noisy.dropout, none);
}

#[test]
fn rearranging_fixes_what_it_mixes() {
    is_fixed(6, |h| h.reshape([6, 7]).transpose());
    is_fixed(6, |h| h.transpose().reshape([7, 6]));
    is_fixed(36, |h| h.clone().transpose().matmul(h).reshape([1, 36]));
}

#[test]
fn blocks_are_permuted_within() {
    let axes = |width, change: &dyn Fn(Hidden) -> Hidden| {
        let traced = between(width, change).unwrap();
        let (name, units) = spaces(&traced.axes)[0];
        assert_eq!(name, "fc1");
        (units, axes_of(&traced.axes, "fc1"))
    };
    let found = axes(6, &|h| h.reshape([7, 3, 2]).swap_dims(1, 2).reshape([7, 6]));
    assert_eq!(found.0, 3);
    assert_eq!(found.1, ["fc1.weight.1*2", "fc1.bias.0*2", "2*fc2.weight.0"]);
    let found = axes(12, &|h| Tensor::cat(vec![h.clone(), h.tanh()], 1));
    assert_eq!(
        found,
        (6, ["fc1.weight.1", "fc1.bias.0", "2*fc2.weight.0"].map(str::to_owned).into())
    );
    let found = axes(3, &|h| h.clone().slice([0..7, 3..6]) * h.slice([0..7, 0..3]));
    assert_eq!(
        found,
        (3, ["2*fc1.weight.1", "2*fc1.bias.0", "fc2.weight.0"].map(str::to_owned).into())
    );
    // Two of three blocks: the third is permuted, too.
    let found = axes(2, &|h| h.clone().slice([0..7, 4..6]) * h.slice([0..7, 0..2]));
    assert_eq!(found.0, 2);
}

#[test]
fn products_keep_the_leading_units() {
    let traced = between(6, |h| {
        let h = h.reshape([7, 3, 2]);
        (h.clone() + h.sum_dim(2)).reshape([7, 6])
    });
    assert_eq!(spaces(&traced.unwrap().axes), [("fc1", 3)]);
    let traced = between(3, |h| h.reshape([7, 3, 2]).cumsum(2).mean_dim(2).squeeze_dim(2));
    assert_eq!(spaces(&traced.unwrap().axes), [("fc1", 3)]);
    let traced = between(12, |h| h.unsqueeze_dim::<3>(2).repeat_dim(2, 2).reshape([7, 12]));
    assert_eq!(spaces(&traced.unwrap().axes), [("fc1", 6)]);
}

#[test]
fn copies_are_alike() {
    // The two halves of the weight that reads the copies could be swapped, too, but an axis has one space.
    let traced = between(12, |h| h.repeat_dim(1, 2)).unwrap();
    assert_eq!(spaces(&traced.axes), [("fc1", 6)]);
    assert_eq!(axes_of(&traced.axes, "fc1"), ["fc1.weight.1", "fc1.bias.0", "2*fc2.weight.0"]);
    let traced = between(4, |h| h.slice([0..7, 0..1]).expand([7, 4])).unwrap();
    assert_eq!(spaces(&traced.axes), [("fc2", 4)]);
}

#[test]
fn symmetric_functions_do_not_fix() {
    is_free(6, relu);
    is_free(6, |h| softmax(h, 1));
    is_free(6, |h| log_softmax(h, 1));
    is_free(6, |h| softmin(h, 1));
    is_free(6, |h| quiet_softmax(h, 1));
    is_free(6, |h| h.clone() - h.clone().mean().unsqueeze() + h.mean_dim(0));
    is_free(6, |h| h.clone().mask_fill(h.lower_elem(0.5), 0.0));
    is_free(6, |h| h.slice([0..4, 0..6]).flip([0]));
    is_free(6, |h| h.cumsum(0));
    is_free(6, |h| h.sort(0));
    is_free(6, |h| h.pad((0, 0, 1, 1), 0.5).slice([1..8, 0..6]));
    is_free(6, |h| h.clone() - h.sum_dims(&[0, 1]));
    is_free(6, |h| h.clone() * h.greater_scalar(0.5).any_dim(1).float());
    is_free(6, |h| h.clone() + h.not_equal_scalar(0.5).all().float().unsqueeze());
    is_free(6, |h| h.clone().hypot(h.clone().neg()).sign() * h.clamp_min(0.0));
    is_free(6, |h| {
        let device = h.device();
        h + Tensor::full([7, 6], 0.5, &device)
    });
    is_free(6, |h| {
        let similar = h.clone().matmul(h.clone().transpose());
        softmax(similar, 1).matmul(h)
    });
    is_free(6, |h| {
        let similar = h.clone().transpose().matmul(h.clone());
        h.matmul(softmax(similar, 1))
    });
    is_free(1, |h| h.sum_dim(1));
}

#[test]
fn a_hidden_layer_that_is_an_output_is_fixed() {
    let traced = trace(&two(6), |model, device| {
        let x = Hidden::zeros([7, 3], device);
        let hidden = model.fc1.forward(x.clone());
        let y = model.fc2.forward(relu(hidden.clone()));
        Trace::new().input(x).output(y).output(hidden)
    });
    assert_eq!(spaces(&traced.unwrap().axes), []);
}

#[test]
fn unused_parameters_are_fixed() {
    assert_eq!(spaces(&traced(&two(6), [7, 3], |_, x| x.exp()).unwrap().axes), []);
}

#[derive(Module, Debug)]
struct Indexed {
    fc1: Linear,
    scale: Param<Tensor<1, Int>>,
    mask: Param<Tensor<1, Bool>>,
    shift: Tensor<1>,
    fc2: Linear,
}

#[test]
fn integer_and_boolean_parameters_are_data() {
    let device = Device::flex();
    let Two { fc1, fc2 } = two(6);
    let model = Indexed {
        fc1,
        scale: Param::initialized(Default::default(), Tensor::zeros([6], &device)),
        mask: Param::initialized(Default::default(), Tensor::<1>::zeros([6], &device).bool()),
        shift: Tensor::ones([6], &device),
        fc2,
    };
    let units = |change: fn(&Indexed, Hidden) -> Hidden| {
        let run = |model: &Indexed, x| model.fc2.forward(change(model, model.fc1.forward(x)));
        let [found, trained] =
            [model.clone(), model.clone().train()].map(|m| traced(&m, [7, 3], run).unwrap());
        assert_eq!(trained.axes, found.axes);
        spaces(&found.axes).len()
    };
    assert_eq!(units(|model, h| h * model.scale.val().float().unsqueeze()), 0);
    assert_eq!(units(|model, h| h.mask_fill(model.mask.val().unsqueeze(), 0.0)), 0);
    // A field that is not a parameter is a constant, and a constant of ones distinguishes no units.
    assert_eq!(units(|model, h| h + model.shift.clone().unsqueeze()), 1);
}

/// Reading the entries of parameters or of computed tensors must fail: a recording does not show how the answer depends
/// on them.
#[test]
fn reading_data_is_an_error() {
    let shape = |result: Result<Traced, Error>| match result {
        Err(Error::TraceRead { shape }) => shape,
        other => panic!("{other:?}"),
    };
    let read = |h: Hidden| if h.clone().sum().into_scalar::<f32>() > 0.0 { h } else { -h };
    assert_eq!(shape(between(6, read)), [1]);
    let run = |model: &Two, x: Hidden| {
        let weight = model.fc1.weight.val().into_data();
        model.fc2.forward(x.matmul(Tensor::from_data(weight, &model.fc1.weight.device())))
    };
    assert_eq!(shape(traced(&two(6), [7, 3], run)), [3, 6]);
    assert_eq!(shape(traced(&two(6).train(), [7, 3], run)), [3, 6]);
    // If the model continues, nothing was read.
    is_free(6, |h| {
        assert!(h.clone().try_into_data().is_err());
        h
    });
    // Inputs may be read: the answer holds for this run, and inputs are fixed.
    let given = trace(&two(6), |model, device| {
        let x = Hidden::from_data([[1.0, 2.0, 3.0]], device);
        let sign = x.to_data().iter::<f32>().sum::<f32>().signum();
        Trace::new().input(x.clone()).output(model.fc2.forward(model.fc1.forward(x) * sign))
    });
    assert_eq!(spaces(&given.unwrap().axes), [("fc1", 6)]);
}

#[track_caller]
fn is_foreign(result: Result<Traced, Error>, of: Option<&[usize]>) {
    match result {
        Err(Error::TraceForeign { shape }) => assert_eq!(shape.as_deref(), of),
        other => panic!("{other:?}"),
    }
}

#[test]
fn tensors_of_another_trace_are_an_error() {
    let outer = trace(&two(6), |model, device| {
        let x = Hidden::zeros([7, 6], device);
        // Burn records on the device of the first operand, and refuses sums over two devices.
        is_foreign(between(6, |_| x.clone()), Some(&[7, 2]));
        is_foreign(between(6, |h| h + x.clone()), None);
        is_foreign(between(6, |h| h.to_device(device)), None);
        Trace::new().input(x.clone()).output(model.fc2.forward(x))
    });
    // A layer of the inner trace ran on a tensor of the outer one.
    is_foreign(outer, None);
    // Declared tensors must belong to the trace, too.
    let elsewhere = Hidden::zeros([4, 3], &Device::flex());
    for declared in [Trace::new().input(elsewhere.clone()), Trace::new().output(elsewhere)] {
        let result = trace(&two(6), |model, device| {
            let x = Hidden::zeros([7, 3], device);
            declared.input(x.clone()).output(model.fc2.forward(model.fc1.forward(x)))
        });
        is_foreign(result, Some(&[4, 3]));
    }
}

#[derive(Module, Debug)]
struct Skipped {
    fc1: Linear,
    #[module(skip)]
    table: Tensor<2>,
}

#[test]
fn tensors_of_another_device_are_an_error() {
    let flex = Device::flex();
    is_foreign(between(6, |h| h + Hidden::zeros([7, 6], &flex)), None);
    is_foreign(between(6, |h| Hidden::zeros([7, 7], &flex).matmul(h)), None);
    is_foreign(between(6, |h| h.to_device(&flex)), None);
    let x = Hidden::zeros([7, 3], &flex);
    let given = trace(&two(6), |model, _| Trace::new().output(model.fc1.forward(x.clone())));
    is_foreign(given, None);
    let model = Skipped { fc1: two(6).fc1, table: Hidden::zeros([7, 6], &flex) };
    is_foreign(traced(&model, [7, 3], |m, x| m.fc1.forward(x) + m.table.clone()), None);
}

#[test]
fn tensors_that_outlived_their_trace_are_an_error() {
    let mut kept = None;
    trace(&two(6), |model, device| {
        let x = Hidden::zeros([7, 3], device);
        let y = model.fc1.forward(x.clone());
        kept = Some(y.clone());
        Trace::new().input(x).output(y)
    })
    .unwrap();
    let kept = kept.unwrap();
    is_foreign(between(6, |_| kept.clone()), None);
    // As the second operand, too, if this trace has that device now.
    is_foreign(between(6, |h| h + kept.clone()), None);
    let undeclared = trace(&two(6), |_, _| Trace::new().input(kept.clone()).output(kept.clone()));
    is_foreign(undeclared, Some(&[7, 6]));
}

/// Traces within traces, so many that every free device is tried.
fn nested(depth: usize) {
    let found = traced(&two(6), [7, 3], |model, x| {
        if depth > 0 {
            nested(depth - 1);
        }
        model.fc1.forward(x)
    });
    assert!(found.is_ok(), "{found:?}");
}

#[test]
fn the_device_of_a_trace_may_be_kept_and_used() {
    let mut kept = None;
    traced(&two(6), [7, 3], |model, x| {
        kept = Some(x.device());
        model.fc1.forward(x)
    })
    .unwrap();
    let device = kept.unwrap();
    let ours = loop {
        let ours = device.capture_scope(|scope| {
            nested(60);
            scope.complete([], [])
        });
        match ours {
            // A trace of another test has it now.
            Err(CaptureError::AlreadyActive) => std::thread::yield_now(),
            other => break other,
        }
    };
    assert!(ours.unwrap().graph.operations.is_empty());
}

#[test]
fn a_trace_without_inputs_or_outputs_is_an_error() {
    let nothing = trace(&two(6), |_, _| Trace::new());
    assert!(matches!(nothing, Err(Error::TraceIncomplete { missing: "an input" })));
    let no_output = trace(&two(6), |_, device| Trace::new().input(Tensor::<1>::zeros([3], device)));
    assert!(matches!(no_output, Err(Error::TraceIncomplete { missing: "an output" })));
}

#[test]
fn what_burn_does_not_record_is_an_error() {
    let norm = BatchNormConfig::new(3).init(&Device::flex());
    let twice = |norm: &BatchNorm, x: Hidden| norm.forward(norm.forward(x));
    assert!(traced(&norm, [7, 3], twice).is_ok());
    let backwards = |norm: &BatchNorm, x: Hidden| {
        norm.forward(x.clone()).sum().backward();
        x
    };
    for run in [twice as fn(&BatchNorm, Hidden) -> Hidden, backwards, |_, x| x.inner()] {
        let error = traced(&norm.clone().train(), [7, 3], run).unwrap_err();
        assert!(matches!(error, Error::TraceRefused { .. }), "{error:?}");
        assert!(error.to_string().contains("autodiff"), "{error}");
    }
}

#[test]
fn the_models_own_panic_is_passed_on() {
    let panic = catch_unwind(|| between(6, |_| panic!("of the model's own")));
    let message = panic.unwrap_err();
    assert_eq!(message.downcast_ref::<&str>(), Some(&"of the model's own"));
    // Also if a tensor does not belong to the trace.
    let number = two(6).fc2.weight.dims()[0] - 1;
    let mixed = |h: Hidden| {
        let _ = catch_unwind(AssertUnwindSafe(|| h + Hidden::zeros([7, 6], &Device::flex())));
        panic!("number {number}")
    };
    let message = catch_unwind(|| between(6, mixed)).unwrap_err();
    assert_eq!(message.downcast_ref::<String>(), Some(&"number 5".to_owned()));
    is_free(6, |h| h);
}

#[test]
fn an_operation_without_a_rule_fixes_and_is_listed() {
    let traced = between(6, |h| {
        let indices = Tensor::<2, Int>::zeros([7, 1], &h.device());
        h.gather_nd::<2, 2>(indices)
    })
    .unwrap();
    assert_eq!(spaces(&traced.axes), []);
    let [unknown] = &traced.without_rule[..] else { panic!("{:?}", traced.without_rule) };
    assert_eq!(unknown.operation, "GatherNd");
    let axes: Vec<_> = unknown.fixed.iter().map(|axis| (axis.path.as_str(), axis.axis)).collect();
    assert_eq!(axes, [("fc1.weight", 1), ("fc1.bias", 0), ("fc2.weight", 0)]);
}

#[test]
fn small_sizes_are_no_units() {
    let one = || LinearConfig::new(1, 1).init(&Device::flex());
    let model = Two { fc1: one(), fc2: one() };
    let traced = traced(&model, [1, 1], |model, x| model.fc2.forward(model.fc1.forward(x)));
    assert_eq!(spaces(&traced.unwrap().axes), []);
}

#[derive(Module, Debug)]
struct Bare {
    a: Param<Tensor<2>>,
    b: Param<Tensor<2>>,
    c: Param<Tensor<2>>,
}

impl Bare {
    fn new() -> Self {
        let zeros = |shape: [usize; 2]| Param::from_tensor(Tensor::zeros(shape, &Device::flex()));
        Self { a: zeros([3, 4]), b: zeros([4, 5]), c: zeros([5, 2]) }
    }

    fn forward(&self, x: Hidden) -> Hidden {
        let x = x.matmul(self.a.val()).tanh().matmul(self.b.val());
        x.tanh().matmul(self.c.val())
    }
}

#[test]
fn names_are_distinct() {
    let bare = traced(&Bare::new(), [7, 3], Bare::forward);
    assert_eq!(spaces(&bare.unwrap().axes), [("a", 4), ("b", 5)]);
    let inside = traced(&vec![Bare::new()], [7, 3], |model, x| model[0].forward(x));
    assert_eq!(spaces(&inside.unwrap().axes), [("0", 4), ("0.b", 5)]);
}

#[test]
fn traces_may_be_nested_and_run_at_once() {
    let inner = || spaces(&between(6, |h| h).unwrap().axes).len();
    is_free(6, |h| {
        assert_eq!(inner(), 1);
        h.clone() + Hidden::ones([7, 6], &h.device())
    });
    let model = two(6);
    std::thread::scope(|scope| {
        for _ in 0..8 {
            scope.spawn(|| {
                (0..50).for_each(|_| {
                    assert_eq!(inner(), 1);
                    assert!(traced(&model, [7, 3], |m: &Two, x| m.fc1.forward(x)).is_ok());
                });
            });
        }
    });
}

/// Burn has 65536 numbers for capture devices, for as long as a program runs.
#[test]
fn traces_take_turns_on_few_devices() {
    let model = two(6);
    let mut devices = HashSet::new();
    for _ in 0..300 {
        let traced = traced(&model, [7, 3], |model: &Two, x| {
            devices.insert(format!("{:?}", x.device()));
            model.fc1.forward(x)
        });
        assert!(traced.is_ok());
    }
    // Other tests take some of them meanwhile.
    assert!(devices.len() < 100, "{}", devices.len());
}

/// A weight in columns, an adapter, and the base of the adapter are parameters like any other.
#[test]
fn layouts_and_adapters_are_traced() {
    let device = Device::flex();
    let columns = LinearConfig::new(3, 6).with_layout(LinearLayout::Col).init(&device);
    let forward = |model: &Two, x| model.fc2.forward(model.fc1.forward(x));
    let traced = |model: &Two| traced(model, [7, 3], forward).unwrap();
    let row = two(6);
    let col = Two { fc1: columns, fc2: row.fc2.clone() };
    for model in [col.clone(), col.train()] {
        assert_eq!(traced(&model).axes, traced(&row).axes);
    }
    let lora = || Lora::new(2, 1.0);
    let packed = Quantizer::new(Calibration::MinMax, QuantScheme::default());
    let adapted = [
        two(6).apply_lora(lora()),
        two(6).train().apply_lora(lora()),
        two(6).apply_qlora(QLora::new(lora(), packed)),
    ];
    for model in &adapted {
        let axes = traced(model).axes;
        assert_eq!(spaces(&axes), [("fc1.weight.lora", 2), ("fc1", 6), ("fc2.weight.lora", 2)]);
        let expected = [
            "fc1.weight.1",
            "fc1.weight.lora.b.1",
            "fc1.bias.0",
            "fc2.weight.0",
            "fc2.weight.lora.a.0",
        ];
        assert_eq!(axes_of(&axes, "fc1"), expected);
    }
}

#[derive(Module, Debug)]
struct Stateful {
    fc1: Linear,
    norm: BatchNorm,
    count: RunningState<Tensor<1>>,
    fc2: Linear,
}

impl Stateful {
    fn forward(&self, x: Hidden) -> Hidden {
        let h = self.norm.forward(self.fc1.forward(x));
        self.count.update(self.count.value_sync() + 1.0);
        self.fc2.forward(h)
    }
}

/// Not even the statistics that clones of a module share are moved to the capture device or updated there.
#[test]
fn the_module_stays_as_it_is() {
    let device = Device::flex().autodiff();
    let Two { fc1, fc2 } = two(6);
    let norm = BatchNormConfig::new(6).init(&device);
    let model = Stateful { fc1, norm, count: RunningState::new(Tensor::zeros([1], &device)), fc2 };
    let mut model = model.train();
    model.fc2 = model.fc2.freeze();
    let clone = model.clone();
    // An unknown update.
    let x = Hidden::from_data([[1.0, 2.0, 3.0], [0.5, -1.0, 2.0]], &device);
    model.forward(x.clone());
    let state = || {
        let grads = |m: &Stateful| (m.fc1.weight.is_require_grad(), m.fc2.weight.is_require_grad());
        let devices = model.devices();
        assert_eq!(devices, [Device::flex()]);
        (read_parameters(&model.valid()), grads(&model), model.norm.training.is_enabled())
    };
    let before = state();
    assert_eq!(before.1, (true, false));
    let traced = traced(&model, [7, 3], |copy: &Stateful, x| {
        let grads = (copy.fc1.weight.is_require_grad(), copy.fc2.weight.is_require_grad());
        assert_eq!((grads, copy.norm.training.is_enabled()), ((true, false), true));
        copy.forward(x)
    });
    let traced = traced.unwrap();
    assert_eq!(spaces(&traced.axes), [("fc1", 6)]);
    assert_eq!(axes_of(&traced.axes, "fc1").len(), 2 + 4 + 1);
    assert!(parameter_paths(&model).contains(&"count".to_owned()));
    assert_eq!(state(), before);
    assert_eq!(read_parameters(&clone), read_parameters(&model));
    // Training continues with the statistics of the shared state.
    model.forward(x);
    assert_ne!(state().0, before.0);
}
