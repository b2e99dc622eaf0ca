//! A plan on the parameters of a framework's module.

use super::{InitPlan, InitReport, PlannedParameter, Prediction};
use crate::init::ParameterAxes;
use crate::module::ModuleParameter;
use crate::{Entries, Error};
use constinit_symmetry::AxesSpec;
use std::collections::HashMap;

/// A filled parameter: its path in the module, its shape and its entries.
pub type FilledParameter<'a> = (&'a str, &'a [usize], Entries);

impl InitPlan {
    /// Fills the parameters of a framework's module. `name` turns a path in the module into the path that rules match.
    ///
    /// `write` puts the entries into the module. `read` returns the entries of a parameter that no rule fills, by its
    /// path in the module, for the report.
    ///
    /// # Errors
    ///
    /// Those of [`InitPlan::fill`] and of `write`.
    pub fn fill_module<M>(
        &self,
        parameters: &[ModuleParameter],
        name: impl Fn(&str) -> String,
        write: impl FnOnce(Vec<FilledParameter<'_>>) -> Result<M, Error>,
        read: impl FnOnce(&M) -> HashMap<String, Vec<f64>>,
    ) -> Result<(M, InitReport), Error> {
        let trained: Vec<&ModuleParameter> =
            parameters.iter().filter(|parameter| !parameter.is_statistic).collect();
        let planned = PlannedParameter::of_parameters(&trained, name);
        let (made, mut report) = self.fill(&planned)?;
        let filled = trained.iter().zip(made).filter_map(|(parameter, entries)| {
            Some((parameter.path.as_str(), parameter.shape.as_slice(), entries?))
        });
        let module = write(filled.collect())?;
        if report.is_incomplete() {
            let read = read(&module);
            let paths = planned.iter().zip(&trained);
            let own: HashMap<&str, &str> =
                paths.map(|(planned, own)| (planned.path.as_str(), own.path.as_str())).collect();
            report.complete(|path| read.get(*own.get(path)?).cloned());
        }
        Ok((module, report))
    }

    /// Like [`InitPlan::predict_with`], for a framework's module: rules may ask for types of modules, and axes are
    /// those that [`InitPlan::fill_module`] uses. `read` returns the present entries of the module, by path.
    ///
    /// # Errors
    ///
    /// Those of [`InitPlan::predict_with`].
    pub fn predict_module(
        &self,
        spec: &AxesSpec,
        parameters: &[ModuleParameter],
        read: impl FnOnce() -> HashMap<String, Vec<f64>>,
    ) -> Result<Prediction, Error> {
        let trained: Vec<&ModuleParameter> =
            parameters.iter().filter(|parameter| !parameter.is_statistic).collect();
        let planned = PlannedParameter::of_parameters(&trained, str::to_owned);
        let shapes: HashMap<&str, &[usize]> = parameters
            .iter()
            .map(|parameter| (parameter.path.as_str(), parameter.shape.as_slice()))
            .collect();
        let read = read();
        self.predict_with(spec, &planned, |path, shape| {
            read.get(path).filter(|_| shapes.get(path) == Some(&shape)).cloned()
        })
    }
}

impl PlannedParameter {
    /// The parameters of a module, in its order, under the names that the rules use.
    fn of_parameters(parameters: &[&ModuleParameter], name: impl Fn(&str) -> String) -> Vec<Self> {
        let planned = parameters.iter().map(|parameter| Self {
            path: name(&parameter.path),
            axes: ParameterAxes::of_layer(&parameter.layer, parameter.shape.len()),
            shape: parameter.shape.clone(),
            float: parameter.float,
            module: Some(parameter.layer.clone()),
            tie: Some(parameter.id),
        });
        Self::of_module(planned.collect())
    }
}
