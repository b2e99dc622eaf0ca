//! A parameter that waits for its initialiser.

use crate::init::ParameterAxes;
use crate::params::{materialise, surveyed};
use burn::module::{Module, ParamId};
use burn::tensor::{DType, backend::Backend};
use constinit_symmetry::{AxesSpec, Role, SpecParam};
use std::collections::HashMap;

/// What rules and initialisers need to know of a parameter.
pub(super) struct Subject {
    pub path: String,
    pub shape: Vec<usize>,
    /// Of the entries; single precision where only axes are known.
    pub dtype: DType,
    /// The type of its module; None where only axes are known.
    pub module: Option<String>,
    pub axes: ParameterAxes,
    /// None where only axes are known.
    pub id: Option<ParamId>,
}

/// The parameters of a module, by their own paths, under the names that the rules use. What data fill is none.
pub(super) fn of_module<B: Backend, M: Module<B>>(
    module: &M,
    name: impl Fn(&str) -> String,
) -> Vec<(String, Subject)> {
    materialise(module);
    let surveys = surveyed(module).into_iter().filter(|survey| !survey.is_statistic);
    let subject = surveys.map(|survey| {
        let shape = survey.shape.unwrap_or_default();
        let axes = match survey.container.as_str() {
            _ if shape.len() == 1 => ParameterAxes::VECTOR,
            "Linear" | "Embedding" => ParameterAxes::LINEAR_WEIGHT,
            transposed if transposed.starts_with("ConvTranspose") => ParameterAxes::LINEAR_WEIGHT,
            conv if conv.starts_with("Conv") || conv.starts_with("DeformConv") => {
                ParameterAxes::CONV_WEIGHT
            }
            _ => ParameterAxes::UNKNOWN,
        };
        let subject = Subject {
            path: name(&survey.path),
            shape,
            dtype: survey.dtype.unwrap_or(DType::F32),
            module: Some(survey.container),
            axes,
            id: Some(survey.id),
        };
        (survey.path, subject)
    });
    let (own_paths, subjects): (Vec<String>, Vec<Subject>) = subject.unzip();
    own_paths.into_iter().zip(with_fans(subjects)).collect()
}

/// The parameters of a spec.
pub(super) fn of_spec(spec: &AxesSpec) -> Vec<Subject> {
    let axes = |param: &SpecParam| {
        let stands = |role: Role| param.axes().iter().position(|axis| axis.role == role);
        if param.shape().len() == 1 {
            ParameterAxes::VECTOR
        } else {
            ParameterAxes::new(stands(Role::Input), stands(Role::Output))
        }
    };
    let subject = spec.params().iter().map(|param| Subject {
        path: param.path().to_owned(),
        shape: param.shape().to_vec(),
        dtype: DType::F32,
        module: None,
        axes: axes(param),
        id: None,
    });
    with_fans(subject.collect())
}

/// Biases are scaled by the fans of the weight beside them.
fn with_fans(mut subjects: Vec<Subject>) -> Vec<Subject> {
    let prefix = |path: &str| path.rsplit_once('.').map_or("", |(prefix, _)| prefix).to_owned();
    let weights = subjects.iter().filter(|subject| subject.shape.len() > 1);
    let fans: HashMap<String, [usize; 2]> = weights
        .filter_map(|subject| Some((prefix(&subject.path), subject.axes.fans(&subject.shape)?)))
        .collect();
    for subject in subjects.iter_mut().filter(|subject| subject.shape.len() == 1) {
        if let Some([fan_in, fan_out]) = fans.get(&prefix(&subject.path)) {
            subject.axes = subject.axes.with_fans(*fan_in, *fan_out);
        }
    }
    subjects
}
