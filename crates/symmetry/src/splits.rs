//! The splits of a space, in columns that need little memory.
//!
//! A network without symmetry has about one split per unit, most of them for the same reason: units 1, 2, 3, ... differ
//! from unit 0 in the first entry of one parameter. So a column stores an arithmetic progression as three numbers, and
//! other numbers in the narrowest type that fits.

/// Why a class exists: its smallest unit (the child) differed from the smallest unit of the class that it was cut from
/// (the parent).
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Split {
    pub child: u32,
    pub parent: u32,
    pub param: u32,
    /// Row-major number of the entry of `child`; for sums, the number of units in the sum.
    pub entry: u64,
    pub is_sum: bool,
    /// The values of the parent and of the child.
    pub values: [f64; 2],
}

/// Splits with the same parent, parameter and kind.
pub(crate) struct Siblings<'r> {
    pub parent: u32,
    pub param: u32,
    pub is_sum: bool,
    pub children: &'r [u32],
    pub entries: &'r [u64],
    /// The values of the parent and of each child.
    pub values: [&'r [f64]; 2],
}

/// One row for every class that was cut from another, in the order of the cuts.
#[derive(Clone, Debug, Default)]
pub(crate) struct Splits {
    children: Column,
    parents: Column,
    params: Column,
    entries: Column,
    /// 1 if the values are sums.
    sums: Column,
    /// The values of the parents and of the children.
    values: [Values; 2],
}

impl Splits {
    pub fn len(&self) -> usize {
        self.values[0].len()
    }

    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    pub fn get(&self, row: usize) -> Split {
        Split {
            child: self.children.get(row) as u32,
            parent: self.parents.get(row) as u32,
            param: self.params.get(row) as u32,
            entry: self.entries.get(row),
            is_sum: self.sums.get(row) != 0,
            values: [self.values[0].get(row), self.values[1].get(row)],
        }
    }

    pub fn push(&mut self, split: Split) {
        use std::slice::from_ref;
        let Split { child, parent, param, entry, is_sum, values: [of_parent, of_child] } = split;
        self.extend(&Siblings {
            parent,
            param,
            is_sum,
            children: from_ref(&child),
            entries: from_ref(&entry),
            values: [from_ref(&of_parent), from_ref(&of_child)],
        });
    }

    pub fn extend(&mut self, rows: &Siblings<'_>) {
        let times = rows.children.len();
        self.parents.repeat(rows.parent.into(), times);
        self.params.repeat(rows.param.into(), times);
        self.sums.repeat(rows.is_sum.into(), times);
        self.children.extend(rows.children.iter().map(|&child| child.into()));
        self.entries.extend(rows.entries.iter().copied());
        for (column, values) in self.values.iter_mut().zip(rows.values) {
            column.extend(values);
        }
    }

    pub fn append(&mut self, other: Self) {
        if self.is_empty() {
            *self = other;
            return;
        }
        self.children.append(&other.children);
        self.parents.append(&other.parents);
        self.params.append(&other.params);
        self.entries.append(&other.entries);
        self.sums.append(&other.sums);
        for (column, other) in self.values.iter_mut().zip(&other.values) {
            column.append(other);
        }
    }

    /// The row numbers by ascending child, which is the order of the classes.
    pub fn in_order(&self) -> Vec<u32> {
        let mut order: Vec<u32> = (0..self.len() as u32).collect();
        // The rows are mostly in order already, which makes the stable sort fast.
        order.sort_by_key(|&row| self.children.get(row as usize));
        order
    }

    pub fn shrink_to_fit(&mut self) {
        for column in [&mut self.children, &mut self.parents, &mut self.params, &mut self.entries] {
            column.shrink_to_fit();
        }
        self.values.iter_mut().for_each(Values::shrink_to_fit);
    }

    /// The children of all rows, except those with a nonzero child's value in a parameter for which `settles` holds.
    pub fn unsettled(&self, settles: impl Fn(usize) -> bool) -> Vec<u32> {
        if let Some(param) = self.params.the_one()
            && settles(param as usize)
            && self.values[1].none_is_zero()
        {
            return Vec::new();
        }
        let open = |&row: &usize| {
            !settles(self.params.get(row) as usize) || self.values[1].get(row) == 0.0
        };
        (0..self.len()).filter(open).map(|row| self.children.get(row) as u32).collect()
    }
}

