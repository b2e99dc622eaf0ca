//! Reductions: the function stays, planted units are removed, and units that depend on something unknown stay and are
//! named.

mod common;

use common::Rng;
use constinit_symmetry::dynamics::ActivationFunction;
use constinit_symmetry::{
    Activation, Activations, AxesSpec, Minimality, NamedAxis, OwnedElements, OwnedParam, ParamView,
    Parity, ReduceOptions, Reduction, SpaceReduction, SurgeryError, SymmetryError, UnitFate,
    UnreducedReason, Untried, input, layers, output, reduce, reduce_with,
};
use half::f16;

/// Dense layers with a bias each: weights `[output][input]`, row by row.
#[derive(Clone, Debug, PartialEq)]
struct Net {
    weights: Vec<Vec<Vec<f64>>>,
    biases: Vec<Vec<f64>>,
}

impl Net {
    fn layers(&self) -> usize {
        self.weights.len()
    }

    fn widths(&self) -> Vec<usize> {
        self.biases.iter().map(Vec::len).collect()
    }

    fn inputs(&self) -> usize {
        self.weights[0][0].len()
    }

    fn params<T>(&self, number: impl Fn(f64) -> T) -> Vec<OwnedParam>
    where
        for<'a> &'a Vec<T>: Into<constinit_symmetry::Elements<'a>>,
    {
        let mut inputs = self.inputs();
        let mut params = Vec::new();
        for (k, (weight, bias)) in self.weights.iter().zip(&self.biases).enumerate() {
            let flat: Vec<T> = weight.iter().flatten().map(|&x| number(x)).collect();
            let path = format!("l{}.weight", k + 1);
            let view = ParamView::new(&path, &[bias.len(), inputs], &flat).unwrap();
            params.push(OwnedParam::from(&view));
            let flat: Vec<T> = bias.iter().map(|&x| number(x)).collect();
            let path = format!("l{}.bias", k + 1);
            params.push(OwnedParam::from(&ParamView::new(&path, &[bias.len()], &flat).unwrap()));
            inputs = bias.len();
        }
        params
    }

    fn from_params(params: &[OwnedParam]) -> Self {
        let (mut weights, mut biases) = (Vec::new(), Vec::new());
        for pair in params.chunks(2) {
            let inputs = pair[0].shape()[1];
            let flat = pair[0].view().to_f64();
            let rows = (0..pair[0].shape()[0]).map(|i| flat[i * inputs..(i + 1) * inputs].to_vec());
            weights.push(rows.collect());
            biases.push(pair[1].view().to_f64());
        }
        Self { weights, biases }
    }

    fn spec(&self) -> AxesSpec {
        let widths = self.widths();
        let name = |k: usize| {
            if k == 0 || k == widths.len() { String::new() } else { format!("h{k}") }
        };
        let mut builder = AxesSpec::builder();
        let mut shapes = Vec::new();
        let mut inputs = self.inputs();
        for (k, &units) in widths.iter().enumerate() {
            if k + 1 < widths.len() {
                builder = builder.space(name(k + 1), units);
            }
            builder = builder.layer(layers::dense(&format!("l{}", k + 1), name(k), name(k + 1)));
            shapes.push((format!("l{}.weight", k + 1), vec![units, inputs]));
            shapes.push((format!("l{}.bias", k + 1), vec![units]));
            inputs = units;
        }
        builder.build(shapes.iter().map(|(path, shape)| (path.as_str(), &shape[..]))).unwrap()
    }

    /// The outputs, and the largest term of any sum on the way to them.
    fn outputs(&self, activation: Activation, inputs: &[f64]) -> (Vec<f64>, f64) {
        let (mut x, mut largest) = (inputs.to_vec(), 0.0_f64);
        for (k, (weight, bias)) in self.weights.iter().zip(&self.biases).enumerate() {
            let z = weight.iter().zip(bias).map(|(row, b)| {
                let terms = row.iter().zip(&x).map(|(w, x)| w * x);
                largest =
                    terms.clone().chain([*b]).fold(largest, |most, term| most.max(term.abs()));
                b + terms.sum::<f64>()
            });
            let z: Vec<f64> = z.collect();
            let last = k + 1 == self.layers();
            x = z.iter().map(|z| if last { *z } else { activation.value(z) }).collect();
        }
        (x, largest)
    }

    fn reduce(&self, activation: Activation) -> Reduction {
        let params = self.params(|x| x);
        reduce(&self.spec(), &views(&params), &activation.into()).unwrap()
    }
}

fn views(params: &[OwnedParam]) -> Vec<ParamView<'_>> {
    params.iter().map(OwnedParam::view).collect()
}

/// A number with few binary digits, so sums of such numbers are exact.
fn dyadic(rng: &mut Rng) -> f64 {
    let odd = 2 * rng.below(1 << 11) + 1;
    let sign = if rng.chance(2) { -1.0 } else { 1.0 };
    sign * odd as f64 / f64::from(1 << 11)
}

fn dyadics(rng: &mut Rng, count: usize) -> Vec<f64> {
    (0..count).map(|_| dyadic(rng)).collect()
}

fn random(rng: &mut Rng, widths: &[usize]) -> Net {
    let mut net = Net { weights: Vec::new(), biases: Vec::new() };
    for pair in widths.windows(2) {
        net.weights.push((0..pair[1]).map(|_| dyadics(rng, pair[0])).collect());
        net.biases.push(dyadics(rng, pair[1]));
    }
    net
}

/// A network with planted reductions. `origin` has, for each unit of a hidden layer, the unit of the smaller network
/// that it is a multiple of, and the factor (0 for units without such a relation: new units of the layer before get
/// weights of 0 to them).
struct Planted {
    net: Net,
    origin: Vec<Vec<(usize, f64)>>,
}

