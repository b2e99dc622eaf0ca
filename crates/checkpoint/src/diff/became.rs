//! Which entries and units became zero or not finite in the second checkpoint.

use super::{Layout, Values};

/// The row-major numbers of the entries that were finite and no longer are.
pub(super) fn non_finite<'v>(
    before: &'v Values,
    after: &'v Values,
    entries: usize,
) -> impl Iterator<Item = usize> + 'v {
    let is_finite = |values: &Values, at| {
        (0..values.parts()).all(|part| values.get(at, part).is_some_and(f64::is_finite))
    };
    // Counting first is much faster than testing entry by entry.
    let entries = if after.numbers.non_finite() > 0 { entries } else { 0 };
    (0..entries).filter(move |&at| is_finite(before, at) && !is_finite(after, at))
}

/// The units that entries belong to, ascending, each once.
pub(super) fn units_of(layout: &Layout, entries: impl Iterator<Item = usize>) -> Vec<usize> {
    let mut seen = vec![false; layout.units];
    entries.for_each(|entry| seen[layout.unit_of(entry)] = true);
    (0..layout.units).filter(|&unit| seen[unit]).collect()
}

/// The numbers that are only in the second list. Both lists are ascending.
pub(super) fn new_ones(before: &[usize], after: &[usize]) -> Vec<usize> {
    after.iter().copied().filter(|unit| before.binary_search(unit).is_err()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dtype::DType;
    use crate::values::ParameterValues;

    #[test]
    fn entries_belong_to_units() {
        let values = |numbers: Vec<f32>| Values {
            numbers: ParameterValues::from(numbers),
            dtype: DType::F32,
        };
        let before = values(vec![1.0, f32::NAN, 3.0, 4.0, 5.0, 6.0]);
        let after = values(vec![1.0, f32::NAN, f32::INFINITY, 4.0, f32::NAN, 7.0]);
        let entries: Vec<usize> = non_finite(&before, &after, 6).collect();
        assert_eq!(entries, [2, 4]);
        // [2, 3] with units on the second axis: entry 2 is of unit 2, entry 4 of unit 1.
        let by_column = Layout::new(&[2, 3], 1);
        assert_eq!(units_of(&by_column, entries.iter().copied()), [1, 2]);
        let by_row = Layout::new(&[2, 3], 0);
        assert_eq!(units_of(&by_row, entries.into_iter()), [0, 1]);
        assert_eq!(new_ones(&[1, 4], &[0, 1, 4, 9]), [0, 9]);
    }
}
