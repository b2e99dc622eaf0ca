//! Finds the units of one space that are constant, and those that follow from others.
//!
//! A unit computes a(z) with z = w x + b, or z = g (w x + b - m) / sqrt(v + ε) + β behind a batch norm. A unit follows
//! from another if their *heads* are equal and their *tails* are equal up to a sign or factor:
//!
//! ```text
//! without a norm   head nothing         tail (w, b)
//! with a norm      head (w, b, m, v)    tail (g, β)      with w, b, m and g negated together where w starts below 0
//! ```

use std::collections::HashMap;

use super::ReduceOptions;
use super::network::Network;
use super::result::UnreducedReason;
use super::rewrite::Replacement;
use super::structure::{Elementwise, Norm};
use crate::activation::{Activation, Parity};
use crate::dynamics::ActivationFunction;

/// The relation of tails under which a unit follows from another.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Relation {
    /// Equal tails.
    Equal,
    /// Equal or opposite tails.
    Sign,
    /// Tails that are a positive multiple of each other.
    Positive,
    /// Tails that are a nonzero multiple of each other.
    Multiple,
}

impl Relation {
    /// The relation that an activation allows.
    pub fn of(activation: Option<Activation>, signs: bool) -> Self {
        let Some(activation) = activation else { return Self::Equal };
        let has_sign = signs && activation.parity() != Parity::None;
        match (has_sign, activation.is_positively_homogeneous()) {
            (false, false) => Self::Equal,
            (true, false) => Self::Sign,
            (false, true) => Self::Positive,
            (true, true) => Self::Multiple,
        }
    }

    fn has_factors(self) -> bool {
        matches!(self, Self::Positive | Self::Multiple)
    }

    fn allows(self, factor: f64) -> bool {
        match self {
            Self::Equal => factor == 1.0,
            Self::Sign => factor.abs() == 1.0,
            Self::Positive => factor > 0.0,
            Self::Multiple => factor != 0.0,
        }
    }
}

/// One unit.
pub(super) struct Unit {
    head: Vec<f64>,
    pub tail: Vec<f64>,
}

impl Unit {
    pub fn read(network: &Network, space: &Elementwise, unit: usize) -> Self {
        let own = |number: usize| network.params[number].data[unit];
        let mut weights: Vec<f64> =
            network.values(space.weight.param, space.weight.axis, unit).collect();
        weights.extend(space.bias.map(own));
        let Some(norm) = &space.norm else { return Self { head: Vec::new(), tail: weights } };
        weights.push(own(norm.mean));
        let sign = first_sign(&weights);
        weights.iter_mut().for_each(|x| *x *= sign);
        weights.push(own(norm.variance));
        let tail = vec![sign * norm.gain.map_or(1.0, own), norm.shift.map_or(0.0, own)];
        Self { head: weights, tail }
    }

    /// A key that is equal for all units that may follow from each other, and for few others.
    fn key(&self, relation: Relation) -> Vec<u64> {
        let leading = self.tail.iter().copied().find(|x| *x != 0.0).unwrap_or(1.0);
        let over = match relation {
            Relation::Equal => 1.0,
            Relation::Sign => 1f64.copysign(leading),
            Relation::Positive => leading.abs(),
            Relation::Multiple => leading,
        };
        // 0.0 and -0.0 have the same key.
        let bits = |x: f64| (x + 0.0).to_bits();
        self.head.iter().map(|&x| bits(x)).chain(self.tail.iter().map(|x| bits(x / over))).collect()
    }

    /// The odd integer factor of the leading entry: the entry is it times a power of two, up to the sign.
    fn odd_part(&self) -> u64 {
        let leading = self.tail.iter().copied().find(|x| *x != 0.0).unwrap_or(0.0);
        let mantissa = leading.to_bits() & ((1 << 52) - 1);
        let normal = leading.abs() >= f64::MIN_POSITIVE;
        let whole = mantissa | u64::from(normal) << 52;
        if whole == 0 { 0 } else { whole >> whole.trailing_zeros() }
    }

    /// The factor f with which this tail is exactly f times another tail.
    fn multiple_of(&self, other: &Self, relation: Relation) -> Option<f64> {
        let place = other.tail.iter().position(|x| *x != 0.0);
        let factor = place.map_or(1.0, |place| self.tail[place] / other.tail[place]);
        let exact = self.head == other.head
            && relation.allows(factor)
            && self.tail.iter().zip(&other.tail).all(|(&x, &y)| is_product(x, factor, y));
        exact.then_some(factor)
    }

    /// The same up to a difference of `within` of the largest entry.
    fn nearly_multiple_of(&self, other: &Self, relation: Relation, within: f64) -> Option<f64> {
        let magnitude = |tail: &[f64]| tail.iter().fold(0.0_f64, |largest, x| largest.max(x.abs()));
        let (own, largest) = (magnitude(&self.tail), magnitude(&other.tail));
        let place = other.tail.iter().position(|x| x.abs() == largest && largest > 0.0)?;
        let (x, y) = (self.tail[place], other.tail[place]);
        let factor = x / y;
        let near = |(&a, &b): (&f64, &f64)| {
            (a - factor * b).abs() <= within * own || is_difference_of_products_zero([a, y], [x, b])
        };
        let found = self.head == other.head
            && factor.is_finite()
            && relation.allows(factor)
            && self.tail.iter().zip(&other.tail).all(near);
        found.then_some(factor)
    }
}