impl Planted {
    fn new(net: Net) -> Self {
        let origin = net.biases.iter().map(|b| (0..b.len()).map(|unit| (unit, 1.0)).collect());
        Self { origin: origin.collect(), net }
    }

    /// The outgoing weights of a new unit of layer k, chosen so that multiples in the next layer stay multiples.
    fn outgoing(&self, rng: &mut Rng, k: usize) -> Vec<f64> {
        let of_origin: Vec<f64> = dyadics(rng, self.net.biases[k + 1].len());
        self.origin[k + 1].iter().map(|&(origin, factor)| factor * of_origin[origin]).collect()
    }

    /// Adds a superfluous unit to layer k, at a random place.
    fn plant(&mut self, rng: &mut Rng, k: usize, activation: Activation) {
        let inputs = self.net.weights[k][0].len();
        let outgoing = self.outgoing(rng, k);
        let of = rng.below(self.net.biases[k].len());
        let (row, bias) = (self.net.weights[k][of].clone(), self.net.biases[k][of]);
        let times = |factor: f64| (row.iter().map(|w| factor * w).collect(), factor * bias);
        // The row, bias and outgoing weights of the new unit, the factor with which they are subtracted from those of
        // `of`, and the constant that they add.
        let mut factor = None;
        let (row, bias, outgoing, taken, constant): (Vec<f64>, f64, Vec<f64>, f64, f64) =
            match rng.below(5) {
                0 => {
                    let (row, bias) = (dyadics(rng, inputs), dyadic(rng));
                    (row, bias, vec![0.0; outgoing.len()], 0.0, 0.0)
                }
                1 => {
                    // Leaky ReLU divides negative numbers by 100, which rounds: three times the result may not be the
                    // result of three times the number.
                    let above = activation == Activation::LeakyRelu;
                    let bias = if above { dyadic(rng).abs() } else { dyadic(rng) };
                    (vec![0.0; inputs], bias, outgoing, 0.0, activation.value(&bias))
                }
                2 if activation.parity() != Parity::None => {
                    factor = Some(-1.0);
                    let constant = f64::from(activation.parity() == Parity::Complementary);
                    let (row, bias) = times(-1.0);
                    (row, bias, outgoing, -1.0, constant)
                }
                3 if activation.is_positively_homogeneous() => {
                    let by = rng.pick(&[2.0, 0.5, 3.0, 5.0]);
                    factor = Some(by);
                    let (row, bias) = times(by);
                    (row, bias, outgoing, by, 0.0)
                }
                _ => {
                    factor = Some(1.0);
                    (row.clone(), bias, outgoing, 1.0, 0.0)
                }
            };
        let at = rng.below(self.net.biases[k].len() + 1);
        for (i, next) in self.net.weights[k + 1].iter_mut().enumerate() {
            next[of] -= taken * outgoing[i];
            self.net.biases[k + 1][i] -= constant * outgoing[i];
            next.insert(at, outgoing[i]);
        }
        self.net.weights[k].insert(at, row);
        self.net.biases[k].insert(at, bias);
        let (origin, own) = self.origin[k][of];
        self.origin[k].insert(at, factor.map_or((origin, 0.0), |by| (origin, by * own)));
    }
}

/// A random network, and the same network with up to `most` superfluous units planted in random layers.
fn planted(rng: &mut Rng, activation: Activation, most: usize) -> (Net, Net) {
    let layers = rng.between(1, 3);
    let widths: Vec<usize> = (0..layers + 2).map(|_| rng.between(2, 5)).collect();
    let net = random(rng, &widths);
    let mut planted = Planted::new(net.clone());
    for _ in 0..rng.between(1, most) {
        let k = rng.below(layers);
        planted.plant(rng, k, activation);
    }
    (net, planted.net)
}

/// The largest difference of an output, as a share of the largest term in a sum on the way.
fn difference(a: &Net, b: &Net, activation: Activation, rng: &mut Rng) -> f64 {
    let mut largest = 0.0_f64;
    for _ in 0..20 {
        let inputs: Vec<f64> = rng.uniform(a.inputs()).iter().map(|x| 3.0 * x).collect();
        let ((x, m), (y, n)) = (a.outputs(activation, &inputs), b.outputs(activation, &inputs));
        assert_eq!(x.len(), y.len());
        let apart = x.iter().zip(&y).map(|(x, y)| (x - y).abs());
        largest = apart.fold(largest, |most, apart| most.max(apart / m.max(n)));
    }
    largest
}

const REDUCIBLE: [Activation; 4] =
    [Activation::Tanh, Activation::Sigmoid, Activation::Relu, Activation::LeakyRelu];

#[test]
fn planted_units_go_and_the_function_stays() {
    for case in 0..400 {
        let mut rng = Rng(case);
        let activation = rng.pick(&Activation::ALL);
        let (net, larger) = planted(&mut rng, activation, 12);
        let small = larger.reduce(activation);
        let found = Net::from_params(small.params());
        assert_eq!(found.widths(), net.widths(), "case {case}, {activation:?}\n{larger:?}");
        let apart = difference(&larger, &found, activation, &mut rng);
        assert!(apart < 1e-13, "case {case}, {activation:?}: {apart:e}");
        let removed: usize =
            larger.widths().iter().sum::<usize>() - net.widths().iter().sum::<usize>();
        assert_eq!(small.units_removed(), removed);
        assert_eq!(
            small.entries()[0],
            views(&larger.params(|x| x)).iter().map(ParamView::entries).sum()
        );
    }
}

#[test]
fn reducing_twice_is_reducing_once() {
    for case in 0..100 {
        let mut rng = Rng(1000 + case);
        let activation = rng.pick(&REDUCIBLE);
        let (_, larger) = planted(&mut rng, activation, 12);
        let once = larger.reduce(activation);
        let found = Net::from_params(once.params());
        let twice = found.reduce(activation);
        assert!(twice.is_identity(), "case {case}");
        assert_eq!((twice.params(), twice.spec()), (once.params(), once.spec()));
    }
}

