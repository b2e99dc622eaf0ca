//! The keys of a run configuration that a sweep varies, and the values that they take.

use super::table::SweepCell;
use crate::failure::Failure;
use constinit_records::{ColumnKind, ScaleWord};
use toml::{Table, Value};

/// A key and its values.
#[derive(Clone, Debug, PartialEq)]
pub struct Key {
    /// The whole path, `model.init_w`.
    pub name: String,
    /// As the user wrote it.
    pub said: Value,
    pub values: Values,
    /// The kind of its column.
    pub kind: ColumnKind,
}

/// The values of a key.
#[derive(Clone, Debug, PartialEq)]
pub enum Values {
    List(Vec<Value>),
    /// From one number to another, at equal differences or at equal ratios; without `steps`, any number between them.
    Range {
        from: f64,
        to: f64,
        steps: Option<usize>,
        log: bool,
    },
    /// 0, 1, ... up to one less than this.
    Seeds(usize),
}

impl Values {
    /// Reads the values that a configuration gives a key.
    pub fn read(value: &Value) -> Result<Self, String> {
        match value {
            Value::Array(list) if list.is_empty() => Err("the list has no values".to_owned()),
            Value::Array(list) => Ok(Self::List(list.clone())),
            Value::Table(table) if table.contains_key("seeds") => seeds(table),
            Value::Table(table) => range(table),
            other => Err(format!(
                "{other}: a list of values, {{ from, to, steps }} or {{ seeds }} is expected"
            )),
        }
    }

    /// How many values there are; None for any number between two ends.
    pub fn count(&self) -> Option<usize> {
        match self {
            Self::List(list) => Some(list.len()),
            Self::Range { steps, .. } => *steps,
            Self::Seeds(count) => Some(*count),
        }
    }

    /// The value with this number. The ends of ranges are exact.
    pub fn at(&self, number: usize) -> Value {
        match self {
            Self::List(list) => list[number].clone(),
            Self::Seeds(_) => Value::Integer(number as i64),
            Self::Range { from, to, steps, .. } => {
                let last = steps.map_or(1, |steps| steps.saturating_sub(1)).max(1);
                Value::Float(match number {
                    0 => *from,
                    number if number == last => *to,
                    number => self.between(number as f64 / last as f64),
                })
            }
        }
    }

    /// The value at a place from 0 to below 1. Each value of a list has an equal share.
    pub fn drawn(&self, place: f64) -> Value {
        match self.count() {
            Some(count) => self.at(((place * count as f64) as usize).min(count - 1)),
            None => Value::Float(self.between(place)),
        }
    }

    fn between(&self, share: f64) -> f64 {
        match self {
            Self::Range { from, to, log: true, .. } => {
                (from.ln() + share * (to.ln() - from.ln())).exp()
            }
            // Computed so that nothing overflows between numbers of different sign.
            Self::Range { from, to, .. } => from * (1.0 - share) + to * share,
            _ => 0.0,
        }
    }

    /// The scale in a table's description.
    pub fn scale(&self) -> ScaleWord {
        match self {
            Self::List(_) => ScaleWord::List,
            Self::Range { log: true, .. } => ScaleWord::Log,
            Self::Range { log: false, .. } => ScaleWord::Linear,
            Self::Seeds(_) => ScaleWord::Seed,
        }
    }
}

fn seeds(table: &Table) -> Result<Values, String> {
    only(table, &["seeds"])?;
    let count = table["seeds"].as_integer().filter(|count| *count > 0);
    let count = count.and_then(|count| usize::try_from(count).ok());
    count.map(Values::Seeds).ok_or_else(|| "seeds: a whole number above 0 is expected".to_owned())
}

