//! The entries of a parameter by their structure, and how they are written out.
//!
//! A form is checked when it is made and costs little until its entries are asked for.

use super::Draw;
use super::draw::STRETCH;
use super::layout::Layout;
use super::random::{self, Entry};
use super::sparse;
use rayon::prelude::*;

/// Why an initialiser cannot fill a parameter.
pub(super) type Reason = String;

/// A function of output, input and kernel position.
pub(super) type Pointwise<'a> = Box<dyn Fn([usize; 3]) -> f64 + Sync + 'a>;

/// The entries of a parameter.
pub(super) enum Form<'a> {
    Everywhere(f64),
    /// By the place along the output or the input axis.
    Along {
        axis: usize,
        values: Vec<f64>,
    },
    /// These entries, and 0 elsewhere.
    Points {
        offsets: Vec<usize>,
        value: f64,
    },
    Pointwise(Pointwise<'a>),
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
    /// All of them at once, in storage order.
    Whole(Box<dyn FnOnce() -> Result<Vec<f64>, Reason> + 'a>),
}

impl<'a> Form<'a> {
    /// All entries as doubles, in storage order.
    pub fn doubles(self, layout: &Layout, draw: &Draw) -> Result<Vec<f64>, Reason> {
        if let Self::Whole(make) = self {
            return make();
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
            // Positive zeros are there: writing them would only make the system give the memory.
            Self::Everywhere(value) if value.to_bits() == 0 => (),
            Self::Everywhere(value) => {
                let value = E::of(value);
                entries.par_chunks_mut(STRETCH).for_each(|stretch| stretch.fill(value));
            }
            Self::Along { axis, values } => {
                let inner: usize = layout.shape[axis + 1..].iter().product();
                let values: Vec<E> = values.into_iter().map(E::of).collect();
                entries.par_chunks_mut(values.len() * inner).for_each(|all| {
                    if inner == 1 {
                        all.copy_from_slice(&values);
                    } else {
                        let runs = all.chunks_mut(inner).zip(&values);
                        runs.for_each(|(run, value)| run.fill(*value));
                    }
                });
            }
            Self::Points { offsets, value } => {
                offsets.into_iter().for_each(|offset| entries[offset] = E::of(value));
            }
            Self::Pointwise(function) => {
                entries.par_iter_mut().enumerate().for_each(|(offset, entry)| {
                    *entry = E::of(function(layout.place(offset)));
                });
            }
            Self::Uniform([low, high]) => random::uniform(entries, draw, low, high),
            Self::Normal { mean, std } => random::normal(entries, draw, mean, std),
            Self::Truncated { moments, bounds } => {
                random::truncated_normal(entries, draw, moments, bounds);
            }
            Self::Sparse { std, zeros } => sparse::fill(layout, draw, std, zeros, entries),
            Self::Whole(make) => {
                let values = make()?;
                entries.par_iter_mut().zip(values).for_each(|(entry, value)| *entry = E::of(value));
            }
        }
        Ok(())
    }

    /// The values that are known without making the entries.
    pub fn values(&self) -> &[f64] {
        match self {
            Self::Everywhere(value) | Self::Points { value, .. } => std::slice::from_ref(value),
            Self::Along { values, .. } => values,
            _ => &[],
        }
    }

    /// The entries as a function of their places, where that is what they are; else the form as it was.
    pub fn pointwise(self, layout: &Layout) -> Result<Pointwise<'a>, Self> {
        match self {
            Self::Everywhere(value) => Ok(Box::new(move |_| value)),
            Self::Along { axis, values } if layout.axes.output == Some(axis) => {
                Ok(Box::new(move |[output, _, _]| values[output]))
            }
            Self::Along { values, .. } => Ok(Box::new(move |[_, input, _]| values[input])),
            Self::Pointwise(function) => Ok(function),
            other => Err(other),
        }
    }
}
