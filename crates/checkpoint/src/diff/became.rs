//! What entries and units of the second checkpoint became, and whether the two are one and the same.

use super::Layout;
use crate::checkpoint::Checkpoint;
use crate::error::CheckpointError;
use crate::format::Other;
use crate::values::ParameterValues;

/// The row-major numbers of the entries that were finite and are not any more.
pub(super) fn non_finite<'v>(
    before: &'v ParameterValues,
    after: &'v ParameterValues,
) -> impl Iterator<Item = usize> + 'v {
    let is_finite = |values: &ParameterValues, at| values.get(at).is_some_and(f64::is_finite);
    // Asked first, since it is much faster than entry by entry.
    let entries = if after.non_finite() > 0 { before.len().min(after.len()) } else { 0 };
    (0..entries).filter(move |&at| is_finite(before, at) && !is_finite(after, at))
}

/// The units that entries belong to, ascending, each once.
pub(super) fn units_of(layout: &Layout, entries: impl Iterator<Item = usize>) -> Vec<usize> {
    let mut seen = vec![false; layout.units];
    entries.for_each(|entry| seen[layout.unit_of(entry)] = true);
    (0..layout.units).filter(|&unit| seen[unit]).collect()
}

/// The numbers that the second list has and the first has not. Both ascend.
pub(super) fn new_ones(before: &[usize], after: &[usize]) -> Vec<usize> {
    after.iter().copied().filter(|unit| before.binary_search(unit).is_err()).collect()
}

/// Whether the tensors of types that are not read are the same in both, byte for byte. Where a format does not keep where they
/// lie, they count as different.
pub(super) fn others_are_equal(
    checkpoints: [&Checkpoint; 2],
    wanted: &dyn Fn(&str) -> bool,
) -> Result<bool, CheckpointError> {
    let places_are_known = |checkpoint: &Checkpoint| {
        checkpoint.passed_over().values().sum::<usize>() == checkpoint.others().len()
    };
    if !checkpoints.iter().all(|checkpoint| places_are_known(checkpoint)) {
        return Ok(false);
    }
    let [mut before, mut after] = checkpoints.map(|checkpoint| -> Vec<&Other> {
        checkpoint.others().iter().filter(|other| wanted(&other.path)).collect()
    });
    [&mut before, &mut after].into_iter().for_each(|all| all.sort_by(|a, b| a.path.cmp(&b.path)));
    let facts = |other: &Other| (other.path.clone(), other.dtype.clone(), other.shape.clone());
    if before.len() != after.len() || before.iter().zip(&after).any(|(a, b)| facts(a) != facts(b)) {
        return Ok(false);
    }
    for (a, b) in before.iter().zip(&after) {
        if !same_bytes(checkpoints, [a, b])? {
            return Ok(false);
        }
    }
    Ok(true)
}

fn same_bytes(
    [before, after]: [&Checkpoint; 2],
    [a, b]: [&Other; 2],
) -> Result<bool, CheckpointError> {
    /// Bytes that are read at a time.
    const BLOCK: u64 = 1 << 20;
    let ([start_a, len], [start_b, len_b]) = (a.place, b.place);
    if len != len_b {
        return Ok(false);
    }
    let mut done = 0;
    while done < len {
        let block = BLOCK.min(len - done);
        if before.bytes_at(a.source, start_a + done, block)?
            != after.bytes_at(b.source, start_b + done, block)?
        {
            return Ok(false);
        }
        done += block;
    }
    Ok(true)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn entries_belong_to_units() {
        let values = |numbers: Vec<f32>| ParameterValues::from(numbers);
        let before = values(vec![1.0, f32::NAN, 3.0, 4.0, 5.0, 6.0]);
        let after = values(vec![1.0, f32::NAN, f32::INFINITY, 4.0, f32::NAN, 7.0]);
        let entries: Vec<usize> = non_finite(&before, &after).collect();
        assert_eq!(entries, [2, 4]);
        // [2, 3] with units on the second axis: entry 2 is of unit 2, entry 4 of unit 1.
        let by_column = Layout::new(&[2, 3], 1);
        assert_eq!(units_of(&by_column, entries.iter().copied()), [1, 2]);
        let by_row = Layout::new(&[2, 3], 0);
        assert_eq!(units_of(&by_row, entries.into_iter()), [0, 1]);
        assert_eq!(new_ones(&[1, 4], &[0, 1, 4, 9]), [0, 9]);
    }
}
