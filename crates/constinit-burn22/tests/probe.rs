//! The probe on Burn 0.22: what it reads, which break it names, and that it changes nothing.

use burn::module::Module;
use burn::nn::{Dropout, DropoutConfig, Linear, LinearConfig, LinearLayout};
use burn::optim::{AdamConfig, GradientsParams, ModuleOptimizer, SgdConfig};
use burn::tensor::{Device, Tensor, TensorData};
use constinit_burn22::params::{read_parameters, write_parameters};
use constinit_burn22::probe::{
    Cause, FirstBreak, GradientsThen, Observation, Optimizer, ProbeHandle, Schedule,
    SymmetryBreaker, SymmetryProbe, TrainingFacts,
};
use constinit_burn22::{Activation, ConstInit, ConstInitConfig};
use constinit_symmetry::{AxesSpec, input, output};

fn device() -> Device {
    Device::flex().autodiff()
}

fn wave(rows: usize, columns: usize, phase: f32) -> Tensor<2> {
    let values = (0..rows * columns).map(|i| (i as f32 * 0.7 + phase).sin()).collect();
    Tensor::from_data(TensorData::new(values, [rows, columns]), &device())
}

fn constant(dims: Vec<usize>) -> ConstInit {
    ConstInitConfig::new(dims).with_init_w(0.1).with_activation(Activation::Tanh).init(&device())
}

fn gradients(net: &ConstInit) -> GradientsParams {
    let [inputs, outputs] =
        [net.layers.first(), net.layers.last()].map(Option::unwrap).map(|l| l.weight.dims());
    let off = net.forward(wave(5, inputs[0], 0.0)) - wave(5, outputs[1], 1.0);
    GradientsParams::from_grads(off.square().mean().backward(), net)
}

fn bits<M: Module>(module: &M) -> Vec<Vec<u32>> {
    let values =
        read_parameters(module).into_iter().map(|data| data.try_into_vec::<f32>().unwrap());
    values.map(|values| values.into_iter().map(f32::to_bits).collect()).collect()
}

/// The weight from input 1 to unit 4 of a first layer `[3, 6]`, moved by one ulp.
fn moved(net: ConstInit) -> ConstInit {
    let mut data = net.layers[0].weight.val().into_data().try_into_vec::<f32>().unwrap();
    data[6 + 4] = data[6 + 4].next_up();
    write_parameters(net, [("layers.0.weight", TensorData::new(data, [3, 6]))]).unwrap()
}

#[test]
fn one_weight_moved_by_one_ulp_is_named_exactly() {
    let mut net = constant(vec![3, 6, 2]);
    let mut probe = SymmetryProbe::new(net.axes().unwrap());
    let mut sgd: ModuleOptimizer = SgdConfig::new().init();
    probe.observe(&Observation::after_step(0, &net));
    for step in 1..=12 {
        let kept = gradients(&net);
        let used = gradients(&net);
        net = sgd.step(0.1, net, used);
        if step == 7 {
            net = moved(net);
        }
        let seen = Observation::after_step(step, &net).with_gradients(&kept).with_loss(0.5);
        probe.observe(&seen);
    }
    let found = probe.first_break().unwrap();
    assert_eq!((found.step, found.since, found.space.as_str()), (7, Some(6), "hidden1"));
    assert_eq!((found.units, found.entries, found.ulps), ([0, 4], [6, 10], 1));
    assert_eq!(found.parameter, "layers.0.weight");
    assert_eq!((&found.gradients, &found.cause), (&GradientsThen::Agreed, &Cause::Update));
    let twins: Vec<usize> = probe.readings().iter().map(|r| r.spaces[0].twins).collect();
    assert_eq!((&twins[..7], twins[7]), (&[1; 7][..], 2));
    assert_eq!(probe.readings()[3].loss, Some(0.5));
}

fn written_between_steps(every: usize) -> FirstBreak {
    let mut net = constant(vec![3, 6, 2]);
    let mut probe =
        SymmetryProbe::new(net.axes().unwrap()).on(Schedule::every(every)).reporting(|_| {});
    let mut adam = AdamConfig::new().init();
    for step in 0..16 {
        if step == 7 {
            net = moved(net);
        }
        let gradients = gradients(&net);
        net = probe.step(&mut adam, 0.01, net, gradients);
    }
    assert_eq!(probe.breaks().len(), 1);
    probe.breaks()[0].clone()
}

