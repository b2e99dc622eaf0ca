//! The loops that may run in parallel. Without the feature `rayon` they are plain loops. Every loop collects in index
//! order, so the results are the same for any number of threads.

use std::ops::Range;

/// `f` of every index, in order. `grain` is the number of indices that are worth a separate task.
#[cfg(feature = "rayon")]
pub(crate) fn map<T: Send>(
    range: Range<usize>,
    grain: usize,
    f: impl Fn(usize) -> T + Sync + Send,
) -> Vec<T> {
    use rayon::prelude::*;
    if range.len() <= grain {
        return range.map(f).collect();
    }
    range.into_par_iter().with_min_len(grain).map(f).collect()
}

#[cfg(not(feature = "rayon"))]
pub(crate) fn map<T: Send>(
    range: Range<usize>,
    _grain: usize,
    f: impl Fn(usize) -> T + Sync + Send,
) -> Vec<T> {
    range.map(f).collect()
}

/// The smallest index for which `f` holds.
#[cfg(feature = "rayon")]
pub(crate) fn find_first(
    range: Range<usize>,
    grain: usize,
    f: impl Fn(usize) -> bool + Sync + Send,
) -> Option<usize> {
    use rayon::prelude::*;
    if range.len() <= grain {
        return range.into_iter().find(|&i| f(i));
    }
    range.into_par_iter().with_min_len(grain).find_first(|&i| f(i))
}

#[cfg(not(feature = "rayon"))]
pub(crate) fn find_first(
    mut range: Range<usize>,
    _grain: usize,
    f: impl Fn(usize) -> bool + Sync + Send,
) -> Option<usize> {
    range.find(|&i| f(i))
}
