//! Filling the parameters of a module by a plan.

use super::{FilledParameter, InitPlan, InitReport, Prediction};
use crate::Error;
use crate::params::{entries_by_path, surveyed, write_parameters};
use crate::tensors::to_data;
use burn::module::Module;
use constinit_symmetry::AxesSpec;

/// A plan on Burn's modules.
///
/// ```
/// use burn::tensor::Device;
/// use constinit_burn22::ConstInitConfig;
/// use constinit_burn22::init::{Init, InitPlan, InitRule, ModulePlan};
///
/// let net = ConstInitConfig::new(vec![3, 4, 2]).init(&Device::flex());
/// let plan = InitPlan::new(7)
///     .rule(InitRule::glob("layers.*.bias", Init::Zeros))
///     .rule(InitRule::glob("layers.0.weight", Init::normal(0.0, 1.0).symmetrised(2)))
///     .rule(InitRule::glob("**", Init::constant(0.5)));
/// let (net, report) = plan.apply(net)?;
/// assert_eq!(report.rows[0].path, "layers.0.weight");
/// assert_eq!((report.rows[2].rule, report.rows[2].mean), (Some(2), 0.5));
///
/// // Which units will be equal, before anything is allocated.
/// let predicted = plan.predict(&net.axes()?)?;
/// assert_eq!(predicted.spaces[0].to_string(), "hidden1: 4 units, 2 classes");
/// # Ok::<(), constinit_burn22::Error>(())
/// ```
pub trait ModulePlan {
    /// Fills the parameters of a module.
    ///
    /// Ids, element types and the need of gradients do not change. The rule of the first path of a tied parameter fills
    /// it. The running statistics of batch norms are not parameters: no rule matches them, and none needs to. The
    /// values are made on the host.
    ///
    /// # Errors
    ///
    /// [`Error::Plan`] if rules and parameters do not fit each other, or if an initialiser cannot fill a parameter or makes
    /// entries that are not finite: with the rule, the path, the shape and the reason.
    fn apply<M: Module>(&self, module: M) -> Result<(M, InitReport), Error>;

    /// Like [`ModulePlan::apply`], for rules that match other paths than those of the module.
    ///
    /// # Errors
    ///
    /// Those of [`ModulePlan::apply`].
    fn apply_named<M: Module>(
        &self,
        module: M,
        name: impl Fn(&str) -> String,
    ) -> Result<(M, InitReport), Error>;

    /// Like [`InitPlan::predict`], for a module that the plan would fill: rules may ask for types of modules, axes are
    /// those that [`ModulePlan::apply`] uses, and parameters that the plan does not fill keep their values, as do the
    /// running statistics of batch norms.
    ///
    /// # Errors
    ///
    /// Those of [`ModulePlan::apply`], and an error if the module has no parameter with the path and the shape in the
    /// spec.
    fn predict_for<M: Module>(&self, module: &M, spec: &AxesSpec) -> Result<Prediction, Error>;
}

impl ModulePlan for InitPlan {
    fn apply<M: Module>(&self, module: M) -> Result<(M, InitReport), Error> {
        self.apply_named(module, str::to_owned)
    }

    fn apply_named<M: Module>(
        &self,
        module: M,
        name: impl Fn(&str) -> String,
    ) -> Result<(M, InitReport), Error> {
        let parameters = surveyed(&module);
        let write = |filled: Vec<FilledParameter<'_>>| {
            let data = |(path, shape, entries)| (path, to_data(entries, shape));
            write_parameters(module, filled.into_iter().map(data))
        };
        self.fill_module(&parameters, name, write, entries_by_path)
    }

    fn predict_for<M: Module>(&self, module: &M, spec: &AxesSpec) -> Result<Prediction, Error> {
        self.predict_module(spec, &surveyed(module), || entries_by_path(module))
    }
}
