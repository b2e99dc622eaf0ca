//! Small run configurations, as values.

use std::fmt::{self, Display, Formatter};
use toml::{Table, Value};

/// A run configuration that a test changes and writes.
#[derive(Clone)]
pub struct Config(Table);

/// A network of these sizes, with defaults for all other keys except data, which a run needs.
pub fn config<const N: usize>(layer_dims: [usize; N]) -> Config {
    Config(Table::new()).with(&format!("model.layer_dims = {layer_dims:?}"))
}

/// Two hidden layers of tanh units, five and three, on iris.
pub fn two_layers_on_iris() -> Config {
    config([4, 5, 3, 3]).activation("tanh").init_w(0.1).dataset("iris")
}

impl Config {
    pub fn activation(self, name: &str) -> Self {
        self.with(&format!("model.activation = {name:?}"))
    }

    pub fn init_w(self, value: f64) -> Self {
        self.with(&format!("model.init_w = {value:?}"))
    }

    /// A data set of the program.
    pub fn dataset(self, name: &str) -> Self {
        self.with(&format!("data.dataset = {name:?}"))
    }

    /// Rows of numbers.
    pub fn data(self, inputs: &str, targets: &str) -> Self {
        self.with(&format!("data.inputs = {inputs}\ndata.targets = {targets}"))
    }

    pub fn steps(self, steps: usize) -> Self {
        self.with(&format!("training.steps = {steps}"))
    }

    pub fn loss(self, name: &str) -> Self {
        self.with(&format!("training.loss = {name:?}"))
    }

    /// Sets the table of the optimizer, such as `type = "sgd", learning_rate = 0.1`, and replaces an earlier one.
    pub fn optimizer(mut self, table: &str) -> Self {
        let training = self.0.entry("training").or_insert_with(|| Table::new().into());
        let training = training.as_table_mut().expect("a table");
        let optimizer: Table = format!("optimizer = {{ {table} }}").parse().expect("TOML");
        training.extend(optimizer);
        self
    }

    /// Any keys in TOML: merges tables, appends to lists, replaces other values.
    pub fn with(mut self, text: &str) -> Self {
        merge(&mut self.0, text.parse().expect("TOML"));
        self
    }

    /// Without a key of a table.
    pub fn without(mut self, table: &str, key: &str) -> Self {
        let table = self.0[table].as_table_mut().expect("a table");
        table.remove(key).expect("a key that is there");
        self
    }
}

fn merge(table: &mut Table, new: Table) {
    for (key, value) in new {
        match (table.get_mut(&key), value) {
            (Some(Value::Table(old)), Value::Table(new)) => merge(old, new),
            // Rules.
            (Some(Value::Array(old)), Value::Array(new)) if new.iter().all(Value::is_table) => {
                old.extend(new);
            }
            (_, value) => drop(table.insert(key, value)),
        }
    }
}

/// The text of the file.
impl Display for Config {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        f.write_str(&toml::to_string(&self.0).expect("TOML"))
    }
}
