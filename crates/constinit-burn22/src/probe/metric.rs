//! What a probe reads, in the dashboard and the logs of Burn's Learner.

use super::{ProbeHandle, SpaceQuantity};
use burn::tensor::TensorReadError;
use burn::train::metric::{
    Metric, MetricAttributes, MetricMetadata, MetricName, Numeric, NumericAttributes, NumericEntry,
    SerializedEntry,
};
use std::sync::Arc;

/// A number of one space at the probe's last reading, as a metric of Burn's Learner. It works with every output type.
#[derive(Clone)]
pub struct SpaceMetric {
    probe: ProbeHandle,
    quantity: SpaceQuantity,
    space: usize,
    name: MetricName,
    last: f64,
}

impl SpaceMetric {
    /// How many distinct units a space has; None if the handle has no probe, or its axes no space of this name.
    pub fn effective_width(probe: &ProbeHandle, space: &str) -> Option<Self> {
        Self::new(probe, space, SpaceQuantity::EFFECTIVE_WIDTH)
    }

    /// How far units that were in one class at the start have diverged; None in the same cases as
    /// [`effective_width`](Self::effective_width).
    pub fn spread(probe: &ProbeHandle, space: &str) -> Option<Self> {
        Self::new(probe, space, SpaceQuantity::SPREAD)
    }

    fn new(probe: &ProbeHandle, space: &str, quantity: SpaceQuantity) -> Option<Self> {
        let number = probe.probe().as_ref()?.axes().space_id(space)?.get();
        let name = Arc::new(quantity.title(space));
        Some(Self { probe: probe.clone(), quantity, space: number, name, last: 0.0 })
    }

    fn read(&mut self) -> SerializedEntry {
        let (value, text) = {
            let probe = self.probe.probe();
            let last = probe.as_ref().and_then(|probe| probe.readings().last());
            self.quantity.of(last, self.space)
        };
        self.last = value;
        SerializedEntry { formatted: text, serialized: NumericEntry::Value(value).serialize() }
    }
}

impl Metric for SpaceMetric {
    type Input = ();

    fn name(&self) -> MetricName {
        Arc::clone(&self.name)
    }

    fn description(&self) -> Option<String> {
        Some(self.quantity.about().to_owned())
    }

    fn attributes(&self) -> MetricAttributes {
        let higher_is_better = self.quantity.higher_is_better();
        NumericAttributes { unit: None, higher_is_better }.into()
    }

    fn update(&mut self, _: &(), _: &MetricMetadata) -> Result<SerializedEntry, TensorReadError> {
        Ok(self.read())
    }

    fn compute(&mut self) -> Result<SerializedEntry, TensorReadError> {
        Ok(self.read())
    }

    fn clear(&mut self) {}
}

impl Numeric for SpaceMetric {
    fn value(&self) -> Option<NumericEntry> {
        Some(NumericEntry::Value(self.last))
    }

    fn running_value(&self) -> Option<NumericEntry> {
        self.value()
    }

    fn final_value(&self) -> NumericEntry {
        NumericEntry::Final(self.last)
    }
}