/// With the units in another order, the same units remain, up to their order, their signs and powers of two.
#[test]
fn the_order_of_units_does_not_matter() {
    for case in 0..200 {
        let mut rng = Rng(2000 + case);
        let activation = rng.pick(&REDUCIBLE);
        let (_, larger) = planted(&mut rng, activation, 12);
        let mut turned = larger.clone();
        for k in 0..larger.layers() - 1 {
            let n = turned.biases[k].len();
            for unit in 0..n {
                let other = unit + rng.below(n - unit);
                turned.weights[k].swap(unit, other);
                turned.biases[k].swap(unit, other);
                turned.weights[k + 1].iter_mut().for_each(|row| row.swap(unit, other));
            }
        }
        let one = Net::from_params(larger.reduce(activation).params());
        let other = Net::from_params(turned.reduce(activation).params());
        assert_eq!(one.widths(), other.widths(), "case {case}");
        assert!(difference(&one, &other, activation, &mut rng) < 1e-13, "case {case}");
        // Nothing is rounded in the first layer, so its rows are compared, up to sign or powers of two.
        let canonical = |net: &Net| {
            let mut rows: Vec<Vec<u64>> = (net.weights[0].iter().zip(&net.biases[0]))
                .map(|(row, bias)| {
                    let leading = row.iter().copied().find(|x| *x != 0.0).unwrap_or(*bias);
                    let over = match activation {
                        Activation::Tanh | Activation::Sigmoid => 1f64.copysign(leading),
                        _ => leading.abs().log2().floor().exp2(),
                    };
                    row.iter().chain([bias]).map(|x| (x / over).to_bits()).collect()
                })
                .collect();
            rows.sort();
            rows
        };
        assert_eq!(canonical(&one), canonical(&other), "case {case}");
    }
}

/// A unit, and the factor by which another unit is a multiple of it.
type Multiple = (usize, f64);

/// Brute force on integers: makes one reduction at a time, in a random order.
fn brute(net: &Net, activation: Activation, rng: &mut Rng) -> Vec<usize> {
    let mut net = net.clone();
    loop {
        // The layer, the unit, and the unit that it is a multiple of, if any.
        let mut possible: Vec<(usize, usize, Option<Multiple>)> = Vec::new();
        for k in 0..net.layers() - 1 {
            let rows: Vec<Vec<f64>> = (net.weights[k].iter().zip(&net.biases[k]))
                .map(|(row, bias)| row.iter().chain([bias]).copied().collect())
                .collect();
            for (i, row) in rows.iter().enumerate() {
                let silent = row[..row.len() - 1].iter().all(|x| *x == 0.0);
                if silent || net.weights[k + 1].iter().all(|next| next[i] == 0.0) {
                    possible.push((k, i, None));
                }
                for (u, other) in rows.iter().enumerate().filter(|(u, _)| *u != i) {
                    let Some(place) = other.iter().position(|y| *y != 0.0) else { continue };
                    let factor = row[place] / other[place];
                    let allowed = match activation {
                        Activation::Tanh => factor.abs() == 1.0,
                        _ => factor > 0.0,
                    };
                    // A rounded quotient is not a factor.
                    let is_factor = |(x, y): (&f64, &f64)| factor.mul_add(*y, -x) == 0.0;
                    if allowed && row.iter().zip(other).all(is_factor) {
                        possible.push((k, i, Some((u, factor))));
                    }
                }
            }
        }
        if possible.is_empty() {
            return net.widths();
        }
        let (k, i, by) = possible[rng.below(possible.len())];
        let bias = net.biases[k].remove(i);
        net.weights[k].remove(i);
        for (row, next) in net.weights[k + 1].iter_mut().zip(&mut net.biases[k + 1]) {
            if let Some((u, factor)) = by {
                row[u] += factor * row[i];
            } else if row[i] != 0.0 {
                *next += row[i] * activation.value(&bias);
            }
            row.remove(i);
        }
    }
}

#[test]
fn tiny_networks_shrink_as_far_as_by_brute_force() {
    let mut shrunk = 0;
    for case in 0..3000 {
        let mut rng = Rng(5000 + case);
        let activation = rng.pick(&[Activation::Tanh, Activation::Relu]);
        let hidden = rng.between(1, 2);
        let widths: Vec<usize> = (0..hidden + 2).map(|_| rng.between(1, 3)).collect();
        let mut net = random(&mut rng, &widths);
        let numbers: &[f64] =
            if rng.chance(2) { &[0.0, 1.0, -1.0] } else { &[0.0, 1.0, 2.0, -1.0, 3.0] };
        for x in net.weights.iter_mut().flatten().flatten() {
            *x = rng.pick(numbers);
        }
        // tanh(0) is the only value of tanh that is an integer.
        let biases = if activation == Activation::Tanh { &[0.0][..] } else { numbers };
        for x in net.biases.iter_mut().flatten() {
            *x = rng.pick(biases);
        }
        let found = Net::from_params(net.reduce(activation).params());
        // Of 2, 3 and 6, the last may follow either of the others. So the order may matter if there are factors.
        let orders = if activation == Activation::Tanh { 1 } else { 20 };
        let expected: Vec<Vec<usize>> =
            (0..orders).map(|_| brute(&net, activation, &mut rng)).collect();
        assert!(
            expected.contains(&found.widths()),
            "case {case}, {activation:?}: {net:?}: {:?}, not {expected:?}",
            found.widths()
        );
        shrunk += usize::from(found.widths() != net.widths());
    }
    assert!(shrunk > 1000, "{shrunk} of 3000");
}

fn hidden(reduction: &Reduction) -> &SpaceReduction {
    &reduction.spaces()[0]
}

