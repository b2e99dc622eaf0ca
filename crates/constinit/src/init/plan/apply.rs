//! Filling the parameters of a module.

use super::report::moments_of;
use super::{InitPlan, InitReport, InitRow, Subject, subject};
use crate::Error;
use crate::params::{parameter_paths, read_parameters, write_parameters};
use burn::module::Module;
use burn::tensor::{TensorData, backend::Backend};
use std::collections::HashMap;

impl InitPlan {
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
        let (own_paths, subjects): (Vec<String>, Vec<Subject>) =
            subject::of_module(&module, name).into_iter().unzip();
        let mut first_of_id = HashMap::new();
        let mut values: Vec<(&str, TensorData)> = Vec::new();
        let mut rows = Vec::with_capacity(subjects.len());
        for ((subject, own_path), number) in
            subjects.iter().zip(&own_paths).zip(self.assign(&subjects)?)
        {
            let first = *first_of_id.entry(subject.id).or_insert(subject.path.as_str());
            let tied = first != subject.path;
            let (Some(number), false) = (number, tied) else {
                let kept = if tied { format!("tied to {first}") } else { "kept".to_owned() };
                rows.push(InitRow::untouched(subject, kept));
                continue;
            };
            let data = self.filling(number, subject)?;
            let moments = moments_of(&data);
            rows.push(InitRow::filled(subject, number, &self.rules[number], moments));
            values.push((own_path, data));
        }
        let module = write_parameters(module, values)?;
        with_moments(&module, &own_paths, &mut rows);
        Ok((module, InitReport { rows }))
    }
}

/// Reads what no rule filled.
fn with_moments<B: Backend, M: Module<B>>(module: &M, own_paths: &[String], rows: &mut [InitRow]) {
    if rows.iter().all(|row| row.rule.is_some()) {
        return;
    }
    let read: HashMap<String, TensorData> = parameter_paths(module)
        .into_iter()
        .zip(read_parameters(module))
        .map(|(path, parameter)| (path, parameter.data))
        .collect();
    for (row, path) in rows.iter_mut().zip(own_paths) {
        if let (None, Some(data)) = (row.rule, read.get(path)) {
            [row.mean, row.std] = moments_of(data);
        }
    }
}
