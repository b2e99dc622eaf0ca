//! The first difference between two units that were equal, and what is known about its cause.

use super::known::Known;
use crate::text::number;
use constinit_symmetry::{AxesSpec, PlannedBreak, Spread, SymmetryBreaker};
use std::fmt;

/// A difference between gradients of up to this share of the largest gradient counts as rounding: single precision
/// rounds at 6e-8, and sums over a batch and a layer of some thousand terms keep at least 4 digits. For running
/// statistics the share is relative to their own size.
const ROUNDING: f64 = 1e-4;

/// Where two units that were equal at the start differed for the first time, of all readings.
///
/// Only twins have one. Units of an equitable class that are not twins differ from the start. What they share, sums of
/// entries, is usually lost with the first update that rounds the entries one by one.
/// [`SpaceReading::equitable`](super::SpaceReading::equitable) counts their classes at each reading, and no break of
/// them is reported.
#[derive(Clone, Debug, PartialEq)]
pub struct FirstBreak {
    /// Steps done when the units were first seen to differ: at a reading, or at the start of the next step.
    pub step: usize,
    /// Steps done at the last reading at which the units were equal; None if there was no such reading. The units
    /// diverged between the two. If it equals `step`, they diverged after that reading and before the next step.
    pub since: Option<usize>,
    /// The space.
    pub space: String,
    /// The two units that differ most, the smaller number first.
    pub units: [usize; 2],
    /// The parameter in which they differ most.
    pub parameter: String,
    /// The row-major numbers of the two entries, in the order of the units.
    pub entries: [usize; 2],
    /// The two numbers, in the order of the units.
    pub values: [f64; 2],
    /// Their absolute difference; infinite if one of them is not a number.
    pub difference: f64,
    /// Their distance in representable numbers.
    pub ulps: u64,
    /// Whether the gradients of that step differed already.
    pub gradients: GradientsThen,
    /// The known or suspected cause.
    pub cause: Cause,
}

/// The gradients, at a break, of units that had been equal.
#[derive(Clone, Debug, PartialEq)]
pub enum GradientsThen {
    /// The probe did not see them, or they belong to a step after the one at which the units diverged.
    NotSeen,
    /// Bitwise equal: only the update differed.
    Agreed,
    /// They differed already.
    Differed {
        /// The parameter with the largest difference.
        parameter: String,
        /// The largest difference.
        difference: f64,
        /// The same in representable numbers.
        ulps: u64,
        /// The largest gradient of all parameters, to compare with.
        largest: f64,
    },
}

/// The known or suspected cause of a break.
///
/// Neither the data nor their order can be a cause: twins have equal gradients for every example, and so for every
/// batch. Another order of examples or another batch can only change the rounding ([`Cause::Rounding`]).
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum Cause {
    /// A known fact about the training distinguishes the units.
    Known(Vec<SymmetryBreaker>),
    /// Found by exclusion: nothing known distinguishes the units. Their gradients, or the running statistics of a batch
    /// norm, differ by no more than the rounding of a kernel that sums equal rows in different orders.
    Rounding,
    /// The gradients differ by more than rounding: the forward pass treats the units differently, through dropout or
    /// noise that the probe does not know of, or through an operation that uses the numbers of units.
    UnequalGradients,
    /// The gradients agree, so the cause is the update (learning rates or optimizer state that differ between units),
    /// or a write from outside the training step.
    Update,
    /// The units were equal at the reading before the step but differed when the step began: something other than the
    /// optimizer wrote to the module.
    Written,
    /// The probe did not see enough to name a cause.
    Unknown,
}

/// What the probe saw at a break.
pub(super) struct Seen<'a> {
    pub spread: Spread,
    /// Whether it is in a parameter that forward passes write, such as the running statistics of a batch norm: then
    /// equal gradients do not point to the update.
    pub in_running: bool,
    /// The spread at the beginning of the step; None if the units were bitwise equal then, or if the probe did not see
    /// it.
    pub before: Option<Spread>,
    /// The spread of the gradients: None if they were not seen, Some(None) if they are equal.
    pub gradient: Option<Option<Spread>>,
    /// The largest gradient.
    pub scale: f64,
    pub known: &'a Known,
}

