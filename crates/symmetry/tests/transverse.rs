//! The curvature between twins, checked against finite differences of the full network's gradients, and against the
//! growth of a small difference in training.

mod common;

use common::Rng;
use constinit_symmetry::dynamics::{
    Activation, DenseLayer, Loss, LossFunction, Mse, Perceptron, Sgd, Training, gradients,
};
use constinit_symmetry::theorem::ShapeError;
use constinit_symmetry::{Transverse, transverse};

fn network(rng: &mut Rng, widths: &[usize], bias: bool) -> Perceptron<f64> {
    let layers = widths.windows(2).map(|pair| DenseLayer {
        weight: rng.uniform(pair[0] * pair[1]),
        bias: bias.then(|| rng.uniform(pair[1])),
    });
    let layers = layers.collect();
    Perceptron::new(widths, layers).unwrap()
}

/// The places of the parameters of a unit: incoming weights, bias, outgoing weights.
fn places(net: &Perceptron<f64>, layer: usize, unit: usize) -> Vec<usize> {
    let widths = net.widths();
    let reads = widths[layer - 1];
    let incoming = net.weight_range(layer - 1).skip(unit * reads).take(reads);
    let bias = net.bias_range(layer - 1).map(|range| range.start + unit);
    let outgoing = net.weight_range(layer).skip(unit).step_by(widths[layer]);
    incoming.chain(bias).chain(outgoing).collect()
}

/// Makes unit 1 of a hidden layer the twin of unit 0.
fn clone_unit(net: &mut Perceptron<f64>, layer: usize) {
    let (from, to) = (places(net, layer, 0), places(net, layer, 1));
    for (from, to) in from.into_iter().zip(to) {
        net.numbers_mut()[to] = net.numbers()[from];
    }
}

/// `(∇(p + h v) - ∇(p - h v)) / 2h` on the entries of the first unit, for v antisymmetric in the two units.
fn by_differences(
    net: &Perceptron<f64>,
    function: Activation,
    loss: &impl LossFunction<f64>,
    layer: usize,
    direction: &[f64],
    (x, t): (&[f64], &[f64]),
) -> Vec<f64> {
    const H: f64 = 1e-5;
    let (u, v) = (places(net, layer, 0), places(net, layer, 1));
    let at = |by: f64| {
        let mut net = net.clone();
        for ((&u, &v), d) in u.iter().zip(&v).zip(direction) {
            net.numbers_mut()[u] += by * d;
            net.numbers_mut()[v] -= by * d;
        }
        gradients(&net, &function, loss, x, t).unwrap().1
    };
    let (plus, minus) = (at(H), at(-H));
    u.iter().map(|&u| (plus[u] - minus[u]) / (2.0 * H)).collect()
}

#[test]
fn the_formula_is_the_second_derivative() {
    let mut rng = Rng(1);
    for (widths, layer) in [(&[2, 3, 2][..], 1), (&[3, 2, 4, 2], 1), (&[3, 4, 2, 3], 2)] {
        for function in Activation::ALL {
            for loss in Loss::ALL {
                for bias in [true, false] {
                    let mut net = network(&mut rng, widths, bias);
                    clone_unit(&mut net, layer);
                    let x = rng.uniform(4 * widths[0]);
                    let t = rng.uniform(4 * widths[widths.len() - 1]);
                    let t: Vec<f64> = t.into_iter().map(f64::abs).collect();
                    let h = transverse(&net, &function, &loss, layer, 0, &x, &t).unwrap();
                    assert_eq!(h.dimension(), places(&net, layer, 0).len());
                    let direction = rng.uniform(h.dimension());
                    let expected =
                        by_differences(&net, function, &loss, layer, &direction, (&x, &t));
                    for (found, expected) in h.apply(&direction).iter().zip(expected) {
                        assert!(
                            (found - expected).abs() < 1e-7 * (1.0 + expected.abs()),
                            "{widths:?} {function:?} {loss:?}: {found} {expected}"
                        );
                    }
                }
            }
        }
    }
}

