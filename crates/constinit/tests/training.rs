//! The training loop: probes are inert, runs end where they should, checkpoints change nothing.

use burn::lr_scheduler::LrScheduler;
use burn::lr_scheduler::cosine::CosineAnnealingLrSchedulerConfig;
use burn::tensor::Tensor;
use burn::tensor::backend::AutodiffBackend;
use burn_autodiff::Autodiff;
use burn_flex::Flex;
use burn_ndarray::NdArray;
use constinit::params::from_values;
use constinit::params::read_parameters;
use constinit::prelude::*;
use constinit::probe::{Flow, Observation, Probe, PropertyProbe, Recorder, Schedule};
use constinit::train::{
    Batch, Clip, ConfiguredOptimizer, Divergence, LossBelow, MiniBatches, NonFinite,
    OptimizerConfig, Plateau, StopReason, TrainConfig, TrainState, Trained, load_checkpoint,
    save_checkpoint, train,
};
use constinit::train::{Loss, Shifted};
use constinit::{Activation, ConstInit, ConstInitConfig, Error};

type State<B, S = f64> = TrainState<ConstInit<B>, ConfiguredOptimizer<B, ConstInit<B>>, S>;

fn optimizers() -> Vec<OptimizerConfig> {
    [
        r#"{"type":"sgd","learning_rate":0.1}"#,
        r#"{"type":"sgd","learning_rate":0.05,"momentum":0.9,"weight_decay":0.01,"nesterov":true}"#,
        r#"{"type":"adam","learning_rate":0.05,"weight_decay":0.01,"amsgrad":true}"#,
        r#"{"type":"adamw","learning_rate":0.05}"#,
        r#"{"type":"rmsprop","learning_rate":0.01,"centered":true,"momentum":0.5}"#,
        r#"{"type":"adagrad","learning_rate":0.1}"#,
        r#"{"type":"adan","learning_rate":0.05}"#,
        r#"{"type":"muon","learning_rate":0.02}"#,
    ]
    .into_iter()
    .map(|text| serde_json::from_str(text).unwrap())
    .collect()
}

fn start<B: AutodiffBackend>(optimizer: &OptimizerConfig) -> State<B> {
    let config = ConstInitConfig::new(vec![3, 4, 3, 2]).with_activation(Activation::Tanh);
    let model = config.with_init_w(0.2).init::<B>(&Default::default());
    TrainState::new(model, optimizer.init().unwrap(), optimizer.learning_rate())
}

fn data<B: AutodiffBackend>() -> Shifted<MiniBatches<B>> {
    let device = Default::default();
    let wave = |n: usize| (0..n).map(|i| (i as f64 * 0.7).sin()).collect();
    let inputs = from_values(wave(21), [7, 3], &device);
    let targets = from_values(wave(14), [7, 2], &device);
    Shifted::new(MiniBatches::new(Batch { inputs, targets }, 3, Some(5)).unwrap(), 0.01)
}

fn mse<B: AutodiffBackend>(model: &ConstInit<B>, batch: Batch<B>) -> Tensor<B, 1> {
    Loss::Mse.forward(model.forward(batch.inputs), batch.targets)
}

fn run<B: AutodiffBackend>(
    state: State<B>,
    plan: &TrainConfig,
    probes: &mut [&mut dyn Probe<B, ConstInit<B>>],
) -> Trained<ConstInit<B>, ConfiguredOptimizer<B, ConstInit<B>>, f64> {
    train(state, &mut data(), mse, plan, probes)
}

/// All parameters as bits, whatever the float type.
fn bits<B: AutodiffBackend>(model: &ConstInit<B>) -> Vec<u64> {
    let parameters = read_parameters(model);
    parameters
        .iter()
        .flat_map(|p| p.data.iter::<f64>().map(f64::to_bits).collect::<Vec<_>>())
        .collect()
}

/// Reads everything that an observation has.
#[derive(Default)]
struct Nosy {
    steps: Vec<usize>,
    rates: Vec<Option<f64>>,
    gradient_sums: Vec<f64>,
}

impl<B: AutodiffBackend> Probe<B, ConstInit<B>> for Nosy {
    fn reads_gradients(&self) -> bool {
        true
    }

