//! The symmetry probe on modules whose classes are known.

use burn::module::{AutodiffModule, Initializer, Module, Param};
use burn::nn::{
    BatchNorm, BatchNormConfig, Dropout, DropoutConfig, Linear, LinearConfig, LinearLayout,
};
use burn::optim::{GradientsParams, Optimizer};
use burn::tensor::backend::{AutodiffBackend, Backend};
use burn::tensor::{Tensor, TensorData};
use burn_autodiff::Autodiff;
use burn_flex::Flex;
use burn_ndarray::NdArray;
use constinit::axes::{Capture, Trace, trace};
use constinit::init::Init;
use constinit::params::{parameter_paths, read_parameters, write_parameters};
use constinit::prelude::*;
use constinit::probe::{
    Cause, Finding, FirstBreak, GradientsThen, Observation, Probe, ProbedOptimizer, Schedule,
    SymmetryProbe,
};
use constinit::train::{Batch, FullBatch, Loss, OptimizerConfig, TrainConfig, TrainState, train};
use constinit::{Activation, ConstInit, ConstInitConfig, LayerInit};
use constinit_symmetry::{
    AxesSpec, Optimizer as Rule, SymmetryBreaker, TrainingFacts, input, output,
};
use std::sync::{Arc, Mutex};

type B = Autodiff<NdArray>;

fn wave<B: Backend>(rows: usize, columns: usize, phase: f64) -> Tensor<B, 2> {
    let values: Vec<f32> =
        (0..rows * columns).map(|i| ((i as f64 * 0.7 + phase).sin()) as f32).collect();
    Tensor::from_data(TensorData::new(values, [rows, columns]), &Default::default())
}

fn bits<B: Backend, M: Module<B>>(module: &M) -> Vec<Vec<u32>> {
    let of = |data: &TensorData| data.iter::<f32>().map(f32::to_bits).collect();
    read_parameters(module).iter().map(|p| of(&p.data)).collect()
}

fn constant(dims: Vec<usize>) -> ConstInitConfig {
    ConstInitConfig::new(dims).with_activation(Activation::Tanh).with_init_w(0.1)
}

/// One gradient step by hand; the target differs between outputs.
fn gradients<B: AutodiffBackend>(net: &ConstInit<B>) -> GradientsParams {
    let [inputs, _] = net.layers[0].weight.dims();
    let outputs = net.layers[net.layers.len() - 1].weight.dims()[1];
    let loss = Loss::Mse.forward(net.forward(wave(5, inputs, 0.0)), wave(5, outputs, 1.0));
    GradientsParams::from_grads(loss.backward(), net)
}

fn units_stay_one_unit<B: AutodiffBackend>() {
    let net = constant(vec![3, 4, 2]).init::<B>(&Default::default());
    let found = Arc::new(Mutex::new(Vec::new()));
    let keep = Arc::clone(&found);
    let mut probe = SymmetryProbe::new(net.axes().unwrap())
        .gradients_on(Schedule::every(1))
        .reporting(move |finding| keep.lock().unwrap().push(finding.clone()));
    let sgd = OptimizerConfig::sgd(0.1);
    let state = TrainState::new(net, sgd.init().unwrap(), sgd.learning_rate());
    let batch = Batch { inputs: wave::<B>(5, 3, 0.0), targets: wave(5, 2, 1.0) };
    let loss =
        |net: &ConstInit<B>, b: Batch<B>| Loss::Mse.forward(net.forward(b.inputs), b.targets);
    let mut data = FullBatch::new(batch).unwrap();
    train(state, &mut data, loss, &TrainConfig::steps(20), &mut [&mut probe]);
    assert_eq!(probe.readings().len(), 21);
    for reading in probe.readings() {
        let hidden = &reading.spaces[0];
        assert_eq!((hidden.units, hidden.twins), (4, 1), "{reading:?}");
        assert_eq!((hidden.equitable, hidden.forward), (Some(1), Some(1)));
        assert_eq!(
            (hidden.spread(), hidden.no_incoming, hidden.no_outgoing),
            (0.0, Some(0), Some(0))
        );
        assert_eq!(hidden.gradients_agree, (reading.step > 0).then_some(true));
    }
    assert_eq!(probe.first_break(), None);
    let found = found.lock().unwrap();
    assert!(matches!(&found[..], [Finding::Symmetric { units: 4, classes: 1, .. }]), "{found:?}");
}