fn fates(space: &SpaceReduction) -> Vec<String> {
    space.fates().iter().map(ToString::to_string).collect()
}

/// A network with one hidden layer and one input. Each unit has an incoming weight, a bias and an outgoing weight.
fn one_layer(units: &[(f64, f64, f64)]) -> Net {
    Net {
        weights: vec![
            units.iter().map(|u| vec![u.0]).collect(),
            vec![units.iter().map(|u| u.2).collect()],
        ],
        biases: vec![units.iter().map(|u| u.1).collect(), vec![0.0]],
    }
}

#[test]
fn each_activation_has_its_own_reductions() {
    // A unit, its opposite, its double, a constant below 0, and one that nothing reads.
    let units =
        [(1.5, 0.5, 1.0), (-1.5, -0.5, 2.0), (3.0, 1.0, 4.0), (0.0, -1.0, 8.0), (7.0, 1.0, 0.0)];
    let found = |activation: Activation| {
        let small = one_layer(&units).reduce(activation);
        (fates(hidden(&small)), small.minimality())
    };
    let gone = "has no outgoing weights and is removed";
    let (tanh, minimal) = found(Activation::Tanh);
    assert_eq!(minimal, Minimality::Proved);
    assert_eq!(
        tanh,
        [
            "stays",
            "merges into 0 with sign -1",
            "stays",
            "is -0.761594 for every input and folds into the next bias",
            gone
        ]
    );
    let (sigmoid, minimal) = found(Activation::Sigmoid);
    assert_eq!(minimal, Minimality::Proved);
    assert_eq!(sigmoid[1], "merges into 0 with sign -1 and constant 1");
    let (relu, minimal) = found(Activation::Relu);
    assert_eq!(minimal, Minimality::NoneLeft);
    let expected = [
        "stays",
        "stays",
        "merges into 0 with factor 2",
        "is 0 for every input and is removed",
        gone,
    ];
    assert_eq!(relu, expected);
    let (identity, minimal) = found(Activation::Identity);
    assert_eq!(identity[1..3], ["merges into 0 with sign -1", "merges into 0 with factor 2"]);
    assert_eq!(minimal, Minimality::NoneLeft);
    for activation in [Activation::Gelu, Activation::Silu, Activation::Softplus, Activation::Elu] {
        let (fates, minimal) = found(activation);
        assert_eq!(fates[..3], ["stays"; 3], "{activation:?}");
        assert!(fates[3].ends_with("folds into the next bias"), "{activation:?}");
        assert_eq!(minimal, Minimality::NoneLeft);
    }
}

#[test]
fn without_an_activation_what_needs_none_is_done_and_the_rest_is_named() {
    let units =
        [(1.5, 0.5, 1.0), (-1.5, -0.5, 2.0), (1.5, 0.5, 4.0), (0.0, 1.0, 8.0), (7.0, 1.0, 0.0)];
    let net = one_layer(&units);
    let params = net.params(|x| x);
    let small = reduce(&net.spec(), &views(&params), &Activations::none()).unwrap();
    let found = hidden(&small);
    assert_eq!(found.untried(), [Untried::NoActivation]);
    assert_eq!(found.kept().iter().map(|unit| unit.get()).collect::<Vec<_>>(), [0, 1, 3]);
    assert_eq!(small.minimality(), Minimality::Open);
    // The activation of another space does not help.
    let unknown = Activations::none().with("h7", Activation::Tanh);
    let error = reduce(&net.spec(), &views(&params), &unknown).unwrap_err();
    assert_eq!(
        error.to_string(),
        "the list of activations names space `h7`, which is not declared; did you mean `h1`?"
    );
}

#[test]
fn only_factors_that_the_type_has_are_divided_out() {
    let fates_of = |units: &[(f64, f64, f64)], options: &ReduceOptions| {
        let net = one_layer(units);
        let params = net.params(|x| x as f32);
        let small = reduce_with(&net.spec(), &views(&params), &Activation::Relu.into(), options);
        fates(hidden(&small.unwrap()))
    };
    let exact = ReduceOptions::default();
    // 3/5 is not a float; 3, 5 and 5/4 are.
    assert_eq!(fates_of(&[(3.0, 0.0, 1.0), (5.0, 0.0, 1.0)], &exact), ["stays"; 2]);
    let third = fates_of(&[(3.0, 6.0, 1.0), (5.0, 10.0, 1.0), (1.0, 2.0, 1.0)], &exact);
    assert_eq!(third, ["merges into 2 with factor 3", "merges into 2 with factor 5", "stays"]);
    let quarter = fates_of(&[(5.0, 10.0, 1.0), (4.0, 8.0, 1.0)], &exact);
    assert_eq!(quarter, ["merges into 1 with factor 1.25", "stays"]);
    // A rounded multiple counts as a multiple only within a tolerance.
    let tenth = f64::from(0.1_f32);
    let rounded = [
        (tenth, tenth, 1.0),
        (f64::from(0.7_f32 * 0.1), f64::from(0.7_f32 * 0.1) * 1.0000001, 1.0),
    ];
    assert_eq!(fates_of(&rounded, &exact), ["stays"; 2]);
    let near = exact.factors_within(1e-6).unwrap();
    assert_eq!(fates_of(&rounded, &near)[1], "merges into 0 with factor 0.7");
    assert_eq!(
        fates_of(&[(3.0, 0.0, 1.0), (5.0, 0.0, 1.0)], &exact.factors_within(0.0).unwrap())[1],
        "merges into 0 with factor 1.66667"
    );
    assert!(exact.factors_within(-1.0).is_err() && exact.factors_within(f64::NAN).is_err());
}

