//! Curvature along differences of twins and forecasts for them, in doubles: against closed forms, against dense second
//! derivatives, and against training. Burn keeps one default float type per device and process, so single precision is
//! tested in another binary.

#[path = "transverse/models.rs"]
mod models;
#[path = "transverse/perceptron.rs"]
mod perceptron;

use burn::module::{AutodiffModule, Module};
use burn::optim::{GradientsParams, Optimizer};
use burn::tensor::{Tensor, TensorData};
use burn_autodiff::Autodiff;
use burn_ndarray::NdArray;
use constinit::params::{HostParameter, parameter_paths, read_parameters, write_parameters};
use constinit::prelude::*;
use constinit::probe::{EscapeProbe, Observation, Outlook, Probe, Schedule, SpaceOutlook};
use constinit::train::{
    AdamSettings, Batch, FullBatch, Loss, OptimizerConfig, SgdSettings, TrainConfig, TrainState,
    train,
};
use constinit::transverse::{TransverseHessian, forecast, stability};
use constinit::{Activation, ConstInit, ConstInitConfig};
use constinit_symmetry::forecast::{Descent, ESCAPED, Growth};
use constinit_symmetry::{AxesSpec, input, output};
use models::{Convolved, Recurrent, symmetric};
use perceptron::{Data, Numbers, Perceptron, eigenvalues, norm, off, times};

type B = Autodiff<NdArray<f64>>;

fn tensor<const D: usize>(values: Vec<f64>, shape: [usize; D]) -> Tensor<B, D> {
    Tensor::from_data(TensorData::new(values, shape), &Default::default())
}

fn matrix(rows: &[Vec<f64>]) -> Tensor<B, 2> {
    tensor(rows.concat(), [rows.len(), rows[0].len()])
}

/// The same network as a module.
fn module(net: &Perceptron) -> ConstInit<B> {
    let mut dims = vec![net.weights[0][0].len()];
    dims.extend(net.biases.iter().map(Vec::len));
    let config = ConstInitConfig::new(dims).with_activation(Activation::Tanh);
    let made = config.init::<B>(&Default::default());
    let paths = parameter_paths(&made);
    let values = paths.iter().zip(read_parameters(&made)).enumerate().map(|(n, (path, old))| {
        let values: Vec<f64> = match n % 2 {
            0 => {
                let weight = &net.weights[n / 2];
                let inputs = weight[0].len();
                (0..inputs).flat_map(|j| weight.iter().map(move |row| row[j])).collect()
            }
            _ => net.biases[n / 2].clone(),
        };
        (path.as_str(), TensorData::new(values, old.data.shape.to_vec()))
    });
    write_parameters(made, values).unwrap()
}

/// The module's numbers as a network.
fn read(module: &ConstInit<B>) -> Perceptron {
    let read = read_parameters(module);
    let entries = |n: usize| read[n].data.as_slice::<f64>().unwrap().to_vec();
    let layers = 0..read.len() / 2;
    let weights = layers.clone().map(|layer| {
        let [inputs, outputs] = [0, 1].map(|axis| read[2 * layer].data.shape[axis]);
        let weight = entries(2 * layer);
        (0..outputs).map(|i| (0..inputs).map(|j| weight[j * outputs + i]).collect()).collect()
    });
    Perceptron { weights: weights.collect(), biases: layers.map(|l| entries(2 * l + 1)).collect() }
}

fn mse(data: &Data) -> impl Fn(&ConstInit<B>) -> Tensor<B, 1> + Clone + Send + use<> {
    let (x, t) = (matrix(&data.inputs), matrix(&data.targets));
    move |net| Loss::Mse.forward(net.forward(x.clone()), t.clone())
}

fn bits<M: Module<B>>(module: &M) -> Vec<Vec<u64>> {
    let of = |p: &HostParameter| p.data.iter::<f64>().map(f64::to_bits).collect();
    read_parameters(module).iter().map(of).collect()
}