#[test]
fn units_stay_one_unit_on_ndarray() {
    units_stay_one_unit::<B>();
}

#[test]
fn units_stay_one_unit_on_flex() {
    units_stay_one_unit::<Autodiff<Flex>>();
}

#[test]
fn units_that_the_function_needs_are_counted_when_due() {
    let net = constant(vec![3, 6, 2]).init::<B>(&Default::default());
    let count = |net: &ConstInit<B>| -> Vec<Option<usize>> {
        let probe = SymmetryProbe::new(net.axes().unwrap()).reporting(|_| {});
        let mut probe = probe.with_activations(net.activation, Schedule::every(2));
        probe.observe(&Observation::before_training(net));
        for step in 1..=2 {
            probe.observe(&Observation::after_step(step, net));
        }
        probe.readings().iter().map(|reading| reading.spaces[0].needed).collect()
    };
    assert_eq!(count(&net), [Some(1), None, Some(1)]);
    // Nothing reads the units of zeros.
    let zeros = constant(vec![3, 6, 2]).with_init_w(0.0).init::<B>(&Default::default());
    assert_eq!(count(&zeros), [Some(0), None, Some(0)]);
}

#[test]
fn one_weight_moved_by_one_ulp_is_named_exactly() {
    let mut net = constant(vec![3, 6, 2]).init::<B>(&Default::default());
    let mut probe = SymmetryProbe::new(net.axes().unwrap());
    let mut sgd = OptimizerConfig::sgd(0.1).init::<B, ConstInit<B>>().unwrap();
    probe.observe(&Observation::before_training(&net));
    for step in 1..=12 {
        let kept = gradients(&net);
        net = sgd.step(0.1, net.clone(), gradients(&net));
        if step == 7 {
            let weight = &mut net.layers[0].weight;
            let mut data = weight.val().into_data().to_vec::<f32>().unwrap();
            data[6 + 4] = data[6 + 4].next_up(); // from input 1 to unit 4
            let moved = TensorData::new(data, [3, 6]);
            *weight = Param::initialized(
                weight.id,
                Tensor::from_data(moved, &Default::default()).require_grad(),
            );
        }
        probe.observe(&Observation::after_step(step, &net).with_gradients(&kept));
    }
    let found = probe.first_break().unwrap();
    assert_eq!((found.step, found.since, found.space.as_str()), (7, Some(6), "hidden1"));
    assert_eq!((found.units, found.entries, found.ulps), ([0, 4], [6, 10], 1));
    assert_eq!(found.parameter, "layers.0.weight");
    assert_eq!((&found.gradients, &found.cause), (&GradientsThen::Agreed, &Cause::Update));
    let twins: Vec<usize> = probe.readings().iter().map(|r| r.spaces[0].twins).collect();
    assert_eq!(twins[..7], [1; 7]);
    assert_eq!(twins[7], 2);
    let text = found.to_string();
    assert!(
        text.starts_with("hidden1: at step 7, units 0 and 4 diverge in layers.0.weight"),
        "{text}"
    );
    assert!(text.contains("(entries 6 and 10)") && text.contains("1 ulp;"), "{text}");
}

/// Trains with a probe around the optimizer, and moves one weight by one ulp after `step` steps.
fn moved_by_one_ulp(after: usize, every: usize, start: &ConstInit<B>) -> Vec<FirstBreak> {
    let mut net = start.clone();
    let probe = SymmetryProbe::new(net.axes().unwrap()).on(Schedule::every(every));
    let adam = burn::optim::AdamConfig::new().init::<B, ConstInit<B>>();
    let mut adam = ProbedOptimizer::new(adam, probe.reporting(|_| {}));
    for step in 0..16 {
        if step == after {
            let weight = &mut net.layers[0].weight;
            let mut data = weight.val().into_data().to_vec::<f32>().unwrap();
            data[6 + 4] = data[6 + 4].next_up(); // from input 1 to unit 4
            let moved = Tensor::from_data(TensorData::new(data, [3, 6]), &Default::default());
            *weight = Param::initialized(weight.id, moved.require_grad());
        }
        let gradients = gradients(&net);
        net = adam.step(0.01, net, gradients);
    }
    let breaks = adam.probe().breaks().to_vec();
    assert_eq!(breaks.len(), 1);
    breaks
}

