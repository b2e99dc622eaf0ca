//! What a probe reads, in the dashboard and the logs of Burn's Learner.

use super::{ProbeHandle, SymmetryProbe};
use burn::train::metric::{
    Metric, MetricAttributes, MetricMetadata, MetricName, Numeric, NumericAttributes, NumericEntry,
    SerializedEntry,
};
use std::sync::Arc;

macro_rules! metric {
    ($(#[$doc:meta])* $name:ident, $title:literal, $about:literal, $higher:literal, $value:expr) => {
        $(#[$doc])*
        #[derive(Clone)]
        pub struct $name {
            probe: ProbeHandle<SymmetryProbe>,
            space: usize,
            name: MetricName,
            last: f64,
        }

        impl $name {
            /// The metric of one space; None where the probe's axes have no space of this name.
            pub fn new(probe: ProbeHandle<SymmetryProbe>, space: &str) -> Option<Self> {
                let number = probe.probe().axes().space_id(space)?.get();
                let name = Arc::new(format!("{} of {space}", $title));
                Some(Self { probe, space: number, name, last: 0.0 })
            }
        }

        impl Metric for $name {
            type Input = ();

            fn name(&self) -> MetricName {
                Arc::clone(&self.name)
            }

            fn description(&self) -> Option<String> {
                Some($about.to_owned())
            }

            fn attributes(&self) -> MetricAttributes {
                NumericAttributes { unit: None, higher_is_better: $higher }.into()
            }

            fn update(&mut self, _: &(), _: &MetricMetadata) -> SerializedEntry {
                let probe = self.probe.probe();
                let read = probe.readings().last().and_then(|reading| reading.spaces.get(self.space));
                let (value, text) = read.map_or((0.0, "not read yet".to_owned()), $value);
                self.last = value;
                SerializedEntry { formatted: text, serialized: NumericEntry::Value(value).serialize() }
            }

            fn clear(&mut self) {}
        }

        impl Numeric for $name {
            fn value(&self) -> NumericEntry {
                NumericEntry::Value(self.last)
            }

            fn running_value(&self) -> NumericEntry {
                NumericEntry::Value(self.last)
            }
        }
    };
}

metric! {
    /// How many different units a space has: classes of twins, at the probe's last reading.
    EffectiveWidthMetric, "Effective width", "Classes of units that can be swapped without changing anything", true,
    |read| (read.twins as f64, format!("{} of {} units", read.twins, read.units))
}

metric! {
    /// How far units that were one class at the start lie apart, at the probe's last reading.
    SpreadMetric, "Spread", "Largest difference between units that were one unit at the start", true,
    |read| (read.spread(), format!("{:.3e}", read.spread()))
}