    fn observe(&mut self, seen: &Observation<'_, B, ConstInit<B>>) -> Flow {
        self.steps.push(seen.step);
        self.rates.push(seen.learning_rate);
        assert_eq!(seen.gradients.is_some(), seen.step > 0);
        if let Some(gradients) = seen.gradients {
            for layer in &seen.model.layers {
                let id = layer.weight.id;
                let gradient = gradients.get::<B::InnerBackend, 2>(id).expect("every weight");
                self.gradient_sums.push(gradient.sum().into_data().iter::<f64>().next().unwrap());
            }
        }
        assert_eq!(seen.parameters().len(), 6);
        Flow::Continue
    }
}

fn probes_are_inert<B: AutodiffBackend>() {
    for optimizer in optimizers() {
        for clip in [None, Some(Clip::GlobalNorm(0.3)), Some(Clip::Value(0.05))] {
            let plan = TrainConfig { clip, ..TrainConfig::steps(12) };
            let alone = run::<B>(start(&optimizer), &plan, &mut []);
            let mut nosy = Nosy::default();
            let mut properties = PropertyProbe::new(Schedule::every(1));
            let mut recorder = Recorder::new(Schedule::every(5));
            let watched = run::<B>(
                start(&optimizer),
                &plan,
                &mut [&mut nosy, &mut properties, &mut recorder],
            );
            assert_eq!(bits(&alone.state.model), bits(&watched.state.model), "{optimizer:?}");
            assert_eq!(alone.loss, watched.loss);
            assert_eq!(nosy.steps, (0..=12).collect::<Vec<_>>());
            assert!(nosy.gradient_sums.iter().any(|sum| *sum != 0.0));
            assert_eq!(properties.readings.len(), 13);
            let recorded: Vec<usize> = recorder.history.iter().map(|r| r.step).collect();
            assert_eq!(recorded, [0, 5, 10]);
            assert_ne!(bits(&start::<B>(&optimizer).model), bits(&alone.state.model));
        }
    }
}

#[test]
fn probes_are_inert_on_ndarray() {
    probes_are_inert::<Autodiff<NdArray>>();
}

#[test]
fn probes_are_inert_on_flex() {
    probes_are_inert::<Autodiff<Flex>>();
}

#[test]
fn unequal_targets_break_outputs_but_not_hidden_units() {
    type B = Autodiff<NdArray>;
    let mut probe = PropertyProbe::new(Schedule::every(1));
    run::<B>(start(&OptimizerConfig::sgd(0.1)), &TrainConfig::steps(10), &mut [&mut probe]);
    assert!(probe.readings[0].properties.hold());
    for reading in &probe.readings[1..] {
        assert!(reading.properties.p1.unwrap().holds() && reading.properties.p2.unwrap().holds());
        assert!(!reading.properties.p3.unwrap().holds() && !reading.properties.p4.unwrap().holds());
        assert!(reading.hidden.iter().all(|units| units.difference.is_none()), "{reading:?}");
    }
}

#[test]
fn a_probe_can_stop_the_run_and_is_asked_before_the_first_step() {
    type B = Autodiff<NdArray>;
    struct StopAt(usize);
    impl Probe<B, ConstInit<B>> for StopAt {
        fn observe(&mut self, seen: &Observation<'_, B, ConstInit<B>>) -> Flow {
            if seen.step < self.0 {
                return Flow::Continue;
            }
            Flow::Stop { reason: format!("step {}", seen.step) }
        }
    }
    for stop in [0, 4] {
        let sgd = OptimizerConfig::sgd(0.1);
        let trained = run::<B>(start(&sgd), &TrainConfig::steps(10), &mut [&mut StopAt(stop)]);
        assert_eq!(trained.state.step, stop);
        assert_eq!(trained.ended, StopReason::Stopped { reason: format!("step {stop}") });
        assert_eq!(trained.loss.is_some(), stop > 0);
    }
}

