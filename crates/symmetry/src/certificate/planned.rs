//! Changes that training will make at known steps.
#![deny(clippy::wildcard_enum_match_arm)]

use crate::axes::{AxesSpec, Role};
use crate::space::{SpaceId, UnitIndex};
use std::fmt;

/// A change that makes units of a space differ at a known step of a training.
///
/// Steps are counted from 1. A change of weights at step `s` is made as that step begins, so the gradients of step
/// `s` are those of the changed weights.
///
/// ```
/// use constinit_symmetry::{AxesSpec, PlannedBreak, PlannedChange, input, output};
///
/// let spec = AxesSpec::builder()
///     .space("hidden1", 6)
///     .space("hidden2", 4)
///     .param("l2.weight", [input("hidden1"), output("hidden2")])
///     .build([("l2.weight", &[6, 4][..])])?;
///
/// let dropout = PlannedBreak::new(&spec, "hidden1", 60, PlannedChange::Dropout { share: 0.1 });
/// assert_eq!(dropout.to_string(), "dropout of 0.1 on hidden1 from step 60");
/// assert_eq!(dropout.reached(), ["hidden1"]);
/// // The outgoing weights of one layer are the incoming weights of the next.
/// let sums = PlannedBreak::new(&spec, "hidden1", 60, PlannedChange::ZeroSum { scale: 0.01 });
/// assert_eq!(sums.reached(), ["hidden1", "hidden2"]);
/// # Ok::<(), constinit_symmetry::SymmetryError>(())
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct PlannedBreak {
    step: usize,
    change: PlannedChange,
    /// First the space that it acts on, then the other spaces whose units it makes different.
    reached: Vec<String>,
}

/// What a [`PlannedBreak`] does.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum PlannedChange {
    /// From the step on, each unit is dropped with this probability, independently for each example.
    Dropout {
        /// The probability: at least 0 and below 1.
        share: f64,
    },
    /// Once, independent normal numbers are added to incoming weights and biases.
    Noise {
        /// The standard deviation of the numbers.
        std: f64,
        /// The units whose weights and biases change; None for all units of the space.
        units: Option<Vec<UnitIndex>>,
    },
    /// Once, outgoing weights change by amounts that sum to zero over the units that compute the same number. See
    /// [`break_symmetry`](crate::break_symmetry()).
    ZeroSum {
        /// The largest amount.
        scale: f64,
    },
}

impl PlannedBreak {
    /// A change of a space of this spec at a step, counted from 1.
    ///
    /// A change of a space that the spec does not have reaches no other space, and a
    /// [certificate](crate::certificate()) reports its name.
    pub fn new(spec: &AxesSpec, space: &str, step: usize, change: PlannedChange) -> Self {
        let mut reached = vec![space.to_owned()];
        // The incoming weights of one space are the outgoing weights of another, so a change of them reaches both.
        let sides = match &change {
            PlannedChange::Dropout { .. } => None,
            PlannedChange::Noise { .. } => Some([Role::Output, Role::Input]),
            PlannedChange::ZeroSum { .. } => Some([Role::Input, Role::Output]),
        };
        if let (Some([own, other]), Some(id)) = (sides, spec.space_id(space)) {
            for param in spec.params() {
                let on = |role: Role| {
                    let axes = param.axes().iter().filter(move |axis| axis.role == role);
                    axes.filter_map(|axis| axis.axis.space().copied())
                };
                if on(own).any(|found| found == id) {
                    let is_new = |found: &SpaceId| !spec.space(*found).is_fixed();
                    for found in on(other).filter(is_new) {
                        let name = spec.space(found).name();
                        if !reached.iter().any(|known| known == name) {
                            reached.push(name.to_owned());
                        }
                    }
                }
            }
        }
        Self { step, change, reached }
    }

    /// The space that it acts on.
    pub fn space(&self) -> &str {
        &self.reached[0]
    }

    /// The first step that it acts in.
    pub fn step(&self) -> usize {
        self.step
    }

    /// What it does.
    pub fn change(&self) -> &PlannedChange {
        &self.change
    }

    /// The spaces whose units it makes different: first the space that it acts on, then those whose incoming or
    /// outgoing weights it changes at the same time.
    pub fn reached(&self) -> &[String] {
        &self.reached
    }

    /// Whether it can make some of these units of a space different from each other.
    pub fn separates(&self, space: &str, units: &[UnitIndex]) -> bool {
        if units.len() < 2 || !self.reached.iter().any(|reached| reached == space) {
            return false;
        }
        match &self.change {
            PlannedChange::Noise { units: Some(noisy), .. } if space == self.space() => {
                units.iter().any(|unit| noisy.contains(unit))
            }
            PlannedChange::Noise { units: Some(noisy), .. } => !noisy.is_empty(),
            PlannedChange::Noise { units: None, .. } => true,
            PlannedChange::Dropout { share } => *share > 0.0,
            PlannedChange::ZeroSum { .. } => true,
        }
    }

    /// Whether it continues after its first step.
    pub fn goes_on(&self) -> bool {
        match self.change {
            PlannedChange::Dropout { .. } => true,
            PlannedChange::Noise { .. } | PlannedChange::ZeroSum { .. } => false,
        }
    }

