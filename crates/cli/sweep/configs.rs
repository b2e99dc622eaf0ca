//! The configurations of points, one after the other.

use super::config::SweepConfig;
use super::keys::set;
use crate::config::RunConfig;
use crate::failure::Failure;
use serde::de::DeserializeOwned;
use toml::{Table, Value};

/// The configuration of one point after another. It reads only the tables whose values differ from those of the point
/// before.
pub struct Configs<'a> {
    sweep: &'a SweepConfig,
    /// The last configuration that could be read, and the values in it.
    last: Option<(Vec<Value>, RunConfig)>,
}

impl<'a> Configs<'a> {
    pub fn new(sweep: &'a SweepConfig) -> Self {
        Self { sweep, last: None }
    }

    /// The configuration of a point with these [values](SweepConfig::values): the same as [`SweepConfig::config`]
    /// gives.
    pub fn config(&mut self, point: usize, values: &[Value]) -> Result<&RunConfig, Failure> {
        let changed =
            self.last.take().and_then(|(known, config)| self.changed(config, &known, values));
        let config = match changed {
            Some(config) => config,
            None => self.sweep.config(point)?,
        };
        Ok(&self.last.insert((values.to_vec(), config)).1)
    }

    /// A configuration in which the tables with changed values are read again. None if one of them cannot be read
    /// alone, or is invalid.
    fn changed(
        &self,
        mut config: RunConfig,
        known: &[Value],
        values: &[Value],
    ) -> Option<RunConfig> {
        let mut read: Vec<&str> = Vec::new();
        for (key, (known, value)) in self.sweep.keys.iter().zip(known.iter().zip(values)) {
            let table = key.name.split('.').next()?;
            if !read.contains(&table) && !same(known, value) {
                self.read(&mut config, table, values)?;
                read.push(table);
            }
        }
        config.check().is_ok().then_some(config)
    }

    /// Reads one of the tables of a configuration.
    fn read(&self, config: &mut RunConfig, name: &str, values: &[Value]) -> Option<()> {
        fn put<T: DeserializeOwned>(place: &mut T, table: Value) -> Option<()> {
            *place = table.try_into().ok()?;
            Some(())
        }
        let mut tables = Table::new();
        if let Some(table) = self.sweep.base().get(name) {
            tables.insert(name.to_owned(), table.clone());
        }
        for (key, value) in self.sweep.keys.iter().zip(values) {
            if key.name.split('.').next() == Some(name) {
                set(&mut tables, &key.name, value.clone()).ok()?;
            }
        }
        let table = tables.remove(name)?;
        match name {
            "model" => put(&mut config.model, table),
            "data" => put(&mut config.data, table),
            "training" => put(&mut config.training, table),
            "probe" => put(&mut config.probe, table),
            "break" => put(&mut config.breaks, table),
            "init" => {
                put(&mut config.init, table)?;
                config.place_files(self.sweep.folder());
                Some(())
            }
            _ => None,
        }
    }
}

/// Whether two values are the same. Zeros of different sign are not.
fn same(a: &Value, b: &Value) -> bool {
    match (a, b) {
        (Value::Float(a), Value::Float(b)) => a.to_bits() == b.to_bits(),
        (Value::Array(a), Value::Array(b)) => {
            a.len() == b.len() && a.iter().zip(b).all(|(a, b)| same(a, b))
        }
        (Value::Table(a), Value::Table(b)) => {
            a.len() == b.len() && a.iter().zip(b).all(|((a, x), (b, y))| a == b && same(x, y))
        }
        _ => a == b,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::path::Path;

    const BASE: &str = "\
[model]
layer_dims = [1, 2, 1]
[data]
inputs = [[1]]
targets = [[2]]
[training]
optimizer = { type = \"sgd\", learning_rate = 0.1 }
[[init]]
path = \"*.weight\"
init = { type = \"file\", path = \"a.safetensors\", tensor = \"w\" }
[[break]]
kind = \"noise\"
step = 2
space = \"hidden1\"
std = 0.1
[sweep]
";
    /// Keys of every table. Some values are invalid, alone or in combination with others.
    const KEYS: [&str; 13] = [
        "model.init_w = [0.0, -0.0, 1.5, 1e300]",
        "model.layer_dims = [[1, 2, 1], [1, 3, 1]]",
        "model.activation = [\"relu\", \"tanh\"]",
        "data.shift_per_step = [0.0, 0.5]",
        "data.batch_size = [0, 1, 2]",
        "training.optimizer.learning_rate = [0.1, 0.2, -1.0]",
        "training.optimizer.momentum = [0.0, 0.5]",
        "training.optimizer.type = [\"sgd\", \"adam\"]",
        "training.steps = [1, 2, 3]",
        "init.0.init.path = [\"b.safetensors\", \"c.safetensors\"]",
        "model.dropout = [0.0, 0.25, 1.0]",
        "break.0.std = [0.1, 0.2, -1.0]",
        "probe.every = [1, 2]",
    ];

    proptest! {
        #[test]
        fn a_configuration_is_the_same_whatever_came_before(
            keys in prop::sample::subsequence(KEYS.to_vec(), 1..5),
            order in prop::collection::vec(any::<prop::sample::Index>(), 1..24),
        ) {
            let text = format!("{BASE}{}\n", keys.join("\n"));
            let sweep = SweepConfig::parse(&text, "sweep.toml", Path::new("there"));
            prop_assume!(sweep.is_ok());
            let sweep = sweep.unwrap();
            let mut configs = Configs::new(&sweep);
            for point in order.into_iter().map(|index| index.index(sweep.points())) {
                // As text, in which zeros of different sign differ.
                let text = |config: Result<&RunConfig, Failure>| match config {
                    Ok(config) => format!("{config:?}"),
                    Err(failure) => failure.to_string(),
                };
                let found = text(configs.config(point, &sweep.values(point)));
                prop_assert_eq!(found, text(sweep.config(point).as_ref().map_err(Failure::usage)));
            }
        }
    }
}
