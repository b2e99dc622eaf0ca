//! Where a run's batches come from.
//!
//! A source is a function of the step number, so that a run that was interrupted goes on with the
//! batch that it would have seen.

use crate::Error;
use burn::tensor::{Int, Tensor, TensorData, backend::Backend};
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

/// Inputs and what the network should answer.
#[derive(Clone, Debug)]
pub struct Batch<B: Backend> {
    /// Inputs, `[examples, inputs]`.
    pub inputs: Tensor<B, 2>,
    /// Targets, `[examples, outputs]`.
    pub targets: Tensor<B, 2>,
}

impl<B: Backend> Batch<B> {
    fn examples(&self) -> Result<usize, Error> {
        let ([inputs, _], [targets, _]) = (self.inputs.dims(), self.targets.dims());
        let reason = match (inputs, targets) {
            (0, _) => "there are no examples".to_owned(),
            (inputs, targets) if inputs == targets => return Ok(inputs),
            (inputs, targets) => format!("{inputs} rows of inputs, but {targets} rows of targets"),
        };
        Err(Error::Data { reason })
    }
}

/// The whole set in every step.
#[derive(Clone, Debug)]
pub struct FullBatch<B: Backend>(Batch<B>);

impl<B: Backend> FullBatch<B> {
    /// The whole set in every step.
    ///
    /// # Errors
    ///
    /// [`Error::Data`] for an empty set, or inputs and targets of unlike number.
    pub fn new(batch: Batch<B>) -> Result<Self, Error> {
        batch.examples()?;
        Ok(Self(batch))
    }
}

impl<B: Backend> Batches for FullBatch<B> {
    type Batch = Batch<B>;

    fn batch(&mut self, _: usize) -> Batch<B> {
        self.0.clone()
    }
}

/// The examples of an epoch in the order in which [`MiniBatches`] with this seed gives them.
///
/// ```
/// use constinit::train::epoch_order;
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

/// A part of the set in every step; the last part of an epoch may be smaller.
#[derive(Clone, Debug)]
pub struct MiniBatches<B: Backend> {
    set: Batch<B>,
    examples: usize,
    size: usize,
    shuffle_seed: Option<u64>,
    order: Option<(usize, Tensor<B, 1, Int>)>,
}

impl<B: Backend> MiniBatches<B> {
    /// Parts of `size` examples, in the given order or, with a seed, in an order drawn anew for
    /// each epoch. The order depends on seed and epoch alone.
    ///
    /// # Errors
    ///
    /// [`Error::Data`] for an empty set, inputs and targets of unlike number, or a size of 0.
    pub fn new(set: Batch<B>, size: usize, shuffle_seed: Option<u64>) -> Result<Self, Error> {
        let examples = set.examples()?;
        if size == 0 {
            return Err(Error::Data { reason: "a batch of 0 examples".to_owned() });
        }
        Ok(Self { set, examples, size: size.min(examples), shuffle_seed, order: None })
    }

    /// The examples of an epoch, in the order in which they come.
    fn order(&mut self, epoch: usize, seed: u64) -> Tensor<B, 1, Int> {
        if let Some((known, order)) = &self.order
            && *known == epoch
        {
            return order.clone();
        }
        let order = epoch_order(self.examples, seed, epoch);
        let order: Vec<i64> = order.into_iter().map(|example| example as i64).collect();
        let data = TensorData::new(order, [self.examples]);
        let order = Tensor::from_data(data, &self.set.inputs.device());
        self.order = Some((epoch, order.clone()));
        order
    }
}

impl<B: Backend> Batches for MiniBatches<B> {
    type Batch = Batch<B>;

    fn batch(&mut self, step: usize) -> Batch<B> {
        let parts = self.examples.div_ceil(self.size);
        let (epoch, part) = (step / parts, step % parts);
        let range = part * self.size..((part + 1) * self.size).min(self.examples);
        match self.shuffle_seed {
            None => Batch {
                inputs: self.set.inputs.clone().slice([range.clone()]),
                targets: self.set.targets.clone().slice([range]),
            },
            Some(seed) => {
                let picked = self.order(epoch, seed).slice([range]);
                Batch {
                    inputs: self.set.inputs.clone().select(0, picked.clone()),
                    targets: self.set.targets.clone().select(0, picked),
                }
            }
        }
    }
}

/// Adds `step * shift` to the inputs and the targets of another source.
#[derive(Clone, Debug)]
pub struct Shifted<D> {
    source: D,
    shift: f64,
}

impl<D> Shifted<D> {
    /// Step `i` trains on `(x + i * shift, y + i * shift)`.
    pub fn new(source: D, shift: f64) -> Self {
        Self { source, shift }
    }
}

