//! Quotients compared with full training, step by step with Burn's own optimizers.

use super::modules::{Cnn, Residual};
use super::*;
use burn::grad_clipping::GradientClippingConfig;
use burn::lr_scheduler::module_lr_scheduler::{ModuleLearningRate, ModuleLrScheduler};
use burn::module::ParamGroup;
use burn::nn::{Linear, LinearConfig};
use burn::optim::decay::WeightDecayConfig;
use burn::optim::momentum::MomentumConfig;
use burn::optim::{
    AdaGradConfig, AdamConfig, AdamWConfig, AdanConfig, GradientsParams, LionConfig,
    ModuleOptimizer, MultiGradientsParams, OptimizerRecord, RmsPropConfig, SgdConfig,
};
use constinit_burn22::surgery::{
    Clip, Decay, Optimizer, QuotientModule, QuotientTrainer, SymmetryKind, TrainingFacts, quotient,
    symmetry_of,
};
use constinit_symmetry::layers::dense;
use std::sync::{Arc, Mutex};

const STEPS: usize = 30;

/// An optimizer, its step size, and what is known about it.
struct Rule {
    new: fn() -> ModuleOptimizer,
    rate: f64,
    facts: TrainingFacts,
}

fn decayed(penalty: f32) -> Option<WeightDecayConfig> {
    Some(WeightDecayConfig::new(penalty))
}

const DECOUPLED: Decay = Decay::Decoupled;
const COUPLED: Decay = Decay::Coupled;
const NONE: Decay = Decay::None;

/// Optimizers that keep equitable classes, and those that keep twins only.
fn rules() -> [Vec<Rule>; 2] {
    let rule = |optimizer, decay, rate, new: fn() -> ModuleOptimizer| Rule {
        new,
        rate,
        facts: TrainingFacts::new(optimizer).with_decay(decay),
    };
    let equitable = vec![
        rule(Optimizer::Sgd, NONE, 0.05, || SgdConfig::new().init()),
        rule(Optimizer::Sgd, COUPLED, 0.05, || {
            SgdConfig::new().with_weight_decay(decayed(0.3)).init()
        }),
        rule(Optimizer::SgdMomentum, COUPLED, 0.02, || {
            let momentum = MomentumConfig::new().with_dampening(0.0).with_nesterov(true);
            SgdConfig::new().with_weight_decay(decayed(0.3)).with_momentum(Some(momentum)).init()
        }),
        rule(Optimizer::SgdMomentum, NONE, 0.02, || {
            let momentum = MomentumConfig::new().with_dampening(0.5);
            SgdConfig::new().with_momentum(Some(momentum)).init()
        }),
        rule(Optimizer::Adam, NONE, 0.01, || AdamConfig::new().init()),
        rule(Optimizer::AdamW, DECOUPLED, 0.01, || {
            AdamWConfig::new().with_weight_decay(0.5).init()
        }),
        rule(Optimizer::RmsProp, NONE, 0.002, || RmsPropConfig::new().with_momentum(0.5).init()),
        rule(Optimizer::AdaGrad, NONE, 0.02, || AdaGradConfig::new().with_lr_decay(0.01).init()),
        rule(Optimizer::Adan, DECOUPLED, 0.01, || AdanConfig::new().with_weight_decay(0.1).init()),
    ];
    let twins = vec![
        rule(Optimizer::Adam, COUPLED, 0.01, || {
            AdamConfig::new().with_weight_decay(decayed(0.05)).with_amsgrad(true).init()
        }),
        rule(Optimizer::RmsProp, COUPLED, 0.002, || {
            RmsPropConfig::new().with_weight_decay(decayed(0.05)).init()
        }),
    ];
    [equitable, twins]
}

/// What is trained: a module with gradients of the mean squared error.
struct Task<F> {
    columns: [usize; 2],
    forward: F,
}

impl<F> Task<F> {
    fn gradients<M: Module>(&self, net: &M) -> GradientsParams
    where
        F: Fn(&M, Tensor<2>) -> Tensor<2>,
    {
        self.gradients_of_rows(net, 0..6)
    }

    fn gradients_of_rows<M: Module>(&self, net: &M, rows: std::ops::Range<usize>) -> GradientsParams
    where
        F: Fn(&M, Tensor<2>) -> Tensor<2>,
    {
        let [x, y] = [(self.columns[0], 1), (self.columns[1], 2)]
            .map(|(columns, seed)| inputs(6, columns, seed, &autodiff()).slice([rows.clone()]));
        let loss = ((self.forward)(net, x) - y).square().sum() / (6 * self.columns[1]) as f64;
        GradientsParams::from_grads(loss.backward(), net)
    }
}

