//! Initialisers against `torch.nn.init`: equal values if these are not random, equal distributions if they are.
//!
//! The numbers are in `data/init.json`, made by `data/init.py`.

use constinit_core::init::{Distribution, Fan, Init, Nonlinearity, ParameterAxes, RngKey};
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
        let found = init.values(&shape, OUTPUT_FIRST, &RngKey::default()).unwrap();
        assert_eq!(found, numbers(&expected["values"]), "{name}");
    }
}

/// Initialisers that torch.nn.init does not have, by the papers' formulas in PyTorch's arithmetic.
#[test]
fn determined_values_follow_the_papers() {
    for (name, init) in [
        ("hadamard", Init::Hadamard { gain: 1.0 }),
        ("zero_one", Init::ZeroOne),
        ("waves_wide", Init::Sinusoidal),
        ("waves_tall", Init::Sinusoidal),
    ] {
        let expected = torch(name);
        let shape: Vec<usize> = numbers(&expected["shape"]).iter().map(|n| *n as usize).collect();
        let found = init.values(&shape, OUTPUT_FIRST, &RngKey::default()).unwrap();
        for (found, expected) in found.iter().zip(numbers(&expected["values"])) {
            assert!((found - expected).abs() < 1e-13, "{name}: {found}, not {expected}");
        }
    }
}

#[test]
fn fans_are_equal() {
    for case in torch("fans").as_array().unwrap() {
        let whole = |key: &str| -> Vec<usize> {
            numbers(&case[key]).iter().map(|number| *number as usize).collect()
        };
        assert_eq!(OUTPUT_FIRST.fans(&whole("shape")).unwrap().to_vec(), whole("fans"), "{case}");
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
    let found = init.values(&[30, 8], OUTPUT_FIRST, &RngKey::new(7, "w")).unwrap();
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

/// With n = 2000 draws per side, two samples of one distribution have a distance above 1.95 sqrt(2 / n) once in 1000
/// times. The seeds are fixed: this passes or fails always.
const BOUND: f64 = 1.95 * 0.031_622_776_601_683_79;

#[test]
fn orthogonal_matrices_are_distributed_as_those_of_torch() {
    // The traces of orthogonal matrices show whether these are uniform among all: without the correction of signs, they
    // are not.
    let orthogonal = Init::Orthogonal { gain: 1.0 };
    let mut found: Vec<f64> = (0..2000)
        .map(|seed| {
            let matrix = orthogonal.values(&[4, 4], OUTPUT_FIRST, &RngKey::new(seed, "w")).unwrap();
            (0..4).map(|n| matrix[n * 5]).sum()
        })
        .collect();
    found.sort_by(f64::total_cmp);
    let expected = numbers(&torch("orthogonal_traces"));
    assert!(distance(&found, &expected) < BOUND);
    // The test can fail: matrices whose traces all have one sign have another distribution.
    let mut one_sign: Vec<f64> = expected.iter().map(|trace| trace.abs()).collect();
    one_sign.sort_by(f64::total_cmp);
    assert!(distance(&found, &one_sign) > BOUND);
}

#[test]
fn what_a_sparse_matrix_has_left_is_distributed_as_that_of_torch() {
    let init = Init::Sparse { sparsity: 0.5, std: 0.7 };
    let mut found = init.values(&[80, 50], OUTPUT_FIRST, &RngKey::new(11, "weight")).unwrap();
    found.retain(|entry| *entry != 0.0);
    found.sort_by(f64::total_cmp);
    assert_eq!(found.len(), 2000);
    assert!(distance(&found, &numbers(&torch("sparse_others"))) < BOUND);
    assert!(distance(&found, &numbers(&torch("trunc_normal"))) > BOUND);
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
    for (number, (name, init)) in cases.iter().enumerate() {
        let mut found = init.values(&[50, 40], OUTPUT_FIRST, &RngKey::new(11, "weight")).unwrap();
        found.sort_by(f64::total_cmp);
        let apart = distance(&found, &numbers(&torch(name)));
        assert!(apart < BOUND, "{name}: {apart}, {BOUND} would be too much");
        // The test can fail: another case is another distribution.
        let other = cases[(number + 1) % cases.len()].0;
        assert!(distance(&found, &numbers(&torch(other))) > BOUND, "{name} is not {other}");
    }
}