fn range(table: &Table) -> Result<Values, String> {
    only(table, &["from", "to", "steps", "scale"])?;
    let end = |name: &str| {
        let value = table.get(name).ok_or_else(|| format!("`{name}` is missing"))?;
        let number = value.as_float().or_else(|| value.as_integer().map(|n| n as f64));
        number
            .filter(|number| number.is_finite())
            .ok_or_else(|| format!("{name} = {value}: a finite number is expected"))
    };
    let (from, to) = (end("from")?, end("to")?);
    let steps = table
        .get("steps")
        .map(|steps| {
            let count = steps.as_integer().filter(|count| *count > 0);
            count
                .and_then(|count| usize::try_from(count).ok())
                .ok_or_else(|| format!("steps = {steps}: a whole number above 0 is expected"))
        })
        .transpose()?;
    let log = match table.get("scale").map(|scale| scale.as_str()) {
        None | Some(Some("linear")) => false,
        Some(Some("log")) => true,
        _ => return Err("scale: \"linear\" or \"log\" is expected".to_owned()),
    };
    if log && !(from > 0.0 && to > 0.0) {
        return Err(format!("from {from} to {to}: a log scale needs limits above 0"));
    }
    Ok(Values::Range { from, to, steps, log })
}

fn only(table: &Table, known: &[&str]) -> Result<(), String> {
    match table.keys().find(|key| !known.contains(&key.as_str())) {
        Some(unknown) => {
            Err(format!("unknown field `{unknown}`, expected one of {}", known.join(", ")))
        }
        None => Ok(()),
    }
}

impl Key {
    /// A value as the configuration needs it: for a count, it is rounded to a whole number.
    pub fn fitting(&self, value: Value) -> Value {
        match (self.kind, &value) {
            (ColumnKind::Count, Value::Float(number))
                if number.abs() < 2f64.powi(53) && !matches!(self.values, Values::List(_)) =>
            {
                Value::Integer(number.round() as i64)
            }
            _ => value,
        }
    }

    /// A value as a cell of the table.
    pub fn cell(&self, value: &Value) -> SweepCell {
        match (self.kind, value) {
            (ColumnKind::Number, Value::Float(number)) => SweepCell::Number(*number),
            (ColumnKind::Number, Value::Integer(number)) => SweepCell::Number(*number as f64),
            (ColumnKind::Count, Value::Integer(number)) => SweepCell::Count(*number),
            (ColumnKind::Truth, Value::Boolean(truth)) => SweepCell::Truth(*truth),
            (ColumnKind::Text, Value::String(text)) => SweepCell::Text(text.clone().into()),
            (ColumnKind::Text, other) => SweepCell::Text(other.to_string().into()),
            _ => SweepCell::None,
        }
    }
}

/// The kind of the column for a key with this value.
pub fn kind_of(value: &Value) -> ColumnKind {
    match value {
        Value::Float(_) => ColumnKind::Number,
        Value::Integer(_) => ColumnKind::Count,
        Value::Boolean(_) => ColumnKind::Truth,
        _ => ColumnKind::Text,
    }
}

/// The value at a path; numbers in the path are positions in lists.
pub fn get<'v>(table: &'v Table, path: &str) -> Option<&'v Value> {
    let mut parts = path.split('.');
    let mut found = table.get(parts.next()?)?;
    for part in parts {
        found = match found {
            Value::Table(table) => table.get(part)?,
            Value::Array(list) => list.get(part.parse::<usize>().ok()?)?,
            _ => return None,
        };
    }
    Some(found)
}

/// Puts a value at a path, and makes the tables that lead there.
pub fn set(table: &mut Table, path: &str, value: Value) -> Result<(), Failure> {
    let refused = |reason: String| Err(Failure::usage(format!("[sweep] {path}: {reason}")));
    let (leading, last) = path.rsplit_once('.').unwrap_or(("", path));
    let mut parts = leading.split('.').filter(|part| !part.is_empty()).peekable();
    let mut place: &mut Value = match parts.next() {
        None => {
            table.insert(last.to_owned(), value);
            return Ok(());
        }
        Some(first) => table.entry(first).or_insert_with(|| Value::Table(Table::new())),
    };
    for part in parts {
        place = match inside(place, part) {
            Ok(place) => place,
            Err(reason) => return refused(reason),
        };
    }
    match inside(place, last) {
        Ok(place) => *place = value,
        Err(reason) => return refused(reason),
    }
    Ok(())
}