#[test]
fn curvatures_of_perceptrons_are_those_of_the_closed_form() {
    for (seed, dims, layer) in [
        (1, vec![1, 2, 1], 0),
        (2, vec![3, 4, 2], 0),
        (3, vec![5, 3, 4], 0),
        (4, vec![3, 4, 5, 2], 0),
        (5, vec![3, 4, 5, 2], 1),
        (6, vec![2, 3, 3, 3, 1], 2),
    ] {
        let mut numbers = Numbers::new(seed);
        let mut net = Perceptron::random(&dims, &mut numbers);
        net.alike(layer, [0, 1]);
        let data = Data::random(7, [dims[0], dims[dims.len() - 1]], &mut numbers);
        let closed = net.transverse(&data, layer, 0);
        let model = module(&net);
        let axes = model.axes().unwrap();
        let space = format!("hidden{}", layer + 1);

        let mut hessian =
            TransverseHessian::new(&model, &axes, &space, [0, 1], mse(&data)).unwrap();
        assert_eq!(hessian.dimension(), closed.len());
        assert!((hessian.size() - net.size(layer, 0)).abs() < 1e-14);
        for length in [1.0, 1e-3, 1e4] {
            let v: Vec<f64> = numbers.vector(closed.len()).iter().map(|v| length * v).collect();
            let error = off(&hessian.product(&v).unwrap(), &times(&closed, &v));
            assert!(error < 1e-8, "{dims:?}: {error:e}");
        }

        let found = stability(&model, &axes, &space, [0, 1], mse(&data)).unwrap();
        let values = eigenvalues(&closed);
        let (lowest, highest) = (values[0], values[values.len() - 1]);
        assert!(lowest < 0.0, "the closed form's zero block");
        assert!((found.curvature / lowest - 1.0).abs() < 1e-7, "{} {lowest}", found.curvature);
        assert!(found.highest <= highest * (1.0 + 1e-7) + 1e-9, "{} {highest}", found.highest);
        assert!(found.is_strict_saddle() && found.error() < 1e-7 * norm(&values), "{found:?}");
        assert!(
            off(
                &times(&closed, &found.direction).iter().map(|x| x / lowest).collect::<Vec<_>>(),
                &found.direction
            ) < 1e-6
        );
        assert_eq!((found.apart, found.along), (0.0, 0.0));
        assert!(found.products <= closed.len() + 2);
    }
}

/// The gradients of all trained parameters, one after the other.
fn gradient<M: AutodiffModule<B>>(model: &M, loss: &impl Fn(&M) -> Tensor<B, 1>) -> Vec<f64> {
    struct Reader<'a> {
        gradients: &'a GradientsParams,
        entries: Vec<f64>,
    }
    impl burn::module::ModuleVisitor<B> for Reader<'_> {
        fn visit_float<const D: usize>(&mut self, param: &burn::module::Param<Tensor<B, D>>) {
            if let Some(gradient) = self.gradients.get::<NdArray<f64>, D>(param.id) {
                self.entries.extend(gradient.into_data().iter::<f64>());
            }
        }
    }
    let gradients = GradientsParams::from_grads(loss(model).backward(), model);
    let mut reader = Reader { gradients: &gradients, entries: Vec::new() };
    model.visit(&mut reader);
    reader.entries
}

/// The second derivative along all differences of units 0 and 1, entry by entry: every trained entry is moved up and
/// down, and the results are subtracted.
fn dense<M: AutodiffModule<B>>(
    model: &M,
    swapped: fn(&str, usize) -> usize,
    loss: impl Fn(&M) -> Tensor<B, 1>,
) -> Vec<Vec<f64>> {
    let paths = parameter_paths(model);
    let trained: Vec<(String, HostParameter)> = paths
        .into_iter()
        .zip(read_parameters(model))
        .filter(|(path, _)| !path.contains("running"))
        .collect();
    let step = 1e-5;
    let mut columns: Vec<Vec<f64>> = Vec::new();
    let mut image: Vec<usize> = Vec::new();
    let mut offset = 0;
    for (path, parameter) in &trained {
        let entries: Vec<f64> = parameter.data.iter::<f64>().collect();
        for entry in 0..entries.len() {
            image.push(offset + swapped(path, entry));
            let [forth, back] = [step, -step].map(|step| {
                let mut moved = entries.clone();
                moved[entry] += step;
                let data = TensorData::new(moved, parameter.data.shape.to_vec());
                let moved = write_parameters(model.clone(), [(path.as_str(), data)]).unwrap();
                gradient(&moved, &loss)
            });
            columns.push(forth.iter().zip(back).map(|(f, b)| (f - b) / (2.0 * step)).collect());
        }
        offset += entries.len();
    }
    let pairs: Vec<[usize; 2]> = image
        .iter()
        .enumerate()
        .filter(|(entry, image)| entry < *image)
        .map(|(entry, image)| [entry, *image])
        .collect();
    let along = |row: [usize; 2], column: [usize; 2]| {
        let at = |i: usize, j: usize| columns[column[j]][row[i]];
        (at(0, 0) - at(0, 1) - at(1, 0) + at(1, 1)) / 2.0
    };
    pairs.iter().map(|row| pairs.iter().map(|column| along(*row, *column)).collect()).collect()
}

