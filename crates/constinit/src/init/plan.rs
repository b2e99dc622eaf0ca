//! Filling the parameters of a module by a plan.

use super::fill::to_data;
use super::{InitPlan, InitReport, ParameterAxes, PlannedParameter, Prediction};
use crate::Error;
use crate::params::{materialise, parameter_paths, read_parameters, surveyed, write_parameters};
use crate::tensors::FloatKind;
use burn::module::Module;
use burn::tensor::{DType, TensorData, backend::Backend};
use constinit_symmetry::AxesSpec;
use std::collections::HashMap;

/// A plan on Burn's modules.
///
/// ```
/// use burn_ndarray::NdArray;
/// use constinit::ConstInitConfig;
/// use constinit::init::{Init, InitPlan, InitRule, ModulePlan};
///
/// let net = ConstInitConfig::new(vec![3, 4, 2]).init::<NdArray>(&Default::default());
/// let plan = InitPlan::new(7)
///     .rule(InitRule::glob("layers.*.bias", Init::Zeros))
///     .rule(InitRule::glob("layers.0.weight", Init::normal(0.0, 1.0).symmetrised(2)))
///     .rule(InitRule::glob("**", Init::constant(0.5)));
/// let (net, report) = plan.apply(net)?;
/// assert_eq!(report.rows[0].path, "layers.0.weight");
/// assert_eq!((report.rows[2].rule, report.rows[2].mean), (Some(2), 0.5));
///
/// // Before anything is allocated: which units will be the same unit.
/// let predicted = plan.predict(&net.axes()?)?;
/// assert_eq!(predicted.spaces[0].to_string(), "hidden1: 4 units, 2 classes");
/// # Ok::<(), constinit::Error>(())
/// ```
pub trait ModulePlan {
    /// Fills the parameters of a module.
    ///
    /// Ids, element types and the need of gradients stay. A tied parameter is filled by the rule of its first path. The
    /// running statistics of batch norms are no parameters: no rule matches them, and none has to. The values are made on
    /// the host.
    ///
    /// # Errors
    ///
    /// [`Error::Plan`] where rules and parameters do not meet, and where an initialiser cannot fill a parameter or makes
    /// entries that are not finite: with the rule, the path, the shape and the reason.
    fn apply<B: Backend, M: Module<B>>(&self, module: M) -> Result<(M, InitReport), Error>;

    /// As [`ModulePlan::apply`], where the rules know the parameters by other paths than the module does.
    ///
    /// # Errors
    ///
    /// As [`ModulePlan::apply`].
    fn apply_named<B: Backend, M: Module<B>>(
        &self,
        module: M,
        name: impl Fn(&str) -> String,
    ) -> Result<(M, InitReport), Error>;

    /// As [`InitPlan::predict`] for a module that the plan would fill: rules may ask for kinds of modules, axes are those
    /// that [`ModulePlan::apply`] goes by, and what the plan leaves as it is counts as it is, with the running statistics
    /// of batch norms.
    ///
    /// # Errors
    ///
    /// As [`ModulePlan::apply`], and where the module has no parameter of a path and a shape in the spec.
    fn predict_for<B: Backend, M: Module<B>>(
        &self,
        module: &M,
        spec: &AxesSpec,
    ) -> Result<Prediction, Error>;
}

impl ModulePlan for InitPlan {
    fn apply<B: Backend, M: Module<B>>(&self, module: M) -> Result<(M, InitReport), Error> {
        self.apply_named(module, str::to_owned)
    }

    fn apply_named<B: Backend, M: Module<B>>(
        &self,
        module: M,
        name: impl Fn(&str) -> String,
    ) -> Result<(M, InitReport), Error> {
        let (own_paths, parameters) = planned(&module, name);
        let (made, mut report) = self.fill(&parameters.planned)?;
        let values = made.into_iter().enumerate().filter_map(|(number, entries)| {
            let (shape, dtype) = (&parameters.planned[number].shape, parameters.dtypes[number]);
            Some((own_paths[number].as_str(), to_data(entries?, shape, dtype)))
        });
        let module = write_parameters(module, values.collect::<Vec<_>>())?;
        if report.is_incomplete() {
            let read = read_by_path(&module);
            let own: HashMap<&str, &str> = parameters
                .planned
                .iter()
                .zip(&own_paths)
                .map(|(parameter, own)| (parameter.path.as_str(), own.as_str()))
                .collect();
            report.complete(|path| Some(read.get(*own.get(path)?)?.iter::<f64>().collect()));
        }
        Ok((module, report))
    }

    fn predict_for<B: Backend, M: Module<B>>(
        &self,
        module: &M,
        spec: &AxesSpec,
    ) -> Result<Prediction, Error> {
        let (_, parameters) = planned(module, str::to_owned);
        let read = read_by_path(module);
        self.predict_with(spec, &parameters.planned, |path, shape| {
            let data = read.get(path).filter(|data| data.shape[..] == *shape)?;
            Some(data.iter::<f64>().collect())
        })
    }
}

fn read_by_path<B: Backend, M: Module<B>>(module: &M) -> HashMap<String, TensorData> {
    let data = read_parameters(module).into_iter().map(|parameter| parameter.data);
    parameter_paths(module).into_iter().zip(data).collect()
}

/// What a plan can fill, and the types that Burn keeps it in.
struct Parameters {
    planned: Vec<PlannedParameter>,
    dtypes: Vec<DType>,
}

/// The parameters of a module, by their own paths, under the names that the rules use. What data fill is none.
fn planned<B: Backend, M: Module<B>>(
    module: &M,
    name: impl Fn(&str) -> String,
) -> (Vec<String>, Parameters) {
    materialise(module);
    let (mut own_paths, mut planned, mut dtypes) = (Vec::new(), Vec::new(), Vec::new());
    for survey in surveyed(module).into_iter().filter(|survey| !survey.is_statistic) {
        let shape = survey.shape.unwrap_or_default();
        let dtype = survey.dtype.unwrap_or(DType::F32);
        planned.push(PlannedParameter {
            path: name(&survey.path),
            axes: ParameterAxes::of_layer(&survey.container, shape.len()),
            shape,
            float: dtype.float(),
            module: Some(survey.container),
            tie: Some(survey.id.val()),
        });
        own_paths.push(survey.path);
        dtypes.push(dtype);
    }
    (own_paths, Parameters { planned: PlannedParameter::of_module(planned), dtypes })
}
