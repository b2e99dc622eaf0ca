//! Training in closed form, checked against finite differences, against the full network, and in exact fractions.

mod common;

use common::Rng;
use constinit_symmetry::dynamics::{
    Activation, AdaGrad, Adam, DenseLayer, Huber, Identity, LeakyRelu, Lion, Loss, LossFunction,
    Mse, Perceptron, Relu, RmsProp, Sgd, Training, UpdateRule, gradients, outputs,
};
use constinit_symmetry::theorem::{ConstantPerceptron, ShapeError};
use num_rational::BigRational;
use num_traits::Zero;

/// A quotient with random numbers and class sizes; some layers without bias.
fn quotient(rng: &mut Rng, widths: &[usize], largest_class: usize) -> Perceptron<f64> {
    let layers = widths.windows(2).map(|pair| DenseLayer {
        weight: rng.uniform(pair[0] * pair[1]),
        bias: rng.chance(3).then(|| rng.uniform(pair[1])),
    });
    let layers = layers.collect();
    let net = Perceptron::new(widths, layers).unwrap();
    let sizes: Vec<Vec<usize>> = widths[1..]
        .iter()
        .map(|&width| (0..width).map(|_| rng.between(1, largest_class)).collect())
        .collect();
    net.with_class_sizes(&sizes).unwrap()
}

/// For every space from the inputs on, the class of each unit of the full network.
fn class_of_units(net: &Perceptron<f64>) -> Vec<Vec<usize>> {
    let inputs = (0..net.widths()[0]).collect();
    let later = (1..=net.layers()).map(|space| {
        let sizes = net.class_sizes(space).iter().enumerate();
        sizes.flat_map(|(class, &size)| std::iter::repeat_n(class, size)).collect()
    });
    std::iter::once(inputs).chain(later).collect()
}

/// The full network of a quotient, by the definition of a block.
fn lift(net: &Perceptron<f64>) -> Perceptron<f64> {
    let classes = class_of_units(net);
    let widths: Vec<usize> = classes.iter().map(Vec::len).collect();
    let layers = (0..net.layers()).map(|l| {
        let reads = net.widths()[l];
        let weight = net.weight(l);
        let rows = classes[l + 1].iter();
        DenseLayer {
            weight: rows
                .flat_map(|&c| classes[l].iter().map(move |&d| weight[c * reads + d]))
                .collect(),
            bias: net.bias(l).map(|bias| classes[l + 1].iter().map(|&c| bias[c]).collect()),
        }
    });
    Perceptron::new(&widths, layers.collect()).unwrap()
}

/// Adds deviations whose sums over every block vanish along both axes.
fn deviate(rng: &mut Rng, full: &mut Perceptron<f64>, classes: &[Vec<usize>]) -> Vec<f64> {
    let mut deviations = vec![0.0; full.numbers().len()];
    for l in 0..full.layers() {
        let (rows, columns) = (classes[l + 1].len(), classes[l].len());
        let start = full.weight_range(l).start;
        for _ in 0..20 {
            let (i, j) = (rng.below(rows), rng.below(columns));
            let like = |rng: &mut Rng, all: &[usize], of: usize| {
                let alike: Vec<usize> = (0..all.len()).filter(|&k| all[k] == all[of]).collect();
                rng.pick(&alike)
            };
            let (k, m) = (like(rng, &classes[l + 1], i), like(rng, &classes[l], j));
            // Sums of halves are exact.
            for (row, column, sign) in [(i, j, 0.5), (i, m, -0.5), (k, j, -0.5), (k, m, 0.5)] {
                deviations[start + row * columns + column] += sign;
            }
        }
    }
    for (number, deviation) in full.numbers_mut().iter_mut().zip(&deviations) {
        *number += deviation;
    }
    deviations
}

fn spread_targets(targets: &[f64], classes: &[usize], width: usize) -> Vec<f64> {
    targets.chunks(width).flat_map(|t| classes.iter().map(|&c| t[c])).collect()
}