#[test]
fn stop_conditions() {
    type B = Autodiff<NdArray>;
    let sgd = OptimizerConfig::sgd(0.1);
    let mut recorder = Recorder::default();
    run::<B>(start(&sgd), &TrainConfig::steps(60), &mut [&mut recorder]);
    let losses: Vec<f64> = recorder.history.iter().filter_map(|r| r.loss).collect();

    let limit = losses[..20].iter().copied().fold(f64::INFINITY, f64::min);
    let first = losses.iter().position(|loss| *loss <= limit).unwrap() + 1;
    let trained = run::<B>(start(&sgd), &TrainConfig::steps(60), &mut [&mut LossBelow(limit)]);
    assert_eq!(trained.state.step, first);

    // The first step after which three in a row were no better than the best before them.
    let stalled = (0..losses.len())
        .find(|now| {
            let best = (0..=*now).min_by(|a, b| losses[*a].total_cmp(&losses[*b])).unwrap();
            now - best == 3
        })
        .unwrap();
    let trained = run::<B>(start(&sgd), &TrainConfig::steps(60), &mut [&mut Plateau::new(3, 0.0)]);
    assert_eq!(trained.state.step, stalled + 1);
}

#[test]
fn the_schedule_sets_the_rate_of_each_step() {
    type B = Autodiff<NdArray>;
    let optimizer = OptimizerConfig::sgd(0.1);
    let schedule = CosineAnnealingLrSchedulerConfig::new(0.1, 8).init().unwrap();
    let mut expected = schedule;
    let State { model, optimizer, .. } = start::<B>(&optimizer);
    let state = TrainState::new(model, optimizer, schedule);
    let mut nosy = Nosy::default();
    train(state, &mut data(), mse, &TrainConfig::steps(8), &mut [&mut nosy]);
    assert_eq!(nosy.rates[0], None);
    for rate in &nosy.rates[1..] {
        assert_eq!(*rate, Some(expected.step()));
    }
    assert_ne!(nosy.rates[1], nosy.rates[8]);
}

#[test]
fn divergence_names_step_and_parameter() {
    type B = Autodiff<NdArray>;
    let huge = OptimizerConfig::sgd(1e38);
    let plan = TrainConfig { check_parameters: Schedule::every(1), ..TrainConfig::steps(10) };
    let trained = run::<B>(start(&huge), &plan, &mut []);
    let StopReason::Diverged(Divergence { step, what, value }) = trained.ended else {
        panic!("{:?}", trained.ended);
    };
    assert!(!value.is_finite());
    assert!((1..10).contains(&step), "{step}");
    match what {
        NonFinite::Parameter { path, .. } => assert!(path.starts_with("layers."), "{path}"),
        NonFinite::Loss { largest_parameter } => {
            assert!(largest_parameter.starts_with("layers."), "{largest_parameter}");
            // The parameters are those before the step whose loss was not finite.
            assert_eq!(trained.state.step, step - 1);
        }
    }
}

#[test]
fn a_loss_that_is_not_finite_leaves_the_parameters_as_they_were() {
    type B = Autodiff<NdArray>;
    let before = start::<B>(&OptimizerConfig::sgd(0.1));
    let bits_before = bits(&before.model);
    let infinite = |model: &ConstInit<B>, batch: Batch<B>| mse(model, batch).div_scalar(0.0);
    let trained = train(before, &mut data(), infinite, &TrainConfig::steps(3), &mut []);
    let StopReason::Diverged(divergence) = &trained.ended else { panic!("{:?}", trained.ended) };
    assert_eq!((divergence.step, divergence.value), (1, f64::INFINITY));
    let NonFinite::Loss { largest_parameter } = &divergence.what else { panic!("{divergence:?}") };
    assert_eq!(largest_parameter, "layers.0.weight"); // 0.2 + 2 is the largest start
    assert_eq!((trained.state.step, bits(&trained.state.model)), (0, bits_before));
}

