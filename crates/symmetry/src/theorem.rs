//! The theorem on constant initialisation, as a check on plain slices.
//!
//! A multilayer perceptron `y = W2 a(W1 x + b1) + b2`, with `W[i][j]` the weight from input `j` to
//! output unit `i`, has the four properties
//!
//! ```text
//! P1  W1[i][j] = c1[j]   equal for every output unit i      P2  b1[i] = d1
//! P3  W2[i][j] = c2      one number                         P4  b2[i] = d2
//! ```
//!
//! and gradient descent keeps them if loss and targets treat the outputs equally. With more than two layers, P1 is
//! about the first weight, P2 about every hidden bias, P3 about every later weight and P4 about the last bias.
//!
//! Unequal targets break P3 and P4, but not the weaker statement that [`hidden_units`] checks: the units of a hidden
//! layer stay equal, with equal incoming weights, biases and outgoing weights.
//!
//! ```
//! use constinit_symmetry::theorem::{Dense, Order, hidden_units, properties};
//!
//! // 3 inputs, 2 hidden units, 4 outputs; weight[out][in].
//! let layers = [
//!     Dense::new(3, 2, &[1.0_f32, 2.0, 3.0, 1.0, 2.0, 3.0], Some(&[0.5, 0.5]), Order::OutputMajor)?,
//!     Dense::new(2, 4, &[1.0; 8], Some(&[0.5; 4]), Order::OutputMajor)?,
//! ];
//! let properties = properties(&layers)?;
//! assert!(properties.iter().all(|(_, property)| property.is_none_or(|p| p.holds())));
//! assert_eq!(hidden_units(&layers)?[0].difference, None); // 2 units, 1 distinct
//! # Ok::<(), constinit_symmetry::theorem::ShapeError>(())
//! ```

mod closed_form;
mod dense;
mod gap;

use crate::ulps::Ulps;
use dense::check_chain;
use gap::{Gap, gap_between_inputs, gap_between_outputs, widest_gap};

pub use crate::shape_error::ShapeError;
pub use closed_form::{ConstantGradients, ConstantPerceptron, ConstantSignals};
pub use dense::{Dense, Order};

/// A parameter of a layer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum LayerParameter {
    /// The weight.
    Weight,
    /// The bias.
    Bias,
}

/// How far numbers that should be equal differ.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Deviation {
    /// The largest absolute difference; infinite if a NaN is among the numbers.
    pub deviation: f64,
    /// The largest distance in representable numbers, possibly of another pair than the deviation. 0 exactly if all
    /// bits are equal.
    pub ulps: u64,
}

impl Deviation {
    const BITWISE: Self = Self { deviation: 0.0, ulps: 0 };

    /// Whether all numbers have the same bits.
    pub fn holds(&self) -> bool {
        self.ulps == 0
    }

    fn of(gap: Option<Gap>) -> Self {
        gap.map_or(Self::BITWISE, |gap| Self { deviation: gap.difference, ulps: gap.most_ulps })
    }

    fn worst(self, other: Self) -> Self {
        Self { deviation: self.deviation.max(other.deviation), ulps: self.ulps.max(other.ulps) }
    }
}

/// The four properties of the theorem. P2 and P4 are absent if there is no bias; all are absent if there is no hidden
/// layer.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Properties {
    /// First weight: equal for every output unit.
    pub p1: Option<Deviation>,
    /// Every hidden bias: one number.
    pub p2: Option<Deviation>,
    /// Every later weight: one number.
    pub p3: Option<Deviation>,
    /// Last bias: one number.
    pub p4: Option<Deviation>,
}

impl Properties {
    /// The meaning of each property, by name.
    pub const MEANINGS: [(&'static str, &'static str); 4] = [
        ("P1", "all units of the first hidden layer have the same incoming weights"),
        ("P2", "the bias of each hidden layer is one number"),
        ("P3", "every weight after the first is one number"),
        ("P4", "the bias of the outputs is one number"),
    ];

    /// The properties with their names, P1 to P4.
    pub fn iter(&self) -> impl Iterator<Item = (&'static str, Option<Deviation>)> {
        let all = [self.p1, self.p2, self.p3, self.p4];
        Self::MEANINGS.into_iter().map(|(name, _)| name).zip(all)
    }

    /// Whether all properties that are present hold, bit for bit.
    pub fn hold(&self) -> bool {
        self.iter().all(|(_, property)| property.is_none_or(|alike| alike.holds()))
    }
}