const PERCEPTRON: Task<fn(&ConstInit, Tensor<2>) -> Tensor<2>> =
    Task { columns: [3, 2], forward: ConstInit::forward };

/// The quotient of a module by its equitable classes.
fn small<M: Module>(net: &M, spec: &AxesSpec, facts: &TrainingFacts) -> QuotientModule<M> {
    let found = symmetry_of(net, spec, SymmetryKind::Equitable).unwrap();
    let small = quotient(net, spec, &found, facts).unwrap();
    assert!(!small.is_identity());
    small
}

/// Trains a module and its quotient, and compares.
fn trains_alike<M: Module>(
    full: M,
    spec: &AxesSpec,
    rule: &Rule,
    task: &Task<impl Fn(&M, Tensor<2>) -> Tensor<2>>,
    what: &str,
) -> QuotientModule<M> {
    let quick = small(&full, spec, &rule.facts);
    let start = all_parameters(&full);
    let mut trainer = quick.trainer();
    let lifted = trainer.lifting().lift(&quick.module).unwrap();
    assert_close(&start, &all_parameters(&lifted), 1e-15, "lifted at the start");
    assert_eq!(ids(&lifted), ids(&full));

    let (mut one, mut other) = ((rule.new)(), (rule.new)());
    let (mut slow, mut model) = (full, quick.module.clone());
    for _ in 0..STEPS {
        let gradients = task.gradients(&slow);
        slow = one.step(rule.rate, slow, gradients);
        let gradients = task.gradients(&model);
        model = trainer.step(&mut other, rule.rate, model, gradients).unwrap();
    }
    let (expected, lifted) = (all_parameters(&slow), trainer.lifting().lift(&model).unwrap());
    let moved = expected.iter().zip(&start).fold(0.0_f64, |m, (a, b)| m.max((a - b).abs()));
    assert!(moved > 1e-2, "training does something: {moved}");
    assert_close(&expected, &all_parameters(&lifted), 1e-11, what);
    quick
}

fn deep(sizes: [&[usize]; 3], how: Classes, seed: usize) -> (ConstInit, AxesSpec) {
    let classes: Vec<Vec<usize>> = sizes
        .iter()
        .map(|sizes| {
            let classes = sizes.iter().enumerate();
            classes.flat_map(|(class, size)| vec![class; *size]).collect()
        })
        .collect();
    let mut dims = vec![3];
    dims.extend(classes.iter().map(Vec::len));
    dims.push(2);
    let (net, spec) = mlp(&dims, Activation::Tanh, &autodiff());
    let net = imposed(net, &spec, &classes, how, seed);
    // Smaller weights: activations of wide layers stay away from their limits.
    let read = read_parameters(&net);
    let smaller = spec.params().iter().zip(&read).map(|(param, data)| {
        let scale = if param.path().ends_with("weight") { 0.25 } else { 1.0 };
        let entries: Vec<f64> = data.iter::<f64>().map(|entry| entry * scale).collect();
        (param.path(), TensorData::new(entries, data.shape().clone()))
    });
    (write_parameters(net, smaller.collect::<Vec<_>>()).unwrap(), spec)
}

const SIZES: [&[usize]; 3] = [&[1, 3, 2], &[4, 1, 2], &[5]];

fn adamw() -> Rule {
    rules().into_iter().flatten().nth(5).unwrap()
}

#[test]
fn a_quotient_of_twins_goes_the_way_of_the_module() {
    for (seed, rule) in rules().iter().flatten().enumerate() {
        let (net, spec) = deep(SIZES, Classes::Twins, seed);
        let small = trains_alike(net, &spec, rule, &PERCEPTRON, &format!("{:?}", rule.facts));
        assert_eq!(
            small.to_string(),
            "hidden1: 6 -> 3 units; hidden2: 7 -> 3 units; hidden3: 5 -> 1 units; \
             125 -> 32 parameters"
        );
    }
}

