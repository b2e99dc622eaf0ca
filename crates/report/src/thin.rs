//! Fewer points for the same figure.
//!
//! A figure is some hundred pixels wide; a run may have a million readings. Readings that share a pixel form a stretch.
//! The first, the lowest, the highest and the last reading of each stretch are drawn, so the line covers the same
//! pixels as all readings would. Readings that must not be lost, such as a first break, are named and stay.

use std::collections::BTreeSet;

/// The positions to draw of a series: at most `4 * stretches`, and those in `keep`.
///
/// ```text
/// values  3 3 9 3 | 3 3 3 3 | ...     stretches of 4
/// kept    0   2 3 | 4     7 |
/// ```
pub fn thinned(values: &[Option<f64>], stretches: usize, keep: &[usize]) -> Vec<usize> {
    let all = values.len();
    if all <= 4 * stretches {
        return (0..all).collect();
    }
    let mut kept: BTreeSet<usize> = keep.iter().copied().filter(|place| *place < all).collect();
    for stretch in 0..stretches {
        let bounds = [stretch * all / stretches, (stretch + 1) * all / stretches];
        let places = bounds[0]..bounds[1];
        let known = || places.clone().filter_map(|place| Some((place, values[place]?)));
        let by_value = |a: &(usize, f64), b: &(usize, f64)| a.1.total_cmp(&b.1);
        let extremes = [known().min_by(by_value), known().max_by(by_value)];
        kept.extend(extremes.iter().flatten().map(|(place, _)| *place));
        kept.extend([places.start, places.end - 1]);
    }
    kept.into_iter().collect()
}

/// Positions at equal distances with the first and the last, and those in `keep`: for tables and whole states.
pub fn spaced(all: usize, wanted: usize, keep: &[usize]) -> Vec<usize> {
    if all <= wanted || wanted < 2 {
        return (0..all).collect();
    }
    let even = (0..wanted).map(|number| number * (all - 1) / (wanted - 1));
    let kept: BTreeSet<usize> =
        even.chain(keep.iter().copied().filter(|place| *place < all)).collect();
    kept.into_iter().collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn short_series_stay_whole() {
        assert_eq!(thinned(&[Some(1.0); 8], 2, &[]), [0, 1, 2, 3, 4, 5, 6, 7]);
        assert_eq!(thinned(&[], 2, &[]), [0; 0]);
        assert_eq!(spaced(3, 10, &[]), [0, 1, 2]);
        assert_eq!(spaced(101, 3, &[7]), [0, 7, 50, 100]);
    }

    proptest! {
        #[test]
        fn extremes_ends_and_the_break_stay(
            values in prop::collection::vec(prop::option::of(-1e3..1e3_f64), 1..900),
            stretches in 1..40_usize,
            at in 0..900_usize,
        ) {
            let kept = thinned(&values, stretches, &[at]);
            prop_assert!(kept.len() <= (4 * stretches + 1).max(values.len().min(4 * stretches)));
            prop_assert!(kept.windows(2).all(|two| two[0] < two[1]));
            prop_assert_eq!((kept[0], kept[kept.len() - 1]), (0, values.len() - 1));
            prop_assert!(at >= values.len() || kept.contains(&at));
            let extremes = |places: &mut dyn Iterator<Item = usize>| {
                let values: Vec<f64> = places.filter_map(|place| values[place]).collect();
                (values.iter().copied().reduce(f64::min), values.iter().copied().reduce(f64::max))
            };
            prop_assert_eq!(extremes(&mut kept.iter().copied()), extremes(&mut (0..values.len())));
        }
    }
}