/// If units of the neighbouring spaces represent several units, the curvatures are those of the full network.
#[test]
fn classes_beside_the_unit_are_summed_over() {
    let mut rng = Rng(2);
    let few = network(&mut rng, &[2, 2, 1, 2], true)
        .with_class_sizes(&[vec![2, 3], vec![2], vec![1, 3]])
        .unwrap();
    let class_of: [&[usize]; 4] = [&[0, 1], &[0, 0, 1, 1, 1], &[0, 0], &[0, 1, 1, 1]];
    let layers = (0..3).map(|l| {
        let (reads, weight, bias) = (few.widths()[l], few.weight(l), few.bias(l).unwrap());
        let rows = class_of[l + 1].iter();
        DenseLayer {
            weight: rows
                .flat_map(|&c| class_of[l].iter().map(move |&d| weight[c * reads + d]))
                .collect(),
            bias: Some(class_of[l + 1].iter().map(|&c| bias[c]).collect()),
        }
    });
    let full = Perceptron::new(&[2, 5, 2, 4], layers.collect()).unwrap();
    let x = rng.uniform(6);
    let t = rng.uniform(6);
    let all_t: Vec<f64> = t.chunks(2).flat_map(|t| class_of[3].iter().map(|&c| t[c])).collect();
    let (function, loss) = (Activation::Silu, Loss::CrossEntropy);
    let small = transverse(&few, &function, &loss, 2, 0, &x, &t).unwrap();
    let large = transverse(&full, &function, &loss, 2, 0, &x, &all_t).unwrap();
    // Two symmetric matrices with the same nonzero eigenvalues have the same traces of powers.
    for power in 1..=6 {
        let (a, b) = (trace_of_power(&small, power), trace_of_power(&large, power));
        assert!((a - b).abs() < 1e-12 * (1.0 + a.abs()), "{power}: {a} {b}");
    }
}

fn trace_of_power(h: &Transverse, power: u32) -> f64 {
    let n = h.dimension();
    let column = |k: usize| {
        let unit: Vec<f64> = (0..n).map(|i| f64::from(u8::from(i == k))).collect();
        (0..power).fold(unit, |v, _| h.apply(&v))[k]
    };
    (0..n).map(column).sum()
}

/// A step of gradient descent multiplies a small difference by I - rate H, along the whole path.
#[test]
fn differences_grow_as_predicted_over_thousands_of_steps() {
    const RATE: f64 = 0.05;
    const STEPS: usize = 3000;
    for seed in 0..5 {
        let mut rng = Rng(100 + seed);
        let mut net = network(&mut rng, &[3, 4, 2], true);
        clone_unit(&mut net, 1);
        let (x, t) = (rng.uniform(8 * 3), rng.uniform(8 * 2));
        let (u, v) = (places(&net, 1, 0), places(&net, 1, 1));
        let size = 1e-9;
        let mut predicted: Vec<f64> = rng.uniform(u.len()).into_iter().map(|d| d * size).collect();
        for ((&u, &v), d) in u.iter().zip(&v).zip(&predicted) {
            net.numbers_mut()[u] += d;
            net.numbers_mut()[v] -= d;
        }
        let mut training = Training::new(net, Activation::Tanh, Mse, Sgd::new(RATE));
        for step in 1..=STEPS {
            let h = transverse(training.network(), &Activation::Tanh, &Mse, 1, 0, &x, &t).unwrap();
            let bent = h.apply(&predicted);
            for (d, bent) in predicted.iter_mut().zip(bent) {
                *d -= RATE * bent;
            }
            training.step(&x, &t).unwrap();
            let now = training.network().numbers();
            let measured: Vec<f64> =
                u.iter().zip(&v).map(|(&u, &v)| (now[u] - now[v]) / 2.0).collect();
            let length = |v: &[f64]| v.iter().map(|x| x * x).sum::<f64>().sqrt();
            let apart: Vec<f64> = measured.iter().zip(&predicted).map(|(a, b)| a - b).collect();
            if length(&measured) > 1e-5 {
                break;
            }
            let error = length(&apart) / length(&measured);
            assert!(error < 1e-4, "seed {seed}, step {step}: {error:e}");
        }
    }
}

#[test]
fn units_that_are_not_there_are_refused() {
    let net = network(&mut Rng(3), &[2, 3, 1], true);
    let ask =
        |layer, unit, x: &[f64]| transverse(&net, &Activation::Tanh, &Mse, layer, unit, x, &[0.0]);
    assert!(ask(1, 2, &[1.0, 2.0]).is_ok());
    for (layer, unit) in [(0, 0), (2, 0), (1, 3)] {
        assert_eq!(ask(layer, unit, &[1.0, 2.0]), Err(ShapeError::Unit { layer, unit }));
    }
    assert!(matches!(ask(1, 0, &[1.0]), Err(ShapeError::Examples { .. })));
}
