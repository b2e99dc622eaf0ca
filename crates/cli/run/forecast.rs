//! `[probe] forecast`: will rounding separate equal units, and when?
//!
//! The loss of a forecast is the loss on all examples, even if steps train on batches. If the data shift, it uses the
//! shift of the next step. So it depends only on the parameters and on the number of steps done, and a resumed run
//! gives the same forecasts. If a quotient is trained, the forecast is about the full network: the units of the
//! quotient itself never diverge.

use super::readings::finite;
use burn::tensor::backend::AutodiffBackend;
use constinit::prelude::*;
use constinit::probe::{EscapeProbe, EscapeReading, Observation, Outlook, Probe, SpaceOutlook};
use constinit::train::{Batch, Batches, Loss, OptimizerConfig, Shifted};
use constinit::{ConstInit, Error};
use constinit_core::text::number;
use constinit_records::{ForecastPair, ForecastRecord, OutlookWord};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

/// Takes forecasts.
pub struct Forecasts<B: AutodiffBackend> {
    probe: EscapeProbe<B, ConstInit<B>>,
    every: usize,
    /// The steps done, for the shift of the examples.
    step: Arc<AtomicUsize>,
}

impl<B: AutodiffBackend> Forecasts<B> {
    /// Forecasts before training and after every so many steps, for the classes of the network as it starts.
    pub fn new(
        every: usize,
        start: &Observation<'_, B, ConstInit<B>>,
        optimizer: &OptimizerConfig,
        loss: Loss,
        examples: Batch<B>,
        shift: f64,
    ) -> Result<Self, Error> {
        let step = Arc::<AtomicUsize>::default();
        let now = Arc::clone(&step);
        let mut examples = Shifted::new(move |_| examples.clone(), shift);
        let loss = move |net: &ConstInit<B>| {
            let Batch { inputs, targets } = examples.batch(now.load(Ordering::Relaxed));
            loss.forward(net.forward(inputs), targets)
        };
        let mut probe = EscapeProbe::new(start.model.axes()?, optimizer, loss).reporting(|_| {});
        probe.follow(start)?;
        Ok(Self { probe, every, step })
    }

    pub fn due(&self, step: usize) -> bool {
        step.is_multiple_of(self.every)
    }

    /// The forecast of a state.
    pub fn read(
        &mut self,
        seen: &Observation<'_, B, ConstInit<B>>,
    ) -> Result<Option<&EscapeReading>, String> {
        self.step.store(seen.step, Ordering::Relaxed);
        self.probe.observe(seen);
        match self.probe.failed() {
            Some(reason) => Err(reason.to_owned()),
            None => Ok(self.probe.readings().last()),
        }
    }
}

/// The line of a forecast in `readings.jsonl`.
pub fn forecast_record(reading: &EscapeReading) -> ForecastRecord {
    ForecastRecord {
        step: reading.step,
        learning_rate: finite(reading.learning_rate),
        spaces: reading.spaces.iter().map(forecast_pair).collect(),
    }
}

fn forecast_pair(found: &SpaceOutlook) -> ForecastPair {
    let SpaceOutlook { space, units, pair, outlook } = found;
    let [u, v] = pair;
    let mut apart = None;
    let (word, sentence) = match outlook {
        Outlook::Together { forecast, .. } => (OutlookWord::Together, forecast.to_string()),
        Outlook::Escaped { apart: found } => {
            apart = finite(*found);
            let found = number(*found, 3);
            let sentence = format!("units {u} and {v} differ by {found} of their size");
            (OutlookWord::Escaped, sentence)
        }
        Outlook::Unknown { reason } => (OutlookWord::Unknown, reason.clone()),
        other => (OutlookWord::Unknown, format!("{other:?}")),
    };
    let forecast = outlook.forecast();
    ForecastPair {
        name: space.clone(),
        units: *units,
        pair: Some(*pair),
        outlook: word,
        apart,
        curvature: forecast.and_then(|forecast| finite(forecast.curvature())),
        factor: forecast.and_then(|forecast| forecast.factor()).and_then(finite),
        rate: forecast.and_then(|forecast| forecast.rate()).and_then(finite),
        e_fold_steps: forecast.and_then(|forecast| forecast.e_fold_steps()).and_then(finite),
        escape_steps: forecast.and_then(|forecast| forecast.escape_in()).and_then(finite),
        stationary: forecast.and_then(|forecast| forecast.is_stationary()),
        valid_from: forecast.and_then(|forecast| forecast.valid_from()),
        sentence,
    }
}