#[test]
fn a_quotient_of_units_with_equal_sums_goes_the_way_of_the_module() {
    let [equitable, _] = rules();
    for (seed, rule) in equitable.iter().enumerate() {
        let (net, spec) = deep(SIZES, Classes::Equitable, seed);
        let twins = symmetry_of(&net, &spec, SymmetryKind::Twins).unwrap();
        assert!(twins.effective_width("hidden2") > Some(3));
        trains_alike(net, &spec, rule, &PERCEPTRON, &format!("{:?}", rule.facts));
    }
}

/// A step of Lion is a sign, which no rounding changes here.
#[test]
fn signs_go_the_way_of_the_module() {
    let rule = Rule {
        new: || LionConfig::new().with_weight_decay(0.3).init(),
        rate: 0.002,
        facts: TrainingFacts::new(Optimizer::Lion).with_decay(Decay::Decoupled),
    };
    let (net, spec) = deep(SIZES, Classes::Equitable, 1);
    trains_alike(net, &spec, &rule, &PERCEPTRON, "Lion");
}

#[test]
fn a_quotient_of_a_residual_stream_goes_the_way_of_the_module() {
    let [equitable, twins] = rules();
    let task = Task { columns: [3, 2], forward: Residual::forward };
    let classes = [vec![0, 0, 1, 1, 1, 2], vec![0, 1, 0, 0, 1]];
    for (rule, how) in [(&equitable[2], Classes::Equitable), (&twins[0], Classes::Twins)] {
        let spec = Residual::spec();
        let net = imposed(Residual::new(&autodiff()), &spec, &classes, how, 3);
        trains_alike(net, &spec, rule, &task, "a residual stream");
    }
}

#[test]
fn a_quotient_of_a_convolution_goes_the_way_of_the_module_and_leaves_it_alone() {
    let [equitable, _] = rules();
    let spec = Cnn::spec();
    let task = Task { columns: [9, 3], forward: Cnn::forward };
    let classes = [vec![0, 0], vec![0, 0, 1, 1, 1, 2], vec![0, 1, 0, 0, 1]];
    let new = || imposed(Cnn::new(&autodiff()), &spec, &classes, Classes::Twins, 3);
    trains_alike(new(), &spec, &equitable[0], &task, "a convolution");
    // Batch norms share their statistics with clones, but not with a quotient, nor with a module that is lifted from
    // it.
    let net = new();
    let small = small(&net, &spec, &equitable[0].facts);
    assert_eq!(net.norm.running_mean.value().dims(), [6]);
    small.trainer().lifting().lift(&small.module).unwrap();
    assert_eq!(small.module.norm.running_mean.value().dims(), [3]);
}

#[test]
fn a_frozen_parameter_stays_where_it_is() {
    let rule = adamw();
    let (mut net, spec) = deep(SIZES, Classes::Equitable, 4);
    let middle = net.layers[1].weight.clone();
    net.layers[1].weight = middle.clone().set_require_grad(false);
    let quick = trains_alike(net, &spec, &rule, &PERCEPTRON, "a frozen parameter");
    assert!(!quick.module.layers[1].weight.is_require_grad());
}

#[test]
fn a_device_that_checkpoints_gradients_trains_a_quotient() {
    let device = autodiff().gradient_checkpointing();
    let (net, spec) = mlp(&[3, 6, 2], Activation::Tanh, &device);
    let rule = adamw();
    let quick = small(&net, &spec, &rule.facts);
    let (mut trainer, mut optimizer) = (quick.trainer(), (rule.new)());
    let mut model = quick.module;
    for _ in 0..3 {
        // Burn refuses tensors of another way of checkpointing here.
        let loss = model.forward(inputs(6, 3, 1, &device)).square().mean();
        let gradients = GradientsParams::from_grads(loss.backward(), &model);
        model = trainer.step(&mut optimizer, rule.rate, model, gradients).unwrap();
    }
    let lifted = trainer.lifting().lift(&model).unwrap();
    let value = lifted.layers[0].weight.val();
    assert_eq!(value.gradient_checkpointing_strategy(), device.gradient_checkpointing_strategy());
    assert!(value.is_require_grad());
}