fn convolved_loss() -> impl Fn(&Convolved<B>) -> Tensor<B, 1> + Clone + Send {
    let mut numbers = Numbers::new(40);
    let x = tensor(numbers.vector(5 * 9), [5, 1, 3, 3]);
    let t = tensor(numbers.vector(5 * 2), [5, 2]);
    move |net| Loss::Mse.forward(net.forward(x.clone()), t.clone())
}

fn recurrent_loss() -> impl Fn(&Recurrent<B>) -> Tensor<B, 1> + Clone + Send {
    let mut numbers = Numbers::new(41);
    let (x, t) = (tensor(numbers.vector(6 * 2), [6, 2]), tensor(numbers.vector(6 * 2), [6, 2]));
    move |net| Loss::Mse.forward(net.forward(x.clone()), t.clone())
}

fn convolved(seed: u64) -> Convolved<B> {
    symmetric(Convolved::new(&Default::default()), Convolved::<B>::swapped, seed)
}

fn recurrent(seed: u64) -> Recurrent<B> {
    symmetric(Recurrent::new(0.0, &Default::default()), Recurrent::<B>::swapped, seed)
}

fn compare_with_dense<M: AutodiffModule<B>>(
    model: &M,
    axes: &AxesSpec,
    swapped: fn(&str, usize) -> usize,
    loss: impl Fn(&M) -> Tensor<B, 1>,
) {
    let space = axes.spaces()[0].name();
    let found = stability(model, axes, space, [0, 1], &loss).unwrap();
    let dense = dense(model, swapped, &loss);
    assert_eq!(found.direction.len(), dense.len());
    let values = eigenvalues(&dense);
    assert!(values[0].abs() > 1e-3, "{values:?}");
    // The dense matrix has the error of its differences.
    assert!((found.curvature / values[0] - 1.0).abs() < 1e-6, "{found:?} {values:?}");
    assert!(found.error() < 1e-5 * values[0].abs(), "{found:?}");
}

#[test]
fn curvatures_of_other_modules_are_those_of_dense_second_derivatives() {
    for seed in [11, 12] {
        let model = convolved(seed);
        compare_with_dense(
            &model,
            &Convolved::<B>::axes(),
            Convolved::<B>::swapped,
            convolved_loss(),
        );
        let model = recurrent(seed);
        compare_with_dense(
            &model,
            &Recurrent::<B>::axes(),
            Recurrent::<B>::swapped,
            recurrent_loss(),
        );
    }
}