#[test]
fn a_unit_that_a_multiple_leads_to_is_not_left_behind() {
    // Units 0 and 2 are exact multiples of unit 1, unit 3 is a multiple of unit 1 within the tolerance, and unit 4 is a
    // multiple of unit 3.
    let units = [
        (3.0, 3.0, 1.0),
        (1.0, 1.0, 1.0),
        (5.0, 5.0, 1.0),
        (1.0, 1.000_001, 1.0),
        (2.0, 2.000_002, 1.0),
    ];
    let net = one_layer(&units);
    let params = net.params(|x| x);
    let options = ReduceOptions::default().factors_within(1e-5).unwrap();
    let small =
        reduce_with(&net.spec(), &views(&params), &Activation::Relu.into(), &options).unwrap();
    assert_eq!(hidden(&small).kept().len(), 1);
    assert_eq!(small.params()[2].view().to_f64(), [3.0 + 1.0 + 5.0 + 1.0 + 2.0]);
}

#[test]
fn sums_are_rounded_once() {
    // In single precision 2^24 + 1 + 1 is 2^24 + 2, but not if each addition is rounded.
    let large = f64::from(1 << 24);
    let net = one_layer(&[(1.0, 1.0, large), (1.0, 1.0, 1.0), (-1.0, -1.0, -1.0)]);
    let params = net.params(|x| x as f32);
    let small = reduce(&net.spec(), &views(&params), &Activation::Tanh.into()).unwrap();
    assert_eq!(small.params()[2].elements(), &OwnedElements::F32(vec![16_777_218.0]));
    let half = net.params(|x| f16::from_f64(x.min(60_000.0)));
    let error = reduce(
        &net.spec(),
        &views(&{
            let mut half = half;
            half[2] = OwnedParam::from(
                &ParamView::new(
                    "l2.weight",
                    &[1, 3],
                    &[60_000.0, 60_000.0, 0.0].map(f16::from_f64),
                )
                .unwrap(),
            );
            half
        }),
        &Activation::Tanh.into(),
    );
    assert!(matches!(error, Err(SymmetryError::Surgery(SurgeryError::SumOverflows { .. }))));
}

#[test]
fn a_constant_needs_a_bias_behind_it() {
    let params = [
        OwnedParam::from(&ParamView::new("l1.weight", &[3, 1], &[0.0_f64, 1.0, -1.0]).unwrap()),
        OwnedParam::from(&ParamView::new("l1.bias", &[3], &[1.0_f64, 0.5, -0.5]).unwrap()),
        OwnedParam::from(&ParamView::new("l2.weight", &[1, 3], &[1.0_f64, 2.0, 3.0]).unwrap()),
    ];
    let spec = AxesSpec::builder()
        .space("h", 3)
        .layer(layers::dense("l1", "", "h"))
        .layer(layers::dense("l2", "h", "").without_bias())
        .build(params.iter().map(|p| (p.path(), p.shape())))
        .unwrap();
    let small = reduce(&spec, &views(&params), &Activation::Sigmoid.into()).unwrap();
    let found = hidden(&small);
    assert!(small.is_identity());
    let units: Vec<usize> = found.unreduced().iter().map(|left| left.unit.get()).collect();
    assert_eq!(units, [0, 2]);
    assert!(
        found
            .unreduced()
            .iter()
            .all(|left| left.reason == UnreducedReason::NeedsBias { reader: "l2.weight".into() })
    );
    assert_eq!(
        found.unreduced()[0].to_string(),
        "unit 0 would leave a constant, but `l2.weight` has no bias to take it"
    );
    assert_eq!(small.minimality(), Minimality::Open);
    // A unit that cannot merge into its opposite may merge into an equal unit that cannot either.
    let twice = [
        OwnedParam::from(&ParamView::new("l1.weight", &[3, 1], &[1.0_f64, -1.0, -1.0]).unwrap()),
        OwnedParam::from(&ParamView::new("l1.bias", &[3], &[0.5_f64, -0.5, -0.5]).unwrap()),
        params[2].clone(),
    ];
    let small = reduce(&spec, &views(&twice), &Activation::Sigmoid.into()).unwrap();
    assert_eq!(fates(hidden(&small)), ["stays", "stays", "merges into 1"]);
    assert_eq!(hidden(&small).unreduced().len(), 1);
    // Opposite tanh units need no bias.
    let small = reduce(&spec, &views(&params), &Activation::Tanh.into()).unwrap();
    assert_eq!(fates(hidden(&small))[2], "merges into 1 with sign -1");
    // A ReLU that is always 0 needs no bias either.
    let small = reduce(&spec, &views(&params), &Activation::Relu.into()).unwrap();
    assert_eq!(hidden(&small).unreduced().len(), 1);
}

/// Two convolutions with 2 channels between them: kernels of 3, or of 1.
fn convolutions(kernel: usize, first: [f64; 2], biases: [f64; 2]) -> (AxesSpec, Vec<OwnedParam>) {
    let of = |path: &str, shape: &[usize], data: Vec<f64>| {
        OwnedParam::from(&ParamView::new(path, shape, &data).unwrap())
    };
    let spread = |x: f64| vec![x; kernel];
    let params = vec![
        of("c1.weight", &[2, 1, kernel], first.map(spread).concat()),
        of("c1.bias", &[2], biases.to_vec()),
        of("c2.weight", &[1, 2, kernel], vec![1.0; 2 * kernel]),
        of("c2.bias", &[1], vec![0.0]),
    ];
    let spec = AxesSpec::builder()
        .space("channels", 2)
        .layer(layers::conv("c1", "", "channels", 1))
        .layer(layers::conv("c2", "channels", "", 1))
        .build(params.iter().map(|p| (p.path(), p.shape())))
        .unwrap();
    (spec, params)
}