/// Whether both have the same rows, in any order. Values are compared by bits, so a result with a NaN in a witness
/// equals itself.
impl PartialEq for Splits {
    fn eq(&self, other: &Self) -> bool {
        let key = |split: Split| {
            let Split { child, parent, param, entry, is_sum, values } = split;
            (child, parent, param, entry, is_sum, values.map(f64::to_bits))
        };
        let rows = |splits: &'_ Self, order: Vec<u32>| -> Vec<_> {
            order.into_iter().map(|row| key(splits.get(row as usize))).collect()
        };
        self.len() == other.len() && rows(self, self.in_order()) == rows(other, other.in_order())
    }
}

/// A column of integers.
#[derive(Clone, Debug, PartialEq)]
enum Column {
    /// start, start + step, start + 2 step, ...; a step of 0 if there are fewer than two.
    Steps {
        start: u64,
        step: u64,
        len: usize,
    },
    Narrow(Vec<u32>),
    Wide(Vec<u64>),
}

impl Default for Column {
    fn default() -> Self {
        Self::Steps { start: 0, step: 0, len: 0 }
    }
}

impl Column {
    /// Appends numbers. Equal lists give equal columns, whatever the portions in which the numbers come.
    fn extend(&mut self, mut numbers: impl ExactSizeIterator<Item = u64>) {
        while let Some(number) = match self {
            Self::Steps { start, step, len } => further(start, step, len, &mut numbers),
            Self::Narrow(list) => {
                list.reserve(numbers.len());
                numbers.by_ref().find(|&number| match u32::try_from(number) {
                    Ok(number) => {
                        list.push(number);
                        false
                    }
                    Err(_) => true,
                })
            }
            Self::Wide(list) => {
                list.extend(&mut numbers);
                None
            }
        } {
            self.widen(number);
        }
    }

    fn repeat(&mut self, number: u64, times: usize) {
        match self {
            Self::Steps { start, step: 0, len } if *start == number && *len > 0 => *len += times,
            _ => self.extend(std::iter::repeat_n(number, times)),
        }
    }

    fn append(&mut self, other: &Self) {
        match other {
            &Self::Steps { start, step, len } => {
                let at = |row: u32| start.wrapping_add(step.wrapping_mul(row.into()));
                self.extend((0..len as u32).map(at));
            }
            Self::Narrow(list) => self.extend(list.iter().map(|&number| number.into())),
            Self::Wide(list) => self.extend(list.iter().copied()),
        }
    }

    /// Appends a number that does not fit the form of the column, and changes the form.
    fn widen(&mut self, number: u64) {
        let all = || (0..self.len()).map(|row| self.get(row)).chain([number]);
        *self = match all().map(u32::try_from).collect() {
            Ok(narrow) => Self::Narrow(narrow),
            Err(_) => Self::Wide(all().collect()),
        };
    }

    fn len(&self) -> usize {
        match self {
            Self::Steps { len, .. } => *len,
            Self::Narrow(list) => list.len(),
            Self::Wide(list) => list.len(),
        }
    }

    fn get(&self, row: usize) -> u64 {
        match self {
            Self::Steps { start, step, .. } => start.wrapping_add(step.wrapping_mul(row as u64)),
            Self::Narrow(list) => list[row].into(),
            Self::Wide(list) => list[row],
        }
    }

    /// The number of all rows, if the column stores a single repeated number.
    fn the_one(&self) -> Option<u64> {
        match self {
            Self::Steps { start, step: 0, len: 1.. } => Some(*start),
            _ => None,
        }
    }

    fn shrink_to_fit(&mut self) {
        match self {
            Self::Steps { .. } => {}
            Self::Narrow(list) => list.shrink_to_fit(),
            Self::Wide(list) => list.shrink_to_fit(),
        }
    }
}

/// Appends numbers while they continue the progression. Returns the first number that does not.
fn further(
    start: &mut u64,
    step: &mut u64,
    len: &mut usize,
    numbers: &mut impl Iterator<Item = u64>,
) -> Option<u64> {
    if *len == 0 {
        *start = numbers.next()?;
        *len = 1;
    }
    if *len == 1 {
        *step = numbers.next()?.wrapping_sub(*start);
        *len = 2;
    }
    let mut expected = start.wrapping_add(step.wrapping_mul(*len as u64));
    numbers.find(|&number| {
        let fits = number == expected;
        expected = expected.wrapping_add(*step);
        *len += usize::from(fits);
        !fits
    })
}