/// Trains a network with a small difference between two twins for 1200 steps and compares that difference, after every
/// step, with the closed form along the way.
fn difference_grows_as_predicted(settings: SgdSettings, seed: u64) {
    let mut numbers = Numbers::new(seed);
    let mut net = Perceptron::random(&[3, 4, 2], &mut numbers);
    net.alike(0, [0, 1]);
    let data = Data::random(8, [3, 2], &mut numbers);
    let d: Vec<f64> = numbers.vector(6).iter().map(|d| 1e-8 * d).collect();
    net.part(0, [0, 1], &d);
    let SgdSettings { learning_rate, momentum, dampening, weight_decay, nesterov } = settings;
    let config = OptimizerConfig::Sgd(settings);
    let mut optimizer = config.init().unwrap();
    let loss = mse(&data);
    let mut model = module(&net);
    let (mut predicted, mut velocity): (Vec<f64>, Option<Vec<f64>>) =
        (net.difference(0, [0, 1]), None);
    let mut worst = 0.0_f64;
    for _ in 0..1200 {
        let now = read(&model);
        let h = now.middle(0, [0, 1]).transverse(&data, 0, 0);
        let pull = times(&h, &predicted);
        let pull: Vec<f64> =
            pull.iter().zip(&predicted).map(|(g, d)| g + weight_decay * d).collect();
        // The first step has no dampening.
        let v: Vec<f64> = match &velocity {
            None => pull.clone(),
            Some(v) => {
                v.iter().zip(&pull).map(|(v, g)| momentum * v + (1.0 - dampening) * g).collect()
            }
        };
        for (d, (v, g)) in predicted.iter_mut().zip(v.iter().zip(&pull)) {
            *d -= learning_rate * if nesterov { g + momentum * v } else { *v };
        }
        velocity = (momentum != 0.0).then_some(v);

        let gradients = GradientsParams::from_grads(loss(&model).backward(), &model);
        model = optimizer.step(learning_rate, model, gradients);
        let measured = read(&model).difference(0, [0, 1]);
        assert!(norm(&measured) < 1e-4, "it is still small");
        worst = worst.max(off(&predicted, &measured));
    }
    let grown = norm(&predicted) / norm(&d);
    println!("{config:?}: off by {worst:.1e} at most, grown {grown:.3} times");
    assert!(worst < 1e-4, "{config:?}: {worst:e}");
    assert!(!(0.5..2.0).contains(&grown), "nothing was tested: {grown}");
}

#[test]
fn a_difference_grows_as_predicted_under_gradient_descent() {
    let sgd = SgdSettings { learning_rate: 0.05, ..SgdSettings::default() };
    difference_grows_as_predicted(sgd.clone(), 21);
    difference_grows_as_predicted(SgdSettings { weight_decay: 0.01, ..sgd }, 22);
}

#[test]
fn a_difference_grows_as_predicted_under_momentum() {
    let ball = SgdSettings { learning_rate: 0.01, momentum: 0.9, ..SgdSettings::default() };
    difference_grows_as_predicted(ball.clone(), 21);
    difference_grows_as_predicted(SgdSettings { dampening: 0.3, ..ball.clone() }, 23);
    difference_grows_as_predicted(SgdSettings { nesterov: true, ..ball }, 24);
}

/// The same by products with the second derivative, on a module that is not a perceptron.
#[test]
fn a_difference_grows_as_the_products_say() {
    let loss = recurrent_loss();
    let axes = Recurrent::<B>::axes();
    let rate = 0.02;
    let model = recurrent(31);
    // A difference of 1e-8 and more in the incoming weights of unit 0.
    let mut weight: Vec<f64> = read_parameters(&model)[0].data.iter().collect();
    (weight[0], weight[3]) = (weight[0] + 3e-8, weight[3] - 1e-8);
    let data = TensorData::new(weight, [2, 3]);
    let mut model = write_parameters(model, [("read.weight", data)]).unwrap();
    let mut optimizer = OptimizerConfig::sgd(rate).init().unwrap();
    let of = |model: &Recurrent<B>| {
        TransverseHessian::new(model, &axes, "state", [0, 1], loss.clone()).unwrap()
    };
    let mut predicted = of(&model).difference().to_vec();
    let start = norm(&predicted);
    let mut worst = 0.0_f64;
    for _ in 0..1000 {
        let mut hessian = of(&model);
        let pull = hessian.product(&predicted).unwrap();
        predicted.iter_mut().zip(pull).for_each(|(d, pull)| *d -= rate * pull);
        let gradients = GradientsParams::from_grads(loss(&model).backward(), &model);
        model = optimizer.step(rate, model, gradients);
        worst = worst.max(off(&predicted, of(&model).difference()));
    }
    println!("off by {worst:.1e} at most, grown {:.3} times", norm(&predicted) / start);
    assert!(worst < 1e-4, "{worst:e}");
}

