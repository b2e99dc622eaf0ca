//! Filling the parameters of a module.

use super::{InitPlan, InitReport, InitRow, subject};
use crate::Error;
use crate::params::write_parameters;
use crate::tensors::float_type;
use burn::module::Module;
use burn::tensor::{TensorData, backend::Backend};
use std::collections::HashMap;

impl InitPlan {
    /// Fills the parameters of a module.
    ///
    /// Ids, element types and the need of gradients stay. A tied parameter is filled by the rule of its first path. The
    /// values are made on the host, of Burn's own random initialisers on the device.
    ///
    /// # Errors
    ///
    /// [`Error::Plan`] where rules and parameters do not meet, and where an initialiser cannot fill a parameter: with
    /// the rule, the path, the shape and the reason.
    pub fn apply<B: Backend, M: Module<B>>(&self, module: M) -> Result<(M, InitReport), Error> {
        self.apply_named(module, str::to_owned)
    }

    /// As [`InitPlan::apply`], where the rules know the parameters by other paths than the module does.
    ///
    /// # Errors
    ///
    /// As [`InitPlan::apply`].
    pub fn apply_named<B: Backend, M: Module<B>>(
        &self,
        module: M,
        name: impl Fn(&str) -> String,
    ) -> Result<(M, InitReport), Error> {
        let subjects = subject::of_module(&module, name);
        let own_paths = crate::params::parameter_paths(&module);
        let device = module.devices().into_iter().next().unwrap_or_default();
        let mut first_of_id = HashMap::new();
        let mut values: Vec<(&str, TensorData)> = Vec::new();
        let mut report = InitReport::default();
        let assigned = self.assign(&subjects)?;
        for ((subject, own_path), number) in subjects.iter().zip(&own_paths).zip(assigned) {
            let first = *first_of_id.entry(subject.id).or_insert(subject.path.as_str());
            let (Some(number), true) = (number, first == subject.path) else {
                let tied = (first != subject.path).then(|| first.to_owned());
                report.rows.push(InitRow::kept(subject, tied));
                continue;
            };
            let (rule, draw) = (&self.rules[number], self.draw(subject));
            let axes = rule.axes(subject);
            let made = match &rule.init {
                crate::init::Init::Burn { .. } => {
                    self.init(number).on_device::<B>(&subject.shape, axes, &draw, &device)
                }
                init => init.data(&subject.shape, axes, &draw, float_type::<B>()),
            };
            let data = self.with_names(number, subject, made)?;
            report.rows.push(InitRow::filled(subject, number, rule, axes, &data));
            values.push((own_path, data));
        }
        Ok((write_parameters(module, values)?, report))
    }
}
