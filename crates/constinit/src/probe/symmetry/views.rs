//! A module's parameters and gradients as the engine's views.

use crate::Error;
use crate::params::{HostParameter, check_layouts, surveyed};
use burn::module::Module;
use burn::tensor::backend::Backend;
use burn::tensor::{DType, TensorData, bf16, f16};
use constinit_core::module::Binding;
use constinit_symmetry::{AxesSpec, ParamView};

/// Finds the parameters of a spec among those of a module; see [`Binding::new`].
pub fn bind<B: Backend, M: Module<B>>(
    module: &M,
    axes: &AxesSpec,
    whole: bool,
) -> Result<Binding, Error> {
    check_layouts(module)?;
    Binding::new(&surveyed(module), axes, whole)
}

/// Parameters with zeros in place of what forward passes write. Something else wrote any difference that is left.
pub fn without_running(bound: &Binding, mut parameters: Vec<HostParameter>) -> Vec<HostParameter> {
    for number in &bound.running {
        let data = &mut parameters[*number].data;
        *data = TensorData::zeros::<f32, _>(data.shape.clone());
    }
    parameters
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
        other => Err(unread(format!("its numbers are {other:?}, not floats"))),
    }
}