/// A network with two equal tanh units, and in every second problem a third one, near a stationary point of training
/// with the two equal. `None` if gradient descent does not get near such a point, but oscillates.
fn stationary(seed: u64) -> Option<(Perceptron, Data)> {
    let mut numbers = Numbers::new(seed);
    let hidden = 2 + (seed % 2) as usize;
    let mut net = Perceptron::random(&[2, hidden, 2], &mut numbers);
    net.alike(0, [0, 1]);
    let data = Data::random(10, [2, 2], &mut numbers);
    let mut slope = f64::INFINITY;
    let mut before = net.clone();
    for _ in 0..8000 {
        let now = net.clone();
        slope = net.descend(&data, 0.1);
        // With momentum, a tenth of the steps leads as far.
        net.add(0.9, [&before, &now]);
        net.alike(0, [0, 1]);
        before = now;
    }
    (slope < 1e-3).then_some((net, data))
}

/// Of the first ten random problems whose state stays and that escape, nine escapes or more are forecast within a tenth
/// of their step: from the rates, and a difference of 1e-9 of the size of a unit.
fn escapes_are_forecast(config: &OptimizerConfig) {
    let horizon = 12_000.0;
    let (mut seen, mut good) = (0, 0);
    for seed in 100.. {
        let Some((mut net, data)) = stationary(seed) else { continue };
        let loss = mse(&data);
        let start = 1e-9 * net.size(0, 0);
        let d = Numbers::new(seed + 1000).vector(5);
        let d: Vec<f64> = d.iter().map(|x| x * start / 2.0 / norm(&d)).collect();
        net.part(0, [0, 1], &d);
        let mut model = module(&net);
        let axes = model.axes().unwrap();
        let update = config.update();
        let (found, forecast) =
            forecast(&model, &axes, "hidden1", [0, 1], &update, 0, loss.clone()).unwrap();
        assert!((found.apart / 1e-9 - 1.0).abs() < 1e-3, "{found:?}");
        let Some(predicted) = forecast.escape_in().filter(|steps| *steps < horizon) else {
            assert!(seed < 400, "too few problems escape");
            continue;
        };
        let mut optimizer = config.init().unwrap();
        let mut steps = 0;
        while steps < 2 * horizon as usize {
            let now = read(&model);
            let difference = norm(&now.difference(0, [0, 1])) * 2.0;
            if difference >= ESCAPED * now.middle(0, [0, 1]).size(0, 0) {
                break;
            }
            let gradients = GradientsParams::from_grads(loss(&model).backward(), &model);
            model = optimizer.step(config.learning_rate(), model, gradients);
            steps += 1;
        }
        let off = predicted / steps as f64 - 1.0;
        println!("seed {seed}: {forecast}; measured {steps}, off by {:.1} %", 100.0 * off);
        seen += 1;
        good += usize::from(off.abs() <= 0.1);
        if seen == 10 {
            break;
        }
    }
    assert_eq!(seen, 10);
    assert!(good >= 9, "{good} of {seen}");
}

#[test]
fn the_step_of_an_escape_is_forecast_for_gradient_descent() {
    escapes_are_forecast(&OptimizerConfig::sgd(0.1));
}

#[test]
fn the_step_of_an_escape_is_forecast_for_momentum() {
    let ball = SgdSettings { learning_rate: 0.01, momentum: 0.9, ..SgdSettings::default() };
    escapes_are_forecast(&OptimizerConfig::Sgd(ball));
}

/// A step of gradient descent with a large rate is a straight line.
#[test]
fn a_state_is_followed_along_its_gradient() {
    let mut numbers = Numbers::new(91);
    let mut net = Perceptron::random(&[3, 4, 2], &mut numbers);
    net.alike(0, [0, 1]);
    let data = Data::random(7, [3, 2], &mut numbers);
    let model = module(&net);
    let axes = model.axes().unwrap();
    let before = bits(&model);
    let update = Descent::sgd(0.05).into();
    let (found, forecast) =
        forecast(&model, &axes, "hidden1", [0, 1], &update, 7, mse(&data)).unwrap();
    assert_eq!(bits(&model), before);
    let motion = forecast.motion().unwrap();
    let ahead = found.forecast(&update).unwrap().ahead().unwrap();
    for (share, curvature) in [(0.1, motion.tenth), (0.5, motion.half), (1.0, motion.whole)] {
        let mut moved = net.clone();
        let slope = moved.descend(&data, share * ahead);
        assert!((motion.force / slope - 1.0).abs() < 1e-9, "{motion:?} {slope}");
        let image = times(&moved.transverse(&data, 0, 0), &found.direction);
        let expected: f64 = image.iter().zip(&found.direction).map(|(h, v)| h * v).sum();
        assert!(
            (curvature - expected).abs() < 1e-3 * (1.0 + expected.abs()),
            "{expected} {motion:?}"
        );
    }
    // The share of the gradient that is left after a small step shows the curvature of the loss along it.
    let small = 1e-6;
    let mut moved = net.clone();
    let slopes = [moved.descend(&data, small), moved.descend(&data, small)];
    let along = (1.0 - slopes[1] / slopes[0]) / small;
    assert!((motion.along / along - 1.0).abs() < 1e-3, "{along} {motion:?}");
    assert_eq!(motion.step, 7);
}

