//! What distinguishes units, and so must be fixed.

use crate::proof::{axes_of, spaces};
use burn::module::{AutodiffModule, Module, Param};
use burn::nn::{Dropout, DropoutConfig, Linear, LinearConfig};
use burn::tensor::activation::{log_softmax, quiet_softmax, relu, softmax, softmin};
use burn::tensor::backend::Backend;
use burn::tensor::{Distribution, Int, Tensor};
use burn_autodiff::Autodiff;
use constinit::Error;
use constinit::axes::{Capture, CaptureDevice, StochasticSpaces, Trace, Traced, trace};
use constinit_symmetry::{Optimizer, SymmetryBreaker, TrainingFacts};

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
        h + Tensor::<Capture, 1, Int>::arange(0..6, &device).float().unsqueeze()
    });
}

/// Random numbers for the units of `fc1`, from a model that draws them before it runs or while it runs.
fn drawn(
    distribution: Distribution,
    before: bool,
) -> (Vec<(&'static str, usize)>, StochasticSpaces) {
    let traced = trace(|device| {
        let model = Two {
            fc1: LinearConfig::new(3, 6).init(device),
            fc2: LinearConfig::new(6, 2).init(device),
        };
        let draw = || Hidden::random([7, 6], distribution, device);
        let constant = before.then(draw);
        let x = Hidden::zeros([7, 3], device);
        let hidden = model.fc1.forward(x.clone());
        let y = model.fc2.forward(hidden * constant.unwrap_or_else(draw));
        Trace::of(&model).input(x).output(y)
    })
    .unwrap();
    assert_eq!(traced.without_rule, []);
    let spaces: Vec<_> =
        spaces(&traced.axes).into_iter().map(|(_, units)| ("fc1", units)).collect();
    (spaces, traced.stochastic)
}

#[test]
fn what_is_drawn_once_fixes_and_what_is_drawn_in_every_run_disturbs() {
    let none: &[&str] = &[];
    for distribution in [Distribution::Bernoulli(0.5), Distribution::Normal(0.0, 1.0)] {
        let (spaces, drawn) = drawn(distribution, true);
        assert_eq!((spaces, drawn), (vec![], StochasticSpaces::default()));
    }
    let (spaces, dropped) = drawn(Distribution::Bernoulli(0.5), false);
    assert_eq!(spaces, [("fc1", 6)]);
    assert_eq!((&dropped.dropout[..], &dropped.noise[..]), (&["fc1".to_owned()][..], &[][..]));
    let (spaces, noisy) = drawn(Distribution::Normal(0.0, 1.0), false);
    assert_eq!(spaces, [("fc1", 6)]);
    assert_eq!(noisy.dropout, none);
    assert_eq!(noisy.noise, ["fc1"]);
}

#[derive(Module, Debug)]
struct Dropped<B: Backend> {
    fc1: Linear<B>,
    drop1: Dropout,
    fc2: Linear<B>,
    fc3: Linear<B>,
}

impl<B: Backend> Dropped<B> {
    fn new(device: &B::Device) -> Self {
        Self {
            fc1: LinearConfig::new(3, 6).init(device),
            drop1: DropoutConfig::new(0.5).init(),
            fc2: LinearConfig::new(6, 5).init(device),
            fc3: LinearConfig::new(5, 2).init(device),
        }
    }

    fn forward(&self, x: Tensor<B, 2>) -> Tensor<B, 2> {
        let x = self.drop1.forward(relu(self.fc1.forward(x)));
        self.fc3.forward(relu(self.fc2.forward(x)))
    }
}

#[test]
fn dropout_layers_are_found_where_gradients_are_computed() {
    type Training = Autodiff<Capture>;
    let trained = trace(|device| {
        let model = Dropped::<Training>::new(device);
        let x = Tensor::<Training, 2>::zeros([7, 3], device);
        let y = model.forward(x.clone());
        Trace::of(&model.valid()).input(x.inner()).output(y.inner())
    })
    .unwrap();
    let evaluated = trace(|device| {
        let model = Dropped::<Capture>::new(device);
        let x = Hidden::zeros([7, 3], device);
        let y = model.forward(x.clone());
        Trace::of(&model).input(x).output(y)
    })
    .unwrap();
    assert_eq!(trained.axes, evaluated.axes);
    assert_eq!(trained.stochastic.dropout, ["fc1"]);
    assert_eq!(evaluated.stochastic, StochasticSpaces::default());
    let facts = trained.stochastic.added_to(TrainingFacts::new(Optimizer::Adam));
    assert_eq!(facts.breakers("fc1"), [SymmetryBreaker::Dropout]);
    assert_eq!(facts.breakers("fc2"), []);
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
    // Also if the model continues.
    let quiet = between(6, |h| {
        assert!(h.clone().try_into_data().is_err());
        h
    });
    assert_eq!(shape(quiet), [7, 6]);
}

#[test]
fn tensors_of_another_trace_are_an_error() {
    // While a trace runs, no other trace has its device. Burn itself refuses sums over two devices.
    let outer = trace(|device| {
        let x = Tensor::<Capture, 2>::zeros([7, 6], device);
        for inner in [between(6, |_| x.clone()), between(6, |h| h.to_device(device))] {
            assert!(matches!(inner, Err(Error::TraceForeign { .. })), "{inner:?}");
        }
        let layer = LinearConfig::new(3, 6).init::<Capture>(device);
        Trace::of(&layer).input(x.clone()).output(x)
    });
    // A layer of the inner trace ran on a tensor of the outer one.
    assert!(matches!(outer, Err(Error::TraceForeign { .. })), "{outer:?}");
}

#[test]
fn tensors_that_outlived_their_trace_are_an_error() {
    let mut kept = None;
    trace(|device| {
        let x = Tensor::<Capture, 2>::zeros([7, 6], device);
        kept = Some(x.clone());
        Trace::of(&LinearConfig::new(3, 6).init::<Capture>(device)).input(x.clone()).output(x)
    })
    .unwrap();
    let result = between(6, |_| kept.clone().unwrap());
    assert!(matches!(result, Err(Error::TraceForeign { .. })), "{result:?}");
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
