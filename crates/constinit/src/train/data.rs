//! Sources of a run's batches.
//!
//! A source is a function of the step number, so a run that was interrupted continues with the
//! batch that it would have seen.

use crate::Error;
use burn::tensor::{Int, Tensor, TensorData, backend::Backend};
use constinit_core::train::{Batches, epoch_order};

/// Inputs and targets.
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
    /// [`Error::Data`] for an empty set, or different numbers of inputs and targets.
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
    /// Parts of `size` examples, in the given order or, with a seed, in a new random order for each epoch. The order
    /// depends on seed and epoch only.
    ///
    /// # Errors
    ///
    /// [`Error::Data`] for an empty set, different numbers of inputs and targets, or a size of 0.
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
}
