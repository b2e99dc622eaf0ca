//! A module's parameters and gradients as the engine's views.

use crate::Error;
use crate::params::{HostParameter, check_layouts, surveyed};
use burn::module::Module;
use burn::tensor::backend::Backend;
use burn::tensor::{DType, TensorData, bf16, f16};
use constinit_symmetry::{AxesSpec, ParamId, ParamView};
use std::collections::HashMap;

/// Which of a module's parameters is which parameter of a spec.
#[derive(Debug)]
pub struct Binding {
    /// For each parameter of the spec its number in the order in which Burn visits the module.
    pub numbers: Vec<usize>,
    /// Numbers of what forward passes write: the running statistics of batch norms.
    running: Vec<usize>,
}

impl Binding {
    /// Finds the parameters by their paths. With `whole`, every parameter of the module must be in the spec: a claim
    /// that units can be swapped is about all of them.
    pub fn new<B: Backend, M: Module<B>>(
        module: &M,
        axes: &AxesSpec,
        whole: bool,
    ) -> Result<Self, Error> {
        check_layouts(module)?;
        let surveys = surveyed(module);
        let paths = surveys.iter().map(|survey| survey.path.as_str());
        let known: HashMap<&str, usize> =
            paths.clone().enumerate().map(|(number, path)| (path, number)).collect();
        if let Some(path) = paths.clone().find(|path| whole && axes.param_id(path).is_none()) {
            return Err(Error::Axes {
                reason: format!("the module's parameter {path} is not among the axes"),
            });
        }
        let number = |path: &str| {
            known.get(path).copied().ok_or_else(|| Error::Axes {
                reason: format!("the module has no parameter {path}"),
            })
        };
        let numbers =
            axes.params().iter().map(|param| number(param.path())).collect::<Result<_, _>>()?;
        let running = (0..surveys.len()).filter(|number| surveys[*number].is_statistic).collect();
        Ok(Self { numbers, running })
    }

    /// Whether forward passes write this parameter of the spec.
    pub fn is_running(&self, parameter: ParamId) -> bool {
        self.running.contains(&self.numbers[parameter.get()])
    }

    /// Parameters with zeros for all that forward passes write: what differs between them then was written by
    /// something else.
    pub fn without_running(&self, mut parameters: Vec<HostParameter>) -> Vec<HostParameter> {
        for number in &self.running {
            let data = &mut parameters[*number].data;
            *data = TensorData::zeros::<f32, _>(data.shape.clone());
        }
        parameters
    }
}

/// The parameters of a spec, borrowed.
pub fn views<'a>(
    axes: &'a AxesSpec,
    bound: &Binding,
    parameters: &'a [HostParameter],
) -> Result<Vec<ParamView<'a>>, Error> {
    let of = |(param, number): (&'a constinit_symmetry::SpecParam, &usize)| {
        view(param.path(), &parameters[*number].data)
    };
    axes.params().iter().zip(&bound.numbers).map(of).collect()
}

/// A tensor on the host, borrowed.
pub fn view<'a>(path: &'a str, data: &'a TensorData) -> Result<ParamView<'a>, Error> {
    let shape = data.shape.as_slice();
    let unread = |reason: String| Error::Axes { reason: format!("{path}: {reason}") };
    macro_rules! slice {
        ($float:ty) => {{
            let entries =
                data.as_slice::<$float>().map_err(|error| unread(format!("{error:?}")))?;
            Ok(ParamView::new(path, shape, entries)?)
        }};
    }
    match data.dtype {
        DType::F64 => slice!(f64),
        DType::F32 | DType::Flex32 => slice!(f32),
        DType::F16 => slice!(f16),
        DType::BF16 => slice!(bf16),
        other => Err(unread(format!("its numbers are {other:?}, no floats"))),
    }
}
