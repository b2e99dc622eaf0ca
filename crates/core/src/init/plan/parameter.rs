//! A parameter before its initialiser fills it.

use crate::FloatType;
use crate::init::ParameterAxes;
use constinit_symmetry::{AxesSpec, Role, SpecParam};
use std::collections::HashMap;

/// What rules and initialisers need to know about a parameter.
#[derive(Clone, Debug, PartialEq)]
pub struct PlannedParameter {
    /// The path that rules match.
    pub path: String,
    /// Its shape.
    pub shape: Vec<usize>,
    /// The type of its entries; single precision if only axes are known.
    pub float: FloatType,
    /// The type of its module; None if only axes are known.
    pub module: Option<String>,
    /// Which axis is the input axis and which is the output axis.
    pub axes: ParameterAxes,
    /// A number that tied parameters share; None if only axes are known.
    pub tie: Option<u64>,
}

impl PlannedParameter {
    /// The parameters of a module, in its order, with their fans: a bias has the fans of the weight in the same module.
    pub fn of_module(mut parameters: Vec<Self>) -> Vec<Self> {
        let prefix = |path: &str| path.rsplit_once('.').map_or("", |(prefix, _)| prefix).to_owned();
        let weights = parameters.iter().filter(|parameter| parameter.shape.len() > 1);
        let fans: HashMap<String, [usize; 2]> = weights
            .filter_map(|weight| Some((prefix(&weight.path), weight.axes.fans(&weight.shape)?)))
            .collect();
        for parameter in parameters.iter_mut().filter(|parameter| parameter.shape.len() == 1) {
            if let Some([fan_in, fan_out]) = fans.get(&prefix(&parameter.path)) {
                parameter.axes = parameter.axes.with_fans(*fan_in, *fan_out);
            }
        }
        parameters
    }

    /// The parameters of a spec, in its order.
    pub fn of_spec(spec: &AxesSpec) -> Vec<Self> {
        let axes = |param: &SpecParam| {
            let stands = |role: Role| param.axes().iter().position(|axis| axis.role == role);
            if param.shape().len() == 1 {
                ParameterAxes::VECTOR
            } else {
                ParameterAxes::new(stands(Role::Input), stands(Role::Output))
            }
        };
        let parameter = |param: &SpecParam| Self {
            path: param.path().to_owned(),
            shape: param.shape().to_vec(),
            float: FloatType::F32,
            module: None,
            axes: axes(param),
            tie: None,
        };
        Self::of_module(spec.params().iter().map(parameter).collect())
    }
}