#[test]
fn a_module_is_left_as_it_is() {
    let net = recurrent(51);
    let before = bits(&net);
    stability(&net, &Recurrent::<B>::axes(), "state", [0, 1], recurrent_loss()).unwrap();
    assert_eq!(bits(&net), before);
    let norms = |net: &Recurrent<B>| net.read.weight.is_require_grad();
    assert!(norms(&net));

    // Running statistics are settled as validation settles them, and not moved.
    let net = convolved(52);
    let loss = convolved_loss();
    (0..3).for_each(|_| _ = loss(&net));
    let before = bits(&Convolved::from_inner(net.valid()));
    stability(&net, &Convolved::<B>::axes(), "channels", [0, 1], &loss).unwrap();
    assert_eq!(bits(&net), before);
}

/// Trains with and without a probe; all parameters and statistics end as the same bits.
fn the_probe_is_inert<M: AutodiffModule<B>>(
    model: impl Fn() -> M,
    axes: &AxesSpec,
    loss: impl Fn(&M) -> Tensor<B, 1> + Clone + Send + 'static,
) -> EscapeProbe<B, M> {
    let config = OptimizerConfig::sgd(0.1);
    let mut probe = EscapeProbe::new(axes.clone(), &config, loss.clone()).on(Schedule::every(3));
    let run = |probes: &mut [&mut dyn Probe<B, M>]| {
        let state = TrainState::new(model(), config.init().unwrap(), 0.1);
        let mut nothing = |_: usize| ();
        let loss = loss.clone();
        let trained =
            train(state, &mut nothing, move |m: &M, ()| loss(m), &TrainConfig::steps(9), probes);
        bits(&M::from_inner(trained.state.model.valid()))
    };
    let without = run(&mut []);
    let with = run(&mut [&mut probe]);
    assert_eq!(with, without);
    let steps: Vec<usize> = probe.readings().iter().map(|reading| reading.step).collect();
    assert_eq!(steps, [0, 3, 6, 9], "{:?}", probe.failed());
    for reading in probe.readings() {
        assert!(reading.spaces[0].outlook.forecast().is_some(), "{reading:?}");
    }
    probe
}

#[test]
fn parameters_are_the_same_with_and_without_a_probe() {
    the_probe_is_inert(|| convolved(61), &Convolved::<B>::axes(), convolved_loss());
    the_probe_is_inert(|| recurrent(62), &Recurrent::<B>::axes(), recurrent_loss());
    let mut numbers = Numbers::new(63);
    let mut net = Perceptron::random(&[3, 4, 5, 2], &mut numbers);
    net.alike(0, [0, 2]);
    net.alike(0, [0, 3]);
    net.alike(1, [1, 2]);
    let data = Data::random(7, [3, 2], &mut numbers);
    let axes = module(&net).axes().unwrap();
    let probe = the_probe_is_inert(|| module(&net), &axes, mse(&data));
    let spaces = &probe.readings()[0].spaces;
    let of = |n: usize| (spaces[n].space.as_str(), spaces[n].units, spaces[n].pair);
    assert_eq!([of(0), of(1)], [("hidden1", 3, [0, 2]), ("hidden2", 2, [1, 2])]);
    // The probe gives the answer of the function.
    let model = module(&net);
    let found = stability(&model, &axes, "hidden2", [1, 2], mse(&data)).unwrap();
    assert_eq!(spaces[1].outlook.stability(), Some(&found));
    let update = Descent::sgd(0.1).into();
    let forecast = forecast(&model, &axes, "hidden2", [1, 2], &update, 0, mse(&data)).unwrap().1;
    assert_eq!(spaces[1].outlook.forecast(), Some(&forecast));
    // Without its motion, the forecast is that of the curvature.
    let of_the_state = found.forecast(&update).unwrap();
    assert_eq!((of_the_state.rate(), of_the_state.motion()), (forecast.rate(), None));
}

