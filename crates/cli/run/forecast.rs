//! `[probe] forecast`: will rounding separate units that are alike, and when?
//!
//! The loss of a forecast is that of all examples, also where steps train on parts of them, and with the shift of the
//! step that comes next where data shift: a function of the parameters and of the number of steps done, so that a run
//! that is resumed says the same. Where a quotient is trained, it is the full network that is asked about: the quotient
//! itself never parts its units.

use burn::tensor::backend::AutodiffBackend;
use constinit::probe::{EscapeProbe, EscapeReading, Observation, Outlook, Probe, SpaceOutlook};
use constinit::train::{Batch, Batches, Loss, OptimizerConfig, Shifted};
use constinit::{ConstInit, Error};
use serde::Serialize;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

/// Takes forecasts.
pub struct Forecasts<B: AutodiffBackend> {
    probe: EscapeProbe<B, ConstInit<B>>,
    every: usize,
    /// Steps done, for the shift of the examples.
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
#[derive(Serialize)]
pub struct Forecast<'a> {
    event: &'static str,
    step: usize,
    learning_rate: f64,
    /// Those that started with units that are alike.
    spaces: Vec<Space<'a>>,
}

#[derive(Serialize)]
struct Space<'a> {
    name: &'a str,
    /// Of the largest class of the start.
    units: usize,
    /// Of them the first, and the one that lies farthest from it.
    pair: [usize; 2],
    outlook: &'static str,
    /// How far two units that escaped lie apart, in relation to their size.
    #[serde(skip_serializing_if = "Option::is_none")]
    apart: Option<f64>,
    curvature: Option<f64>,
    factor: Option<f64>,
    rate: Option<f64>,
    e_fold_steps: Option<f64>,
    escape_steps: Option<f64>,
    sentence: String,
}

impl<'a> Forecast<'a> {
    pub fn new(reading: &'a EscapeReading) -> Self {
        let EscapeReading { step, learning_rate, spaces, .. } = reading;
        let spaces = spaces.iter().map(Space::new).collect();
        Self { event: "forecast", step: *step, learning_rate: *learning_rate, spaces }
    }
}

impl<'a> Space<'a> {
    fn new(found: &'a SpaceOutlook) -> Self {
        let SpaceOutlook { space, units, pair, outlook } = found;
        let [u, v] = pair;
        let mut apart = None;
        let (outlook, sentence) = match outlook {
            Outlook::Together { forecast, .. } => ("together", forecast.to_string()),
            Outlook::Escaped { apart: found } => {
                apart = Some(*found);
                ("escaped", format!("units {u} and {v} lie {found:.2e} of their size apart"))
            }
            Outlook::Unknown { reason } => ("unknown", reason.clone()),
            other => ("unknown", format!("{other:?}")),
        };
        let forecast = found.outlook.forecast();
        let number = |value: Option<f64>| value.filter(|value| value.is_finite());
        Self {
            name: space,
            units: *units,
            pair: *pair,
            outlook,
            apart: number(apart),
            curvature: number(forecast.map(|forecast| forecast.curvature())),
            factor: number(forecast.and_then(|forecast| forecast.factor())),
            rate: number(forecast.and_then(|forecast| forecast.rate())),
            e_fold_steps: number(forecast.and_then(|forecast| forecast.e_fold_steps())),
            escape_steps: number(forecast.and_then(|forecast| forecast.escape_in())),
            sentence,
        }
    }
}