/// A column of values, in f32 if that is exact.
#[derive(Clone, Debug)]
enum Values {
    Same { value: f64, len: usize },
    Single(Vec<f32>),
    Double(Vec<f64>),
}

impl Default for Values {
    fn default() -> Self {
        Self::Same { value: 0.0, len: 0 }
    }
}

impl Values {
    fn extend(&mut self, values: &[f64]) {
        let Some(&first) = values.first() else { return };
        let same = |wanted: f64| {
            values.iter().fold(true, |all, x| all & (x.to_bits() == wanted.to_bits()))
        };
        let fit = || values.iter().fold(true, |all, &x| all & fits(x));
        match self {
            Self::Same { len: 0, .. } if same(first) => {
                *self = Self::Same { value: first, len: values.len() };
            }
            Self::Same { value, len } if *len > 0 && same(*value) => *len += values.len(),
            Self::Single(list) if fit() => list.extend(values.iter().map(|&x| x as f32)),
            Self::Double(list) => list.extend(values),
            _ => {
                let all = || (0..self.len()).map(|row| self.get(row)).chain(values.iter().copied());
                *self = if fit() && all().all(fits) {
                    Self::Single(all().map(|x| x as f32).collect())
                } else {
                    Self::Double(all().collect())
                };
            }
        }
    }

    fn append(&mut self, other: &Self) {
        match other {
            Self::Double(list) => self.extend(list),
            _ => (0..other.len()).for_each(|row| self.extend(&[other.get(row)])),
        }
    }

    fn len(&self) -> usize {
        match self {
            Self::Same { len, .. } => *len,
            Self::Single(list) => list.len(),
            Self::Double(list) => list.len(),
        }
    }

    fn get(&self, row: usize) -> f64 {
        match self {
            Self::Same { value, .. } => *value,
            Self::Single(list) => list[row].into(),
            Self::Double(list) => list[row],
        }
    }

    fn none_is_zero(&self) -> bool {
        match self {
            Self::Same { value, len } => *len == 0 || *value != 0.0,
            Self::Single(list) => list.iter().fold(true, |all, &x| all & (x != 0.0)),
            Self::Double(list) => list.iter().fold(true, |all, &x| all & (x != 0.0)),
        }
    }

    fn shrink_to_fit(&mut self) {
        match self {
            Self::Same { .. } => {}
            Self::Single(list) => list.shrink_to_fit(),
            Self::Double(list) => list.shrink_to_fit(),
        }
    }
}