#[test]
fn the_probe_follows_a_pair_to_its_escape() {
    let mut numbers = Numbers::new(64);
    let mut net = Perceptron::random(&[3, 4, 2], &mut numbers);
    (1..4).for_each(|unit| net.alike(0, [0, unit]));
    let data = Data::random(7, [3, 2], &mut numbers);
    let model = module(&net);
    let config = OptimizerConfig::sgd(0.1);
    let told = std::sync::Arc::new(std::sync::Mutex::new(Vec::new()));
    let keep = std::sync::Arc::clone(&told);
    let mut probe = EscapeProbe::new(model.axes().unwrap(), &config, mse(&data))
        .reporting(move |reading| keep.lock().unwrap().push(reading.clone()));
    probe.observe(&Observation::before_training(&model));
    // Unit 2 moves away: the pair is then [0, 2], and the forecast starts from there.
    net.part(0, [2, 1], &[1e-6; 6]);
    net.alike(0, [0, 1]);
    probe.observe(&Observation::after_step(1, &module(&net)).with_learning_rate(0.05));
    net.part(0, [2, 1], &[0.1; 6]);
    net.alike(0, [0, 1]);
    probe.observe(&Observation::after_step(2, &module(&net)));

    let readings = probe.readings();
    assert_eq!(*told.lock().unwrap(), readings);
    let [first, second, third] = [0, 1, 2].map(|n| &readings[n].spaces[0]);
    assert_eq!((first.units, first.pair, second.pair, third.pair), (4, [0, 1], [0, 2], [0, 2]));
    let (before, after) = (first.outlook.forecast().unwrap(), second.outlook.forecast().unwrap());
    assert_eq!((before.growth(), after.growth()), (Growth::Unstable, Growth::Unstable));
    assert_eq!(first.outlook.stability().unwrap().rounding, f64::EPSILON);
    let curvature = second.outlook.stability().unwrap().curvature;
    assert_eq!(
        (readings[1].learning_rate, after.rate()),
        (0.05, Some((-0.05 * curvature).ln_1p()))
    );
    let steps = |space: &SpaceOutlook, rate: f64| {
        let forecast = space.outlook.stability().unwrap().forecast(&Descent::sgd(rate).into());
        forecast.unwrap().escape_in().unwrap()
    };
    assert!(steps(second, 0.05) < steps(first, 0.1));
    // Before training, the state is far from a stationary point.
    assert_eq!((before.is_stationary(), before.escape_in()), (Some(false), None));
    assert_eq!(after.motion().unwrap().step, 1);
    assert!(matches!(third.outlook, Outlook::Escaped { apart } if apart > ESCAPED), "{third:?}");
    assert!(third.to_string().starts_with("hidden1: units 0 and 2 were equal and now differ by "));

    // A probe that is resumed follows the classes of the start, and not those of the state at which it resumes.
    let mut resumed = EscapeProbe::new(model.axes().unwrap(), &config, mse(&data));
    resumed.follow(&Observation::before_training(&model)).unwrap();
    assert!(resumed.readings().is_empty());
    resumed.observe(&Observation::after_step(2, &module(&net)));
    assert_eq!(resumed.readings(), &probe.readings()[2..]);

    // Adam has no rate, and says why.
    let adam = OptimizerConfig::Adam(AdamSettings::default());
    let mut probe = EscapeProbe::new(model.axes().unwrap(), &adam, mse(&data));
    probe.observe(&Observation::before_training(&model));
    let space = &probe.readings()[0].spaces[0];
    assert_eq!(space.outlook.forecast().unwrap().growth(), Growth::NotLinear);
    assert!(space.to_string().starts_with("hidden1, 4 equal units: no rate, since Adam divides"));
    assert!(space.to_string().ends_with(", a strict saddle"), "{space}");
}

