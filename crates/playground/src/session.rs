//! The network of a page, and the user's actions on it.

use crate::engine::{Engine, refused};
use crate::forecast::apart;
use crate::network::unit_means;
use crate::{request, run, surgery, view};
use constinit_core::config::{BreakConfig, RunConfig, data};
use constinit_core::{Error, PerceptronStart, hidden_name};
use serde::Deserialize;
use serde_json::{Value, json};

/// A page's network, and the same network from a random start.
#[derive(Default)]
pub struct Session {
    open: Option<Open>,
}

struct Open {
    engine: Engine,
    /// The same configuration from a random start, without planned changes and dropout.
    beside: Option<Engine>,
}

#[derive(Deserialize)]
#[serde(tag = "do", rename_all = "kebab-case", deny_unknown_fields)]
enum Request {
    /// Runs a configuration from its start to its end.
    Run { toml: String },
    /// The network of a configuration, before training.
    Open {
        toml: String,
        /// Whether one unit per class is trained.
        #[serde(default)]
        quotient: bool,
    },
    /// Takes steps, and gives the state after them.
    Advance {
        #[serde(default)]
        steps: usize,
    },
    /// Adds normal numbers to the incoming weights and the bias of a unit; layers are counted from 0.
    Noise { layer: usize, unit: usize, std: f64, seed: u64 },
    /// Sets one number: a weight, or a bias if there is no input.
    Set { layer: usize, output: usize, input: Option<usize>, value: f64 },
    /// A share of units that each step drops from here on.
    Dropout { share: f64 },
    /// Splits one unit into two.
    Widen { layer: usize, unit: usize },
    /// Merges every class into one unit.
    Collapse,
    /// The forecast for twins; `start` is the relative size of a difference.
    Forecast {
        #[serde(default)]
        start: Option<f64>,
    },
    /// The whole configuration, with the changes that were made.
    Toml,
    /// Rows of numbers from text, as a CSV file has them.
    Rows { text: String, key: String },
}

impl Session {
    /// Answers a request in JSON with JSON. A request that cannot be done gives `{"error": ...}` and changes nothing.
    ///
    /// ```
    /// let mut session = constinit_playground::Session::default();
    /// let rows = session.call(r#"{"do": "rows", "key": "inputs", "text": "a, b\n1, 2\n3, 4"}"#);
    /// assert_eq!(rows, r#"{"rows":[[1.0,2.0],[3.0,4.0]]}"#);
    /// ```
    pub fn call(&mut self, text: &str) -> String {
        let request = match serde_json::from_str(text) {
            Ok(Request::Run { toml }) => return run(&toml),
            Ok(request) => request,
            Err(error) => return json!({"error": format!("request: {error}")}).to_string(),
        };
        let answer = self.answer(request);
        answer.unwrap_or_else(|error| json!({"error": error.to_string()})).to_string()
    }

    fn answer(&mut self, request: Request) -> Result<Value, Error> {
        if let Request::Open { toml, quotient } = &request {
            let open = Open::new(toml, *quotient)?;
            return self.open.insert(open).state();
        }
        if let Request::Rows { text, key } = &request {
            let matrix = data::Matrix::parse_csv(text, "pasted".as_ref(), key)?;
            let rows: Vec<&[f64]> = matrix.values.chunks(matrix.columns).collect();
            return Ok(json!({"rows": rows}));
        }
        let open = self.open.as_mut();
        let open =
            open.ok_or_else(|| refused("no network is open: the first request is \"open\""))?;
        let engine = &mut open.engine;
        match request {
            Request::Advance { steps } => return open.advance(steps),
            Request::Noise { layer, unit, std, seed } => {
                let (step, space) = (engine.step() + 1, hidden_name(layer));
                let (units, seed) = (Some(vec![unit]), Some(seed));
                engine.plan_now(BreakConfig::Noise { step, space, std, units, seed })?;
            }
            Request::Set { layer, output, input, value } => {
                surgery::set(engine, layer, output, input, value)?;
            }
            Request::Dropout { share } => engine.drop_share(share)?,
            Request::Widen { layer, unit } => surgery::split(engine, layer, unit)?,
            Request::Collapse => {
                let gone = surgery::merge(engine)?;
                let mut state = open.state()?;
                state["merged"] = json!(gone);
                return Ok(state);
            }
            Request::Forecast { start } => return Ok(json!({"forecast": engine.outlook(start)?})),
            Request::Toml => {
                let mut config = engine.config().clone();
                let planned = config.breaks.iter().map(BreakConfig::step).max().unwrap_or(1);
                config.training.steps = engine.step().max(planned);
                return Ok(json!({"toml": config.to_toml()?}));
            }
            Request::Run { .. } | Request::Open { .. } | Request::Rows { .. } => {}
        }
        open.state()
    }
}

impl Open {
    fn new(toml: &str, quotient: bool) -> Result<Self, Error> {
        let mut engine = request::open(toml, quotient)?;
        engine.read()?;
        let config = engine.config();
        let mut random = RunConfig { breaks: Vec::new(), init: Vec::new(), ..config.clone() };
        random.model.start = PerceptronStart::Random;
        (random.model.dropout, random.model.dropout_from) = (None, None);
        let beside = match config.model.start.is_random() && config.init.is_empty() {
            true => None,
            false => Some(Engine::new(random, engine.examples().clone(), false)?),
        };
        Ok(Self { engine, beside })
    }

    fn state(&mut self) -> Result<Value, Error> {
        let mut state = view::state(&self.engine)?;
        state["baseline"] = json!(self.engine.baseline());
        Ok(state)
    }

    /// Takes `steps` steps. For each of them: its number, the loss, the loss of the random start, one number per unit,
    /// and the difference between units that began equal.
    fn advance(&mut self, steps: usize) -> Result<Value, Error> {
        let mut history = Vec::with_capacity(steps);
        for _ in 0..steps {
            if self.engine.ended().is_some() {
                break;
            }
            self.engine.advance()?;
            if let Some(beside) = &mut self.beside {
                beside.advance()?;
            }
            if self.engine.ended().is_none() {
                self.engine.read()?;
            }
            let network = self.engine.network()?;
            let finite = |loss: Option<f64>| loss.filter(|loss| loss.is_finite());
            let random = self.beside.as_ref().filter(|beside| beside.ended().is_none());
            history.push(json!([
                self.engine.step(),
                finite(self.engine.loss()),
                finite(random.and_then(Engine::loss)),
                unit_means(&network),
                apart(&self.engine, &network),
            ]));
        }
        let mut state = self.state()?;
        state["history"] = json!(history);
        Ok(state)
    }
}
