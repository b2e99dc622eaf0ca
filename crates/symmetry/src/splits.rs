//! The splits of a space, in columns that take little memory.
//!
//! A network without symmetry has one split a unit, most of them for the same reason, so the columns are stored as
//! short as their numbers allow.

use crate::classes::Split;
use crate::partition::Partition;

/// One row for every class that was cut from another, in the order of the classes.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Splits {
    pub children: Column,
    pub parents: Column,
    pub params: Column,
    pub entries: Column,
    /// 1 where the values are sums.
    pub sums: Column,
    pub values: Values,
}

impl Splits {
    pub fn new(mut splits: Vec<Split>, partition: &Partition) -> Self {
        // Mostly in order already, which a stable sort makes use of.
        splits.sort_by_key(|split| split.child);
        let labels = partition.labels();
        let class = |unit: u32| u64::from(labels[unit as usize].0);
        let rows = splits.iter();
        Self {
            children: Column::new(rows.clone().map(|split| class(split.child))),
            parents: Column::new(rows.clone().map(|split| class(split.parent))),
            params: Column::new(rows.clone().map(|split| split.param.into())),
            entries: Column::new(rows.clone().map(|split| split.entry)),
            sums: Column::new(rows.clone().map(|split| split.is_sum.into())),
            values: Values::new(rows.map(|split| split.values)),
        }
    }
}

/// Whole numbers.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Column {
    /// start, start + step, start + 2 step, ...
    Steps {
        start: u64,
        step: u64,
    },
    Narrow(Vec<u32>),
    Wide(Vec<u64>),
}

impl Column {
    fn new(numbers: impl Iterator<Item = u64> + Clone) -> Self {
        let mut ahead = numbers.clone();
        let start = ahead.next().unwrap_or(0);
        let step = ahead.next().map_or(0, |second| second.wrapping_sub(start));
        let on_steps = (0u64..).map(|k| start.wrapping_add(k.wrapping_mul(step)));
        if numbers.clone().zip(on_steps).all(|(number, expected)| number == expected) {
            Self::Steps { start, step }
        } else if numbers.clone().all(|number| u32::try_from(number).is_ok()) {
            Self::Narrow(numbers.map(|number| number as u32).collect())
        } else {
            Self::Wide(numbers.collect())
        }
    }

    pub fn get(&self, row: usize) -> u64 {
        match self {
            Self::Steps { start, step } => start.wrapping_add(step.wrapping_mul(row as u64)),
            Self::Narrow(numbers) => numbers[row].into(),
            Self::Wide(numbers) => numbers[row],
        }
    }
}

/// Pairs of values, in f32 where that loses nothing.
#[derive(Clone, Debug)]
pub(crate) enum Values {
    Single(Vec<[f32; 2]>),
    Double(Vec<[f64; 2]>),
}

impl Values {
    fn new(values: impl ExactSizeIterator<Item = [f64; 2]> + Clone) -> Self {
        let fits = |x: f64| x.is_nan() || f64::from(x as f32).to_bits() == x.to_bits();
        if values.clone().flatten().all(fits) {
            Self::Single(values.map(|pair| pair.map(|x| x as f32)).collect())
        } else {
            Self::Double(values.collect())
        }
    }

    pub fn len(&self) -> usize {
        match self {
            Self::Single(pairs) => pairs.len(),
            Self::Double(pairs) => pairs.len(),
        }
    }

    pub fn get(&self, row: usize) -> [f64; 2] {
        match self {
            Self::Single(pairs) => pairs[row].map(f64::from),
            Self::Double(pairs) => pairs[row],
        }
    }
}

/// By bits, so that a result with a NaN in a witness is equal to itself.
impl PartialEq for Values {
    fn eq(&self, other: &Self) -> bool {
        let bits = |pair: [f64; 2]| pair.map(f64::to_bits);
        self.len() == other.len()
            && (0..self.len()).all(|row| bits(self.get(row)) == bits(other.get(row)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_give_back_what_they_took() {
        let lists: [&[u64]; 7] = [
            &[],
            &[7],
            &[1, 2, 3, 4],
            &[5, 5, 5],
            &[9, 4, u64::MAX],
            &[3, 2, 1],
            &[u64::MAX, 0, 1],
        ];
        for list in lists {
            let column = Column::new(list.iter().copied());
            let back: Vec<u64> = (0..list.len()).map(|row| column.get(row)).collect();
            assert_eq!(back, list);
        }
        assert!(matches!(Column::new([1, 2, 3].into_iter()), Column::Steps { .. }));
        assert!(matches!(Column::new([1, 2, 4].into_iter()), Column::Narrow(_)));
    }

    #[test]
    fn values_keep_their_bits() {
        let pairs = [[0.1f32.into(), -0.0], [f64::INFINITY, 0.0]];
        assert!(matches!(Values::new(pairs.into_iter()), Values::Single(_)));
        let pairs = [[0.1, -0.0], [5e-324, 1.0]];
        let values = Values::new(pairs.into_iter());
        assert!(matches!(values, Values::Double(_)));
        assert_eq!([values.get(0), values.get(1)], pairs);
    }
}