#[test]
fn frozen_parameters_take_no_part() {
    let mut net = recurrent(71);
    net.read = net.read.no_grad();
    let axes = Recurrent::<B>::axes();
    let found = stability(&net, &axes, "state", [0, 1], recurrent_loss()).unwrap();
    let paths: Vec<&str> =
        found.entries.iter().map(|pair| axes.params()[pair.parameter.get()].path()).collect();
    assert!(!paths.iter().any(|path| path.starts_with("read")) && paths.contains(&"again.weight"));
    let whole = stability(&recurrent(71), &axes, "state", [0, 1], recurrent_loss()).unwrap();
    assert!(whole.curvature <= found.curvature + 1e-9, "a subspace has no lower curvature");
    let none = recurrent(71).no_grad();
    let error = stability(&none, &axes, "state", [0, 1], recurrent_loss()).unwrap_err();
    assert_eq!(
        error.to_string(),
        "state, units 0 and 1: no trained parameter has entries for them"
    );
}

#[test]
fn what_cannot_be_forecast_is_refused() {
    let axes = Recurrent::<B>::axes();
    let message = |net: &Recurrent<B>, axes: &AxesSpec, space: &str, units: [usize; 2]| {
        stability(net, axes, space, units, recurrent_loss()).unwrap_err().to_string()
    };
    let net = recurrent(81);
    assert_eq!(message(&net, &axes, "stat", [0, 1]), "stat, units 0 and 1: there is no such space");
    assert!(message(&net, &axes, "state", [0, 3]).contains("cannot swap units 0 and 3"));
    assert!(message(&net, &axes, "state", [0, 2]).contains("not twins: they differ"));
    let other = Convolved::<B>::axes();
    assert!(
        message(&net, &other, "channels", [0, 1])
            .contains("last.weight has shape [3, 2], but [12, 2]")
    );

    let dropout =
        symmetric(Recurrent::<B>::new(0.5, &Default::default()), Recurrent::<B>::swapped, 81);
    assert!(message(&dropout, &axes, "state", [0, 1]).contains("(dropout?)"));

    // Outputs that targets distinguish are not units of a space.
    let mut numbers = Numbers::new(82);
    let mut net = Perceptron::random(&[3, 2, 2], &mut numbers);
    net.weights[1][1] = net.weights[1][0].clone();
    net.biases[1][1] = net.biases[1][0];
    let data = Data::random(5, [3, 2], &mut numbers);
    let wrong = AxesSpec::builder()
        .space("outputs", 2)
        .param("layers.1.weight", [input(""), output("outputs")])
        .param("layers.1.bias", [output("outputs")])
        .build([("layers.1.weight", &[2, 2][..]), ("layers.1.bias", &[2])])
        .unwrap();
    let told = stability(&module(&net), &wrong, "outputs", [0, 1], mse(&data)).unwrap_err();
    assert!(told.to_string().contains("the loss distinguishes them"), "{told}");

    let infinite = |_: &ConstInit<B>| tensor(vec![f64::NAN], [1]).require_grad();
    let model = module(&net);
    assert!(stability(&model, &model.axes().unwrap(), "hidden1", [0, 1], infinite).is_err());

    // The probe says so, and continues.
    let batch =
        Batch { inputs: tensor(vec![0.5; 4], [2, 2]), targets: tensor(vec![1.0; 4], [2, 2]) };
    let mut data = FullBatch::new(batch).unwrap();
    let sgd = OptimizerConfig::sgd(0.1);
    let mut probe = EscapeProbe::new(axes, &sgd, recurrent_loss());
    let state = TrainState::new(dropout, sgd.init().unwrap(), 0.1);
    let loss =
        |net: &Recurrent<B>, b: Batch<B>| Loss::Mse.forward(net.forward(b.inputs), b.targets);
    train(state, &mut data, loss, &TrainConfig::steps(2), &mut [&mut probe]);
    let space = &probe.readings()[0].spaces[0];
    assert!(matches!(&space.outlook, Outlook::Unknown { reason } if reason.contains("dropout")));
    assert_eq!(probe.failed(), None);
}
