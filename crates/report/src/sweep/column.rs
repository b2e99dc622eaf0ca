//! A column of a sweep's table, and its values as levels.

use crate::number::short;

/// The code of a row that has no value.
pub const NONE: u32 = u32::MAX;

/// A column: a name and a value for each row, or none.
#[derive(Clone, Debug, PartialEq)]
pub struct Column {
    pub name: String,
    pub values: ColumnValues,
}

/// The values of a column.
#[derive(Clone, Debug, PartialEq)]
pub enum ColumnValues {
    /// NaN if there is no value; never infinite.
    Numbers(Vec<f64>),
    /// Texts by their codes, in the order in which they appear; [`NONE`] if there is none.
    Texts { names: Vec<String>, codes: Vec<u32> },
}

impl Column {
    /// Whether any row has a value.
    pub fn has_values(&self) -> bool {
        match &self.values {
            ColumnValues::Numbers(values) => values.iter().any(|value| !value.is_nan()),
            ColumnValues::Texts { codes, .. } => codes.iter().any(|code| *code != NONE),
        }
    }

    /// The number of a row.
    pub fn number(&self, row: usize) -> Option<f64> {
        match &self.values {
            ColumnValues::Numbers(values) => {
                values.get(row).copied().filter(|value| !value.is_nan())
            }
            ColumnValues::Texts { .. } => None,
        }
    }

    /// The text of a row.
    pub fn text(&self, row: usize) -> Option<&str> {
        match &self.values {
            ColumnValues::Numbers(_) => None,
            ColumnValues::Texts { names, codes } => {
                names.get(*codes.get(row)? as usize).map(String::as_str)
            }
        }
    }

    /// The value of a row as text for people.
    pub fn told(&self, row: usize) -> Option<String> {
        self.text(row).map(str::to_owned).or_else(|| self.number(row).map(short))
    }

    /// The rows of `order`, in this order.
    pub fn picked(&self, order: &[usize]) -> Self {
        let values = match &self.values {
            ColumnValues::Numbers(values) => {
                ColumnValues::Numbers(order.iter().map(|row| values[*row]).collect())
            }
            ColumnValues::Texts { names, codes } => {
                // The texts are ordered again by their first row.
                let mut new = vec![NONE; names.len()];
                let mut found = Vec::new();
                let codes = order.iter().map(|row| {
                    let Some(name) = names.get(codes[*row] as usize) else { return NONE };
                    let code = &mut new[codes[*row] as usize];
                    if *code == NONE {
                        *code = found.len() as u32;
                        found.push(name.clone());
                    }
                    *code
                });
                let codes = codes.collect();
                ColumnValues::Texts { names: found, codes }
            }
        };
        Self { name: self.name.clone(), values }
    }

    /// The values that occur, ascending (texts in the order in which they appear), and for each row the position of its
    /// value among them. The cost is that of sorting the column.
    pub fn levels(&self) -> (Levels, Vec<u32>) {
        match &self.values {
            ColumnValues::Texts { names, codes } => (Levels::Texts(names.clone()), codes.clone()),
            ColumnValues::Numbers(values) => {
                // Minus zero is zero.
                let there = values.iter().filter(|value| !value.is_nan()).map(|value| value + 0.0);
                let mut found: Vec<f64> = there.collect();
                found.sort_by(f64::total_cmp);
                found.dedup();
                let code = |value: &f64| {
                    let place = found.binary_search_by(|level| level.total_cmp(&(value + 0.0)));
                    place.map_or(NONE, |place| place as u32)
                };
                let codes = values.iter().map(code).collect();
                (Levels::Numbers(found), codes)
            }
        }
    }
}

/// The distinct values of a column.
#[derive(Clone, Debug, PartialEq)]
pub enum Levels {
    Numbers(Vec<f64>),
    Texts(Vec<String>),
}

impl Levels {
    pub fn len(&self) -> usize {
        match self {
            Self::Numbers(found) => found.len(),
            Self::Texts(found) => found.len(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn levels_ascend_and_texts_keep_their_order() {
        let numbers = Column {
            name: "n".into(),
            values: ColumnValues::Numbers(vec![2.0, f64::NAN, -0.0, 2.0, 0.0]),
        };
        let expected = (Levels::Numbers(vec![0.0, 2.0]), vec![1, NONE, 0, 1, 0]);
        assert_eq!(numbers.levels(), expected);
        let names = vec!["b".to_owned(), "a".to_owned()];
        let texts = Column {
            name: "t".into(),
            values: ColumnValues::Texts { names: names.clone(), codes: vec![0, NONE, 1] },
        };
        assert_eq!(texts.levels(), (Levels::Texts(names), vec![0, NONE, 1]));
        let turned = texts.picked(&[2, 1, 0]);
        assert_eq!((turned.text(0), turned.text(1), turned.text(2)), (Some("a"), None, Some("b")));
        assert_eq!(turned.levels().0, Levels::Texts(vec!["a".into(), "b".into()]));
    }
}
