//! Forecasts for twins, checked against training in closed form.

mod common;

use common::Rng;
use constinit_symmetry::dynamics::{Activation, DenseLayer, Mse, Perceptron, Sgd, Training};
use constinit_symmetry::forecast::{Course, Descent, Forecast};
use constinit_symmetry::{Transverse, Way, transverse};

const RATE: f64 = 0.1;
/// The number of steps between two readings of the rate.
const STRIDE: usize = 50;

/// Two inputs, a class of twins stored as one unit, two outputs, and eight examples.
struct Problem {
    network: Perceptron<f64>,
    x: Vec<f64>,
    t: Vec<f64>,
}

impl Problem {
    fn random(seed: u64, units: usize) -> Self {
        let mut generator = Rng(seed);
        let mut drawn = |count: usize| generator.uniform(count);
        let layers = vec![
            DenseLayer { weight: drawn(2), bias: Some(drawn(1)) },
            DenseLayer { weight: drawn(2), bias: Some(drawn(2)) },
        ];
        let network = Perceptron::new(&[2, 1, 2], layers).unwrap();
        let network = network.with_class_sizes(&[vec![units], vec![1, 1]]).unwrap();
        Self { network, x: drawn(16), t: drawn(16) }
    }

    fn trained(&mut self, sgd: Sgd<f64>, steps: usize) {
        let mut training = Training::new(self.network.clone(), Activation::Tanh, Mse, sgd);
        for _ in 0..steps {
            training.step(&self.x, &self.t).unwrap();
        }
        self.network = training.network().clone();
    }

    fn transverse(&self) -> Transverse {
        transverse(&self.network, &Activation::Tanh, &Mse, 1, 0, &self.x, &self.t).unwrap()
    }

    /// The forecast of a difference along the lowest curvature, from one rounding error to 1 %.
    fn forecast(&self, step: usize) -> Forecast {
        let (curvature, direction) = lowest(&self.transverse());
        let forecast = Forecast::new(curvature, &Descent::sgd(RATE).into()).unwrap();
        let forecast = forecast.escaping(f64::EPSILON, 1e-2);
        let Some(ahead) = forecast.ahead() else { return forecast };
        let way = Way { place: [1, 0], direction: &direction, ahead, weight_decay: 0.0, step };
        let motion = way.motion(&self.network, &Activation::Tanh, &Mse, &self.x, &self.t);
        forecast.moving(motion.unwrap())
    }
}

/// The lowest eigenvalue and its eigenvector, by the power method on a shifted matrix, of which it gives the largest
/// eigenvalue.
fn lowest(h: &Transverse) -> (f64, Vec<f64>) {
    let shift = h.entries().iter().map(|entry| entry.abs()).sum::<f64>();
    let length = |v: &[f64]| v.iter().map(|x| x * x).sum::<f64>().sqrt();
    let mut v: Vec<f64> = (0..h.dimension()).map(|i| 1.0 + 0.3 * i as f64).collect();
    for _ in 0..20_000 {
        let image = h.apply(&v);
        v.iter_mut().zip(image).for_each(|(v, image)| *v = shift * *v - image);
        let size = length(&v);
        v.iter_mut().for_each(|v| *v /= size);
    }
    let value = h.apply(&v).iter().zip(&v).map(|(h, v)| h * v).sum();
    (value, v)
}

#[test]
fn a_class_moves_as_its_units_do() {
    for seed in 0..5 {
        let mut small = Problem::random(seed, 3);
        small.trained(Sgd::new(RATE), 20);
        // The same network with three units in place of the class.
        let thrice = |row: &[f64]| row.iter().flat_map(|w| [*w; 3]).collect::<Vec<f64>>();
        let net = &small.network;
        let layers = vec![
            DenseLayer {
                weight: net.weight(0).repeat(3),
                bias: Some(net.bias(0).unwrap().repeat(3)),
            },
            DenseLayer { weight: thrice(net.weight(1)), bias: Some(net.bias(1).unwrap().to_vec()) },
        ];
        let network = Perceptron::new(&[2, 3, 2], layers).unwrap();
        let full = Problem { network, x: small.x.clone(), t: small.t.clone() };
        let (_, direction) = lowest(&small.transverse());
        let way =
            Way { place: [1, 0], direction: &direction, ahead: 3.0, weight_decay: 0.01, step: 5 };
        let of = |problem: &Problem| {
            way.motion(&problem.network, &Activation::Tanh, &Mse, &problem.x, &problem.t).unwrap()
        };
        let (small, full) = (of(&small), of(&full));
        for (a, b) in [
            (small.force, full.force),
            (small.size, full.size),
            (small.tenth, full.tenth),
            (small.half, full.half),
            (small.whole, full.whole),
        ] {
            assert!((a - b).abs() < 1e-12 * (1.0 + a.abs()), "{small:?} {full:?}");
        }
        assert!((small.along - full.along).abs() < 1e-7, "{small:?} {full:?}");
        assert!((small.sharpest - full.sharpest).abs() < 1e-6, "{small:?} {full:?}");
        assert_eq!((small.step, full.step), (5, 5));
    }
}

#[test]
fn no_forecast_is_valid_before_the_step_that_it_names() {
    let (mut named, mut reached) = (0, 0);
    for seed in 0..40 {
        let mut problem = Problem::random(seed, 2);
        problem.trained(Sgd::new(RATE).with_momentum(0.9), 60);
        let start = problem.forecast(0);
        if start.is_stationary() != Some(false) {
            continue;
        }
        assert_eq!(start.escape_in(), None);
        let Some(valid) = start.valid_from() else {
            let course = start.motion().unwrap().course(&Descent::sgd(RATE));
            assert!(!matches!(course, Course::Settles { .. }), "{start}");
            continue;
        };
        named += 1;
        let early = valid * 8 / 10;
        problem.trained(Sgd::new(RATE), early);
        let then = problem.forecast(early);
        reached += usize::from(then.is_stationary() == Some(true));
        println!("seed {seed}: {start}; after {early}: {then}");
    }
    assert!(named >= 20, "{named}");
    // "At the earliest" depends on an estimated power of the length of the way, so it may fail in a few cases.
    assert!(reached * 10 <= named, "{reached} of {named}");
}

#[test]
fn a_number_of_steps_comes_true_and_a_state_that_moves_has_none() {
    let (mut numbers, mut without) = (0, 0);
    for seed in 100..120 {
        for steps in [0, 300, 20_000] {
            let mut problem = Problem::random(seed, 2);
            problem.trained(Sgd::new(RATE).with_momentum(0.9), steps);
            let forecast = problem.forecast(steps);
            if forecast.curvature() > -1e-2 {
                continue;
            }
            let Some(expected) = forecast.escape_in() else {
                without += 1;
                assert_eq!(forecast.is_stationary(), Some(false), "{forecast}");
                continue;
            };
            // Sums the rates of the lowest curvature along the path of the class.
            let need = (1e-2 / f64::EPSILON).ln();
            let (mut grown, mut done) = (0.0, 0);
            while grown < need {
                let (curvature, _) = lowest(&problem.transverse());
                grown += STRIDE as f64 * Descent::sgd(RATE).rate(curvature);
                problem.trained(Sgd::new(RATE), STRIDE);
                done += STRIDE;
                assert!(done < 100_000, "{forecast}");
            }
            numbers += 1;
            let off = expected / done as f64 - 1.0;
            assert!(off.abs() < 0.1, "seed {seed}, {steps} steps: {forecast}; {done}");
        }
    }
    assert!(numbers >= 10 && without >= 10, "{numbers}, {without}");
}
