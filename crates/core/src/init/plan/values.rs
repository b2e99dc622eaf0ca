//! The entries that a plan gives to parameters.

use super::report::moments_of;
use super::{InitPlan, InitReport, InitRow, PlannedParameter};
use crate::{Entries, Error};
use constinit_symmetry::AxesSpec;
use std::collections::HashMap;

impl InitPlan {
    /// The entries that fill a module with the parameters of a spec, in the order of the spec and in single precision.
    ///
    /// # Errors
    ///
    /// Those of [`InitPlan::predict`].
    ///
    /// # Examples
    ///
    /// ```
    /// use constinit_core::Entries;
    /// use constinit_core::init::{Init, InitPlan, InitRule};
    /// use constinit_symmetry::{AxesSpec, layers};
    ///
    /// let spec = AxesSpec::builder()
    ///     .space("hidden", 2)
    ///     .layer(layers::dense("a", "", "hidden").input_first().without_bias())
    ///     .layer(layers::dense("b", "hidden", "").input_first().without_bias())
    ///     .build([("a.weight", &[3, 2][..]), ("b.weight", &[2, 1])])?;
    /// let ramp = Init::InputRamp { start: 1.0, step: 1.0 };
    /// let plan = InitPlan::new(0).rule(InitRule::glob("a.*", ramp)).rule(InitRule::any(Init::Ones));
    /// let values = plan.values(&spec)?;
    /// assert_eq!(values[0], Entries::F32(vec![1.0, 1.0, 2.0, 2.0, 3.0, 3.0]));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn values(&self, spec: &AxesSpec) -> Result<Vec<Entries>, Error> {
        // Parameters of a spec are in single precision.
        let parameters = PlannedParameter::of_spec(spec);
        let assigned = self.assign_all(&parameters)?;
        let made = parameters.iter().zip(assigned);
        made.map(|(parameter, number)| self.filling(number, parameter)).collect()
    }

    /// The entries of every parameter of a module, in its order; None if it stays as it is. The rule of the first path
    /// of a tied parameter fills it.
    ///
    /// The report has the moments of filled parameters. The moments of the other rows are 0 until
    /// [`InitReport::complete`] is given their values.
    ///
    /// # Errors
    ///
    /// [`Error::Plan`] if rules and parameters do not fit each other, or if an initialiser cannot fill a
    /// parameter or makes entries that are not finite: with the rule, the path, the shape and the reason.
    pub fn fill(
        &self,
        parameters: &[PlannedParameter],
    ) -> Result<(Vec<Option<Entries>>, InitReport), Error> {
        let mut first_of_tie = HashMap::new();
        let mut values = Vec::with_capacity(parameters.len());
        let mut rows = Vec::with_capacity(parameters.len());
        for (parameter, number) in parameters.iter().zip(self.assign(parameters)?) {
            let path = parameter.path.as_str();
            let first = parameter.tie.map_or(path, |tie| *first_of_tie.entry(tie).or_insert(path));
            let tied = first != path;
            let (Some(number), false) = (number, tied) else {
                let kept = if tied { format!("tied to {first}") } else { "kept".to_owned() };
                rows.push(InitRow::untouched(parameter, kept));
                values.push(None);
                continue;
            };
            let entries = self.filling(number, parameter)?;
            let moments = moments_of(&entries, parameter.float);
            rows.push(InitRow::filled(parameter, number, &self.rules[number], moments));
            values.push(Some(entries));
        }
        Ok((values, InitReport { rows }))
    }
}