#[test]
fn a_constant_channel_is_not_folded_over_a_border() {
    let (spec, params) = convolutions(3, [0.0, 1.0], [0.5, 0.25]);
    let small = reduce(&spec, &views(&params), &Activation::Relu.into()).unwrap();
    let left = &hidden(&small).unreduced()[0];
    assert_eq!(left.reason, UnreducedReason::Border { reader: "c2.weight".into() });
    assert_eq!(
        left.to_string(),
        "unit 0 would leave a constant, but zero padding of the convolution `c2.weight` removes it at the border"
    );
    // A kernel of 1 has no padding, and a channel of zeros is zero at the border, too.
    let (spec, params) = convolutions(1, [0.0, 1.0], [0.5, 0.25]);
    let small = reduce(&spec, &views(&params), &Activation::Relu.into()).unwrap();
    assert_eq!(small.params()[3].view().to_f64(), [0.5]);
    let (spec, params) = convolutions(3, [0.0, 1.0], [-0.5, 0.25]);
    let small = reduce(&spec, &views(&params), &Activation::Relu.into()).unwrap();
    assert_eq!(hidden(&small).fates()[0], UnitFate::AlwaysZero);
}

#[test]
fn opposite_channels_could_go_through_a_maximum() {
    let (spec, params) = convolutions(3, [-1.0, 1.0], [-0.25, 0.25]);
    let small = reduce(&spec, &views(&params), &Activation::Tanh.into()).unwrap();
    assert!(small.is_identity());
    assert_eq!(hidden(&small).untried(), [Untried::SignsOfChannels]);
    // Units that are positive multiples merge.
    let (spec, params) = convolutions(3, [2.0, 1.0], [0.5, 0.25]);
    let small = reduce(&spec, &views(&params), &Activation::Relu.into()).unwrap();
    assert_eq!(fates(hidden(&small))[1], "merges into 0 with factor 0.5");
}

/// A dense layer of 4 units, a norm, and a dense layer.
fn with_norm(names: &[&str], gain: [f64; 4]) -> (AxesSpec, Vec<OwnedParam>) {
    let of = |path: String, shape: &[usize], data: Vec<f64>| {
        OwnedParam::from(&ParamView::new(&path, shape, &data).unwrap())
    };
    let mut params = vec![
        // Unit 1 is unit 0 with its weights and its gain negated, unit 2 the same with its gain and its shift negated.
        of("l1.weight".into(), &[4, 2], vec![1.0, 2.0, -1.0, -2.0, 1.0, 2.0, 0.0, 0.0]),
        of("l2.weight".into(), &[1, 4], vec![1.0, 2.0, 4.0, 8.0]),
        of("l2.bias".into(), &[1], vec![0.0]),
    ];
    let vectors = [
        ("weight", gain.to_vec()),
        ("bias", vec![0.5, 0.5, -0.5, 0.25]),
        ("running_mean", vec![0.125, -0.125, 0.125, 0.0]),
        ("running_var", vec![2.0, 2.0, 2.0, 1.0]),
    ];
    for (name, data) in vectors.into_iter().filter(|(name, _)| names.contains(name)) {
        params.push(of(format!("norm.{name}"), &[4], data));
    }
    let spec = AxesSpec::builder()
        .space("h", 4)
        .layer(layers::dense("l1", "", "h").without_bias())
        .layer(layers::vectors("norm", names, "h"))
        .layer(layers::dense("l2", "h", ""))
        .build(params.iter().map(|p| (p.path(), p.shape())))
        .unwrap();
    (spec, params)
}

#[test]
fn a_batch_norm_is_carried_through() {
    let all = ["weight", "bias", "running_mean", "running_var"];
    let (spec, params) = with_norm(&all, [1.5, -1.5, -1.5, 1.0]);
    let small = reduce(&spec, &views(&params), &Activation::Tanh.into()).unwrap();
    let expected = [
        "stays",
        "merges into 0",
        "merges into 0 with sign -1",
        "is 0.244919 for every input and folds into the next bias",
    ];
    assert_eq!(fates(hidden(&small)), expected);
    assert_eq!(small.params()[1].view().to_f64(), [1.0 + 2.0 - 4.0]);
    let norm: Vec<Vec<f64>> = small.params()[3..].iter().map(|p| p.view().to_f64()).collect();
    assert_eq!(norm, [[1.5], [0.5], [0.125], [2.0]]);
    // Gains that are multiples of other gains.
    let (spec, params) =
        with_norm(&["weight", "running_mean", "running_var"], [3.0, -1.5, -1.5, 1.0]);
    let small = reduce(&spec, &views(&params), &Activation::Relu.into()).unwrap();
    assert_eq!(
        fates(hidden(&small)),
        ["stays", "merges into 0 with factor 0.5", "stays", "is 0 for every input and is removed"]
    );
    // A gain of 0 makes a constant whatever comes in.
    let (spec, params) = with_norm(&all, [0.0, -1.5, 1.0, 1.0]);
    let small = reduce(&spec, &views(&params), &Activation::Relu.into()).unwrap();
    assert_eq!(hidden(&small).fates()[0], UnitFate::Folded { value: 0.5 });
}

#[test]
fn what_a_batch_norm_makes_of_a_constant_may_depend_on_its_epsilon() {
    let (spec, mut params) =
        with_norm(&["weight", "running_mean", "running_var"], [1.0, 2.0, 4.0, 3.0]);
    params[4] = OwnedParam::from(
        &ParamView::new("norm.running_mean", &[4], &[0.1, 0.2, 0.3, -2.0]).unwrap(),
    );
    let small = reduce(&spec, &views(&params), &Activation::Tanh.into()).unwrap();
    let left = &hidden(&small).unreduced()[0];
    assert_eq!(
        (left.unit.get(), &left.reason),
        (3, &UnreducedReason::NeedsEpsilon { norm: "norm".into() })
    );
    let options = ReduceOptions::default().norm_epsilon(1e-5).unwrap();
    let small = reduce_with(&spec, &views(&params), &Activation::Tanh.into(), &options).unwrap();
    let value = (3.0 * 2.0 / (1.0_f64 + 1e-5).sqrt()).tanh();
    assert_eq!(hidden(&small).fates()[3], UnitFate::Folded { value });
}