/// The norm of all gradients of the full module, on the host.
fn clipped_by_hand(net: &ConstInit, gradients: GradientsParams, clip: Clip) -> GradientsParams {
    struct Visitor<'a> {
        from: &'a GradientsParams,
        to: GradientsParams,
        squares: f64,
        scale: Option<f64>,
        limit: f64,
    }
    impl ModuleVisitor for Visitor<'_> {
        fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<D>>) {
            let gradient = self.from.get::<D>(param.id).unwrap();
            let entries = values(gradient.clone());
            self.squares += entries.iter().map(|entry| entry * entry).sum::<f64>();
            let limited = match self.scale {
                Some(scale) => gradient * scale,
                None => gradient.clamp(-self.limit, self.limit),
            };
            self.to.register::<D>(param.id, limited);
        }
    }
    let limited = |scale: Option<f64>, limit: f64| {
        let to = GradientsParams::new();
        let mut visitor = Visitor { from: &gradients, to, squares: 0.0, scale, limit };
        net.visit(&mut visitor);
        (visitor.to, visitor.squares.sqrt())
    };
    match clip {
        Clip::Value(limit) => limited(None, limit).0,
        Clip::GlobalNorm(limit) => {
            let (_, norm) = limited(Some(1.0), 0.0);
            assert!(norm > limit, "{norm}");
            limited(Some(limit / (norm + 1e-6)), 0.0).0
        }
    }
}

#[test]
fn gradients_are_clipped_by_the_norm_of_the_full_module() {
    let sgd = &rules()[0][0];
    for clip in [Clip::GlobalNorm(0.02), Clip::Value(0.01)] {
        for how in [Classes::Twins, Classes::Equitable] {
            let (mut slow, spec) = deep(SIZES, how, 5);
            let quick = small(&slow, &spec, &sgd.facts);
            let mut trainer = quick.trainer().with_clip(clip);
            let (mut one, mut other) = ((sgd.new)(), (sgd.new)());
            let mut model = quick.module;
            for _ in 0..10 {
                let gradients = PERCEPTRON.gradients(&slow);
                let gradients = clipped_by_hand(&slow, gradients, clip);
                slow = one.step(0.5, slow, gradients);
                let gradients = PERCEPTRON.gradients(&model);
                model = trainer.step(&mut other, 0.5, model, gradients).unwrap();
            }
            let lifted = trainer.lifting().lift(&model).unwrap();
            assert_close(&all_parameters(&slow), &all_parameters(&lifted), 1e-12, "clipped");
        }
    }
}

#[test]
fn an_optimizer_that_clips_is_refused() {
    let (net, spec) = deep(SIZES, Classes::Twins, 5);
    let quick = small(&net, &spec, &TrainingFacts::new(Optimizer::Sgd));
    let mut trainer = quick.trainer();
    let clipping = GradientClippingConfig::Norm(0.5);
    let mut clips = SgdConfig::new().with_gradient_clipping(Some(clipping)).init();
    let gradients = PERCEPTRON.gradients(&quick.module);
    let refused = message(trainer.step(&mut clips, 0.1, quick.module, gradients));
    assert!(
        refused.starts_with("the optimizer: it clips the gradients of the quotient"),
        "{refused}"
    );
}

/// Groups and rates use paths or ids, and the numbers for deviations are in the groups of their parameters.
#[test]
fn groups_of_parameters_have_their_optimizers_and_rates() {
    let (net, spec) = deep(SIZES, Classes::Equitable, 7);
    let last = ParamGroup::from_ids(vec![net.layers[2].weight.id, net.layers[3].weight.id]);
    let first = ParamGroup::from_predicate("layers.1");
    let new = || {
        let sgd: ModuleOptimizer = SgdConfig::new().with_weight_decay(decayed(0.2)).init();
        sgd.with_group(first.clone(), AdamWConfig::new().with_weight_decay(0.7).build(), None)
    };
    let rates = || {
        let rates = ModuleLrScheduler::new(0.05);
        rates.with_group(first.clone(), 0.01).with_group(last.clone(), 0.2)
    };
    let quick = small(&net, &spec, &TrainingFacts::new(Optimizer::AdamW).with_decay(DECOUPLED));
    let mut trainer = quick.trainer();
    let (mut one, mut other, mut rates_of_one, mut rates_of_other) =
        (new(), new(), rates(), rates());
    let (mut slow, mut model) = (net, quick.module);
    for _ in 0..STEPS {
        let gradients = PERCEPTRON.gradients(&slow);
        slow = one.step(rates_of_one.step(), slow, gradients);
        let gradients = PERCEPTRON.gradients(&model);
        model = trainer.step(&mut other, rates_of_other.step(), model, gradients).unwrap();
    }
    let lifted = trainer.lifting().lift(&model).unwrap();
    assert_close(&all_parameters(&slow), &all_parameters(&lifted), 1e-11, "groups");
}