#[test]
fn gradients_are_derivatives_of_the_loss() {
    let mut rng = Rng(1);
    for widths in [&[2, 3, 2][..], &[3, 2, 4, 2], &[1, 3, 2, 2, 3], &[2, 2]] {
        for function in Activation::ALL {
            for loss in Loss::ALL {
                let net = quotient(&mut rng, widths, 4);
                let (x, t) = (rng.uniform(3 * widths[0]), {
                    let t = rng.uniform(3 * widths[widths.len() - 1]);
                    t.into_iter().map(f64::abs).collect::<Vec<_>>()
                });
                let value =
                    |net: &Perceptron<f64>| gradients(net, &function, &loss, &x, &t).unwrap();
                let (_, found) = value(&net);
                for l in 0..net.layers() {
                    // The derivative with regard to a mean is the sum of those of all entries of its block.
                    let reads = net.widths()[l];
                    let read_size = |d: usize| if l == 0 { 1 } else { net.class_sizes(l)[d] };
                    let weights = net.weight_range(l).enumerate().map(|(k, at)| {
                        (at, net.class_sizes(l + 1)[k / reads] * read_size(k % reads))
                    });
                    let biases = net.bias_range(l).into_iter().flatten().enumerate();
                    let biases = biases.map(|(k, at)| (at, net.class_sizes(l + 1)[k]));
                    for (at, entries) in weights.chain(biases) {
                        let moved = |by: f64| {
                            let mut net = net.clone();
                            net.numbers_mut()[at] += by;
                            value(&net).0
                        };
                        let slope = (moved(1e-5) - moved(-1e-5)) / 2e-5;
                        let found = found[at] * entries as f64;
                        assert!(
                            (found - slope).abs() < 1e-6 * (1.0 + slope.abs()),
                            "{widths:?} {function:?} {loss:?} {at}: {found} {slope}"
                        );
                    }
                }
            }
        }
    }
}

#[test]
fn masked_gradients_are_derivatives_of_the_masked_loss() {
    let mut rng = Rng(11);
    let widths = [2, 3, 4, 2];
    let layer = |pair: &[usize]| (pair[0] * pair[1], pair[1]);
    for function in Activation::ALL {
        let layers = widths.windows(2).map(layer).map(|(weight, bias)| DenseLayer {
            weight: rng.uniform(weight),
            bias: Some(rng.uniform(bias)),
        });
        let net = Perceptron::new(&widths, layers.collect()).unwrap();
        let (x, t) = (rng.uniform(5 * 2), rng.uniform(5 * 2));
        // The second layer drops units, the first one keeps all of them.
        let mask = (0..5 * 4).map(|_| if rng.chance(3) { 0.0 } else { 1.5 }).collect();
        let masks = [Vec::new(), mask];
        let stepped = |net: &Perceptron<f64>| {
            let mut training = Training::new(net.clone(), function, Mse, Sgd::new(0.0));
            let loss = training.masked_step(&x, &t, &masks).unwrap();
            // The masks do not affect later steps.
            assert_eq!(
                training.step(&x, &t).unwrap(),
                gradients(net, &function, &Mse, &x, &t).unwrap().0
            );
            let mut again = Training::new(net.clone(), function, Mse, Sgd::new(0.0));
            again.masked_step(&x, &t, &masks).unwrap();
            (loss, again.gradients().to_vec())
        };
        let (_, found) = stepped(&net);
        for (at, found) in found.into_iter().enumerate() {
            let moved = |by: f64| {
                let mut net = net.clone();
                net.numbers_mut()[at] += by;
                stepped(&net).0
            };
            let slope = (moved(1e-5) - moved(-1e-5)) / 2e-5;
            assert!(
                (found - slope).abs() < 1e-6 * (1.0 + slope.abs()),
                "{function:?} {at}: {found} {slope}"
            );
        }
        let mut training = Training::new(net, function, Mse, Sgd::new(0.0));
        let error = training.masked_step(&x, &t, &[vec![1.0; 14]]).unwrap_err();
        assert!(matches!(error, ShapeError::Examples { what: "masks", examples: 5, .. }));
    }
}

