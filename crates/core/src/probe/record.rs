//! Readings as the records that files store.

use super::{Cause, FirstBreak, GradientsThen, SpaceReading, SymmetryReading};
use constinit_records::{FirstBreakRecord, PropertyRecord, ReadingRecord, SpaceRecord};
use constinit_symmetry::theorem::{Deviation, Properties};

impl SpaceReading {
    /// The reading of the space of this name.
    pub fn record(&self, name: &str) -> SpaceRecord {
        SpaceRecord {
            name: name.to_owned(),
            units: self.units,
            twins: self.twins,
            equitable: self.equitable,
            forward: self.forward,
            spread: finite(self.spread()),
            ulps: self.apart.map_or(0, |apart| apart.ulps),
            gradients_agree: self.gradients_agree,
            needed: self.needed,
            // Dead units depend on data, which a probe of parameters does not have.
            dead: None,
            no_incoming: self.no_incoming,
            no_outgoing: self.no_outgoing,
        }
    }
}

impl SymmetryReading {
    /// The reading of spaces of these names, with the four properties of the theorem.
    pub fn record(&self, names: &[&str], properties: &Properties) -> ReadingRecord {
        let property = |deviation: Deviation| PropertyRecord {
            holds: deviation.holds(),
            deviation: finite(deviation.deviation),
            ulps: deviation.ulps,
        };
        let properties = properties.iter().map(|(name, p)| (name.to_owned(), p.map(property)));
        ReadingRecord {
            step: self.step,
            loss: self.loss.and_then(finite),
            spaces: names.iter().zip(&self.spaces).map(|(name, read)| read.record(name)).collect(),
            properties: properties.collect(),
            certificate: None,
        }
    }
}

impl FirstBreak {
    /// The break under the names that files use: `parameter` is the name of the parameter there, and `index` turns the
    /// number of an entry in storage order into its index there.
    pub fn record(
        &self,
        parameter: impl Into<String>,
        index: impl Fn(usize) -> Vec<usize>,
    ) -> FirstBreakRecord {
        FirstBreakRecord {
            step: self.step,
            since: self.since,
            space: self.space.clone(),
            units: self.units,
            parameter: parameter.into(),
            entries: self.entries.map(index),
            difference: finite(self.difference),
            ulps: self.ulps,
            gradients_agreed: match self.gradients {
                GradientsThen::NotSeen => None,
                GradientsThen::Agreed => Some(true),
                GradientsThen::Differed { .. } => Some(false),
            },
            cause: self.cause.to_string(),
            rounding: self.cause == Cause::Rounding,
        }
    }
}

fn finite(number: f64) -> Option<f64> {
    Some(number).filter(|number| number.is_finite())
}