/// A model that is a quotient and makes its own steps, as Burn's `Learner` requires.
#[derive(Module, Debug)]
struct Learned {
    net: ConstInit,
    #[module(skip)]
    trainer: Arc<Mutex<QuotientTrainer<ConstInit>>>,
}

impl Learned {
    /// With the arguments of `TrainStep::optimize`.
    fn optimize(
        self,
        optimizer: &mut ModuleOptimizer,
        rate: ModuleLearningRate,
        gradients: GradientsParams,
    ) -> Self {
        let step = self.trainer.lock().unwrap().step(optimizer, rate, self.net, gradients);
        Self { net: step.unwrap(), trainer: self.trainer }
    }
}

#[test]
fn a_model_makes_the_steps_of_its_quotient_itself() {
    let rule = adamw();
    let (mut slow, spec) = deep(SIZES, Classes::Equitable, 6);
    let quick = small(&slow, &spec, &rule.facts);
    let trainer = Arc::new(Mutex::new(quick.trainer()));
    let mut model = Learned { net: quick.module, trainer: Arc::clone(&trainer) };
    let task = Task { columns: [3, 2], forward: |model: &Learned, x| model.net.forward(x) };
    let (mut one, mut other) = ((rule.new)(), (rule.new)());
    for _ in 0..STEPS {
        let gradients = PERCEPTRON.gradients(&slow);
        slow = one.step(rule.rate, slow, gradients);
        let gradients = task.gradients(&model);
        model = model.optimize(&mut other, rule.rate.into(), gradients);
    }
    let lifted = trainer.lock().unwrap().lifting().lift(&model.net).unwrap();
    assert_close(&all_parameters(&slow), &all_parameters(&lifted), 1e-11, "a model by itself");
}

/// Each device has gradients of some rows.
#[test]
fn gradients_of_several_devices_are_added() {
    let rule = adamw();
    let (net, spec) = deep(SIZES, Classes::Equitable, 3);
    let quick = small(&net, &spec, &rule.facts);
    let parts = || {
        let rows =
            [0..2, 2..6].map(|rows| (PERCEPTRON.gradients_of_rows(&quick.module, rows), device()));
        MultiGradientsParams { grads: rows.into() }
    };
    let step = |trainer: &mut QuotientTrainer<ConstInit>, several: bool| {
        let (mut optimizer, model) = ((rule.new)(), quick.module.clone());
        let stepped = match several {
            true => trainer.step(&mut optimizer, 0.1, model, parts()),
            false => trainer.step(&mut optimizer, 0.1, model, PERCEPTRON.gradients(&quick.module)),
        };
        all_parameters(&trainer.lifting().lift(&stepped.unwrap()).unwrap())
    };
    let [whole, parted] = [false, true].map(|several| step(&mut quick.trainer(), several));
    assert_close(&whole, &parted, 1e-13, "several devices");
}

/// Two heads on one stem, with a space each.
#[derive(Module, Debug)]
struct Heads {
    stem: Linear,
    up: Vec<Linear>,
    leave: Vec<Linear>,
}

/// In a step, one head has no gradient, and Burn's optimizers do not change it: its deviations must not change either.
#[test]
fn heads_that_are_trained_in_turn_go_the_way_of_the_module() {
    let linear = |inputs, outputs| LinearConfig::new(inputs, outputs).init(&autodiff());
    let net = Heads {
        stem: linear(3, 6),
        up: vec![linear(6, 4), linear(6, 5)],
        leave: vec![linear(4, 2), linear(5, 2)],
    };
    let spaces = [("stem", 6), ("one", 4), ("two", 5)];
    let layers = [
        ("stem", "", "stem"),
        ("up.0", "stem", "one"),
        ("up.1", "stem", "two"),
        ("leave.0", "one", ""),
        ("leave.1", "two", ""),
    ];
    let layers = layers.map(|(path, reads, makes)| dense(path, reads, makes).input_first());
    let spec = declared(&net, &spaces, layers);
    let classes = [vec![0, 0, 1, 1, 1, 2], vec![0, 0, 1, 1], vec![0, 0, 0, 1, 1]];
    let net = imposed(net, &spec, &classes, Classes::Equitable, 4);
    let rule = adamw();
    let quick = small(&net, &spec, &rule.facts);
    assert_eq!(quick.spec.spaces()[0].units(), 3);
    let task = |head: usize| Task {
        columns: [3, 2],
        forward: move |net: &Heads, x: Tensor<2>| {
            net.leave[head].forward(net.up[head].forward(net.stem.forward(x).tanh()).tanh())
        },
    };
    let (mut trainer, mut one, mut other) = (quick.trainer(), (rule.new)(), (rule.new)());
    let (mut slow, mut model) = (net, quick.module);
    // The second head has fewer steps.
    for head in [0, 1, 0, 0, 1, 0, 0, 0, 0, 0] {
        let gradients = task(head).gradients(&slow);
        slow = one.step(0.02, slow, gradients);
        let gradients = task(head).gradients(&model);
        model = trainer.step(&mut other, 0.02, model, gradients).unwrap();
    }
    let lifted = trainer.lifting().lift(&model).unwrap();
    assert_close(&all_parameters(&slow), &all_parameters(&lifted), 1e-12, "heads in turn");
}