#[test]
fn outputs_are_those_of_the_full_network() {
    let mut rng = Rng(2);
    let net = quotient(&mut rng, &[3, 4, 2, 3], 5);
    let classes = class_of_units(&net);
    let mut full = lift(&net);
    deviate(&mut rng, &mut full, &classes);
    let x = rng.uniform(5 * 3);
    let few = outputs(&net, &Activation::Tanh, &x).unwrap();
    let all = outputs(&full, &Activation::Tanh, &x).unwrap();
    for (found, expected) in all.iter().zip(spread_targets(&few, &classes[3], 3)) {
        assert!((found - expected).abs() < 1e-13);
    }
}

type MakeRule = fn() -> Box<dyn UpdateRule<f64>>;

fn set<R>(mut rule: R, change: impl FnOnce(&mut R)) -> Box<R> {
    change(&mut rule);
    Box::new(rule)
}

/// The rules under which the certificate keeps classes that are not twins, and whether they leave deviations as they
/// are.
fn rules() -> Vec<(&'static str, bool, MakeRule)> {
    vec![
        ("sgd", true, || Box::new(Sgd::new(0.05))),
        ("momentum, decay", false, || Box::new(Sgd::new(0.02).with_momentum(0.9).with_decay(1e-2))),
        ("nesterov", true, || set(Sgd::new(0.02).with_momentum(0.9), |r| r.nesterov = true)),
        ("adam", true, || Box::new(Adam::new(1e-3))),
        ("amsgrad", true, || set(Adam::new(1e-3), |r| r.amsgrad = true)),
        ("adamw", false, || set(Adam::new(1e-3), |r| r.decoupled = 1e-2)),
        ("rmsprop", true, || Box::new(RmsProp::new(1e-3))),
        // A variance is a difference of two numbers. If it is nearly 0, a small epsilon amplifies their rounding
        // errors.
        ("rmsprop centered", true, || {
            set(RmsProp::new(1e-3), |r| (r.centered, r.momentum, r.epsilon) = (true, 0.5, 1e-3))
        }),
        ("adagrad", true, || set(AdaGrad::new(1e-2), |r| r.rate_decay = 0.01)),
        ("lion", true, || Box::new(Lion::new(1e-3))),
        ("lion, decay", false, || set(Lion::new(1e-3), |r| r.decoupled = 1e-2)),
    ]
}

/// Makes a boxed rule a rule.
struct Boxed(Box<dyn UpdateRule<f64>>);

impl UpdateRule<f64> for Boxed {
    fn step(&mut self, parameters: &mut [f64], gradients: &[f64]) {
        self.0.step(parameters, gradients);
    }
}

#[test]
fn the_quotient_takes_the_path_of_the_full_network() {
    let mut rng = Rng(3);
    for (name, keeps_deviations, rule) in rules() {
        for function in [Activation::Tanh, Activation::Gelu, Activation::Softplus] {
            for loss in Loss::ALL {
                let net = quotient(&mut rng, &[3, 2, 3, 2], 5);
                let classes = class_of_units(&net);
                let mut full = lift(&net);
                let deviations = deviate(&mut rng, &mut full, &classes);
                let x = rng.uniform(7 * 3);
                let t: Vec<f64> = rng.uniform(7 * 2).into_iter().map(f64::abs).collect();
                let all_t = spread_targets(&t, &classes[3], 2);
                let mut few = Training::new(net, function, loss, Boxed(rule()));
                let mut all = Training::new(full, function, loss, Boxed(rule()));
                for _ in 0..200 {
                    let a = few.step(&x, &t).unwrap();
                    let b = all.step(&x, &all_t).unwrap();
                    assert!((a - b).abs() < 1e-10, "{name} {function:?} {loss:?}: {a} {b}");
                }
                let lifted = lift(few.network());
                let sums = |net: &Perceptron<f64>, l: usize| block_sums(net, l, &classes);
                for l in 0..3 {
                    for (a, b) in sums(&lifted, l).into_iter().zip(sums(all.network(), l)) {
                        assert!((a - b).abs() < 1e-10, "{name} {function:?} {loss:?}: {a} {b}");
                    }
                }
                if keeps_deviations {
                    let kept = all.network().numbers().iter().zip(lifted.numbers());
                    for ((a, b), deviation) in kept.zip(&deviations) {
                        assert!((a - b - deviation).abs() < 1e-10, "{name}: {a} {b} {deviation}");
                    }
                }
            }
        }
    }
}

