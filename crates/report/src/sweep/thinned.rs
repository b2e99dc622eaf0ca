//! Fewer rows, if a table is too long for a page.

use super::Sweep;
use crate::number::count;

/// The largest number of rows of a page.
const MOST: usize = 1_000_000;

/// The rows that are shown, and the left-out rows in words.
///
/// Of a grid, every n-th value of its longest keys stays, so the rest is a grid again. Of samples, every n-th row
/// stays. The best run is always shown.
pub fn rows(sweep: &Sweep) -> (Vec<usize>, Option<String>) {
    rows_up_to(sweep, MOST)
}

fn rows_up_to(sweep: &Sweep, most: usize) -> (Vec<usize>, Option<String>) {
    let all = sweep.rows();
    if all <= most {
        return ((0..all).collect(), None);
    }
    let best = sweep.best(0..all).unwrap_or(0);
    let lengths = grid(sweep).unwrap_or_default();
    let mut every = vec![1; lengths.len()];
    let left = |every: &[u64]| -> u64 {
        lengths.iter().zip(every).map(|(length, every)| length.div_ceil(*every)).product()
    };
    while !lengths.is_empty() && left(&every) > most as u64 {
        let longest = (0..lengths.len()).max_by_key(|key| lengths[*key].div_ceil(every[*key]));
        longest.into_iter().for_each(|key| every[key] += 1);
    }
    if lengths.is_empty() {
        let nth = all.div_ceil(most);
        let shown: Vec<usize> = (best % nth..all).step_by(nth).collect();
        let note = format!(
            "This page shows one row in {nth}: {} of {}. All are in the table's file.",
            count(shown.len()),
            count(all)
        );
        return (shown, Some(note));
    }
    let best = sweep.places[best] as u64;
    let stays = |row: &usize| {
        let (mut rest, mut best) = (sweep.places[*row] as u64, best);
        lengths.iter().zip(&every).rev().all(|(length, every)| {
            let (place, of_best) = (rest % length, best % length);
            (rest, best) = (rest / length, best / length);
            place % every == of_best % every
        })
    };
    let shown: Vec<usize> = (0..all).filter(stays).collect();
    let thinned = sweep.keys.iter().zip(&every).filter(|(_, every)| **every > 1);
    let thinned: Vec<String> =
        thinned.map(|(key, every)| format!("one in {every} values of {}", key.key)).collect();
    let note = format!(
        "This page shows {} of {} rows: {}. All are in the table's file.",
        count(shown.len()),
        count(all),
        thinned.join(", ")
    );
    (shown, Some(note))
}

/// The numbers of values of the keys, if the points are a grid of them.
fn grid(sweep: &Sweep) -> Option<Vec<u64>> {
    let lengths: Option<Vec<u64>> =
        sweep.keys.iter().map(|key| key.values.filter(|values| *values > 0)).collect();
    let lengths = lengths?;
    let whole = lengths.iter().try_fold(1u64, |product, length| product.checked_mul(*length));
    (whole == Some(sweep.points as u64)).then_some(lengths)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sweep::column::{Column, ColumnValues};
    use constinit_records::{ScaleWord, SweepKey};

    fn sweep(lengths: [Option<u64>; 2], points: usize) -> Sweep {
        let key = |values| SweepKey { key: "k".into(), scale: ScaleWord::List, values };
        Sweep {
            name: String::new(),
            config: String::new(),
            version: String::new(),
            points,
            keys: lengths.map(key).to_vec(),
            repeated: 0,
            places: (0..points).collect(),
            columns: Vec::new(),
        }
    }

    #[test]
    fn a_grid_stays_a_grid_and_says_so() {
        let (shown, note) = rows_up_to(&sweep([Some(3), Some(4)], 12), 8);
        assert_eq!(shown, [0, 2, 4, 6, 8, 10]);
        assert!(note.unwrap().contains("6 of 12 rows: one in 2 values of k."));
        assert_eq!(rows_up_to(&sweep([Some(3), Some(4)], 12), 12), ((0..12).collect(), None));
    }

    #[test]
    fn the_best_run_stays() {
        for (lengths, best) in [([Some(3), Some(4)], 7), ([Some(3), Some(4)], 0), ([None, None], 5)]
        {
            let mut sweep = sweep(lengths, 12);
            let loss = |row| if row == best { 0.5 } else { 1.0 };
            sweep.columns = vec![
                Column {
                    name: "ended".into(),
                    values: ColumnValues::Texts {
                        codes: vec![0; 12],
                        names: vec!["finished".into()],
                    },
                },
                Column {
                    name: "final_loss".into(),
                    values: ColumnValues::Numbers((0..12).map(loss).collect()),
                },
            ];
            let (shown, _) = rows_up_to(&sweep, 6);
            assert!(shown.contains(&best) && shown.len() <= 6, "{best}: {shown:?}");
        }
    }

    #[test]
    fn samples_are_thinned_by_rows() {
        let (shown, note) = rows_up_to(&sweep([None, None], 10), 4);
        assert_eq!(shown, [0, 3, 6, 9]);
        assert!(note.unwrap().contains("one row in 3: 4 of 10"));
    }
}
