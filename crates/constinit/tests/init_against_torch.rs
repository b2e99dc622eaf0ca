//! Initialisers against `torch.nn.init`: values where these are determined, distributions where they are not.
//!
//! The numbers are in `data/init.json`, made by `data/init.py`.

use constinit::init::{Distribution, Draw, Fan, Init, Nonlinearity, ParameterAxes};
use serde_json::Value;

fn torch(name: &str) -> Value {
    let all: Value = serde_json::from_str(include_str!("data/init.json")).unwrap();
    all[name].clone()
}

fn numbers(value: &Value) -> Vec<f64> {
    value.as_array().unwrap().iter().map(|number| number.as_f64().unwrap()).collect()
}

/// PyTorch's order of axes, for any rank.
const OUTPUT_FIRST: ParameterAxes = ParameterAxes::CONV_WEIGHT;

#[test]
fn determined_values_are_equal() {
    for (name, init) in [
        ("constant", Init::constant(0.25)),
        ("ones", Init::Ones),
        ("zeros", Init::Zeros),
        ("eye_wide", Init::PartialIdentity { gain: 1.0 }),
        ("eye_tall", Init::PartialIdentity { gain: 1.0 }),
        ("dirac", Init::Dirac { groups: 1 }),
        ("dirac_2d_even", Init::Dirac { groups: 1 }),
        ("dirac_groups", Init::Dirac { groups: 3 }),
    ] {
        let expected = torch(name);
        let shape: Vec<usize> = numbers(&expected["shape"]).iter().map(|n| *n as usize).collect();
        let found = init.values(&shape, OUTPUT_FIRST, &Draw::default()).unwrap();
        assert_eq!(found, numbers(&expected["values"]), "{name}");
    }
}

#[test]
fn gains_are_equal() {
    use Nonlinearity as N;
    let found = [N::Linear, N::Sigmoid, N::Tanh, N::Relu, N::Selu, N::LeakyRelu { slope: 0.2 }];
    let found: Vec<f64> = found.into_iter().map(N::gain).collect();
    for (found, expected) in found.iter().zip(numbers(&torch("gains"))) {
        assert!((found - expected).abs() <= f64::EPSILON * expected, "{found} {expected}");
    }
}

#[test]
fn every_column_of_a_sparse_matrix_has_as_many_zeros() {
    let init = Init::Sparse { sparsity: 0.37, std: 0.5 };
    let found = init.values(&[30, 8], OUTPUT_FIRST, &Draw::new(7, "w")).unwrap();
    let zeros: Vec<f64> =
        (0..8).map(|i| (0..30).filter(|o| found[o * 8 + i] == 0.0).count() as f64).collect();
    assert_eq!(zeros, numbers(&torch("sparse_zeros")));
    // Not the same rows in every column.
    let rows = |i: usize| (0..30).filter(|o| found[o * 8 + i] == 0.0).collect::<Vec<_>>();
    assert_ne!(rows(0), rows(1));
}

/// The largest distance of two empirical distribution functions, of sorted draws (Kolmogorov, Smirnov).
fn distance(a: &[f64], b: &[f64]) -> f64 {
    let (mut i, mut j, mut largest) = (0, 0, 0.0_f64);
    while i < a.len() && j < b.len() {
        if a[i] <= b[j] {
            i += 1;
        } else {
            j += 1;
        }
        largest = largest.max((i as f64 / a.len() as f64 - j as f64 / b.len() as f64).abs());
    }
    largest
}

#[test]
fn distributions_are_those_of_torch() {
    let uniform = Distribution::Uniform;
    let leaky = Nonlinearity::LeakyRelu { slope: 0.2 };
    let kaiming =
        |nonlinearity, fan, distribution| Init::Kaiming { nonlinearity, fan, distribution };
    let cases = [
        ("uniform", Init::uniform(-0.3, 0.5)),
        ("normal", Init::normal(0.1, 0.7)),
        ("trunc_normal", Init::TruncatedNormal { mean: 0.0, std: 1.0, low: -0.5, high: 2.0 }),
        ("xavier_uniform", Init::Xavier { gain: 1.5, distribution: uniform }),
        ("xavier_normal", Init::Xavier { gain: 1.0, distribution: Distribution::Normal }),
        ("kaiming_uniform", kaiming(leaky, Fan::FanIn, uniform)),
        ("kaiming_normal", kaiming(Nonlinearity::Relu, Fan::FanOut, Distribution::Normal)),
    ];
    // With n = m = 2000 draws a side, one distribution gives a distance above 1.95 sqrt(2 / n) once in 1000 times. The
    // seeds are fixed: this passes or fails for good.
    let bound = 1.95 * (2.0_f64 / 2000.0).sqrt();
    for (number, (name, init)) in cases.iter().enumerate() {
        let mut found = init.values(&[50, 40], OUTPUT_FIRST, &Draw::new(11, "weight")).unwrap();
        found.sort_by(f64::total_cmp);
        let apart = distance(&found, &numbers(&torch(name)));
        assert!(apart < bound, "{name}: {apart}, {bound} would be too much");
        // The test can fail: another case is another distribution.
        let other = cases[(number + 1) % cases.len()].0;
        assert!(distance(&found, &numbers(&torch(other))) > bound, "{name} is not {other}");
    }
}