/// Row sums over classes, then column sums over classes.
fn block_sums(net: &Perceptron<f64>, l: usize, classes: &[Vec<usize>]) -> Vec<f64> {
    let (rows, columns) = (&classes[l + 1], &classes[l]);
    let largest = |classes: &[usize]| classes.iter().max().map_or(0, |c| c + 1);
    let weight = net.weight(l);
    let mut sums = Vec::new();
    for i in 0..rows.len() {
        for d in 0..largest(columns) {
            let of = (0..columns.len()).filter(|&j| columns[j] == d);
            sums.push(of.map(|j| weight[i * columns.len() + j]).sum());
        }
    }
    for j in 0..columns.len() {
        for c in 0..largest(rows) {
            let of = (0..rows.len()).filter(|&i| rows[i] == c);
            sums.push(of.map(|i| weight[i * columns.len() + j]).sum());
        }
    }
    sums
}

fn fraction(numerator: i64, denominator: i64) -> BigRational {
    BigRational::new(numerator.into(), denominator.into())
}

fn fractions(rng: &mut Rng, count: usize) -> Vec<BigRational> {
    (0..count).map(|_| fraction(rng.below(41) as i64 - 20, 1 + rng.below(8) as i64)).collect()
}

fn constants(rng: &mut Rng, inputs: usize) -> ConstantPerceptron<BigRational> {
    let mut one = || fractions(rng, 1).remove(0);
    let (d1, c2, d2) = (one(), one(), one());
    let c1 = fractions(rng, inputs);
    ConstantPerceptron { c1, d1, c2, d2, hidden: rng.between(1, 5), outputs: rng.between(1, 5) }
}

/// The formulas, the quotient with one unit per layer, and the full network give equal fractions.
#[test]
fn three_ways_to_the_gradients_of_a_constant_network() {
    let mut rng = Rng(4);
    fn check<L: LossFunction<BigRational>>(rng: &mut Rng, loss: L) {
        let inputs = rng.between(1, 4);
        let net = constants(rng, inputs);
        let (x, t) = (fractions(rng, 3 * inputs), fractions(rng, 3));
        let formula = net.gradients(&LeakyRelu, &loss, &x, &t).unwrap();
        let (_, one) = gradients(&net.quotient().unwrap(), &LeakyRelu, &loss, &x, &t).unwrap();
        let mut expected = formula.c1.clone();
        expected.extend([&formula.d1, &formula.c2, &formula.d2].map(Clone::clone));
        assert_eq!(one, expected);

        let all_t: Vec<BigRational> =
            t.iter().flat_map(|t| std::iter::repeat_n(t.clone(), net.outputs)).collect();
        let full = net.full().unwrap();
        let (_, all) = gradients(&full, &LeakyRelu, &loss, &x, &all_t).unwrap();
        for row in all[full.weight_range(0)].chunks(inputs) {
            assert_eq!(row, formula.c1);
        }
        let alike = |range: std::ops::Range<usize>, one: &BigRational| {
            all[range].iter().all(|entry| entry == one)
        };
        assert!(alike(full.bias_range(0).unwrap(), &formula.d1));
        assert!(alike(full.weight_range(1), &formula.c2));
        assert!(alike(full.bias_range(1).unwrap(), &formula.d2));
    }
    for _ in 0..50 {
        check(&mut rng, Mse);
        check(&mut rng, Huber);
    }
}

/// The sum over hidden units has as many terms as there are hidden units, not outputs.
#[test]
fn the_output_counts_hidden_units() {
    let net = ConstantPerceptron {
        c1: vec![fraction(1, 1)],
        d1: fraction(0, 1),
        c2: fraction(1, 3),
        d2: fraction(1, 2),
        hidden: 2,
        outputs: 5,
    };
    let x = [fraction(3, 1)];
    let found = outputs(&net.full().unwrap(), &Relu, &x).unwrap();
    assert_eq!(found, vec![fraction(5, 2); 5]); // 2 · 1/3 · 3 + 1/2
    assert_eq!(net.signals(&Relu, &x).o2, fraction(5, 2));
    let other = ConstantPerceptron { hidden: 5, ..net };
    assert_ne!(other.signals(&Relu, &x).o2, fraction(5, 2));
}