    /// Whether it acts in one of the steps after the first `since` steps, up to and including step number `step`.
    pub fn acts(&self, since: Option<usize>, step: usize) -> bool {
        self.step <= step && (self.goes_on() || since.is_none_or(|since| since < self.step))
    }

    /// How it separates two units of one class, as a sentence without a full stop.
    pub fn cause(&self) -> String {
        let does = match self.change {
            PlannedChange::Dropout { .. } => "drops one unit of the class and not the other",
            PlannedChange::Noise { .. } => "adds a different number to each weight and bias",
            PlannedChange::ZeroSum { .. } => "change each weight by a different amount",
        };
        format!("{self} {does}")
    }
}

/// `dropout of 0.1 on hidden1 from step 60`
impl fmt::Display for PlannedBreak {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (space, step) = (self.space(), self.step);
        match &self.change {
            PlannedChange::Dropout { share } => {
                write!(f, "dropout of {share} on {space} from step {step}")
            }
            PlannedChange::Noise { std, units } => {
                write!(f, "noise of standard deviation {std} on ")?;
                if let Some(units) = units {
                    let names: Vec<String> = units.iter().map(ToString::to_string).collect();
                    let plural = if units.len() == 1 { "" } else { "s" };
                    write!(f, "unit{plural} {} of ", names.join(", "))?;
                }
                write!(f, "{space} at step {step}")
            }
            PlannedChange::ZeroSum { scale } => write!(
                f,
                "zero-sum changes of up to {scale} to the outgoing weights of {space} at step {step}"
            ),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::axes::{input, output};

    /// Two hidden layers, with biases.
    fn spec() -> AxesSpec {
        let shapes = [
            ("1.weight", &[2, 4][..]),
            ("1.bias", &[4]),
            ("2.weight", &[4, 3]),
            ("2.bias", &[3]),
            ("3.weight", &[3, 1]),
        ];
        AxesSpec::builder()
            .fixed_space("inputs", 2)
            .space("hidden1", 4)
            .space("hidden2", 3)
            .param("1.weight", [input("inputs"), output("hidden1")])
            .param("1.bias", [output("hidden1")])
            .param("2.weight", [input("hidden1"), output("hidden2")])
            .param("2.bias", [output("hidden2")])
            .param("3.weight", [input("hidden2"), output("")])
            .build(shapes)
            .unwrap()
    }

    fn units(numbers: &[usize]) -> Vec<UnitIndex> {
        numbers.iter().map(|number| UnitIndex::at(*number)).collect()
    }

    #[test]
    fn a_weight_between_two_layers_belongs_to_both() {
        let reached = |space: &str, change: PlannedChange| {
            PlannedBreak::new(&spec(), space, 1, change).reached().join(" ")
        };
        let noise = || PlannedChange::Noise { std: 0.1, units: None };
        let sums = || PlannedChange::ZeroSum { scale: 0.1 };
        assert_eq!(reached("hidden1", PlannedChange::Dropout { share: 0.1 }), "hidden1");
        // Inputs are fixed, and outputs are not a space.
        assert_eq!(reached("hidden1", noise()), "hidden1");
        assert_eq!(reached("hidden2", noise()), "hidden2 hidden1");
        assert_eq!(reached("hidden1", sums()), "hidden1 hidden2");
        assert_eq!(reached("hidden2", sums()), "hidden2");
        assert_eq!(reached("hiden2", sums()), "hiden2");
    }

    #[test]
    fn noise_separates_units_from_those_that_it_spares() {
        let change = PlannedChange::Noise { std: 0.1, units: Some(units(&[1])) };
        let noise = PlannedBreak::new(&spec(), "hidden2", 7, change);
        assert!(noise.separates("hidden2", &units(&[0, 1])));
        assert!(!noise.separates("hidden2", &units(&[0, 2])));
        assert!(!noise.separates("hidden2", &units(&[1])));
        // The noisy unit reads the units of the layer before with different weights.
        assert!(noise.separates("hidden1", &units(&[0, 3])));
        assert!(!noise.separates("hidden3", &units(&[0, 1])));
        assert_eq!(
            noise.to_string(),
            "noise of standard deviation 0.1 on unit 1 of hidden2 at step 7"
        );
    }

    #[test]
    fn dropout_goes_on_and_a_change_is_made_once() {
        let dropout =
            PlannedBreak::new(&spec(), "hidden1", 5, PlannedChange::Dropout { share: 0.5 });
        let once = PlannedBreak::new(&spec(), "hidden1", 5, PlannedChange::ZeroSum { scale: 0.5 });
        for (since, step, of_dropout, of_once) in [
            (Some(3), 4, false, false),
            (Some(4), 5, true, true),
            (Some(0), 9, true, true),
            (None, 5, true, true),
            (Some(5), 6, true, false),
        ] {
            assert_eq!(dropout.acts(since, step), of_dropout, "{since:?} {step}");
            assert_eq!(once.acts(since, step), of_once, "{since:?} {step}");
        }
        let never = PlannedBreak::new(&spec(), "hidden1", 5, PlannedChange::Dropout { share: 0.0 });
        assert!(!never.separates("hidden1", &units(&[0, 1])));
    }
}