impl FirstBreak {
    pub(super) fn new(
        axes: &AxesSpec,
        space_number: usize,
        (since, step): (Option<usize>, usize),
        seen: &Seen<'_>,
    ) -> Self {
        let space = axes.spaces()[space_number].name().to_owned();
        let observed = step;
        // A difference that existed when the step began does not come from the step.
        let (step, spread) = match seen.before {
            Some(before) => (step.saturating_sub(1), before),
            None => (step, seen.spread),
        };
        let path = |spread: &Spread| axes.params()[spread.parameter.get()].path().to_owned();
        // Gradients say something about the step at which the units diverged only if the reading before was one step
        // ago.
        let of_this_step = seen.before.is_none() && since.is_some_and(|since| since + 1 == step);
        let gradients = match seen.gradient.filter(|_| of_this_step) {
            None => GradientsThen::NotSeen,
            Some(None) => GradientsThen::Agreed,
            Some(Some(apart)) => GradientsThen::Differed {
                parameter: path(&apart),
                difference: apart.difference,
                ulps: apart.ulps,
                largest: seen.scale,
            },
        };
        let written = seen.before.is_some() && since == Some(step);
        // Dropout that treats the units differently makes their gradients differ, and acts only within a step.
        let drops = !written && gradients != GradientsThen::Agreed;
        let known = seen.known.causes(&space, spread.units, |planned| {
            planned.acts(since, observed) && (drops || !planned.goes_on())
        });
        let cause = match &gradients {
            _ if known.iter().any(|breaker| breaker.planned().is_some()) => Cause::Known(known),
            _ if written => Cause::Written,
            GradientsThen::Agreed if !seen.in_running => Cause::Update,
            _ if !known.is_empty() => Cause::Known(known),
            GradientsThen::Agreed if is_rounding(&spread) => Cause::Rounding,
            GradientsThen::Agreed => Cause::Update,
            GradientsThen::NotSeen => Cause::Unknown,
            GradientsThen::Differed { difference, .. } if *difference <= ROUNDING * seen.scale => {
                Cause::Rounding
            }
            GradientsThen::Differed { .. } => Cause::UnequalGradients,
        };
        let Spread { units, entries, values, difference, ulps, .. } = spread;
        Self {
            step,
            since,
            space,
            units: units.map(|unit| unit.get()),
            parameter: path(&spread),
            entries,
            values,
            difference,
            ulps,
            gradients,
            cause,
        }
    }
}

/// Whether two numbers differ by no more than rounding.
fn is_rounding(spread: &Spread) -> bool {
    let [a, b] = spread.values.map(f64::abs);
    spread.difference <= ROUNDING * a.max(b)
}

impl fmt::Display for FirstBreak {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [u, v] = self.units;
        let [a, b] = self.entries;
        match self.since {
            Some(since) if since + 1 < self.step => {
                write!(f, "{}: between steps {since} and {}", self.space, self.step)?;
            }
            Some(since) if since == self.step => {
                write!(f, "{}: after step {since} and before the next one", self.space)?;
            }
            _ => write!(f, "{}: at step {}", self.space, self.step)?,
        }
        let plural = if self.ulps == 1 { "" } else { "s" };
        write!(f, ", units {u} and {v} diverge in {} (entries {a} and {b}) by ", self.parameter)?;
        if self.difference.is_finite() {
            write!(f, "{}, {} ulp{plural}", number(self.difference, 4), self.ulps)?;
        } else {
            f.write_str("a number that is not finite")?;
        }
        match &self.gradients {
            GradientsThen::NotSeen => {}
            GradientsThen::Agreed => f.write_str("; their gradients were still equal")?,
            GradientsThen::Differed { parameter, difference, ulps, largest } => write!(
                f,
                "; their gradients already differed at that step, in {parameter} by {} ({ulps} ulps; the largest \
                 gradient is {})",
                number(*difference, 4),
                number(*largest, 4)
            )?,
        }
        write!(f, ". {}", self.cause)
    }
}

impl fmt::Display for Cause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Known(breakers) => {
                let planned: Vec<String> = breakers
                    .iter()
                    .filter_map(SymmetryBreaker::planned)
                    .map(PlannedBreak::cause)
                    .collect();
                if !planned.is_empty() {
                    return write!(f, "Cause: {}.", planned.join("; "));
                }
                let names: Vec<String> = breakers.iter().map(ToString::to_string).collect();
                write!(f, "Suspected cause: {}, which was expected to break the symmetry.", names.join(", "))
            }
            Self::Rounding => f.write_str(
                "Suspected cause, by exclusion: rounding. Nothing known distinguishes the units, and data cannot, in \
                 any order. But kernels may sum the rows of equal units in different orders.",
            ),
            Self::UnequalGradients => f.write_str(
                "Suspected cause: the gradients differ by more than rounding, so something in the forward pass \
                 distinguishes the units: dropout, noise, or an operation that uses their numbers.",
            ),
            Self::Update => f.write_str(
                "Suspected cause: the update, not the gradients (learning rates or an optimizer state that differ \
                 between units), or a write from outside the training step.",
            ),
            Self::Written => f.write_str(
                "Cause: a write from outside the training step. The units were equal after the step and differed \
                 before the next one began.",
            ),
            Self::Unknown => f.write_str("The cause is unknown: the probe did not see the gradients of that step."),
        }
    }
}