#[test]
fn a_norm_over_the_units_counts_them() {
    let (spec, params) = with_norm(&["weight", "bias"], [1.0, 1.0, 1.0, 1.0]);
    let small = reduce(&spec, &views(&params), &Activation::Tanh.into()).unwrap();
    assert!(small.is_identity());
    assert_eq!(
        hidden(&small).untried(),
        [Untried::CountsUnits { parameter: "norm.weight".into() }]
    );
}

#[test]
fn a_running_mean_takes_a_constant_where_there_is_no_bias() {
    let of = |path: &str, shape: &[usize], data: &[f64]| {
        OwnedParam::from(&ParamView::new(path, shape, data).unwrap())
    };
    let params = [
        of("l1.weight", &[2, 1], &[0.0, 1.0]),
        of("l1.bias", &[2], &[0.5, 0.0]),
        of("l2.weight", &[2, 2], &[2.0, 1.0, 3.0, 2.0]),
        of("norm.running_mean", &[2], &[0.25, 0.0]),
        of("norm.running_var", &[2], &[1.0, 4.0]),
        of("l3.weight", &[1, 2], &[1.0, 1.0]),
    ];
    let spec = AxesSpec::builder()
        .space("h1", 2)
        .space("h2", 2)
        .layer(layers::dense("l1", "", "h1"))
        .layer(layers::dense("l2", "h1", "h2").without_bias())
        .layer(layers::vectors("norm", &["running_mean", "running_var"], "h2"))
        .layer(layers::dense("l3", "h2", "").without_bias())
        .build(params.iter().map(|p| (p.path(), p.shape())))
        .unwrap();
    let small = reduce(&spec, &views(&params), &Activation::Relu.into()).unwrap();
    assert_eq!(small.space("h1").unwrap().fates()[0], UnitFate::Folded { value: 0.5 });
    assert_eq!(small.params()[3].view().to_f64(), [0.25 - 1.0, -1.5]);
}

#[test]
fn units_that_several_weights_make_are_merged_where_all_of_them_agree() {
    let of = |path: &str, shape: &[usize], data: &[f64]| {
        OwnedParam::from(&ParamView::new(path, shape, data).unwrap())
    };
    // Gate and up: unit 1 equals unit 0, unit 2 has the opposite gate, nothing reads unit 3, unit 4 has no incoming
    // weights.
    let params = [
        of("gate.weight", &[5, 1], &[1.0, 1.0, -1.0, 5.0, 0.0]),
        of("up.weight", &[5, 1], &[2.0, 2.0, 2.0, 6.0, 0.0]),
        of("down.weight", &[1, 5], &[1.0, 2.0, 4.0, 0.0, 3.0]),
    ];
    let spec = AxesSpec::builder()
        .space("mlp", 5)
        .layer(layers::dense("gate", "", "mlp").without_bias())
        .layer(layers::dense("up", "", "mlp").without_bias())
        .layer(layers::dense("down", "mlp", "").without_bias())
        .build(params.iter().map(|p| (p.path(), p.shape())))
        .unwrap();
    let small = reduce(&spec, &views(&params), &Activation::Tanh.into()).unwrap();
    let found = hidden(&small);
    assert_eq!(
        fates(found),
        ["stays", "merges into 0", "stays", "has no outgoing weights and is removed", "stays"]
    );
    assert_eq!(
        found.untried()[0].to_string(),
        "`gate.weight` and `up.weight` both produce its units, and axes do not say how they are combined: only equal \
         units and units without outgoing weights were searched for"
    );
    assert_eq!(small.params()[2].view().to_f64(), [3.0, 4.0, 3.0]);
}

#[test]
fn a_recurrence_is_lumped_and_nothing_else() {
    let of = |path: &str, shape: &[usize], data: &[f64]| {
        OwnedParam::from(&ParamView::new(path, shape, data).unwrap())
    };
    let params = [
        of("rnn.weight_ih", &[3, 1], &[1.0, 1.0, -1.0]),
        of("rnn.weight_hh", &[3, 3], &[1.0, 2.0, 0.5, 2.0, 1.0, 0.5, -3.0, 0.0, -0.5]),
        of("rnn.bias_ih", &[3], &[0.0, 0.0, 0.0]),
        of("rnn.bias_hh", &[3], &[0.0, 0.0, 0.0]),
        of("out.weight", &[1, 3], &[1.0, 1.0, 1.0]),
    ];
    let spec = AxesSpec::builder()
        .space("h", 3)
        .layer(layers::recurrent("rnn", "", "h"))
        .layer(layers::dense("out", "h", "").without_bias())
        .build(params.iter().map(|p| (p.path(), p.shape())))
        .unwrap();
    let small = reduce(&spec, &views(&params), &Activation::Tanh.into()).unwrap();
    assert_eq!(fates(hidden(&small)), ["stays", "merges into 0", "stays"]);
    assert_eq!(small.params()[1].view().to_f64(), [3.0, 0.5, -3.0, -0.5]);
    assert!(matches!(hidden(&small).untried(), [Untried::SeveralWeights { .. }]));
}

