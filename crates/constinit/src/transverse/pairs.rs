//! Differences between two units, in coordinates.
//!
//! A coordinate belongs to a pair of entries (a, b) that a swap of the two units exchanges, and its unit vector has
//! 1/√2 at a and -1/√2 at b. Coordinates are orthonormal: a second derivative in them has the eigenvalues that it has
//! in the parameters.

use crate::Error;
use crate::params::{HostParameter, buffer_paths, parameter_paths, tied_parameters};
use crate::tensors::float_type;
use burn::module::Module;
use burn::tensor::TensorData;
use burn::tensor::backend::Backend;
use constinit_symmetry::{AxesSpec, SwappedEntries, UnitIndex};
use std::collections::{HashMap, HashSet};
use std::f64::consts::FRAC_1_SQRT_2;

/// The pairs of entries of two units, as a module has them.
#[derive(Clone, Debug)]
pub(super) struct Pairs {
    parts: Vec<Part>,
    swapped: Vec<SwappedEntries>,
}

/// The pairs in one parameter.
#[derive(Clone, Debug)]
struct Part {
    path: String,
    /// The parameter's number in the order in which Burn visits the module.
    number: usize,
    entries: Vec<[usize; 2]>,
}

impl Pairs {
    /// The pairs of trained entries. Frozen parameters and running statistics have none.
    pub(super) fn new<B: Backend, M: Module<B>>(
        module: &M,
        axes: &AxesSpec,
        space: &str,
        pair: [usize; 2],
    ) -> Result<Self, Error> {
        let error = |reason: String| Error::Twins { space: space.into(), units: pair, reason };
        let id = axes.space_id(space).ok_or_else(|| error("there is no such space".into()))?;
        let [Some(u), Some(v)] = pair.map(UnitIndex::new) else {
            return Err(error("there are no such units".into()));
        };
        let swapped = axes.swapped_entries(id, [u, v])?;
        let frozen: HashSet<String> = buffer_paths(module).into_iter().collect();
        let tied: HashSet<String> = tied_parameters(module).into_iter().flatten().collect();
        let paths = parameter_paths(module);
        let numbers: HashMap<&str, usize> =
            paths.iter().enumerate().map(|(number, path)| (path.as_str(), number)).collect();
        let mut pairs = Self { parts: Vec::new(), swapped: Vec::new() };
        for found in swapped.chunk_by(|a, b| a.parameter == b.parameter) {
            let path = axes.params()[found[0].parameter.get()].path();
            let Some(number) = numbers.get(path) else {
                return Err(Error::Axes { reason: format!("the module has no parameter {path}") });
            };
            if frozen.contains(path) {
                continue;
            }
            if tied.contains(path) {
                return Err(error(format!(
                    "{path} is tied to another parameter, and Burn's optimizers update only the first of the two"
                )));
            }
            let entries = found.iter().map(|pair| pair.entries).collect();
            pairs.parts.push(Part { path: path.into(), number: *number, entries });
            pairs.swapped.extend_from_slice(found);
        }
        if pairs.swapped.is_empty() {
            return Err(error("no trained parameter has entries for them".into()));
        }
        Ok(pairs)
    }

    /// How many coordinates there are.
    pub(super) fn dimension(&self) -> usize {
        self.swapped.len()
    }

    /// The pair of each coordinate.
    pub(super) fn swapped(&self) -> &[SwappedEntries] {
        &self.swapped
    }

    /// The part of a vector over all parameters (parameters, or their gradients) that is a difference.
    pub(super) fn project(&self, vector: &[HostParameter]) -> Vec<f64> {
        let mut shares = Vec::with_capacity(self.dimension());
        for part in &self.parts {
            let entries = Numbers::of(&vector[part.number].data);
            let share = |[a, b]: &[usize; 2]| (entries.at(*a) - entries.at(*b)) * FRAC_1_SQRT_2;
            shares.extend(part.entries.iter().map(share));
        }
        shares
    }

    /// The parameters that have entries of the units, with both units at the mean of the two.
    pub(super) fn middle(&self, parameters: &[HostParameter]) -> Middle {
        let mut squares = 0.0;
        let values = self.parts.iter().map(|part| {
            let data = &parameters[part.number].data;
            let mut values: Vec<f64> = data.iter::<f64>().collect();
            for [a, b] in &part.entries {
                let middle = 0.5 * (values[*a] + values[*b]);
                (values[*a], values[*b]) = (middle, middle);
                squares += middle * middle;
            }
            (values, data.shape.to_vec())
        });
        let values = values.collect();
        Middle { values, size: f64::sqrt(squares) }
    }

    /// The parameters at `middle` with the difference `length * by` added.
    pub(super) fn displaced<'p, B: Backend>(
        &'p self,
        middle: &Middle,
        by: &[f64],
        length: f64,
    ) -> Vec<(&'p str, TensorData)> {
        let mut by = by.iter();
        let displaced = self.parts.iter().zip(&middle.values).map(|(part, (values, shape))| {
            let mut values = values.clone();
            for ([a, b], by) in part.entries.iter().zip(&mut by) {
                values[*a] += length * by * FRAC_1_SQRT_2;
                values[*b] -= length * by * FRAC_1_SQRT_2;
            }
            let data = TensorData::new(values, shape.clone()).convert_dtype(float_type::<B>());
            (part.path.as_str(), data)
        });
        displaced.collect()
    }
}

/// Parameters in which two units are equal.
#[derive(Clone, Debug)]
pub(super) struct Middle {
    values: Vec<(Vec<f64>, Vec<usize>)>,
    /// The root of the sum of squares of the entries of one unit.
    pub(super) size: f64,
}

/// The numbers of a tensor on the host.
enum Numbers<'a> {
    Double(&'a [f64]),
    Single(&'a [f32]),
    Other(Vec<f64>),
}

impl<'a> Numbers<'a> {
    fn of(data: &'a TensorData) -> Self {
        match (data.as_slice(), data.as_slice()) {
            (Ok(doubles), _) => Self::Double(doubles),
            (_, Ok(singles)) => Self::Single(singles),
            _ => Self::Other(data.iter::<f64>().collect()),
        }
    }

    fn at(&self, entry: usize) -> f64 {
        match self {
            Self::Double(doubles) => doubles[entry],
            Self::Single(singles) => singles[entry].into(),
            Self::Other(numbers) => numbers[entry],
        }
    }
}
