//! Makes the entries of an initialiser on the host, so that all backends get the same numbers.

use super::form::Form;
use super::layout::Layout;
use super::random::{self, Entry};
use super::rng_key::STRETCH;
use super::sparse;
use super::{Init, ParameterAxes, Reason, RngKey};
use crate::{Entries, Error, FloatType};
use rayon::prelude::*;

impl Init {
    /// All entries of a parameter of this shape, in storage order.
    ///
    /// # Errors
    ///
    /// [`Error::Init`] if the initialiser needs an axis that the parameter lacks, or has numbers that are not
    /// finite or do not fit its sizes.
    pub fn values(
        &self,
        shape: &[usize],
        axes: ParameterAxes,
        key: &RngKey,
    ) -> Result<Vec<f64>, Error> {
        let layout = self.layout(shape, axes)?;
        let refuse = |reason| self.refuse(shape, reason);
        self.form(&layout, key).and_then(|form| form.doubles(&layout, key)).map_err(refuse)
    }

    /// Like [`Init::values`], for a float type. Single precision and narrower types need half the memory.
    ///
    /// # Errors
    ///
    /// Those of [`Init::values`].
    pub fn entries(
        &self,
        shape: &[usize],
        axes: ParameterAxes,
        key: &RngKey,
        float: FloatType,
    ) -> Result<Entries, Error> {
        let layout = self.layout(shape, axes)?;
        let form = self.form(&layout, key);
        form.and_then(|form| form.entries(&layout, key, float))
            .map_err(|reason| self.refuse(shape, reason))
    }

    /// Like [`Init::entries`], but entries that depend on one axis only are not repeated. A device can repeat them
    /// without a copy of all entries on the host.
    ///
    /// # Errors
    ///
    /// Those of [`Init::values`].
    pub fn spread(
        &self,
        shape: &[usize],
        axes: ParameterAxes,
        key: &RngKey,
        float: FloatType,
    ) -> Result<SpreadEntries, Error> {
        let layout = self.layout(shape, axes)?;
        let refuse = |reason| self.refuse(shape, reason);
        Ok(match self.form(&layout, key).map_err(refuse)? {
            Form::Everywhere(value) => SpreadEntries::Everywhere(value),
            Form::Along { axis, values } => SpreadEntries::Along { axis, values },
            form => SpreadEntries::Whole(form.entries(&layout, key, float).map_err(refuse)?),
        })
    }

    pub(super) fn layout(&self, shape: &[usize], axes: ParameterAxes) -> Result<Layout, Error> {
        Layout::new(shape, axes).ok_or_else(|| self.refuse(shape, Reason::TooManyEntries))
    }

    pub(super) fn refuse(&self, shape: &[usize], reason: Reason) -> Error {
        Error::Init { initialiser: self.name(), shape: shape.to_vec(), reason }
    }
}

/// The entries of a parameter, or the numbers that repeat in it.
#[derive(Clone, Debug, PartialEq)]
pub enum SpreadEntries {
    /// One number everywhere.
    Everywhere(f64),
    /// `values[i]` at place `i` of an axis, at every place of the other axes.
    Along {
        /// The axis.
        axis: usize,
        /// One number for each of its places.
        values: Vec<f64>,
    },
    /// All of them, in storage order.
    Whole(Entries),
}

impl Form<'_> {
    /// All entries for a float type, in storage order.
    fn entries(self, layout: &Layout, key: &RngKey, float: FloatType) -> Result<Entries, Reason> {
        if float == FloatType::F64 {
            return Ok(Entries::F64(self.doubles(layout, key)?));
        }
        let mut entries = vec![0.0_f32; layout.entries()];
        self.fill(layout, key, &mut entries)?;
        Ok(Entries::F32(entries))
    }

    /// All entries as doubles, in storage order.
    pub fn doubles(self, layout: &Layout, key: &RngKey) -> Result<Vec<f64>, Reason> {
        if let Self::Whole(make) = self {
            return make();
        }
        let mut entries = vec![0.0; layout.entries()];
        self.fill(layout, key, &mut entries)?;
        Ok(entries)
    }

    /// Writes all entries in storage order. `entries` are zeros.
    pub fn fill<E: Entry>(
        self,
        layout: &Layout,
        key: &RngKey,
        entries: &mut [E],
    ) -> Result<(), Reason> {
        if entries.is_empty() {
            return Ok(());
        }
        match self {
            // The entries are positive zeros already. Writing them would only make the system allocate the memory.
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
            Self::Uniform([low, high]) => random::uniform(entries, key, low, high),
            Self::Normal { mean, std } => random::normal(entries, key, mean, std),
            Self::Truncated { moments, bounds } => {
                random::truncated_normal(entries, key, moments, bounds);
            }
            Self::Sparse { std, zeros } => sparse::fill(layout, key, std, zeros, entries),
            Self::Whole(make) => {
                let values = make()?;
                entries.par_iter_mut().zip(values).for_each(|(entry, value)| *entry = E::of(value));
            }
        }
        Ok(())
    }
}
