//! What a probe reads, in the dashboard and the logs of Burn's Learner.

use super::{ProbeHandle, SymmetryProbe};
use burn::train::metric::{
    Metric, MetricAttributes, MetricMetadata, MetricName, Numeric, NumericAttributes, NumericEntry,
    SerializedEntry,
};
use constinit_core::probe::SpaceQuantity;
use std::sync::Arc;

macro_rules! metric {
    ($(#[$doc:meta])* $name:ident, $quantity:expr) => {
        $(#[$doc])*
        #[derive(Clone)]
        pub struct $name {
            probe: ProbeHandle<SymmetryProbe>,
            space: usize,
            name: MetricName,
            last: f64,
        }

        impl $name {
            /// The metric of one space; None if the probe's axes have no space of this name.
            pub fn new(probe: ProbeHandle<SymmetryProbe>, space: &str) -> Option<Self> {
                let number = probe.probe().axes().space_id(space)?.get();
                let name = Arc::new($quantity.title(space));
                Some(Self { probe, space: number, name, last: 0.0 })
            }
        }

        impl Metric for $name {
            type Input = ();

            fn name(&self) -> MetricName {
                Arc::clone(&self.name)
            }

            fn description(&self) -> Option<String> {
                Some($quantity.about().to_owned())
            }

            fn attributes(&self) -> MetricAttributes {
                NumericAttributes { unit: None, higher_is_better: $quantity.higher_is_better() }.into()
            }

            fn update(&mut self, _: &(), _: &MetricMetadata) -> SerializedEntry {
                let probe = self.probe.probe();
                let (value, text) = $quantity.of(probe.readings().last(), self.space);
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
    /// How many distinct units a space has: classes of twins, at the probe's last reading.
    EffectiveWidthMetric, SpaceQuantity::EFFECTIVE_WIDTH
}

metric! {
    /// The largest difference between units that were in one class at the start, at the probe's last reading.
    SpreadMetric, SpaceQuantity::SPREAD
}