fn checkpoints_change_nothing<B: AutodiffBackend>() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("state.ckpt");
    for optimizer in optimizers() {
        let whole = run::<B>(start(&optimizer), &TrainConfig::steps(20), &mut []);
        let half = run::<B>(start(&optimizer), &TrainConfig::steps(9), &mut []);
        save_checkpoint::<B, _, _, _>(&path, &half.state, "this run", "a note").unwrap();
        let found = load_checkpoint::<B, _, _, _>(
            &path,
            start(&optimizer),
            "this run",
            &Default::default(),
        )
        .unwrap();
        assert_eq!((found.state.step, found.note.as_str()), (9, "a note"));
        assert_eq!(bits(&found.state.model), bits(&half.state.model));
        let resumed = run::<B>(found.state, &TrainConfig::steps(20), &mut []);
        assert_eq!(bits(&resumed.state.model), bits(&whole.state.model), "{optimizer:?}");
        assert_eq!(resumed.loss, whole.loss);
    }
}

#[test]
fn checkpoints_change_nothing_on_ndarray() {
    checkpoints_change_nothing::<Autodiff<NdArray>>();
}

#[test]
fn checkpoints_change_nothing_on_flex() {
    checkpoints_change_nothing::<Autodiff<Flex>>();
}

#[test]
fn torn_changed_and_foreign_checkpoints_are_refused() {
    type B = Autodiff<NdArray>;
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("state.ckpt");
    let sgd = OptimizerConfig::sgd(0.1);
    let state = run::<B>(start(&sgd), &TrainConfig::steps(2), &mut []).state;
    save_checkpoint::<B, _, _, _>(&path, &state, "this run", "").unwrap();
    let whole = std::fs::read(&path).unwrap();
    let load = |fingerprint: &str| {
        load_checkpoint::<B, _, _, _>(&path, start(&sgd), fingerprint, &Default::default())
            .map(|found| found.state.step)
            .map_err(|error| {
                assert!(matches!(error, Error::Checkpoint { .. }), "{error}");
                error.to_string()
            })
    };
    assert_eq!(load("this run"), Ok(2));
    assert!(load("that run").unwrap_err().contains("a checkpoint of another run"));
    for (dims, words) in [
        (
            vec![3, 5, 3, 2],
            "it has layers.0.weight of shape [3, 4], this one has layers.0.weight of shape \
             [3, 5]",
        ),
        (vec![3, 4, 3, 2, 2], "it has nothing, this one has layers.3.weight of shape [2, 2]"),
    ] {
        let other = ConstInitConfig::new(dims).init::<B>(&Default::default());
        let other = TrainState::new(other, sgd.init().unwrap(), 0.1);
        let error = load_checkpoint::<B, _, _, _>(&path, other, "this run", &Default::default());
        let error = error.map(|found| found.state.step).unwrap_err().to_string();
        assert!(error.ends_with(words), "{error}");
    }
    for length in (0..whole.len()).step_by(37).chain([23, 24, 27, 28, whole.len() - 1]) {
        std::fs::write(&path, &whole[..length]).unwrap();
        assert!(load("this run").unwrap_err().contains("incomplete"), "{length}");
    }
    for position in (24..whole.len()).step_by(31) {
        let mut changed = whole.clone();
        changed[position] ^= 0x10;
        std::fs::write(&path, &changed).unwrap();
        assert!(load("this run").unwrap_err().contains("incomplete or changed"), "{position}");
    }
    std::fs::write(&path, b"PK\x03\x04 something else entirely, and longer").unwrap();
    assert!(load("this run").unwrap_err().ends_with("not a checkpoint"));
    std::fs::remove_file(&path).unwrap();
    assert!(load("this run").unwrap_err().contains("cannot be read"));
}

#[test]
fn a_checkpoint_that_cannot_be_written_leaves_the_old_one() {
    type B = Autodiff<NdArray>;
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("state.ckpt");
    let state = start::<B>(&OptimizerConfig::sgd(0.1));
    save_checkpoint::<B, _, _, _>(&path, &state, "", "").unwrap();
    let old = std::fs::read(&path).unwrap();
    // A folder has the name of the file that would be renamed.
    std::fs::create_dir(folder.path().join("state.ckpt.partial")).unwrap();
    let error = save_checkpoint::<B, _, _, _>(&path, &state, "", "new").unwrap_err();
    assert!(matches!(error, Error::CheckpointWrite { .. }), "{error}");
    assert_eq!(std::fs::read(&path).unwrap(), old);
}