#[test]
fn inputs_and_outputs_stay() {
    let net = one_layer(&[(1.0, 0.0, 1.0), (1.0, 0.0, 1.0)]);
    let params = net.params(|x| x);
    // The outputs as a space that no parameter reads, the inputs as a space that no parameter produces.
    let spec = AxesSpec::builder()
        .space("in", 1)
        .space("h", 2)
        .space("out", 1)
        .fixed_space("never", 3)
        .layer(layers::dense("l1", "in", "h"))
        .layer(layers::dense("l2", "h", "out"))
        .build(params.iter().map(|p| (p.path(), p.shape())))
        .unwrap();
    let small = reduce(&spec, &views(&params), &Activation::Tanh.into()).unwrap();
    let kept: Vec<usize> = small.spaces().iter().map(|space| space.kept().len()).collect();
    assert_eq!(kept, [1, 1, 1, 3]);
    assert_eq!(small.space("in").unwrap().untried(), [Untried::NotProduced]);
    assert_eq!(small.space("out").unwrap().untried(), [Untried::NotRead]);
    assert!(small.space("never").unwrap().untried().is_empty());
    assert!(!small.spec().spaces()[1].is_fixed() && small.spec().spaces()[3].is_fixed());
    let fixed = Activations::none().with("never", Activation::Tanh);
    let error = reduce(&spec, &views(&params), &fixed).unwrap_err();
    assert_eq!(
        error.to_string(),
        "space `never` is fixed, so its units cannot be given an activation"
    );
}

#[test]
fn combinations_of_linear_units_are_named_and_stay() {
    let net = Net {
        weights: vec![
            vec![vec![1.0, 0.0], vec![0.0, 1.0], vec![0.5, -3.0], vec![1.0, 1.0]],
            vec![vec![1.0, 1.0, 1.0, 1.0]],
        ],
        // Unit 3 is not a combination, because of its bias.
        biases: vec![vec![0.25, 0.5, 0.125 - 1.5, 7.0], vec![0.0]],
    };
    let small = net.reduce(Activation::Identity);
    let left: Vec<String> = hidden(&small).unreduced().iter().map(ToString::to_string).collect();
    assert_eq!(left, ["unit 2 is a linear combination of the units before it"]);
    assert!(small.is_identity());
    assert!(net.reduce(Activation::Relu).space("h1").unwrap().unreduced().is_empty());
}

#[test]
fn a_network_that_computes_nothing_but_a_constant_has_no_hidden_units() {
    let net = one_layer(&[(0.0, 0.5, 1.0), (0.0, 0.25, 2.0)]);
    let small = net.reduce(Activation::Tanh);
    assert!(hidden(&small).kept().is_empty());
    assert_eq!(small.params()[0].shape(), [0, 1]);
    assert_eq!(small.params()[3].view().to_f64(), [0.5_f64.tanh() + 2.0 * 0.25_f64.tanh()]);
}

#[test]
fn numbers_that_are_none_and_roles_that_are_unknown_are_refused() {
    let net = one_layer(&[(1.0, f64::NAN, 1.0), (1.0, 0.0, 1.0)]);
    let params = net.params(|x| x);
    let error = reduce(&net.spec(), &views(&params), &Activation::Tanh.into()).unwrap_err();
    assert_eq!(error.to_string(), "entry 0 of `l1.bias` is NaN, so there is no function to keep");
    let spec = AxesSpec::builder()
        .space("h", 2)
        .param("w", [constinit_symmetry::unknown_role("h"), input("")])
        .param("q", [output(""), input("h")])
        .build([("w", &[2, 1][..]), ("q", &[1, 2])])
        .unwrap();
    let views = [
        ParamView::new("w", &[2, 1], &[1.0, 1.0]).unwrap(),
        ParamView::new("q", &[1, 2], &[1.0, 1.0]).unwrap(),
    ];
    let error = reduce(&spec, &views, &Activations::none()).unwrap_err();
    assert!(matches!(error, SymmetryError::UnknownRole { .. }), "{error}");
}

#[test]
fn a_flattened_reader_takes_every_place_of_a_channel() {
    let of = |path: &str, shape: &[usize], data: &[f64]| {
        OwnedParam::from(&ParamView::new(path, shape, data).unwrap())
    };
    // Channel 1 is constant, and the layer behind reads both channels at 2 places.
    let params = [
        of("c.weight", &[2, 1, 1], &[1.0, 0.0]),
        of("c.bias", &[2], &[0.0, 0.5]),
        of("fc.weight", &[2, 4], &[1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0, 8.0]),
        of("fc.bias", &[2], &[0.0, 1.0]),
    ];
    let spec = AxesSpec::builder()
        .space("c", 2)
        .layer(layers::conv("c", "", "c", 1))
        .layer(layers::dense("fc", NamedAxis::flattened("c", 2), ""))
        .build(params.iter().map(|p| (p.path(), p.shape())))
        .unwrap();
    let small = reduce(&spec, &views(&params), &Activation::Relu.into()).unwrap();
    assert_eq!(small.params()[2].view().to_f64(), [1.0, 2.0, 5.0, 6.0]);
    assert_eq!(small.params()[3].view().to_f64(), [3.5, 8.5]);
}

#[test]
fn weights_may_be_stored_with_their_inputs_first() {
    let params = [
        ParamView::new("l1.weight", &[1, 3], &[1.0_f64, -1.0, 0.0]).unwrap(),
        ParamView::new("l1.bias", &[3], &[0.5_f64, -0.5, 2.0]).unwrap(),
        ParamView::new("l2.weight", &[3, 2], &[1.0_f64, 2.0, 3.0, 4.0, 5.0, 6.0]).unwrap(),
        ParamView::new("l2.bias", &[2], &[0.0_f64, 0.0]).unwrap(),
    ];
    let spec = AxesSpec::builder()
        .space("h", 3)
        .layer(layers::dense("l1", "", "h").input_first())
        .layer(layers::dense("l2", "h", "").input_first())
        .build(params.iter().map(ParamView::signature))
        .unwrap();
    let small = reduce(&spec, &params, &Activation::Tanh.into()).unwrap();
    assert_eq!(small.params()[2].view().to_f64(), [1.0 - 3.0, 2.0 - 4.0]);
    assert_eq!(small.params()[3].view().to_f64(), [5.0 * 2f64.tanh(), 6.0 * 2f64.tanh()]);
}
