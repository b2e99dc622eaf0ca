//! Sources of a run's batches.
//!
//! A source is a function of the step number, so a run that was interrupted continues with the
//! batch that it would have seen.

use rand::SeedableRng;
use rand::seq::SliceRandom;
use rand_chacha::ChaCha8Rng;

/// A source of batches. Any `FnMut(usize) -> Batch` is one.
pub trait Batches {
    /// What a step trains on.
    type Batch;

    /// The batch of the step with this number, from 0.
    fn batch(&mut self, step: usize) -> Self::Batch;
}

impl<T, F: FnMut(usize) -> T> Batches for F {
    type Batch = T;

    fn batch(&mut self, step: usize) -> T {
        self(step)
    }
}

/// The examples of an epoch in the order in which mini-batches with this seed take them.
///
/// ```
/// use constinit_core::train::epoch_order;
///
/// let mut order = epoch_order(5, 7, 0);
/// assert_ne!(order, epoch_order(5, 7, 1));
/// order.sort();
/// assert_eq!(order, [0, 1, 2, 3, 4]);
/// ```
pub fn epoch_order(examples: usize, seed: u64, epoch: usize) -> Vec<usize> {
    let mut generator = ChaCha8Rng::seed_from_u64(seed);
    generator.set_stream(epoch as u64);
    let mut order: Vec<usize> = (0..examples).collect();
    order.shuffle(&mut generator);
    order
}

/// The epochs of an iterator, one after another, such as the one that Burn's `DataLoader::iter` returns.
pub struct Epochs<F, I> {
    start_epoch: F,
    current: Option<I>,
    next_step: usize,
}

impl<F: FnMut() -> I, I: Iterator> Epochs<F, I> {
    /// A source that calls `start_epoch` whenever the previous iterator has ended.
    ///
    /// ```
    /// use constinit_core::train::{Batches, Epochs};
    ///
    /// let mut data = Epochs::new(|| [10, 20, 30].into_iter());
    /// let seen: Vec<i32> = (0..5).map(|step| data.batch(step)).collect();
    /// assert_eq!(seen, [10, 20, 30, 10, 20]);
    /// ```
    pub fn new(start_epoch: F) -> Self {
        Self { start_epoch, current: None, next_step: 0 }
    }

    fn next(&mut self) -> I::Item {
        if let Some(item) = self.current.as_mut().and_then(I::next) {
            return item;
        }
        let mut epoch = (self.start_epoch)();
        let first = epoch.next();
        self.current = Some(epoch);
        first.expect("an epoch has at least one batch")
    }
}

impl<F: FnMut() -> I, I: Iterator> Batches for Epochs<F, I> {
    type Batch = I::Item;

    /// # Panics
    ///
    /// If an epoch has no batch, or if `step` is before a step whose batch was already given.
    fn batch(&mut self, step: usize) -> I::Item {
        assert!(step >= self.next_step, "the iterator is already past step {step}");
        // A run that continues from a checkpoint skips the batches that it has seen.
        for _ in self.next_step..step {
            self.next();
        }
        self.next_step = step + 1;
        self.next()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn epochs_skip_what_a_resumed_run_has_seen() {
        let mut data = Epochs::new(|| 0..3);
        assert_eq!((data.batch(4), data.batch(5), data.batch(6)), (1, 2, 0));
    }
}