#[test]
fn a_write_between_two_steps_is_told_from_the_step() {
    let net = constant(vec![3, 6, 2]).init::<B>(&Default::default());
    let found = &moved_by_one_ulp(7, 1, &net)[0];
    assert_eq!((found.step, found.since, found.space.as_str()), (7, Some(7), "hidden1"));
    assert_eq!((found.units, found.entries, found.ulps), ([0, 4], [6, 10], 1));
    assert_eq!((found.parameter.as_str(), &found.cause), ("layers.0.weight", &Cause::Written));
    let text = found.to_string();
    assert!(text.starts_with("hidden1: after step 7 and before the next one, units 0"), "{text}");
    // With steps between two readings, the cause is not known.
    let found = &moved_by_one_ulp(7, 5, &net)[0];
    assert_eq!((found.step, found.since, &found.cause), (9, Some(5), &Cause::Unknown));
    // The probe also sees the beginning of a step that ends with a reading.
    let found = &moved_by_one_ulp(7, 8, &net)[0];
    assert_eq!((found.step, found.since, &found.cause), (7, Some(0), &Cause::Unknown));
    assert_eq!((found.entries, found.ulps), ([6, 10], 1));
}

#[derive(Module, Debug)]
struct Normed<B: Backend> {
    first: Linear<B>,
    dropout: Dropout,
    norm: BatchNorm<B>,
    second: Linear<B>,
}

impl Normed<B> {
    fn new(dropout: f64) -> Self {
        let device = Default::default();
        let value = Initializer::Constant { value: 0.1 };
        let dense = |inputs, outputs| {
            LinearConfig::new(inputs, outputs).with_initializer(value.clone()).init::<B>(&device)
        };
        Self {
            first: dense(3, 8),
            dropout: DropoutConfig::new(dropout).init(),
            norm: BatchNormConfig::new(8).init(&device),
            second: dense(8, 2),
        }
    }

    fn axes() -> AxesSpec {
        AxesSpec::builder()
            .space("first", 8)
            .param("first.weight", [input(""), output("first")])
            .param("first.bias", [output("first")])
            .param("norm.gamma", [output("first")])
            .param("norm.beta", [output("first")])
            .param("norm.running_mean", [output("first")])
            .param("norm.running_var", [output("first")])
            .param("second.weight", [input("first"), output("")])
            .param("second.bias", [output("")])
            .build([
                ("first.weight", &[3, 8][..]),
                ("first.bias", &[8]),
                ("norm.gamma", &[8]),
                ("norm.beta", &[8]),
                ("norm.running_mean", &[8]),
                ("norm.running_var", &[8]),
                ("second.weight", &[8, 2]),
                ("second.bias", &[2]),
            ])
            .unwrap()
    }

    fn gradients(&self) -> GradientsParams {
        let hidden = self.dropout.forward(self.first.forward(wave(5, 3, 0.0)));
        let y = self.second.forward(self.norm.forward(hidden));
        let loss = (y - wave(5, 2, 1.0)).powi_scalar(2).mean();
        GradientsParams::from_grads(loss.backward(), self)
    }
}

/// The first break of two steps; `between` comes after the second forward pass and before its step.
fn broken(dropout: f64, between: impl Fn(&Normed<B>)) -> FirstBreak {
    B::seed(&Default::default(), 3);
    let mut net = Normed::new(dropout);
    let sgd = OptimizerConfig::sgd(0.1).init::<B, Normed<B>>().unwrap();
    let probe = SymmetryProbe::new(Normed::axes()).reporting(|_| {});
    let mut sgd = ProbedOptimizer::new(sgd, probe);
    for step in 0..2 {
        let gradients = net.gradients();
        if step == 1 {
            between(&net);
        }
        net = sgd.step(0.1, net, gradients);
    }
    let probe = sgd.probe();
    probe.first_break().unwrap().clone()
}

