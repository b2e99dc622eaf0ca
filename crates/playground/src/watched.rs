//! A step in closed form as the tracker of classes sees it.

use crate::network::views;
use constinit_core::Error;
use constinit_core::probe::WatchedStep;
use constinit_symmetry::dynamics::Perceptron;
use constinit_symmetry::{AxesSpec, OwnedParam, ParamId, ParamView};
use std::ops::Range;

/// A network after a step.
pub struct Watched<'a> {
    pub axes: &'a AxesSpec,
    /// The full network, after the step.
    pub network: &'a Perceptron<f64>,
    /// Its numbers at the beginning of the step, after the changes that were planned for it.
    pub before: Option<&'a [f64]>,
    pub gradients: Option<&'a [f64]>,
    pub step: usize,
    pub loss: Option<f64>,
}

impl WatchedStep for Watched<'_> {
    fn step(&self) -> usize {
        self.step
    }

    fn loss(&self) -> Option<f64> {
        self.loss
    }

    fn parameters(&self) -> Result<Vec<ParamView<'_>>, Error> {
        Ok(views(self.axes, self.network, self.network.numbers())?)
    }

    fn parameters_before(&self) -> Result<Option<Vec<ParamView<'_>>>, Error> {
        self.before.map(|numbers| Ok(views(self.axes, self.network, numbers)?)).transpose()
    }

    fn gradients(&self) -> Result<Option<Vec<ParamView<'_>>>, Error> {
        self.gradients.map(|numbers| Ok(views(self.axes, self.network, numbers)?)).transpose()
    }

    fn largest_gradient(&self) -> f64 {
        let gradients = self.gradients.unwrap_or_default();
        gradients.iter().fold(0.0, |largest, gradient| largest.max(gradient.abs()))
    }

    fn is_running(&self, _: ParamId) -> bool {
        false
    }

    fn entries(&self, wanted: &[(ParamId, &[Range<usize>])]) -> Result<Vec<OwnedParam>, Error> {
        let all = self.parameters()?;
        let cut = |(id, ranges): &(ParamId, &[Range<usize>])| -> Result<OwnedParam, Error> {
            let view = &all[id.get()];
            let shape: Vec<usize> = ranges.iter().map(ExactSizeIterator::len).collect();
            let mut values = Vec::with_capacity(shape.iter().product());
            match *ranges {
                [rows, columns] => {
                    let places = rows.clone().flat_map(|i| columns.clone().map(move |j| [i, j]));
                    values.extend(places.filter_map(|at| view.get(&at)));
                }
                _ => {
                    let places = ranges.iter().flat_map(Clone::clone);
                    values.extend(places.filter_map(|at| view.get(&[at])));
                }
            }
            let cut = ParamView::new(view.path(), &shape, &values)?;
            Ok(OwnedParam::from(&cut))
        };
        wanted.iter().map(cut).collect()
    }
}
