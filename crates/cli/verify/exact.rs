//! The same training in fractions: equality is `==`, without any tolerance.

use super::trial::{count, numbers};
use super::{Check, Rows, Scope, engine};
use constinit_cli::failure::Failure;
use constinit_symmetry::dynamics::{Mse, Perceptron, Relu, Sgd, Training};
use constinit_symmetry::theorem::ConstantPerceptron;
use num_rational::BigRational;

/// Each step multiplies the digits of the fractions.
const STEPS: usize = 4;

/// The nearest multiple of 1/16, so that fractions stay short for a few steps.
fn fraction(x: f64) -> BigRational {
    BigRational::new(((x * 16.0).round() as i64).into(), 16.into())
}

fn fractions(seed: u64, name: &str, count: usize) -> Vec<BigRational> {
    numbers(seed, name, count).into_iter().map(fraction).collect()
}

/// The notebook's network, then random networks of other shapes.
fn cases(scope: &Scope) -> Vec<ConstantPerceptron<BigRational>> {
    let notebook = ConstantPerceptron {
        c1: [1.0, 2.0, 3.0].map(fraction).to_vec(),
        d1: fraction(0.5),
        c2: fraction(1.0),
        d2: fraction(0.5),
        hidden: 2,
        outputs: 4,
    };
    let random = (1..scope.cases.clamp(1, 12)).map(|number| {
        let name = |what: &str| format!("exact/{number}/{what}");
        let whole = |what: &str, high| count(scope.seed, &name(what), 1, high);
        let constants = fractions(scope.seed, &name("constants"), 3);
        ConstantPerceptron {
            c1: fractions(scope.seed, &name("c1"), whole("inputs", 3)),
            d1: constants[0].clone(),
            c2: constants[1].clone(),
            d2: constants[2].clone(),
            hidden: whole("hidden", 5),
            outputs: whole("outputs", 5),
        }
    });
    std::iter::once(notebook).chain(random).collect()
}

pub fn checks(scope: &Scope, rows: &mut Rows<'_>) -> Result<(), Failure> {
    let (mut held, mut quotient, mut twins) = (0, 0, 0);
    let cases = cases(scope);
    for (number, constants) in cases.iter().enumerate() {
        let name = |what: &str| format!("exact/{number}/{what}");
        let x = fractions(scope.seed, &name("x"), 2 * constants.c1.len());
        let t = fractions(scope.seed, &name("t"), 2);
        let equal: Vec<BigRational> =
            t.iter().flat_map(|t| std::iter::repeat_n(t.clone(), constants.outputs)).collect();
        let full = constants.full().map_err(engine)?;
        let sgd = Sgd::new(fraction(0.125));
        let mut all = Training::new(full.clone(), Relu, Mse, sgd.clone());
        let mut one = Training::new(constants.quotient().map_err(engine)?, Relu, Mse, sgd.clone());
        let unequal = fractions(scope.seed, &name("unequal"), 2 * constants.outputs);
        let mut other = Training::new(full, Relu, Mse, sgd);
        let (mut holds, mut follows, mut stays) = (true, true, true);
        for _ in 0..STEPS {
            let losses = [all.step(&x, &equal), one.step(&x, &t)];
            let [a, b] = losses.map(|loss| loss.map_err(engine));
            follows &= a? == b? && lifts(one.network(), all.network());
            holds &= four_properties(all.network());
            other.step(&x, &unequal).map_err(engine)?;
            stays &= hidden_twins(other.network());
        }
        held += usize::from(holds);
        quotient += usize::from(follows);
        twins += usize::from(stays);
    }
    let all = cases.len();
    rows.push(Check::all(format!("P1 to P4 after each of {STEPS} steps, with =="), all, held));
    rows.push(Check::all("one unit per layer takes the same path, with ==", all, quotient));
    rows.push(Check::all("hidden units stay twins under any targets, with ==", all, twins));
    Ok(())
}

fn one_number(numbers: &[BigRational]) -> bool {
    numbers.iter().all(|number| *number == numbers[0])
}

fn equal_rows(weight: &[BigRational], inputs: usize) -> bool {
    weight.chunks(inputs).all(|row| *row == weight[..inputs])
}

fn four_properties(net: &Perceptron<BigRational>) -> bool {
    equal_rows(net.weight(0), net.widths()[0])
        && one_number(net.weight(1))
        && [0, 1].into_iter().all(|layer| net.bias(layer).is_none_or(one_number))
}

/// Equal incoming weights, biases and outgoing weights.
fn hidden_twins(net: &Perceptron<BigRational>) -> bool {
    equal_rows(net.weight(0), net.widths()[0])
        && net.bias(0).is_none_or(one_number)
        && net.weight(1).chunks(net.widths()[1]).all(one_number)
}

/// Whether the entries of the network with one unit per layer are those of the full network.
fn lifts(one: &Perceptron<BigRational>, all: &Perceptron<BigRational>) -> bool {
    let same = |one: Option<&[BigRational]>, all: Option<&[BigRational]>| match (one, all) {
        (Some(one), Some(all)) => all.iter().all(|number| *number == one[0]),
        (one, all) => one.is_none() && all.is_none(),
    };
    all.weight(0).chunks(all.widths()[0]).all(|row| row == one.weight(0))
        && same(Some(one.weight(1)), Some(all.weight(1)))
        && [0, 1].into_iter().all(|layer| same(one.bias(layer), all.bias(layer)))
}