#[test]
fn what_a_forward_pass_writes_is_no_write_from_outside() {
    let found = broken(0.5, |_| {});
    assert_eq!((found.step, found.since, &found.cause), (1, Some(0), &Cause::UnequalGradients));
}

#[test]
fn what_a_forward_pass_rounds_is_no_update() {
    let moved = |by: fn(f32) -> f32| {
        broken(0.0, |net| {
            let place = parameter_paths(net).iter().position(|p| p == "norm.running_mean").unwrap();
            let mut mean = read_parameters(net).swap_remove(place).data.to_vec::<f32>().unwrap();
            mean[4] = by(mean[4]);
            let mean = [("norm.running_mean", TensorData::new(mean, [8]))];
            // Clones share the statistics of a batch norm.
            write_parameters(net.clone(), mean).unwrap();
        })
    };
    let found = moved(f32::next_up);
    assert_eq!((found.parameter.as_str(), found.units), ("norm.running_mean", [0, 4]));
    assert_eq!((found.step, found.since, found.ulps), (2, Some(1), 1));
    assert_eq!((&found.gradients, &found.cause), (&GradientsThen::Agreed, &Cause::Rounding));
    // No kernel rounds that much.
    let found = moved(|mean| 1.5 * mean);
    assert_eq!((&found.gradients, &found.cause), (&GradientsThen::Agreed, &Cause::Update));
}

#[derive(Module, Debug)]
struct Dropped<B: Backend> {
    first: Linear<B>,
    dropout: Dropout,
    second: Linear<B>,
}

impl<B: Backend> Dropped<B> {
    fn new(device: &B::Device) -> Self {
        let constant = |inputs, outputs| {
            let value = burn::module::Initializer::Constant { value: 0.1 };
            LinearConfig::new(inputs, outputs).with_initializer(value).init(device)
        };
        let dropout = DropoutConfig::new(0.5).init();
        Self { first: constant(3, 8), dropout, second: constant(8, 2) }
    }

    fn forward(&self, x: Tensor<B, 2>) -> Tensor<B, 2> {
        self.second.forward(self.dropout.forward(self.first.forward(x).tanh()))
    }

    fn axes() -> AxesSpec {
        AxesSpec::builder()
            .space("first", 8)
            .param("first.weight", [input(""), output("first")])
            .param("first.bias", [output("first")])
            .param("second.weight", [input("first"), output("")])
            .param("second.bias", [output("")])
            .build([
                ("first.weight", &[3, 8][..]),
                ("first.bias", &[8]),
                ("second.weight", &[8, 2]),
                ("second.bias", &[2]),
            ])
            .unwrap()
    }
}

fn trained_with_dropout(probe: SymmetryProbe) -> ProbedOptimizer<impl Clone, SymmetryProbe> {
    B::seed(&Default::default(), 3);
    let mut net = Dropped::<B>::new(&Default::default());
    let sgd = OptimizerConfig::sgd(0.1).init::<B, Dropped<B>>().unwrap();
    let mut sgd = ProbedOptimizer::new(sgd, probe);
    for _ in 0..3 {
        let loss = (net.forward(wave(5, 3, 0.0)) - wave(5, 2, 1.0)).powi_scalar(2).mean();
        let gradients = GradientsParams::from_grads(loss.backward(), &net);
        net = sgd.step(0.1, net, gradients);
    }
    sgd
}

#[test]
fn dropout_is_named_where_it_is_known_and_suspected_where_it_is_not() {
    let sgd = trained_with_dropout(SymmetryProbe::new(Dropped::<B>::axes()));
    let probe = sgd.probe();
    let found = probe.first_break().unwrap();
    assert_eq!((found.step, found.space.as_str()), (1, "first"));
    assert_eq!(found.cause, Cause::UnequalGradients);
    assert!(
        matches!(&found.gradients, GradientsThen::Differed { difference, .. } if *difference > 1e-3)
    );

    let facts = TrainingFacts::new(Rule::Sgd).with_dropout("first");
    let sgd = trained_with_dropout(SymmetryProbe::new(Dropped::<B>::axes()).with_facts(facts));
    let probe = sgd.probe();
    assert_eq!(probe.first_break().unwrap().cause, Cause::Known(vec![SymmetryBreaker::Dropout]));
    assert_eq!(
        probe.summary(),
        "first: 8 units, 1 distinct. SGD would keep equal units equal, but dropout will break the symmetry."
    );
    assert!(!probe.certificate().unwrap().holds());
}

