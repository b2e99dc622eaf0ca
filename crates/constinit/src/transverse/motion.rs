//! How the state of a module moves while a difference between two of its units grows.

use super::TransverseHessian;
use super::product::epsilon;
use crate::Error;
use crate::params::{HostParameter, buffer_paths, parameter_paths, read_parameters, replace};
use crate::tensors::float_type;
use burn::module::{AutodiffModule, ParamId};
use burn::tensor::backend::AutodiffBackend;
use burn::tensor::{Tensor, TensorData};
use constinit_core::transverse::dot;
use constinit_symmetry::forecast::{Motion, sharpest};
use std::collections::HashSet;

/// Numbers of a trained parameter.
struct Numbers {
    id: ParamId,
    shape: Vec<usize>,
    entries: Vec<f64>,
}

impl<B, M, F> TransverseHessian<B, M, F>
where
    B: AutodiffBackend,
    M: AutodiffModule<B>,
    F: FnMut(&M) -> Tensor<B, 1>,
{
    /// How the state moves on a straight line along the force on it, over a length of `ahead` times the force;
    /// `direction` has length 1. The units stay equal on this line.
    pub(super) fn motion(
        &mut self,
        direction: &[f64],
        ahead: f64,
        weight_decay: f64,
        step: usize,
    ) -> Result<Motion, Error> {
        let start = self.middled()?;
        let state = trained::<B, M>(&start, read_parameters(&start));
        let mut force = self.gradient_of(&start);
        for (force, numbers) in force.iter_mut().zip(&state) {
            let entries = force.entries.iter_mut().zip(&numbers.entries);
            entries.for_each(|(f, p)| *f += weight_decay * p);
        }
        let strength = length(&force);
        let (towards, away) = (unit(&force), unit(&state));
        let along = dot(&flat(&towards), &flat(&self.bent(&start, &state, &towards)));
        let both = flat(&towards).into_iter().zip(flat(&away)).map(|(f, p)| f + p).collect();
        let sharpest =
            sharpest(both, |v| Ok::<_, Error>(flat(&self.bent(&start, &state, &like(&state, v)))))?;
        let moved = |by: f64| carried::<B, M>(&start, &state, &force, by);
        let [tenth, half, whole] = [0.1, 0.5, 1.0].map(|share| -> Result<f64, Error> {
            match self.curvature_in(moved(share * ahead), direction) {
                Ok(curvature) => Ok(curvature),
                // Gradients that are not finite, at the end of a line that is too long.
                Err(Error::Twins { .. }) => Ok(f64::NAN),
                Err(error) => Err(error),
            }
        });
        Ok(Motion {
            step,
            force: strength,
            along,
            sharpest,
            ahead,
            size: self.size(),
            tenth: tenth?,
            half: half?,
            whole: whole?,
        })
    }

    /// The second derivative times a vector of length 1, or 0, by central differences.
    fn bent(&mut self, start: &M, state: &[Numbers], along: &[Numbers]) -> Vec<Numbers> {
        let step = epsilon::<B>().cbrt() * length(state).max(1.0);
        let [mut forth, back] =
            [-step, step].map(|by| self.gradient_of(&carried::<B, M>(start, state, along, by)));
        for (forth, back) in forth.iter_mut().zip(&back) {
            let slopes = forth.entries.iter_mut().zip(&back.entries);
            slopes.for_each(|(forth, back)| *forth = (*forth - back) / (2.0 * step));
        }
        forth
    }

    /// The gradients of all trained parameters.
    fn gradient_of(&mut self, module: &M) -> Vec<Numbers> {
        trained::<B, M>(module, self.gradients(module))
    }
}

/// The numbers of the parameters that training updates: no frozen parameters and no running statistics. Tied parameters
/// count once.
fn trained<B: AutodiffBackend, M: AutodiffModule<B>>(
    module: &M,
    parameters: Vec<HostParameter>,
) -> Vec<Numbers> {
    let frozen: HashSet<String> = buffer_paths(module).into_iter().collect();
    let mut known = HashSet::new();
    let of_all = parameter_paths(module).into_iter().zip(parameters);
    let of_trained =
        of_all.filter(|(path, parameter)| !frozen.contains(path) && known.insert(parameter.id));
    let numbers = of_trained.map(|(_, HostParameter { id, data })| Numbers {
        id,
        shape: data.shape.to_vec(),
        entries: data.iter().collect(),
    });
    numbers.collect()
}

/// The module with its trained parameters moved against the force.
fn carried<B: AutodiffBackend, M: AutodiffModule<B>>(
    module: &M,
    state: &[Numbers],
    force: &[Numbers],
    by: f64,
) -> M {
    let moved = state.iter().zip(force).map(|(Numbers { id, shape, entries }, force)| {
        let entries = entries.iter().zip(&force.entries);
        let moved: Vec<f64> = entries.map(|(p, f)| p - by * f).collect();
        (*id, TensorData::new(moved, shape.clone()).convert_dtype(float_type::<B>()))
    });
    replace(module.clone(), moved.collect())
}

/// All entries, one parameter after the other.
fn flat(numbers: &[Numbers]) -> Vec<f64> {
    numbers.iter().flat_map(|numbers| numbers.entries.iter().copied()).collect()
}

/// These entries as numbers of these parameters.
fn like(numbers: &[Numbers], entries: &[f64]) -> Vec<Numbers> {
    let mut rest = entries.iter().copied();
    let of = |numbers: &Numbers| Numbers {
        id: numbers.id,
        shape: numbers.shape.clone(),
        entries: rest.by_ref().take(numbers.entries.len()).collect(),
    };
    numbers.iter().map(of).collect()
}

fn length(numbers: &[Numbers]) -> f64 {
    numbers.iter().map(|numbers| dot(&numbers.entries, &numbers.entries)).sum::<f64>().sqrt()
}

/// The same, of length 1 or 0.
fn unit(numbers: &[Numbers]) -> Vec<Numbers> {
    let size = length(numbers);
    let by = if size > 0.0 { size.recip() } else { 0.0 };
    like(numbers, &flat(numbers).iter().map(|entry| by * entry).collect::<Vec<f64>>())
}
