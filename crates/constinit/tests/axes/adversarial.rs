//! What tells units apart, and so has to be fixed.

use crate::proof::{axes_of, spaces};
use burn::module::{Module, Param};
use burn::nn::{Linear, LinearConfig};
use burn::tensor::activation::{relu, softmax};
use burn::tensor::backend::Backend;
use burn::tensor::{Distribution, Int, Tensor};
use constinit::Error;
use constinit::axes::{Capture, CaptureDevice, Trace, Traced, trace};

#[derive(Module, Debug)]
struct Two<B: Backend> {
    fc1: Linear<B>,
    fc2: Linear<B>,
}

type Hidden = Tensor<Capture, 2>;

/// Traces `fc2(between(fc1(x)))` for 6 hidden units, of which `width` are left.
fn between(width: usize, between: impl Fn(Hidden) -> Hidden) -> Result<Traced, Error> {
    trace(|device| {
        let model = Two {
            fc1: LinearConfig::new(3, 6).init(device),
            fc2: LinearConfig::new(width, 2).init(device),
        };
        let x = Hidden::zeros([7, 3], device);
        let y = model.fc2.forward(between(model.fc1.forward(x.clone())));
        Trace::of(&model).input(x).output(y)
    })
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
    is_fixed(6, |h| h.clone() * h.argmax(1).float());
    is_fixed(2, |h| h.topk(2, 1));
    is_fixed(6, |h| h.clone() + h.max_dim_with_indices(1).1.float());
    is_fixed(6, |h| h.flip([1]));
    is_fixed(6, |h| h.roll(&[1], &[1]));
    is_fixed(12, |h| Tensor::cat(vec![h.clone(), h], 1));
    is_fixed(6, |h| {
        let device = h.device();
        h.select(1, Tensor::<Capture, 1, Int>::from_data([1, 0, 3, 2, 5, 4], &device))
    });
    is_fixed(6, |h| {
        let device = h.device();
        h.gather(1, Tensor::<Capture, 2, Int>::from_data([[1, 0, 3, 2, 5, 4]; 7], &device))
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
        h.matmul(Tensor::from_data([[1.0; 6]; 6], &device))
    });
    is_fixed(6, |h| {
        let device = h.device();
        h * Tensor::random([7, 6], Distribution::Bernoulli(0.5), &device)
    });
    is_fixed(6, |h| {
        let device = h.device();
        h + Tensor::<Capture, 1, Int>::arange(0..6, &device).float().unsqueeze()
    });
}

#[test]
fn rearranging_fixes_what_it_mixes() {
    is_fixed(6, |h| h.reshape([6, 7]).transpose());
    is_fixed(6, |h| h.transpose().reshape([7, 6]));
    is_fixed(36, |h| h.clone().transpose().matmul(h).reshape([1, 36]));
    // Blocks of 2 are units, until they come second.
    is_fixed(6, |h| h.reshape([7, 3, 2]).swap_dims(1, 2).reshape([7, 6]));
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
    // The two halves of what reads the copies can be swapped, but the units come second there.
    let traced = between(12, |h| h.repeat_dim(1, 2)).unwrap();
    assert_eq!(spaces(&traced.axes), [("fc2", 2)]);
    assert_eq!(axes_of(&traced.axes, "fc2"), ["fc2.weight.0*6"]);
    let traced = between(4, |h| h.slice([0..7, 0..1]).expand([7, 4])).unwrap();
    assert_eq!(spaces(&traced.axes), [("fc2", 4)]);
}

#[test]
fn symmetric_functions_do_not_fix() {
    is_free(6, relu);
    is_free(6, |h| softmax(h, 1));
    is_free(6, |h| h.clone() / h.max_dim(1));
    is_free(6, |h| h.clone() - h.clone().mean().unsqueeze() + h.mean_dim(0));
    is_free(6, |h| h.clone().mask_fill(h.lower_elem(0.5), 0.0));
    is_free(6, |h| h.slice([0..4, 0..6]).flip([0]));
    is_free(6, |h| h.cumsum(0));
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
    let traced = trace(|device| {
        let model: Two<Capture> = Two {
            fc1: LinearConfig::new(3, 6).init(device),
            fc2: LinearConfig::new(6, 2).init(device),
        };
        let x = Hidden::zeros([7, 3], device);
        let hidden = model.fc1.forward(x.clone());
        let y = model.fc2.forward(relu(hidden.clone()));
        Trace::of(&model).input(x).output(y).output(hidden)
    });
    assert_eq!(spaces(&traced.unwrap().axes), []);
}

#[test]
fn unused_parameters_are_fixed() {
    let traced = trace(|device| {
        let model: Two<Capture> = Two {
            fc1: LinearConfig::new(3, 6).init(device),
            fc2: LinearConfig::new(6, 2).init(device),
        };
        let x = Hidden::zeros([7, 3], device);
        let y = x.clone().exp();
        Trace::of(&model).input(x).output(y)
    });
    assert_eq!(spaces(&traced.unwrap().axes), []);
}

#[derive(Module, Debug)]
struct Indexed<B: Backend> {
    fc1: Linear<B>,
    scale: Param<Tensor<B, 1, Int>>,
    fc2: Linear<B>,
}