/// Whether an f32 represents a number exactly. All NaNs count as equal.
fn fits(x: f64) -> bool {
    x.is_nan() | (f64::from(x as f32).to_bits() == x.to_bits())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn column(numbers: &[u64]) -> Column {
        let mut column = Column::default();
        column.extend(numbers.iter().copied());
        column
    }

    fn values(numbers: &[f64]) -> Values {
        let mut values = Values::default();
        values.extend(numbers);
        values
    }

    #[test]
    fn columns_give_back_what_they_took() {
        let lists: [&[u64]; 8] = [
            &[],
            &[7],
            &[1, 2, 3, 4],
            &[5, 5, 5],
            &[9, 4, u64::MAX],
            &[3, 2, 1],
            &[u64::MAX, 0, 1],
            &[1, 2, 4, u64::MAX, 3],
        ];
        for list in lists {
            let column = column(list);
            let back: Vec<u64> = (0..column.len()).map(|row| column.get(row)).collect();
            assert_eq!(back, list);
        }
        assert!(matches!(column(&[1, 2, 3]), Column::Steps { .. }));
        assert!(matches!(column(&[1, 2, 4]), Column::Narrow(_)));
        assert!(matches!(column(&[1, 2, 4, 1 << 32]), Column::Wide(_)));
        assert_eq!(column(&[6, 6]).the_one(), Some(6));
        assert_eq!((column(&[]).the_one(), column(&[1, 2]).the_one()), (None, None));
    }

    #[test]
    fn values_keep_their_bits() {
        let lists: [&[f64]; 5] = [
            &[],
            &[0.1, 0.1],
            &[0.1_f32.into(), -0.0, f64::INFINITY, 0.0],
            &[0.5, 0.1, 5e-324],
            &[-0.0, 0.0],
        ];
        for list in lists {
            let values = values(list);
            let back: Vec<u64> = (0..values.len()).map(|row| values.get(row).to_bits()).collect();
            assert_eq!(back, list.iter().map(|value| value.to_bits()).collect::<Vec<_>>());
            assert_eq!(values.none_is_zero(), list.iter().all(|&value| value != 0.0));
        }
        assert!(matches!(values(&[0.1, 0.1]), Values::Same { .. }));
        assert!(matches!(values(&[0.5, 1.0]), Values::Single(_)));
        assert!(matches!(values(&[0.5, 0.1]), Values::Double(_)));
    }

    fn split() -> impl Strategy<Value = Split> {
        let value = || prop_oneof![Just(0.0), Just(0.1), Just(0.5), Just(f64::INFINITY)];
        let entry = prop_oneof![0..3_u64, Just(1 << 40)];
        (0..9_u32, 0..2_u32, 0..2_u32, entry, any::<bool>(), [value(), value()]).prop_map(
            |(child, parent, param, entry, is_sum, values)| Split {
                child,
                parent,
                param,
                entry,
                is_sum,
                values,
            },
        )
    }

    proptest! {
        #[test]
        fn portions_do_not_matter(
            rows in prop::collection::vec(split(), 0..9),
            again in prop::collection::vec(0..4_usize, 9),
            cut: usize,
        ) {
            // As in practice, most rows continue the row before them.
            let rows: Vec<Split> = rows
                .iter()
                .zip(again)
                .flat_map(|(&row, times)| {
                    (0..=times as u32).map(move |k| Split { child: row.child + k, ..row })
                })
                .collect();
            let pushed = |rows: &[Split]| {
                let mut splits = Splits::default();
                rows.iter().for_each(|&row| splits.push(row));
                splits
            };
            let one_by_one = pushed(&rows);
            let back: Vec<Split> = (0..one_by_one.len()).map(|row| one_by_one.get(row)).collect();
            prop_assert_eq!(&back, &rows);

            let (head, tail) = rows.split_at(cut % (rows.len() + 1));
            let mut appended = pushed(head);
            appended.append(pushed(tail));
            let mut extended = Splits::default();
            let alike = |a: &Split, b: &Split| {
                (a.parent, a.param, a.is_sum) == (b.parent, b.param, b.is_sum)
            };
            for rows in rows.chunk_by(alike) {
                let value = |side: usize| -> Vec<f64> {
                    rows.iter().map(|row| row.values[side]).collect()
                };
                extended.extend(&Siblings {
                    parent: rows[0].parent,
                    param: rows[0].param,
                    is_sum: rows[0].is_sum,
                    children: &rows.iter().map(|row| row.child).collect::<Vec<_>>(),
                    entries: &rows.iter().map(|row| row.entry).collect::<Vec<_>>(),
                    values: [&value(0), &value(1)],
                });
            }
            for splits in [appended, extended] {
                prop_assert_eq!(&splits, &one_by_one);
                prop_assert_eq!(format!("{splits:?}"), format!("{one_by_one:?}"));
            }

            let open = rows.iter().filter(|row| row.param != 1 || row.values[1] == 0.0);
            let open: Vec<u32> = open.map(|row| row.child).collect();
            prop_assert_eq!(one_by_one.unsettled(|param| param == 1), open);

            let mut sorted = rows.clone();
            sorted.sort_by_key(|row| row.child);
            let order = one_by_one.in_order();
            let in_order: Vec<Split> =
                order.iter().map(|&row| one_by_one.get(row as usize)).collect();
            prop_assert_eq!(&in_order, &sorted);
            prop_assert_eq!(&pushed(&sorted), &one_by_one);
            let mut other = rows;
            if let Some(row) = other.last_mut() {
                row.values[1] += 1.0;
                let differs = row.values[1] != one_by_one.get(one_by_one.len() - 1).values[1];
                prop_assert_eq!(pushed(&other) != one_by_one, differs);
            }
        }
    }
}