#[test]
fn a_write_between_two_steps_is_distinguished_from_the_step() {
    let found = written_between_steps(1);
    assert_eq!((found.step, found.since, &found.cause), (7, Some(7), &Cause::Written));
    assert_eq!((found.units, found.entries, found.ulps), ([0, 4], [6, 10], 1));
    // With steps between two readings, the cause is not known.
    let found = written_between_steps(5);
    assert_eq!((found.step, found.since, &found.cause), (9, Some(5), &Cause::Unknown));
}

#[derive(Module, Debug)]
struct Dropped {
    first: Linear,
    dropout: Dropout,
    second: Linear,
    #[module(skip)]
    probe: ProbeHandle,
}

impl Dropped {
    fn new() -> Self {
        let layer = |inputs, outputs| {
            let constant = burn::module::Initializer::Constant { value: 0.1 };
            LinearConfig::new(inputs, outputs).with_initializer(constant).init(&device())
        };
        let probe = ProbeHandle::default();
        let dropout = DropoutConfig::new(0.5).init();
        Self { first: layer(3, 8), dropout, second: layer(8, 2), probe }
    }

    fn gradients(&self) -> GradientsParams {
        let hidden = self.dropout.forward(self.first.forward(wave(5, 3, 0.0)).tanh());
        let off = self.second.forward(hidden) - wave(5, 2, 1.0);
        GradientsParams::from_grads(off.square().mean().backward(), self)
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

fn trained_with_dropout(probe: SymmetryProbe) -> ProbeHandle {
    device().seed(3);
    let mut net = Dropped::new();
    net.probe.attach(probe);
    let mut sgd = SgdConfig::new().init();
    for _ in 0..3 {
        let gradients = net.gradients();
        net = net.probe.clone().step(&mut sgd, 0.1, net, gradients);
    }
    net.probe
}

#[test]
fn dropout_is_named_where_it_is_known_and_suspected_where_it_is_not() {
    let handle = trained_with_dropout(SymmetryProbe::new(Dropped::axes()));
    let guard = handle.probe();
    let found = guard.as_ref().unwrap().first_break().unwrap();
    assert_eq!((found.step, found.space.as_str()), (1, "first"));
    assert_eq!(found.cause, Cause::UnequalGradients);

    let facts = TrainingFacts::new(Optimizer::Sgd).with_dropout("first");
    let handle = trained_with_dropout(SymmetryProbe::new(Dropped::axes()).with_facts(facts));
    let guard = handle.probe();
    let probe = guard.as_ref().unwrap();
    assert_eq!(probe.first_break().unwrap().cause, Cause::Known(vec![SymmetryBreaker::Dropout]));
    assert_eq!(
        probe.summary(),
        "first: 8 units, 1 distinct. SGD would keep equal units equal, but dropout will break the symmetry."
    );
}

#[test]
fn a_model_without_a_probe_does_the_optimizer_s_step() {
    let net = Dropped::new();
    let expected = Dropped { probe: ProbeHandle::default(), ..net.clone() };
    device().seed(5);
    let gradients = net.gradients();
    let net = net.probe.clone().step(&mut SgdConfig::new().init(), 0.1, net, gradients);
    device().seed(5);
    let gradients = expected.gradients();
    let expected = SgdConfig::new().init().step(0.1, expected, gradients);
    assert_eq!(bits(&net), bits(&expected));
    assert!(net.probe.probe().is_none());
}

#[test]
fn parameters_are_the_same_with_a_probe() {
    let train = |probe: Option<SymmetryProbe>| {
        let mut net = constant(vec![3, 5, 4, 2]);
        let handle = probe.map(ProbeHandle::from).unwrap_or_default();
        let mut adam = AdamConfig::new().init();
        for _ in 0..15 {
            let gradients = gradients(&net);
            net = handle.step(&mut adam, 0.01, net, gradients);
        }
        (bits(&net), handle)
    };
    let probe = SymmetryProbe::new(constant(vec![3, 5, 4, 2]).axes().unwrap());
    let (watched, handle) = train(Some(probe.gradients_on(Schedule::every(2))));
    assert_eq!(watched, train(None).0);
    let guard = handle.probe();
    let readings = guard.as_ref().unwrap().readings();
    assert_eq!(readings.len(), 16);
    assert!(readings.iter().all(|reading| reading.spaces.iter().all(|space| space.twins == 1)));
}

/// The probe refuses such a weight on Burn 0.21, which gives it no gradient on the first backward pass. Here it is
/// trained.
#[test]
fn weights_that_are_stored_by_columns_are_watched() {
    let mut net = Dropped::new();
    let constant = burn::module::Initializer::Constant { value: 0.1 };
    let columns = LinearConfig::new(3, 8).with_layout(LinearLayout::Col).with_initializer(constant);
    net.first = columns.init(&device());
    net.dropout = DropoutConfig::new(0.0).init();
    let mut probe = SymmetryProbe::new(Dropped::axes()).reporting(|_| {});
    let mut sgd = SgdConfig::new().init();
    let before = bits(&net);
    for _ in 0..3 {
        let gradients = net.gradients();
        net = probe.step(&mut sgd, 0.1, net, gradients);
    }
    assert_eq!(probe.failed(), None);
    assert_eq!(probe.readings()[3].spaces[0].twins, 1);
    assert_ne!(bits(&net)[0], before[0], "the weight is trained");
}

#[test]
fn some_spaces_can_be_watched_alone() {
    let net = constant(vec![2, 3, 4, 1]);
    let probe = SymmetryProbe::new(net.axes().unwrap());
    let mut probe = probe.watching(|space| space == "hidden2").unwrap();
    probe.observe(&Observation::after_step(0, &net));
    let read = &probe.readings()[0].spaces;
    assert_eq!((read.len(), read[0].units, read[0].twins, read[0].equitable), (1, 4, 1, None));
}

#[test]
fn what_does_not_fit_ends_the_probe_and_not_the_training() {
    let failed = |axes: AxesSpec, net: &ConstInit| {
        let mut probe = SymmetryProbe::new(axes).reporting(|_| {});
        let gradients = gradients(net);
        probe.step(&mut SgdConfig::new().init(), 0.1, net.clone(), gradients);
        probe.failed().unwrap_or_default().to_owned()
    };
    let net = constant(vec![2, 3, 1]);
    let reason = failed(Dropped::axes(), &net);
    assert!(reason.contains("layers.0.weight is not among the axes"), "{reason}");
    let reason = failed(net.axes().unwrap(), &constant(vec![2, 4, 1]));
    assert!(reason.contains("layers.0.weight") && reason.contains("[2, 4]"), "{reason}");

    // A module without parameters has none that the axes name.
    let mut probe = SymmetryProbe::new(net.axes().unwrap()).reporting(|_| {});
    probe.observe(&Observation::after_step(0, &DropoutConfig::new(0.5).init()));
    assert!(probe.failed().unwrap().contains("no parameter layers.0.weight"));
}

/// NaN equals nothing: such units are all distinct, as on Burn 0.21.
#[test]
fn a_module_full_of_nan_is_read() {
    let net = constant(vec![2, 3, 1]);
    let nan = TensorData::new(vec![f32::NAN; 6], [2, 3]);
    let net = write_parameters(net, [("layers.0.weight", nan)]).unwrap();
    let mut probe = SymmetryProbe::new(net.axes().unwrap()).reporting(|_| {});
    probe.observe(&Observation::after_step(0, &net));
    assert_eq!((probe.failed(), probe.readings()[0].spaces[0].twins), (None, 3));
}

/// A frozen parameter has no gradient: it is compared as one of zeros.
#[test]
fn a_parameter_without_a_gradient_is_watched() {
    let mut net = constant(vec![2, 3, 1]);
    net.layers[0] = net.layers[0].clone().no_grad();
    let mut probe = SymmetryProbe::new(net.axes().unwrap()).gradients_on(Schedule::every(1));
    let gradients = gradients(&net);
    let net = probe.step(&mut SgdConfig::new().init(), 0.1, net, gradients);
    assert_eq!((probe.failed(), probe.readings().len()), (None, 2));
    assert_eq!(probe.readings()[1].spaces[0].gradients_agree, Some(true));
    assert_eq!(net.layers[0].weight.val().into_data().iter::<f32>().next(), Some(0.1));
}

/// A resumed training counts its steps from where it stopped.
#[test]
fn steps_are_counted_from_where_a_training_is_resumed() {
    let net = constant(vec![2, 3, 1]);
    let mut probe = SymmetryProbe::new(net.axes().unwrap()).starting_at(40);
    let gradients = gradients(&net);
    probe.step(&mut SgdConfig::new().init(), 0.1, net, gradients);
    let steps: Vec<usize> = probe.readings().iter().map(|reading| reading.step).collect();
    assert_eq!(steps, [40, 41]);
}

/// The parameters of a LoRA adapter are parameters of the module, which its axes must name.
#[test]
fn an_adapter_is_not_overlooked() {
    let net = constant(vec![2, 3, 1]);
    let axes = net.axes().unwrap();
    let net = net.apply_lora(burn::module::Lora::new(2, 4.0));
    let mut probe = SymmetryProbe::new(axes).reporting(|_| {});
    probe.observe(&Observation::after_step(0, &net));
    let reason = probe.failed().unwrap();
    assert!(reason.contains("is not among the axes"), "{reason}");
}