/// Burn loads an optimizer's state through the default device. If the tests have other backends, too, the default
/// device has no doubles: the test runs itself again with Flex as the default.
#[test]
fn a_quotient_goes_on_from_records() {
    if std::env::var("BURN_DEVICE").as_deref() == Ok("flex") {
        return goes_on_from_records();
    }
    let mut test = std::process::Command::new(std::env::current_exe().unwrap());
    test.args(["--exact", "quotients::a_quotient_goes_on_from_records"]).env("BURN_DEVICE", "flex");
    let run = test.output().unwrap();
    let (out, err) = (String::from_utf8_lossy(&run.stdout), String::from_utf8_lossy(&run.stderr));
    assert!(run.status.success() && out.contains("1 passed"), "{out}\n{err}");
}

/// Momentum carries the effect of decay on deviations, so the state for them matters, too.
fn goes_on_from_records() {
    let rule = &rules()[0][2];
    let (net, spec) = deep(SIZES, Classes::Equitable, 2);
    let quick = small(&net, &spec, &rule.facts);
    let steps = |count: usize,
                 trainer: &mut QuotientTrainer<ConstInit>,
                 optimizer: &mut ModuleOptimizer,
                 mut model: ConstInit| {
        for _ in 0..count {
            let gradients = PERCEPTRON.gradients(&model);
            model = trainer.step(optimizer, rule.rate, model, gradients).unwrap();
        }
        model
    };
    let (mut trainer, mut optimizer) = (quick.trainer(), (rule.new)());
    let half = steps(11, &mut trainer, &mut optimizer, quick.module.clone());
    let bytes = optimizer.to_record().into_bytes().unwrap();
    let (left, kept) = trainer.to_record().unwrap();
    let (left, kept) = (left.into_bytes().unwrap(), kept.into_bytes().unwrap());
    let record = half.clone().into_record();
    let whole = steps(19, &mut trainer, &mut optimizer, half);
    let whole = all_parameters(&trainer.lifting().lift(&whole).unwrap());

    // Another start of the same module, whose parameters have other ids.
    let (net, _) = deep(SIZES, Classes::Equitable, 2);
    let again = small(&net, &spec, &rule.facts);
    let model = again.module.clone().try_load_record(record).unwrap();
    let mut optimizer = (rule.new)().load_record(OptimizerRecord::from_bytes(bytes).unwrap());
    let mut trainer = again.trainer();
    let record = (
        burn::store::ModuleRecord::from_bytes(left).unwrap(),
        OptimizerRecord::from_bytes(kept).unwrap(),
    );
    trainer.load_record(&optimizer, record).unwrap();
    let resumed = steps(19, &mut trainer, &mut optimizer, model);
    let resumed = all_parameters(&trainer.lifting().lift(&resumed).unwrap());
    assert_eq!(bits(&resumed), bits(&whole));
}

#[test]
fn clones_of_a_trainer_are_trained_apart() {
    let rule = adamw();
    let (net, spec) = deep(SIZES, Classes::Equitable, 2);
    let quick = small(&net, &spec, &rule.facts);
    let still = quick.trainer();
    let (mut trainer, mut optimizer) = (still.clone(), (rule.new)());
    let mut model = quick.module.clone();
    for _ in 0..5 {
        let gradients = PERCEPTRON.gradients(&model);
        model = trainer.step(&mut optimizer, rule.rate, model, gradients).unwrap();
    }
    let lifted = still.lifting().lift(&quick.module).unwrap();
    assert_close(&all_parameters(&net), &all_parameters(&lifted), 1e-15, "of the other clone");
}