/// The theorem without any tolerance, for a few steps, since the fractions grow.
#[test]
fn the_four_properties_hold_as_fractions() {
    let mut rng = Rng(5);
    for case in 0..12 {
        let inputs = rng.between(1, 4);
        let net = constants(&mut rng, inputs);
        let (x, t) = (fractions(&mut rng, 2 * inputs), fractions(&mut rng, 2));
        let all_t: Vec<BigRational> =
            t.iter().flat_map(|t| std::iter::repeat_n(t.clone(), net.outputs)).collect();
        let mut rule = Sgd::new(fraction(1, 50));
        if case % 2 == 0 {
            rule = rule.with_momentum(fraction(1, 2)).with_decay(fraction(1, 10));
        }
        let mut all = Training::new(net.full().unwrap(), Relu, Mse, rule.clone());
        let mut one = Training::new(net.quotient().unwrap(), Relu, Mse, rule);
        for _ in 0..4 {
            assert_eq!(all.step(&x, &all_t).unwrap(), one.step(&x, &t).unwrap());
            let (full, quotient) = (all.network(), one.network());
            for row in full.weight(0).chunks(inputs) {
                assert_eq!(row, quotient.weight(0)); // P1
            }
            let alike = |all: &[BigRational], one: &[BigRational]| all.iter().all(|x| *x == one[0]);
            assert!(alike(full.bias(0).unwrap(), quotient.bias(0).unwrap())); // P2
            assert!(alike(full.weight(1), quotient.weight(1))); // P3
            assert!(alike(full.bias(1).unwrap(), quotient.bias(1).unwrap())); // P4
        }
    }
}

/// Unequal targets break P3 and P4 in the first step, by the difference of the slopes of the outputs. P1 and P2 still
/// hold.
#[test]
fn unequal_targets_part_outputs_and_keep_hidden_units() {
    let mut rng = Rng(6);
    for _ in 0..10 {
        let inputs = rng.between(1, 3);
        let net = ConstantPerceptron { hidden: 3, outputs: 2, ..constants(&mut rng, inputs) };
        let (x, t) = (fractions(&mut rng, inputs), [fraction(1, 1), fraction(3, 1)]);
        let rate = fraction(1, 20);
        let oa = net.signals(&Identity, &x).oa;
        let mut training =
            Training::new(net.full().unwrap(), Identity, Mse, Sgd::new(rate.clone()));
        training.step(&x, &t).unwrap();
        // dloss/dy differs by 2 (t₀ - t₁) / 2 outputs = -2.
        let apart = rate * fraction(-2, 1);
        let after = training.network();
        let bias = after.bias(1).unwrap();
        assert_eq!(bias[0].clone() - &bias[1], apart);
        for hidden in 0..3 {
            let pair = [0, 1].map(|output| after.weight(1)[output * 3 + hidden].clone());
            assert_eq!(pair[0].clone() - &pair[1], apart.clone() * &oa);
        }
        training.step(&x, &t).unwrap();
        training.step(&x, &t).unwrap();
        let after = training.network();
        assert!(after.weight(0).chunks(inputs).all(|row| *row == after.weight(0)[..inputs]));
        assert!(after.weight(1).chunks(3).all(|row| row.iter().all(|w| *w == row[0])));
        assert!(!(bias_gap(after).is_zero()));
    }
}

fn bias_gap(net: &Perceptron<BigRational>) -> BigRational {
    let bias = net.bias(1).unwrap();
    bias[0].clone() - &bias[1]
}