/// The units of one hidden layer, as one class.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct HiddenUnits {
    /// Number of units.
    pub units: usize,
    /// The pair of units that differs most in one entry, or none if all units are bitwise equal.
    pub difference: Option<UnitDifference>,
}

/// The entry in which two units differ most.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct UnitDifference {
    /// The two units, the smaller number first.
    pub units: [usize; 2],
    /// The layer of the parameter in which they differ, from 0.
    pub layer: usize,
    /// The parameter of that layer in which they differ.
    pub parameter: LayerParameter,
    /// The absolute difference; infinite if one of the two entries is a NaN.
    pub difference: f64,
    /// The difference in representable numbers.
    pub ulps: u64,
}

impl UnitDifference {
    fn of(gap: Gap, layer: usize, parameter: LayerParameter) -> Self {
        let [u, v] = gap.members;
        Self {
            units: [u.min(v), u.max(v)],
            layer,
            parameter,
            difference: gap.difference,
            ulps: gap.ulps,
        }
    }
}

/// How far each of the four properties is from holding. A single layer has no hidden units, so all properties are
/// absent.
///
/// # Errors
///
/// [`ShapeError`] if the layers are not a chain.
///
/// # Complexity
///
/// One pass over all entries.
pub fn properties<T: Ulps>(layers: &[Dense<'_, T>]) -> Result<Properties, ShapeError> {
    check_chain(layers)?;
    let [first, later @ ..] = layers else { return Ok(Properties::default()) };
    if later.is_empty() {
        return Ok(Properties::default());
    }
    let (last, hidden) = (&layers[layers.len() - 1], &layers[..layers.len() - 1]);
    let bias = |layer: &Dense<'_, T>| layer.bias.map(|bias| Deviation::of(widest_gap(bias)));
    Ok(Properties {
        p1: Some(Deviation::of(gap_between_outputs(first))),
        p2: hidden.iter().filter_map(bias).reduce(Deviation::worst),
        p3: later
            .iter()
            .map(|layer| Deviation::of(widest_gap(layer.weight)))
            .reduce(Deviation::worst),
        p4: bias(last),
    })
}

/// Whether all units of each hidden layer are equal: equal incoming weights, biases and outgoing weights.
///
/// # Errors
///
/// [`ShapeError`] if the layers are not a chain.
///
/// # Complexity
///
/// One pass over all entries; weights between two hidden layers are read twice.
pub fn hidden_units<T: Ulps>(layers: &[Dense<'_, T>]) -> Result<Vec<HiddenUnits>, ShapeError> {
    check_chain(layers)?;
    Ok(layers
        .windows(2)
        .enumerate()
        .map(|(number, pair)| {
            let (incoming, outgoing) = (&pair[0], &pair[1]);
            let bias = incoming.bias.and_then(|bias| widest_gap(bias));
            let gaps = [
                gap_between_outputs(incoming)
                    .map(|gap| UnitDifference::of(gap, number, LayerParameter::Weight)),
                bias.map(|gap| UnitDifference::of(gap, number, LayerParameter::Bias)),
                gap_between_inputs(outgoing)
                    .map(|gap| UnitDifference::of(gap, number + 1, LayerParameter::Weight)),
            ];
            let difference =
                gaps.into_iter().flatten().reduce(|a, b| if exceeds(&b, &a) { b } else { a });
            HiddenUnits { units: incoming.outputs, difference }
        })
        .collect())
}

/// Whether the first difference is larger. Between differences of equal size, the ULPs decide.
fn exceeds(a: &UnitDifference, b: &UnitDifference) -> bool {
    (a.difference, a.ulps) > (b.difference, b.ulps)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn seed(order: Order) -> (Vec<f32>, Vec<f32>) {
        let first = match order {
            Order::OutputMajor => vec![1.0, 2.0, 3.0, 1.0, 2.0, 3.0],
            Order::InputMajor => vec![1.0, 1.0, 2.0, 2.0, 3.0, 3.0],
        };
        (first, vec![1.0; 8])
    }

    fn check(w1: &[f32], b1: &[f32], w2: &[f32], b2: &[f32], order: Order) -> Properties {
        let layers = [
            Dense::new(3, 2, w1, Some(b1), order).unwrap(),
            Dense::new(2, 4, w2, Some(b2), order).unwrap(),
        ];
        properties(&layers).unwrap()
    }

    #[test]
    fn the_seed_holds_in_both_orders() {
        for order in [Order::InputMajor, Order::OutputMajor] {
            let (w1, w2) = seed(order);
            assert!(check(&w1, &[0.5; 2], &w2, &[0.5; 4], order).hold());
        }
    }

    #[test]
    fn each_broken_parameter_breaks_its_own_property() {
        let order = Order::OutputMajor;
        let (w1, w2) = seed(order);
        let up = 1.0_f32.next_up();
        let broken = |p: Properties| {
            p.iter().map(|(_, alike)| alike.is_some_and(|a| !a.holds())).collect::<Vec<_>>()
        };
        let mut bad = w1.clone();
        bad[3] = up;
        let p = check(&bad, &[0.5; 2], &w2, &[0.5; 4], order);
        assert_eq!(broken(p), [true, false, false, false]);
        assert_eq!(p.p1, Some(Deviation { deviation: f64::from(f32::EPSILON), ulps: 1 }));

        let p = check(&w1, &[0.5, 0.75], &w2, &[0.5; 4], order);
        assert_eq!(broken(p), [false, true, false, false]);
        assert_eq!(p.p2.unwrap().deviation, 0.25);

        let mut bad = w2.clone();
        bad[7] = up;
        let p = check(&w1, &[0.5; 2], &bad, &[0.5; 4], order);
        assert_eq!(broken(p), [false, false, true, false]);

        let p = check(&w1, &[0.5; 2], &w2, &[0.5, 0.5, 0.5, -0.5], order);
        assert_eq!(broken(p), [false, false, false, true]);
    }

    #[test]
    fn zeros_of_unlike_sign_are_not_bitwise_alike() {
        let p = check(&[0.0; 6], &[0.0, -0.0], &[0.0; 8], &[0.0; 4], Order::InputMajor);
        assert_eq!(p.p2, Some(Deviation { deviation: 0.0, ulps: 1 }));
    }

    #[test]
    fn the_largest_deviation_and_the_most_ulps_may_belong_to_two_inputs() {
        let (big, one) = (1e9_f32, 1.0 + 4.0 * f32::EPSILON);
        let w1 = [big, 1.0, 3.0, big + 64.0, one, 3.0];
        let p = check(&w1, &[0.5; 2], &[1.0; 8], &[0.5; 4], Order::OutputMajor);
        assert_eq!(p.p1, Some(Deviation { deviation: 64.0, ulps: 4 }));
    }

    #[test]
    fn a_nan_is_like_nothing() {
        let p = check(&[0.0; 6], &[f32::NAN; 2], &[0.0; 8], &[0.0; 4], Order::InputMajor);
        assert_eq!(p.p2.unwrap().deviation, f64::INFINITY);
        assert!(!p.hold());
        let layer = Dense::new(1, 1, &[f32::NAN], None, Order::InputMajor).unwrap();
        let alone = hidden_units(&[layer, layer]).unwrap();
        assert_eq!(alone, [HiddenUnits { units: 1, difference: None }]);
    }

    #[test]
    fn without_bias_two_properties_are_left() {
        let layers = [
            Dense::new(1, 2, &[1.0_f64, 1.0], None, Order::InputMajor).unwrap(),
            Dense::new(2, 1, &[3.0, 3.0], None, Order::InputMajor).unwrap(),
        ];
        let p = properties(&layers).unwrap();
        assert_eq!((p.p2, p.p4), (None, None));
        assert!(p.hold());
    }

    #[test]
    fn hidden_units_survive_unequal_outputs() {
        // Outgoing weights differ between outputs, not between hidden units.
        let w2 = [1.0_f32, 1.0, 2.0, 2.0, 3.0, 3.0, 4.0, 4.0];
        let layers = [
            Dense::new(1, 2, &[1.0_f32, 1.0], Some(&[0.0, 0.0]), Order::OutputMajor).unwrap(),
            Dense::new(2, 4, &w2, Some(&[1.0, 2.0, 3.0, 4.0]), Order::OutputMajor).unwrap(),
        ];
        assert!(!properties(&layers).unwrap().hold());
        assert_eq!(hidden_units(&layers).unwrap(), [HiddenUnits { units: 2, difference: None }]);
    }

    #[test]
    fn the_pair_that_differs_is_named() {
        let mut w2 = [1.0_f32; 6];
        w2[4] = 1.5; // output 1, hidden unit 1
        let layers = [
            Dense::new(1, 3, &[1.0_f32; 3], None, Order::OutputMajor).unwrap(),
            Dense::new(3, 2, &w2, None, Order::OutputMajor).unwrap(),
        ];
        let apart = hidden_units(&layers).unwrap()[0].difference.unwrap();
        assert_eq!(apart.units, [0, 1]);
        assert_eq!(
            (apart.layer, apart.parameter, apart.difference),
            (1, LayerParameter::Weight, 0.5)
        );
        assert_eq!(apart.ulps, 1 << 22);
    }

    #[test]
    fn layers_that_do_not_fit_are_named() {
        let a = Dense::new(1, 3, &[1.0_f32; 3], None, Order::InputMajor).unwrap();
        let b = Dense::new(2, 1, &[1.0_f32; 2], None, Order::InputMajor).unwrap();
        assert_eq!(
            properties(&[a, b]).unwrap_err().to_string(),
            "layer 2 reads 2 inputs, but the layer before it has 3 outputs"
        );
        assert_eq!(hidden_units::<f32>(&[]).unwrap_err(), ShapeError::NoLayers);
        assert!(Dense::new(usize::MAX, 3, &[1.0_f32; 3], None, Order::InputMajor).is_err());
        assert!(Dense::new(1, 3, &[1.0_f32; 3], Some(&[0.0]), Order::InputMajor).is_err());
    }

    #[test]
    fn one_layer_has_no_hidden_units_to_speak_of() {
        let alone =
            [Dense::new(1, 2, &[1.0_f32, 2.0], Some(&[3.0, 4.0]), Order::InputMajor).unwrap()];
        let found = properties(&alone).unwrap();
        assert_eq!(found, Properties::default());
        assert!(found.iter().all(|(_, property)| property.is_none()));
        assert_eq!(hidden_units(&alone).unwrap(), []);
    }

    #[test]
    fn empty_layers_hold() {
        let a = Dense::<f32>::new(0, 0, &[], Some(&[]), Order::InputMajor).unwrap();
        assert!(properties(&[a, a]).unwrap().hold());
        assert_eq!(hidden_units(&[a, a]).unwrap()[0], HiddenUnits { units: 0, difference: None });
    }

    proptest! {
        /// The definition, written with indices, as a check of the iterators.
        #[test]
        fn agrees_with_the_definition(
            entries in prop::collection::vec(prop::sample::select(vec![1.0_f64, 1.5, -2.0]), 12),
            input_major in any::<bool>(),
        ) {
            let order = if input_major { Order::InputMajor } else { Order::OutputMajor };
            let (w1, rest) = entries.split_at(6); // 3 -> 2 -> 2
            let (w2, b1) = rest.split_at(4);
            let at = |w: &[f64], inputs: usize, outputs: usize, i: usize, j: usize| {
                if input_major { w[j * outputs + i] } else { w[i * inputs + j] }
            };
            let layers = [
                Dense::new(3, 2, w1, Some(b1), order).unwrap(),
                Dense::new(2, 2, w2, None, order).unwrap(),
            ];
            let mut p1 = 0.0_f64;
            for j in 0..3 {
                p1 = p1.max((at(w1, 3, 2, 0, j) - at(w1, 3, 2, 1, j)).abs());
            }
            let mut p3 = 0.0_f64;
            let mut outgoing = 0.0_f64;
            for i in 0..2 {
                outgoing = outgoing.max((at(w2, 2, 2, i, 0) - at(w2, 2, 2, i, 1)).abs());
                for j in 0..2 {
                    p3 = p3.max((at(w2, 2, 2, i, j) - w2[0]).abs()).max((w2[3] - w2[0]).abs());
                    p3 = p3.max((at(w2, 2, 2, i, j) - w2[1]).abs());
                    p3 = p3.max((at(w2, 2, 2, i, j) - w2[2]).abs());
                }
            }
            let p2 = (b1[0] - b1[1]).abs();
            let found = properties(&layers).unwrap();
            prop_assert_eq!(found.p1.unwrap().deviation, p1);
            prop_assert_eq!(found.p2.unwrap().deviation, p2);
            prop_assert_eq!(found.p3.unwrap().deviation, p3);
            let apart = hidden_units(&layers).unwrap()[0].difference;
            prop_assert_eq!(apart.map_or(0.0, |a| a.difference), p1.max(p2).max(outgoing));
        }
    }
}