/// The sign of the first number that is not 0.
fn first_sign(numbers: &[f64]) -> f64 {
    numbers.iter().copied().find(|x| *x != 0.0).map_or(1.0, |x| 1f64.copysign(x))
}

/// Below this size, the rounding error of a product may be too small for a double.
const SMALLEST: f64 = 1e-290;

/// The nearest double to a product, and its rounding error.
fn product(a: f64, b: f64) -> [f64; 2] {
    let nearest = a * b;
    [nearest, a.mul_add(b, -nearest)]
}

/// Whether x = a y, exactly.
fn is_product(x: f64, a: f64, y: f64) -> bool {
    if a.abs() == 1.0 || y == 0.0 {
        return x == a * y;
    }
    x.abs() >= SMALLEST && product(a, y) == [x, 0.0]
}

/// Whether a b = c d, exactly.
fn is_difference_of_products_zero([a, b]: [f64; 2], [c, d]: [f64; 2]) -> bool {
    let [one, other] = [product(a, b), product(c, d)];
    one == other
        && (one[0] == 0.0 || (one[0].is_finite() && one[0].abs() >= SMALLEST))
        && ((a == 0.0 || b == 0.0) == (c == 0.0 || d == 0.0))
}

/// What a unit computes for every input, if that is one number.
pub(super) enum Constant {
    No,
    Value(f64),
    Unknown(UnreducedReason),
}

/// Whether a unit is constant, and what it then computes.
pub(super) fn constant(
    network: &Network,
    space: &Elementwise,
    unit: usize,
    activation: Activation,
    options: &ReduceOptions,
) -> Constant {
    let own = |number: usize| network.params[number].data[unit];
    let silent = network.values(space.weight.param, space.weight.axis, unit).all(|x| x == 0.0);
    let bias = space.bias.map_or(0.0, own);
    let input = match &space.norm {
        None if silent => bias,
        None => return Constant::No,
        Some(Norm { gain, shift, mean, variance, stem }) => {
            let (gain, shift) = (gain.map_or(1.0, own), shift.map_or(0.0, own));
            let apart = bias - own(*mean);
            match (silent, options.norm_epsilon) {
                _ if gain == 0.0 => shift,
                (false, _) => return Constant::No,
                (true, _) if apart == 0.0 => shift,
                (true, Some(epsilon)) => gain * apart / (own(*variance) + epsilon).sqrt() + shift,
                (true, None) => {
                    return Constant::Unknown(UnreducedReason::NeedsEpsilon { norm: stem.clone() });
                }
            }
        }
    };
    Constant::Value(activation.value(&input))
}

/// A unit that is a multiple of another.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Follows {
    pub unit: usize,
    pub into: usize,
    pub factor: f64,
}

impl Follows {
    pub fn replacement(&self, constant: f64) -> Replacement {
        Replacement { unit: self.unit, by: Some((self.into, self.factor)), constant }
    }
}

/// The units that follow from others. Of equal units the first one stays, of multiples the one with exact factors.
///
/// `fits` says whether the number type can represent a factor.
pub(super) fn following(
    units: &[(usize, Unit)],
    relation: Relation,
    options: &ReduceOptions,
    fits: impl Fn(f64) -> bool,
) -> Vec<Follows> {
    let mut groups: HashMap<Vec<u64>, Vec<usize>> = HashMap::new();
    for (at, (_, unit)) in units.iter().enumerate() {
        groups.entry(unit.key(relation)).or_default().push(at);
    }
    let mut found = Vec::new();
    let mut gone = vec![false; units.len()];
    for mut group in groups.into_values() {
        if relation.has_factors() {
            // If x is a float times y, the odd part of x is a multiple of that of y. So smaller odd parts come first.
            group.sort_by_key(|&at| (units[at].1.odd_part(), at));
        }
        let mut kept: Vec<usize> = Vec::new();
        for at in group {
            let from = kept.iter().find_map(|&into| {
                let factor = units[at].1.multiple_of(&units[into].1, relation)?;
                fits(factor).then_some((into, factor))
            });
            match from {
                Some((into, factor)) => {
                    gone[at] = true;
                    found.push(Follows { unit: units[at].0, into: units[into].0, factor });
                }
                None => kept.push(at),
            }
        }
    }
    if let Some(within) = options.factor_tolerance.filter(|_| relation.has_factors()) {
        let mut kept: Vec<usize> = Vec::new();
        let mut moved: HashMap<usize, (usize, f64)> = HashMap::new();
        for at in (0..units.len()).filter(|&at| !gone[at]) {
            let from = kept.iter().find_map(|&into| {
                let factor = units[at].1.nearly_multiple_of(&units[into].1, relation, within)?;
                Some((into, factor))
            });
            match from {
                Some((into, factor)) => {
                    moved.insert(units[at].0, (units[into].0, factor));
                    found.push(Follows { unit: units[at].0, into: units[into].0, factor });
                }
                None => kept.push(at),
            }
        }
        // Redirect units that followed from a unit which now follows from another.
        for follows in &mut found {
            if let Some(&(into, factor)) = moved.get(&follows.into) {
                *follows = Follows { into, factor: follows.factor * factor, ..*follows };
            }
        }
    }
    found.sort_by_key(|follows| follows.unit);
    found
}
