//! The entries that a plan fills parameters with, without a module.

use super::{InitPlan, subject};
use crate::Error;
use burn::tensor::TensorData;
use constinit_symmetry::AxesSpec;

impl InitPlan {
    /// The entries of every parameter of a spec, in its order and in single precision: what [`InitPlan::apply`] fills a
    /// module of these parameters with.
    ///
    /// # Errors
    ///
    /// As [`InitPlan::predict`].
    ///
    /// # Examples
    ///
    /// ```
    /// use constinit::init::{Init, InitPlan, Rule};
    /// use constinit_symmetry::{AxesSpec, layers};
    ///
    /// let spec = AxesSpec::builder()
    ///     .space("hidden", 2)
    ///     .layer(layers::dense("a", "", "hidden").input_first().without_bias())
    ///     .layer(layers::dense("b", "hidden", "").input_first().without_bias())
    ///     .build([("a.weight", &[3, 2][..]), ("b.weight", &[2, 1])])?;
    /// let ramp = Init::InputRamp { start: 1.0, step: 1.0 };
    /// let plan = InitPlan::new(0).rule(Rule::glob("a.*", ramp)).rule(Rule::any(Init::Ones));
    /// let values = plan.values(&spec)?;
    /// assert_eq!(values[0].to_vec::<f32>().unwrap(), [1.0, 1.0, 2.0, 2.0, 3.0, 3.0]);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn values(&self, spec: &AxesSpec) -> Result<Vec<TensorData>, Error> {
        // Single precision is what a spec's parameters have.
        let subjects = subject::of_spec(spec);
        let assigned = self.assign_all(&subjects)?;
        let made = subjects.iter().zip(assigned);
        made.map(|(subject, number)| self.filling(number, subject)).collect()
    }
}