impl<B: Backend, D: Batches<Batch = Batch<B>>> Batches for Shifted<D> {
    type Batch = Batch<B>;

    fn batch(&mut self, step: usize) -> Batch<B> {
        let Batch { inputs, targets } = self.source.batch(step);
        let shift = self.shift * step as f64;
        if shift == 0.0 {
            return Batch { inputs, targets };
        }
        Batch { inputs: inputs.add_scalar(shift), targets: targets.add_scalar(shift) }
    }
}

/// Epoch after epoch of an iterator, such as the one that Burn's `DataLoader::iter` gives.
pub struct Epochs<F, I> {
    start_epoch: F,
    current: Option<I>,
    next_step: usize,
}

impl<F: FnMut() -> I, I: Iterator> Epochs<F, I> {
    /// A source that calls `start_epoch` whenever the iterator before it has ended.
    ///
    /// ```
    /// use constinit::train::{Batches, Epochs};
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
    /// Where an epoch has no batch, and where steps are asked for that have gone by.
    fn batch(&mut self, step: usize) -> I::Item {
        assert!(step >= self.next_step, "step {step} of an iterator that is past it");
        // A run that goes on from a checkpoint skips what it has seen.
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
    use burn_ndarray::NdArray;

    type B = NdArray<f64>;

    fn set(examples: usize) -> Batch<B> {
        let column = |offset: f64| {
            let values: Vec<f64> = (0..examples).map(|i| i as f64 + offset).collect();
            Tensor::from_data(TensorData::new(values, [examples, 1]), &Default::default())
        };
        Batch { inputs: column(0.0), targets: column(100.0) }
    }

    fn numbers(tensor: Tensor<B, 2>) -> Vec<f64> {
        tensor.into_data().into_vec().unwrap()
    }

    #[test]
    fn parts_follow_one_another_and_the_last_is_smaller() {
        let mut data = MiniBatches::new(set(5), 2, None).unwrap();
        let seen: Vec<Vec<f64>> = (0..4).map(|step| numbers(data.batch(step).inputs)).collect();
        assert_eq!(seen, [vec![0., 1.], vec![2., 3.], vec![4.], vec![0., 1.]]);
        assert_eq!(numbers(data.batch(2).targets), [104.0]);
    }

    #[test]
    fn a_shuffled_epoch_has_every_example_once_and_depends_on_the_step_alone() {
        let mut data = MiniBatches::new(set(50), 7, Some(3)).unwrap();
        let epoch = |data: &mut MiniBatches<B>, epoch: usize| -> Vec<f64> {
            (8 * epoch..8 * (epoch + 1)).flat_map(|step| numbers(data.batch(step).inputs)).collect()
        };
        let (first, second) = (epoch(&mut data, 0), epoch(&mut data, 1));
        assert_ne!(first, second);
        let mut sorted = second.clone();
        sorted.sort_by(f64::total_cmp);
        assert_eq!(sorted, (0..50).map(f64::from).collect::<Vec<_>>());
        let mut resumed = MiniBatches::new(set(50), 7, Some(3)).unwrap();
        assert_eq!(epoch(&mut resumed, 1), second);
        let mut other = MiniBatches::new(set(50), 7, Some(4)).unwrap();
        assert_ne!(epoch(&mut other, 0), first);
        let batch = data.batch(11);
        let expected: Vec<f64> = numbers(batch.inputs).iter().map(|x| x + 100.0).collect();
        assert_eq!(numbers(batch.targets), expected);
    }

    #[test]
    fn shifts_grow_with_the_step() {
        let mut data = Shifted::new(FullBatch::new(set(2)).unwrap(), 0.5);
        assert_eq!(numbers(data.batch(0).inputs), [0.0, 1.0]);
        assert_eq!(numbers(data.batch(3).inputs), [1.5, 2.5]);
        assert_eq!(numbers(data.batch(3).targets), [101.5, 102.5]);
    }

    #[test]
    fn sets_that_do_not_fit_are_refused() {
        let unlike = Batch { inputs: set(2).inputs, targets: set(3).targets };
        let message = FullBatch::new(unlike).unwrap_err().to_string();
        assert_eq!(message, "data: 2 rows of inputs, but 3 rows of targets");
        assert!(FullBatch::new(set(0)).is_err());
        assert!(MiniBatches::new(set(3), 0, None).is_err());
        assert_eq!(numbers(MiniBatches::new(set(3), 9, None).unwrap().batch(1).inputs).len(), 3);
    }

    #[test]
    fn epochs_skip_what_a_resumed_run_has_seen() {
        let mut data = Epochs::new(|| 0..3);
        assert_eq!((data.batch(4), data.batch(5), data.batch(6)), (1, 2, 0));
    }
}