#[test]
fn integer_parameters_are_data() {
    let traced = trace(|device| {
        let model: Indexed<Capture> = Indexed {
            fc1: LinearConfig::new(3, 6).init(device),
            scale: Param::initialized(Default::default(), Tensor::zeros([6], device)),
            fc2: LinearConfig::new(6, 2).init(device),
        };
        let x = Hidden::zeros([7, 3], device);
        let h = model.fc1.forward(x.clone()) * model.scale.val().float().unsqueeze();
        Trace::of(&model).input(x).output(model.fc2.forward(h))
    });
    assert_eq!(spaces(&traced.unwrap().axes), []);
}

#[test]
fn reading_data_is_an_error() {
    let shape = |result: Result<Traced, Error>| match result {
        Err(Error::TraceRead { shape }) => shape,
        other => panic!("{other:?}"),
    };
    assert_eq!(shape(between(6, |h| h.sort(1))), [7, 6]);
    assert_eq!(
        shape(between(6, |h| if h.clone().sum().into_scalar() > 0.0 { h } else { -h })),
        [1]
    );
    // Also where the model carries on.
    let quiet = between(6, |h| {
        assert!(h.clone().try_into_data().is_err());
        h
    });
    assert_eq!(shape(quiet), [7, 6]);
}

#[test]
fn tensors_of_another_trace_are_an_error() {
    let mut kept = None;
    between(6, |h| h).unwrap();
    trace(|device| {
        let x = Tensor::<Capture, 2>::zeros([7, 6], device);
        kept = Some(x.clone());
        Trace::of(&LinearConfig::new(3, 6).init::<Capture>(device)).input(x.clone()).output(x)
    })
    .unwrap();
    let foreign = || kept.clone().unwrap();
    let found = [
        between(6, |h| h + foreign()),
        between(6, |h| foreign() + h),
        between(6, |_| foreign()),
        between(6, |h| h.to_device(&foreign().device())),
    ];
    for result in found {
        assert!(matches!(result, Err(Error::TraceForeign { .. })), "{result:?}");
    }
}

#[test]
fn a_trace_without_inputs_or_outputs_is_an_error() {
    let layer = |device: &_| LinearConfig::new(3, 6).init::<Capture>(device);
    let nothing = trace(|device| Trace::of(&layer(device)));
    assert!(matches!(nothing, Err(Error::TraceIncomplete { missing: "an input" })));
    let no_output =
        trace(|device| Trace::of(&layer(device)).input(Tensor::<Capture, 1>::zeros([3], device)));
    assert!(matches!(no_output, Err(Error::TraceIncomplete { missing: "an output" })));
}

#[test]
fn the_models_own_panic_is_passed_on() {
    let panic = std::panic::catch_unwind(|| between(6, |_| panic!("of the model's own")));
    let message = panic.unwrap_err();
    assert_eq!(message.downcast_ref::<&str>(), Some(&"of the model's own"));
}

#[test]
fn an_operation_without_a_rule_fixes_and_is_listed() {
    let traced = between(6, |h| {
        let indices = Tensor::<Capture, 2, Int>::zeros([7, 1], &h.device());
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
    let traced = trace(|device| {
        let model: Two<Capture> = Two {
            fc1: LinearConfig::new(1, 1).init(device),
            fc2: LinearConfig::new(1, 1).init(device),
        };
        let x = Hidden::zeros([1, 1], device);
        let y = model.fc2.forward(model.fc1.forward(x.clone()));
        Trace::of(&model).input(x).output(y)
    });
    assert_eq!(spaces(&traced.unwrap().axes), []);
}

#[derive(Module, Debug)]
struct Bare<B: Backend> {
    a: Param<Tensor<B, 2>>,
    b: Param<Tensor<B, 2>>,
    c: Param<Tensor<B, 2>>,
}

impl Bare<Capture> {
    fn new(device: &CaptureDevice) -> Self {
        let zeros = |shape: [usize; 2]| Param::from_tensor(Tensor::zeros(shape, device));
        Self { a: zeros([3, 4]), b: zeros([4, 5]), c: zeros([5, 2]) }
    }

    fn forward(&self, x: Hidden) -> Hidden {
        let x = x.matmul(self.a.val()).tanh().matmul(self.b.val());
        x.tanh().matmul(self.c.val())
    }
}

#[test]
fn names_are_distinct() {
    let bare = trace(|device| {
        let (model, x) = (Bare::new(device), Hidden::zeros([7, 3], device));
        Trace::of(&model).input(x.clone()).output(model.forward(x))
    });
    assert_eq!(spaces(&bare.unwrap().axes), [("a", 4), ("b", 5)]);
    let inside = trace(|device| {
        let (model, x) = (vec![Bare::new(device)], Hidden::zeros([7, 3], device));
        Trace::of(&model).input(x.clone()).output(model[0].forward(x))
    });
    assert_eq!(spaces(&inside.unwrap().axes), [("0", 4), ("0.b", 5)]);
}

#[test]
fn the_default_device_is_that_of_the_trace() {
    let traced = between(6, |h| h + Hidden::ones([7, 6], &CaptureDevice::default()));
    assert_eq!(spaces(&traced.unwrap().axes), [("fc1", 6)]);
}

#[test]
fn traces_may_be_nested_and_run_at_once() {
    let inner = || spaces(&between(6, |h| h).unwrap().axes).len();
    let traced = between(6, |h| {
        assert_eq!(inner(), 1);
        h + Hidden::ones([7, 6], &CaptureDevice::default())
    });
    assert_eq!(spaces(&traced.unwrap().axes), [("fc1", 6)]);
    std::thread::scope(|scope| {
        for _ in 0..8 {
            scope.spawn(|| (0..50).for_each(|_| assert_eq!(inner(), 1)));
        }
    });
}