#[test]
fn what_does_not_fit_is_refused() {
    let layer = |entries, bias: Option<usize>| DenseLayer {
        weight: vec![0.0; entries],
        bias: bias.map(|n| vec![0.0; n]),
    };
    let message = |error: ShapeError| error.to_string();
    let new = |widths: &[usize], layers| Perceptron::<f64>::new(widths, layers);
    assert_eq!(
        message(new(&[3, 2, 4], vec![layer(6, None)]).unwrap_err()),
        "1 layers need 2 widths, but 3 were given"
    );
    assert!(matches!(new(&[3], vec![]), Err(ShapeError::LayerCount { .. })));
    assert!(matches!(new(&[3, 2], vec![layer(5, None)]), Err(ShapeError::Weight { .. })));
    assert!(matches!(new(&[3, 2], vec![layer(6, Some(3))]), Err(ShapeError::Bias { .. })));
    assert_eq!(
        message(new(&[3, 0, 2], vec![layer(0, None), layer(0, None)]).unwrap_err()),
        "widths are [3, 0, 2]: width number 1 is 0 (inputs are number 0)"
    );
    let whole =
        ConstantPerceptron { c1: vec![1.0], d1: 0.0, c2: 1.0, d2: 0.0, hidden: 1, outputs: 1 };
    assert!(whole.full().is_ok());
    for empty in [
        ConstantPerceptron { hidden: 0, ..whole.clone() },
        ConstantPerceptron { outputs: 0, ..whole.clone() },
        ConstantPerceptron { c1: vec![], ..whole.clone() },
    ] {
        assert!(matches!(empty.full(), Err(ShapeError::NoUnits { .. })));
        assert!(empty.quotient().is_err());
    }
    let net = new(&[3, 2, 1], vec![layer(6, None), layer(2, None)]).unwrap();
    for sizes in [vec![vec![1, 1]], vec![vec![1], vec![1]], vec![vec![1, 0], vec![1]]] {
        assert!(matches!(net.clone().with_class_sizes(&sizes), Err(ShapeError::ClassSizes { .. })));
    }
    let step = |x: &[f64], t: &[f64]| gradients(&net, &Relu, &Mse, x, t).map(|(loss, _)| loss);
    assert_eq!(step(&[1.0; 6], &[2.0; 2]).unwrap(), 4.0);
    assert_eq!(
        message(step(&[1.0; 5], &[1.0; 2]).unwrap_err()),
        "inputs: 5 entries cannot be 1 examples of 3; give at least one example, with 3 entries each"
    );
    assert!(matches!(step(&[], &[]), Err(ShapeError::Examples { what: "inputs", .. })));
    assert!(matches!(
        step(&[1.0; 6], &[1.0; 3]),
        Err(ShapeError::Examples { what: "targets", .. })
    ));
}

/// From NumPy 2, in float64:
///
/// ```python
/// def lion(coupled, decoupled):
///     p, m = np.array([1.0, -0.5, 0.25]), np.zeros(3)
///     for g in ([0.5, -0.25, 0.0], [-0.02, 2.0, 0.0], [0.125, -1.0, -0.001]):
///         g = np.array(g) + coupled * p
///         c = np.sign(0.9 * m + 0.1 * g)
///         p = (1 - 0.1 * decoupled) * p - 0.1 * c
///         m = 0.99 * m + 0.01 * g
///     return p.tolist()
/// print(lion(0.0, 0.0), lion(0.0, 0.05), lion(0.05, 0.0))
/// ```
#[test]
fn lion_moves_by_signs() {
    let golden = [
        (0.0, 0.0, [0.7000000000000001, -0.4, 0.35]),
        (0.0, 0.05, [0.686572375, -0.39303493750000007, 0.34626871875]),
        (0.05, 0.0, [0.7000000000000001, -0.4, -0.05000000000000002]),
    ];
    for (coupled, decoupled, expected) in golden {
        let mut rule = Lion::new(0.1);
        (rule.coupled, rule.decoupled) = (coupled, decoupled);
        let mut p = [1.0_f64, -0.5, 0.25];
        for g in [[0.5, -0.25, 0.0], [-0.02, 2.0, 0.0], [0.125, -1.0, -0.001]] {
            rule.step(&mut p, &g);
        }
        for (found, expected) in p.iter().zip(expected) {
            assert!((found - expected).abs() < 1e-15, "{coupled} {decoupled}: {p:?}");
        }
    }
}