fn inside<'v>(place: &'v mut Value, part: &str) -> Result<&'v mut Value, String> {
    match place {
        Value::Table(table) => Ok(table.entry(part).or_insert_with(|| Value::Table(Table::new()))),
        Value::Array(list) => {
            let count = list.len();
            let found = part.parse::<usize>().ok().and_then(|number| list.get_mut(number));
            found.ok_or_else(|| {
                format!("`{part}` is not a position in a list of {count}, counted from 0")
            })
        }
        other => Err(format!("{other} has no keys inside")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn values(text: &str) -> Result<Values, String> {
        let table: Table = text.parse().unwrap();
        Values::read(&table["key"])
    }

    fn all(text: &str) -> Vec<f64> {
        let values = values(text).unwrap();
        let number = |value: Value| value.as_float().or(value.as_integer().map(|n| n as f64));
        (0..values.count().unwrap()).map(|n| number(values.at(n)).unwrap()).collect()
    }

    #[test]
    fn ranges_lists_and_seeds() {
        assert_eq!(all("key = { from = -2, to = 2, steps = 5 }"), [-2.0, -1.0, 0.0, 1.0, 2.0]);
        assert_eq!(all("key = { from = 0.1, to = 7, steps = 1 }"), [0.1]);
        assert_eq!(all("key = [3, 1.5]"), [3.0, 1.5]);
        assert_eq!(all("key = { seeds = 3 }"), [0.0, 1.0, 2.0]);
        let log = all("key = { from = 1e-4, to = 1, steps = 5, scale = \"log\" }");
        assert_eq!((log[0], log[4]), (1e-4, 1.0));
        assert!((log[1] / 1e-3 - 1.0).abs() < 1e-12 && (log[2] / 1e-2 - 1.0).abs() < 1e-12);
        // Nothing overflows on the way.
        let wide = all("key = { from = -1.7e308, to = 1.7e308, steps = 3 }");
        assert_eq!(wide, [-1.7e308, 0.0, 1.7e308]);
    }

    #[test]
    fn what_is_no_range_is_named() {
        for (text, expected) in [
            ("key = 3", "a list of values"),
            ("key = []", "no values"),
            ("key = { from = 1 }", "`to` is missing"),
            ("key = { from = 1, to = 2, step = 3 }", "unknown field `step`"),
            ("key = { from = 1, to = 2, steps = 0 }", "steps = 0"),
            ("key = { from = \"a\", to = 2 }", "from = \"a\""),
            ("key = { from = 0, to = 2, scale = \"log\" }", "above 0"),
            ("key = { from = 1, to = 2, scale = \"exp\" }", "scale"),
            ("key = { seeds = -1 }", "seeds"),
        ] {
            let error = values(text).unwrap_err();
            assert!(error.contains(expected), "{text}: {error}");
        }
    }

    #[test]
    fn values_find_their_places() {
        let mut table: Table = "[[init]]\npath = \"a\"\ninit = { value = 1 }".parse().unwrap();
        set(&mut table, "init.0.init.value", Value::Integer(7)).unwrap();
        set(&mut table, "training.optimizer.type", "sgd".into()).unwrap();
        assert_eq!(get(&table, "init.0.init.value"), Some(&Value::Integer(7)));
        assert_eq!(get(&table, "training.optimizer.type"), Some(&"sgd".into()));
        assert_eq!(get(&table, "init.1.init"), None);
        let error = set(&mut table, "init.1.init.value", Value::Integer(7)).unwrap_err();
        assert_eq!(
            error.to_string(),
            "[sweep] init.1.init.value: `1` is not a position in a list of 1, counted from 0"
        );
        let error = set(&mut table, "init.0.path.x", Value::Integer(7)).unwrap_err();
        assert!(error.to_string().contains("\"a\" has no keys inside"), "{error}");
    }

    #[test]
    fn drawn_values_have_equal_shares() {
        let list = values("key = [5, 6, 7]").unwrap();
        assert_eq!(
            [0.0, 0.34, 0.99].map(|u| list.drawn(u).as_integer()),
            [Some(5), Some(6), Some(7)]
        );
        let range = values("key = { from = 10, to = 20 }").unwrap();
        assert_eq!(range.drawn(0.25), Value::Float(12.5));
        assert_eq!((range.count(), range.scale()), (None, ScaleWord::Linear));
    }
}
