//! The loops that may run in parallel. Without the feature `rayon` they are plain loops; the results are the same for
//! any number of threads, because each collects in index order.
//!
//! Rayon sees one closure type only, behind `dyn`: its code is compiled once and not once per caller, at the price of
//! one virtual call per piece of a range.

use std::ops::Range;

/// `f` of every index, in order. `grain`: the fewest indices that are worth a separate task.
pub(crate) fn map<T: Send>(
    range: Range<usize>,
    grain: usize,
    f: impl Fn(usize) -> T + Sync + Send,
) -> Vec<T> {
    #[cfg(feature = "rayon")]
    if let Some(pieces) = pieces::of(&range, grain) {
        return pieces::in_order(&pieces, |piece| piece.map(&f).collect());
    }
    let _ = grain;
    range.map(f).collect()
}

/// The smallest index with `f`.
pub(crate) fn find_first(
    mut range: Range<usize>,
    grain: usize,
    f: impl Fn(usize) -> bool + Sync + Send,
) -> Option<usize> {
    #[cfg(feature = "rayon")]
    if let Some(pieces) = pieces::of(&range, grain) {
        return pieces::smallest(&pieces, &f);
    }
    let _ = grain;
    range.find(|&i| f(i))
}

#[cfg(feature = "rayon")]
mod pieces {
    use rayon::prelude::*;
    use std::ops::Range;
    use std::sync::atomic::{AtomicUsize, Ordering};
    use std::sync::{Mutex, PoisonError};

    /// Pieces for each thread. More than one, since some indices take longer than others.
    const PER_THREAD: usize = 8;

    /// A range in pieces of at least `grain` indices; None if there is one piece only.
    pub(super) fn of(range: &Range<usize>, grain: usize) -> Option<Vec<Range<usize>>> {
        if range.len() <= grain {
            return None;
        }
        let threads = rayon::current_num_threads();
        let length = range.len().div_ceil(threads * PER_THREAD).max(grain).max(1);
        if threads == 1 || range.len() <= length {
            return None;
        }
        let starts = range.clone().step_by(length);
        Some(starts.map(|start| start..(start + length).min(range.end)).collect())
    }

    /// The results of all pieces, one after the other.
    pub(super) fn in_order<T: Send>(
        pieces: &[Range<usize>],
        work: impl Fn(Range<usize>) -> Vec<T> + Sync,
    ) -> Vec<T> {
        let done: Vec<Mutex<Vec<T>>> = pieces.iter().map(|_| Mutex::default()).collect();
        run(pieces.len(), &|number| {
            let results = work(pieces[number].clone());
            *done[number].lock().unwrap_or_else(PoisonError::into_inner) = results;
        });
        let results = done.into_iter().map(|piece| piece.into_inner());
        results.flat_map(|piece| piece.unwrap_or_else(PoisonError::into_inner)).collect()
    }

    /// The smallest index with `f`.
    pub(super) fn smallest(
        pieces: &[Range<usize>],
        f: &(dyn Fn(usize) -> bool + Sync),
    ) -> Option<usize> {
        let least = AtomicUsize::new(usize::MAX);
        run(pieces.len(), &|number| {
            // An index behind one that was found cannot be the smallest.
            let mut open =
                pieces[number].clone().take_while(|i| *i < least.load(Ordering::Relaxed));
            if let Some(found) = open.find(|i| f(*i)) {
                least.fetch_min(found, Ordering::Relaxed);
            }
        });
        Some(least.into_inner()).filter(|found| *found != usize::MAX)
    }

    /// `work` of every number below `count`, in any order.
    fn run(count: usize, work: &(dyn Fn(usize) + Sync)) {
        (0..count).into_par_iter().with_max_len(1).for_each(work);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        /// The loops give what plain loops give, for any range, grain and number of threads.
        #[test]
        fn loops_equal_plain_loops(
            start in 0_usize..50,
            length in 0_usize..400,
            grain in 1_usize..70,
            hit in prop::collection::btree_set(0_usize..450, 0..4),
            threads in 1_usize..5,
        ) {
            let range = start..start + length;
            let square = |i: usize| i * i;
            let is_hit = |i: usize| hit.contains(&i);
            let both = || (map(range.clone(), grain, square), find_first(range.clone(), grain, is_hit));
            #[cfg(feature = "rayon")]
            let found = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap().install(both);
            #[cfg(not(feature = "rayon"))]
            let found = (threads, both()).1;
            prop_assert_eq!(found.0, range.clone().map(square).collect::<Vec<_>>());
            prop_assert_eq!(found.1, range.clone().find(|i| is_hit(*i)));
        }
    }
}