#[test]
fn dropout_that_a_trace_saw_is_known() {
    type Training = Autodiff<Capture>;
    let traced = trace(|device| {
        let net = Dropped::<Training>::new(device);
        let x = Tensor::<Training, 2>::zeros([5, 3], device);
        let y = net.forward(x.clone());
        Trace::of(&net).input(x).output(y)
    })
    .unwrap();
    let sgd = trained_with_dropout(SymmetryProbe::traced(traced.clone()));
    let probe = sgd.probe();
    assert_eq!(probe.first_break().unwrap().cause, Cause::Known(vec![SymmetryBreaker::Dropout]));
    assert_eq!(
        probe.summary(),
        "first: 8 units, 1 distinct. SGD, SGD with momentum, Adam, AdamW, RMSProp, AdaGrad, Adan, Lion and Muon would keep equal units equal, but \
         dropout will break the symmetry."
    );
    let facts = TrainingFacts::new(Rule::Sgd);
    let sgd = trained_with_dropout(SymmetryProbe::traced(traced).with_facts(facts));
    assert!(!sgd.probe().certificate().unwrap().holds());
}

/// A network whose entries are all different, apart from `copies` of unit 0 in each hidden layer.
fn different(dims: Vec<usize>, copies: usize, bias: bool) -> ConstInit<B> {
    let layers = dims.len() - 1;
    let numbers = |n: usize, phase: f64| -> Vec<f64> {
        (0..n).map(|i| ((i as f64) * 1.37 + phase).sin()).collect()
    };
    let inits: Vec<LayerInit> = (0..layers)
        .map(|layer| LayerInit {
            weight: Init::Constant { value: 0.0 },
            bias: Init::PerOutput { values: numbers(dims[layer + 1], 0.3 + layer as f64) },
        })
        .collect();
    let config = constant(dims).with_bias(bias);
    let mut net = config.try_init_with::<B>(&inits, &Default::default()).unwrap();
    for (number, layer) in net.layers.iter_mut().enumerate() {
        let [ins, outs] = layer.weight.dims();
        let image = |unit: usize, hidden: bool| if hidden && unit <= copies { 0 } else { unit };
        let entry = |i: usize, o: usize| {
            let (i, o) = (image(i, number > 0), image(o, number + 1 < layers));
            ((i * 131 + o * 17 + number * 7) as f64 * 0.77).sin() as f32
        };
        let data: Vec<f32> = (0..ins * outs).map(|e| entry(e / outs, e % outs)).collect();
        let data = TensorData::new(data, [ins, outs]);
        let value = Tensor::from_data(data, &Default::default()).require_grad();
        layer.weight = Param::initialized(layer.weight.id, value);
        if let (Some(bias), true) = (&mut layer.bias, number + 1 < layers) {
            let mut data = bias.val().into_data().to_vec::<f32>().unwrap();
            for unit in 0..=copies {
                data[unit] = data[0];
            }
            let data = TensorData::new(data, [outs]);
            let value = Tensor::from_data(data, &Default::default()).require_grad();
            *bias = Param::initialized(bias.id, value);
        }
    }
    net
}

#[test]
fn a_few_entries_settle_what_all_entries_would_say() {
    for bias in [true, false] {
        for copies in [0, 1, 3] {
            let net = different(vec![3, 9, 7, 2], copies, bias);
            let mut probe = SymmetryProbe::new(net.axes().unwrap());
            for step in 0..3 {
                probe.observe(&Observation::after_step(step, &net));
            }
            let read: Vec<[usize; 2]> =
                probe.readings().iter().map(|r| [r.spaces[0].twins, r.spaces[1].twins]).collect();
            assert_eq!(read, vec![[9 - copies, 7 - copies]; 3], "{bias} {copies}");
            let all = probe.readings().iter().flat_map(|r| &r.spaces);
            all.for_each(|s| assert_eq!((s.equitable, s.forward), (Some(s.twins), Some(s.twins))));
        }
    }
}

