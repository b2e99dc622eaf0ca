//! The batches that a run on a backend would see, in the same order.

use super::RunConfig;
use super::data::Examples;
use super::seen::seen;
use crate::train::epoch_order;
use std::sync::Arc;

/// How many numbers of the batches of a run are kept for later runs.
const KEPT: usize = 1 << 16;

/// The batches of a run. Runs with the same batches share those of the first steps.
pub struct SeenBatches {
    examples: Arc<Examples>,
    shift_per_step: f64,
    batch_size: Option<usize>,
    shuffle_seed: Option<u64>,
    /// The epoch and its order.
    order: Option<(usize, Vec<usize>)>,
    /// Inputs and targets of the first steps, and for how many more numbers there is room.
    kept: Vec<[Vec<f64>; 2]>,
    room: usize,
    /// The batch of a later step, and the number of the step.
    last: (Option<usize>, [Vec<f64>; 2]),
    /// How a step sees a number of an example, given the number and the shift.
    seen: fn(f64, f64) -> f64,
}

impl SeenBatches {
    /// The batches of a run.
    pub fn new(config: &RunConfig, examples: &Arc<Examples>) -> Self {
        Self {
            examples: Arc::clone(examples),
            shift_per_step: config.data.shift_per_step,
            batch_size: config.data.batch_size,
            shuffle_seed: config.data.shuffle_seed,
            order: None,
            kept: Vec::new(),
            room: KEPT,
            last: Default::default(),
            seen,
        }
    }

    /// The same batches in double precision, not rounded to the precision of the backends.
    pub fn in_double(self) -> Self {
        Self { seen: |value, shift| value + shift, kept: Vec::new(), ..self }
    }

    /// Whether these are the batches of a run.
    pub fn are_of(&self, config: &RunConfig, examples: &Arc<Examples>) -> bool {
        Arc::ptr_eq(&self.examples, examples)
            && self.shift_per_step.to_bits() == config.data.shift_per_step.to_bits()
            && self.batch_size == config.data.batch_size
            && self.shuffle_seed == config.data.shuffle_seed
    }

    /// Inputs and targets of a step, rounded as the backends round them; not rounded after
    /// [`in_double`](Self::in_double).
    pub fn of_step(&mut self, step: usize) -> [&[f64]; 2] {
        // Without batches and without a shift, all steps see the same examples.
        let number = if self.batch_size.is_none() && self.shift_per_step == 0.0 { 0 } else { step };
        if number >= self.kept.len() {
            if self.last.0 != Some(number) {
                self.make(number);
            }
            let numbers: usize = self.last.1.iter().map(Vec::len).sum();
            if number > self.kept.len() || numbers > self.room {
                return self.last.1.each_ref().map(Vec::as_slice);
            }
            self.room -= numbers;
            self.kept.push(std::mem::take(&mut self.last).1);
        }
        self.kept[number].each_ref().map(Vec::as_slice)
    }

    /// Makes the batch of a step.
    fn make(&mut self, step: usize) {
        let rows = self.examples.inputs.rows;
        let size = self.batch_size.map_or(rows, |size| size.min(rows)).max(1);
        let parts = rows.div_ceil(size);
        let (epoch, part) = (step / parts, step % parts);
        if let (Some(_), Some(seed)) = (self.batch_size, self.shuffle_seed)
            && self.order.as_ref().is_none_or(|(known, _)| *known != epoch)
        {
            self.order = Some((epoch, epoch_order(rows, seed, epoch)));
        }
        let order = self.order.as_ref().map(|(_, order)| order);
        let shift = self.shift_per_step * step as f64;
        let range = part * size..((part + 1) * size).min(rows);
        let matrices = [&self.examples.inputs, &self.examples.targets];
        for (batch, matrix) in self.last.1.iter_mut().zip(matrices) {
            batch.clear();
            for place in range.clone() {
                let row = order.map_or(place, |order| order[place]);
                let values = &matrix.values[row * matrix.columns..][..matrix.columns];
                batch.extend(values.iter().map(|value| (self.seen)(*value, shift)));
            }
        }
        self.last.0 = Some(step);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Matrix;
    use proptest::prelude::*;

    fn examples(rows: usize) -> Arc<Examples> {
        let matrix = |columns: usize| Matrix {
            rows,
            columns,
            values: (0..rows * columns).map(|entry| entry as f64 / 7.0).collect(),
        };
        Arc::new(Examples { inputs: matrix(3), targets: matrix(2) })
    }

    fn config(shift: f64, batch: Option<usize>, seed: Option<u64>) -> RunConfig {
        let batch = batch.map_or(String::new(), |size| format!("batch_size = {size}\n"));
        let seed = seed.map_or(String::new(), |seed| format!("shuffle_seed = {seed}\n"));
        let text = format!(
            "[model]\nlayer_dims = [3, 2, 2]\n[data]\nshift_per_step = {shift:?}\n{batch}{seed}"
        );
        RunConfig::parse(&text, "run.toml").unwrap()
    }

    /// Shift, batch size, seed, and the steps whose batches the test asks for.
    type Run = (f64, Option<usize>, Option<u64>, Vec<usize>);

    fn run() -> impl Strategy<Value = Run> {
        let shift = prop_oneof![Just(0.0), Just(0.1)];
        let (size, seed) = (prop::option::of(1..10_usize), prop::option::of(0..2_u64));
        (shift, size, seed, prop::collection::vec(0..12_usize, 1..20))
    }

    proptest! {
        #[test]
        fn batches_are_rows_of_the_examples_whatever_is_kept(
            rows in 1..9_usize,
            runs in prop::collection::vec(run(), 1..4),
            room in 0..100_usize,
        ) {
            let examples = examples(rows);
            let mut known: Option<SeenBatches> = None;
            for (shift, batch_size, seed, steps) in runs {
                let config = config(shift, batch_size, seed);
                let known_ones = known.take().filter(|known| known.are_of(&config, &examples));
                let new = || SeenBatches { room, ..SeenBatches::new(&config, &examples) };
                let batches = known.insert(known_ones.unwrap_or_else(new));
                for step in steps {
                    let size = batch_size.map_or(rows, |size| size.min(rows));
                    let parts = rows.div_ceil(size);
                    let order = match (batch_size, seed) {
                        (Some(_), Some(seed)) => epoch_order(rows, seed, step / parts),
                        _ => (0..rows).collect(),
                    };
                    let of_batch = order.iter().skip(step % parts * size).take(size);
                    let expected = [&examples.inputs, &examples.targets].map(|matrix| -> Vec<f64> {
                        let row = |row: &usize| {
                            matrix.values.chunks(matrix.columns).nth(*row).unwrap()
                        };
                        let values = of_batch.clone().flat_map(row);
                        values.map(|x| f64::from(*x as f32 + (shift * step as f64) as f32)).collect()
                    });
                    prop_assert_eq!(batches.of_step(step).map(<[f64]>::to_vec), expected);
                }
            }
        }
    }
}
