//! The entries of a parameter by their structure, and how they are written out.

use super::Draw;
use super::layout::Layout;
use super::random::{self, Entry};
use burn::module::Initializer;
use rayon::prelude::*;

/// Why an initialiser cannot fill a parameter.
pub(super) type Reason = String;

/// The entries of a parameter.
pub(super) enum Form<'a> {
    Everywhere(f64),
    Along {
        axis: usize,
        values: Vec<f64>,
    },
    /// These entries, and 0 elsewhere.
    Points {
        offsets: Vec<usize>,
        value: f64,
    },
    /// A function of output, input and kernel position.
    Entries(Box<dyn Fn([usize; 3]) -> f64 + Sync + 'a>),
    /// All of them, in storage order.
    Dense(Vec<f64>),
    Uniform([f64; 2]),
    Normal {
        mean: f64,
        std: f64,
    },
    Truncated {
        moments: [f64; 2],
        bounds: [f64; 2],
    },
    /// Normal with zeros: as many output units as `zeros` for each input and kernel position.
    Sparse {
        std: f64,
        zeros: usize,
    },
    /// Drawn on the device.
    Burn(&'a Initializer),
}

impl Form<'_> {
    /// All entries as doubles, in storage order.
    pub fn doubles(self, layout: &Layout, draw: &Draw) -> Result<Vec<f64>, Reason> {
        if let Self::Dense(entries) = self {
            return Ok(entries);
        }
        let mut entries = vec![0.0; layout.entries()];
        self.fill(layout, draw, &mut entries)?;
        Ok(entries)
    }

    /// Writes all entries in storage order. `entries` are zeros.
    pub fn fill<E: Entry>(
        self,
        layout: &Layout,
        draw: &Draw,
        entries: &mut [E],
    ) -> Result<(), Reason> {
        if entries.is_empty() {
            return Ok(());
        }
        match self {
            Self::Everywhere(value) => entries.fill(E::of(value)),
            Self::Along { axis, values } => {
                let inner: usize = layout.shape[axis + 1..].iter().product();
                let values: Vec<E> = values.into_iter().map(E::of).collect();
                if inner == 1 {
                    entries.chunks_mut(values.len()).for_each(|row| row.copy_from_slice(&values));
                } else {
                    let runs = entries.chunks_mut(inner).zip(values.iter().cycle());
                    runs.for_each(|(run, value)| run.fill(*value));
                }
            }
            Self::Points { offsets, value } => {
                offsets.into_iter().for_each(|offset| entries[offset] = E::of(value));
            }
            Self::Entries(function) => {
                entries.par_iter_mut().enumerate().for_each(|(offset, entry)| {
                    *entry = E::of(function(layout.place(offset)));
                });
            }
            Self::Dense(values) => {
                entries.iter_mut().zip(values).for_each(|(entry, value)| *entry = E::of(value));
            }
            Self::Uniform([low, high]) => random::uniform(entries, draw, low, high),
            Self::Normal { mean, std } => random::normal(entries, draw, mean, std),
            Self::Truncated { moments, bounds } => {
                random::truncated_normal(entries, draw, moments, bounds);
            }
            Self::Sparse { std, zeros } => {
                random::normal(entries, draw, 0.0, std);
                let places = layout.inputs * layout.positions();
                let choice = draw.part(0);
                for place in 0..places {
                    let [i, k] = [place / layout.positions(), place % layout.positions()];
                    let mut generator = choice.stream(place);
                    for o in random::chosen(&mut generator, layout.outputs, zeros) {
                        entries[layout.offset(o, i, k)] = E::of(0.0);
                    }
                }
            }
            Self::Burn(_) => {
                return Err("Burn's random initialisers draw on a device, not on the host".into());
            }
        }
        Ok(())
    }
}