#[test]
fn units_that_become_alike_are_seen_after_a_look_at_a_few_entries() {
    let mut net = different(vec![3, 9, 7, 2], 0, true);
    let mut probe = SymmetryProbe::new(net.axes().unwrap());
    probe.observe(&Observation::before_training(&net));
    probe.observe(&Observation::after_step(1, &net));
    net.layers = different(vec![3, 9, 7, 2], 2, true).layers;
    probe.observe(&Observation::after_step(2, &net));
    let twins: Vec<usize> = probe.readings().iter().map(|r| r.spaces[0].twins).collect();
    assert_eq!(twins, [9, 9, 7]);
}

#[test]
fn equitable_units_that_are_no_twins_are_counted() {
    // Second weight: identity plus a constant, so that all rows have equal sums, and all columns.
    let mut net = constant(vec![2, 3, 3, 1]).init::<B>(&Default::default());
    let identity = TensorData::new(vec![2.0_f32, 1.0, 1.0, 1.0, 3.0, 0.0, 1.0, 0.0, 3.0], [3, 3]);
    let value = Tensor::from_data(identity, &Default::default()).require_grad();
    net.layers[1].weight = Param::initialized(net.layers[1].weight.id, value);
    let mut probe = SymmetryProbe::new(net.axes().unwrap());
    probe.observe(&Observation::before_training(&net));
    let read: Vec<_> =
        probe.readings()[0].spaces.iter().map(|s| (s.twins, s.equitable, s.forward)).collect();
    assert_eq!(read, [(3, Some(1), Some(1)), (3, Some(1), Some(1))]);
    assert!(probe.summary().contains("3 units, 1 distinct by equal sums over classes"));
    assert!(!probe.readings()[0].is_discrete());
}

#[test]
fn sums_of_entries_that_say_nothing_are_not_reported() {
    // As above, but the second weight is squared, and the sums of squares differ.
    let mut net = constant(vec![2, 3, 3, 1]).init::<B>(&Default::default());
    let circulant = TensorData::new(vec![2.0_f32, 1.0, 1.0, 1.0, 3.0, 0.0, 1.0, 0.0, 3.0], [3, 3]);
    let value = Tensor::from_data(circulant, &Default::default()).require_grad();
    net.layers[1].weight = Param::initialized(net.layers[1].weight.id, value);
    let traced = trace(|device| {
        let net = constant(vec![2, 3, 3, 1]).init::<Capture>(device);
        let x = Tensor::<Capture, 2>::zeros([5, 2], device);
        let hidden = net.layers[0].forward(x.clone()).tanh();
        let squared = hidden.matmul(net.layers[1].weight.val().powi_scalar(2)).tanh();
        let bias = net.layers[1].bias.as_ref().unwrap().val().unsqueeze();
        let y = net.layers[2].forward(squared + bias);
        Trace::of(&net).input(x).output(y)
    });
    let mut probe = SymmetryProbe::traced(traced.unwrap());
    probe.observe(&Observation::before_training(&net));
    let read: Vec<_> =
        probe.readings()[0].spaces.iter().map(|s| (s.twins, s.equitable, s.forward)).collect();
    assert_eq!(read, [(3, None, None), (3, None, None)]);
    assert_eq!(probe.summary(), "");
}

#[test]
fn units_without_outgoing_weights_are_not_denied_without_a_look() {
    let mut net = different(vec![3, 9, 2], 0, true);
    let silent = Tensor::zeros([9, 2], &Default::default()).require_grad();
    net.layers[1].weight = Param::initialized(net.layers[1].weight.id, silent);
    let mut probe = SymmetryProbe::new(net.axes().unwrap());
    probe.observe(&Observation::before_training(&net));
    probe.observe(&Observation::after_step(1, &net));
    let read: Vec<_> = probe.readings().iter().map(|r| r.spaces[0].no_outgoing).collect();
    assert_eq!(read, [Some(9), None]);
}

#[test]
fn weights_that_are_stored_by_columns_end_the_probe() {
    let columns = LinearConfig::new(3, 8).with_layout(LinearLayout::Col);
    let mut net = Dropped::<B>::new(&Default::default());
    net.first = columns.init(&Default::default());
    let mut probe = SymmetryProbe::new(Dropped::<B>::axes()).reporting(|_| {});
    probe.observe(&Observation::before_training(&net));
    assert!(probe.failed().unwrap().starts_with("first.weight: the weight is stored transposed"));
}

#[test]
fn a_break_without_gradients_has_no_known_cause() {
    let sgd = trained_with_dropout(SymmetryProbe::new(Dropped::<B>::axes()).without_gradients());
    let probe = sgd.probe();
    let found = probe.first_break().unwrap();
    assert_eq!((&found.gradients, &found.cause), (&GradientsThen::NotSeen, &Cause::Unknown));
    assert_eq!(found.step, 1);
}

#[test]
fn some_spaces_can_be_watched_alone() {
    let net = constant(vec![2, 3, 4, 1]).init::<B>(&Default::default());
    let probe = SymmetryProbe::new(net.axes().unwrap());
    let mut probe = probe.watching(|space| space == "hidden2").unwrap();
    probe.observe(&Observation::before_training(&net));
    let read = &probe.readings()[0].spaces;
    assert_eq!((read.len(), read[0].units, read[0].twins, read[0].equitable), (1, 4, 1, None));
    let paths: Vec<&str> = probe.axes().params().iter().map(|p| p.path()).collect();
    assert_eq!(paths, ["layers.1.weight", "layers.1.bias", "layers.2.weight"]);
    let error = SymmetryProbe::new(net.axes().unwrap()).watching(|_| false).unwrap_err();
    assert!(error.to_string().contains("the spaces are hidden1, hidden2"), "{error}");
}

#[test]
fn axes_of_another_module_end_the_probe_and_not_the_training() {
    let net = constant(vec![2, 3, 1]).init::<B>(&Default::default());
    let mut probe = SymmetryProbe::new(Dropped::<B>::axes()).reporting(|_| {});
    probe.observe(&Observation::before_training(&net));
    let reason = probe.failed().unwrap();
    assert!(reason.contains("layers.0.weight is not among the axes"), "{reason}");
    let mut other = constant(vec![2, 4, 1]).init::<B>(&Default::default());
    let mut probe = SymmetryProbe::new(net.axes().unwrap()).reporting(|_| {});
    other.layers.truncate(2);
    probe.observe(&Observation::before_training(&other));
    let reason = probe.failed().unwrap();
    assert!(reason.contains("layers.0.weight") && reason.contains("[2, 4]"), "{reason}");
}

fn parameters_are_the_same_with_a_probe<B: AutodiffBackend>() {
    let sgd = OptimizerConfig::Adam(Default::default());
    let start = || constant(vec![3, 5, 4, 2]).init::<B>(&Default::default());
    let mut plain = sgd.init::<B, ConstInit<B>>().unwrap();
    let mut net = start();
    for _ in 0..15 {
        let gradients = gradients(&net);
        net = plain.step(0.01, net, gradients);
    }
    let probe = SymmetryProbe::new(net.axes().unwrap()).gradients_on(Schedule::every(2));
    let mut probed = ProbedOptimizer::new(sgd.init::<B, ConstInit<B>>().unwrap(), probe);
    let mut watched = start();
    for _ in 0..15 {
        let gradients = gradients(&watched);
        watched = probed.step(0.01, watched, gradients);
    }
    assert_eq!(bits(&watched), bits(&net));
    assert_eq!(probed.probe().readings().len(), 16);
    assert_eq!(watched.valid().layers.len(), 3);
}

#[test]
fn parameters_are_the_same_with_a_probe_on_ndarray() {
    parameters_are_the_same_with_a_probe::<B>();
}

#[test]
fn parameters_are_the_same_with_a_probe_on_flex() {
    parameters_are_the_same_with_a_probe::<Autodiff<Flex>>();
}
