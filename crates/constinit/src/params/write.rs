//! Writing parameters from the host.

use super::facts::materialise;
use super::survey::surveyed;
use crate::Error;
use burn::module::{Module, ModuleMapper, Param, ParamId};
use burn::tensor::{Tensor, TensorData, backend::Backend};
use constinit_core::module::matched_values;
use std::collections::HashMap;

/// Replaces float parameters by values from the host, by path.
///
/// Whether a parameter needs a gradient does not change, and a tied parameter is written on all of its paths. The
/// running statistics of a batch norm are shared with all clones of the module.
///
/// ```
/// use burn::tensor::TensorData;
/// use burn_ndarray::NdArray;
/// use constinit::ConstInitConfig;
/// use constinit::params::{read_parameters, write_parameters};
///
/// let net = ConstInitConfig::new(vec![3, 2, 4]).init::<NdArray>(&Default::default());
/// let bias = TensorData::from([7.0_f32, 8.0]);
/// let net = write_parameters(net, [("layers.0.bias", bias.clone())])?;
/// assert_eq!(read_parameters(&net)[1].data, bias);
/// # Ok::<(), constinit::Error>(())
/// ```
///
/// # Errors
///
/// [`Error::Parameter`] for a path that the module does not have, values of another shape, or
/// different values for one parameter.
pub fn write_parameters<'p, B: Backend, M: Module<B>>(
    module: M,
    values: impl IntoIterator<Item = (&'p str, TensorData)>,
) -> Result<M, Error> {
    materialise(&module);
    let matched = matched_values(&surveyed(&module), values, |data| data.shape.to_vec())?;
    let by_id = matched.into_iter().map(|(id, data)| (ParamId::from(id), data));
    Ok(replace(module, by_id.collect()))
}

/// Replaces float parameters by values of any shape, by id. Everything else of a parameter stays as it is.
pub(crate) fn replace<B: Backend, M: Module<B>>(
    module: M,
    values: HashMap<ParamId, TensorData>,
) -> M {
    struct Writer {
        values: HashMap<ParamId, TensorData>,
    }
    impl<B: Backend> ModuleMapper<B> for Writer {
        fn map_float<const D: usize>(&mut self, param: Param<Tensor<B, D>>) -> Param<Tensor<B, D>> {
            let Some(data) = self.values.get(&param.id).cloned() else { return param };
            param.map(|old| {
                let data = data.convert_dtype(old.dtype());
                let new = Tensor::from_data(data, (&old.device(), old.dtype()));
                new.set_require_grad(old.is_require_grad())
            })
        }
    }
    module.map(&mut Writer { values })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::params::read_parameters;
    use crate::tensors::from_values;
    use crate::{ConstInit, ConstInitConfig};
    use burn::nn::{BatchNorm, BatchNormConfig, Linear, LinearConfig};
    use burn_autodiff::Autodiff;
    use burn_ndarray::NdArray;

    type B = Autodiff<NdArray>;

    fn net() -> ConstInit<B> {
        ConstInitConfig::new(vec![3, 2, 4]).init(&Default::default())
    }

    // Tests of one process share the float type of the device: only values can be compared.
    fn entries<B: Backend>(tensor: Tensor<B, 1>) -> impl Iterator<Item = f64> {
        tensor.into_data().iter::<f64>().collect::<Vec<_>>().into_iter()
    }

    #[test]
    fn the_need_of_a_gradient_stays() {
        let mut net = net();
        let first = &mut net.layers[0];
        first.weight = first.weight.clone().set_require_grad(false);
        let ones = TensorData::ones::<f64, _>([3, 2]);
        let last = TensorData::ones::<f64, _>([2, 4]);
        let net =
            write_parameters(net, [("layers.0.weight", ones), ("layers.1.weight", last)]).unwrap();
        assert!(!net.layers[0].weight.is_require_grad());
        assert!(net.layers[1].weight.is_require_grad());
        assert!(read_parameters(&net)[0].data.iter::<f64>().all(|entry| entry == 1.0));
        let x = from_values(vec![1.0; 3], [1, 3], &Default::default());
        let y = net.forward(x);
        let gradients = y.sum().backward();
        assert!(net.layers[1].weight.val().grad(&gradients).is_some());
    }

    #[test]
    fn a_tied_parameter_is_written_everywhere() {
        let layer: Linear<B> = LinearConfig::new(2, 2).init(&Default::default());
        materialise(&layer);
        let both = vec![layer.clone(), layer];
        let bias = TensorData::from([1.0_f32, 2.0]);
        let both = write_parameters(both, [("1.bias", bias.clone())]).unwrap();
        for layer in &both {
            assert!(entries(layer.bias.as_ref().unwrap().val()).eq([1.0, 2.0]));
        }
        let other = TensorData::from([1.0_f32, 3.0]);
        let written = write_parameters(both, [("0.bias", bias), ("1.bias", other)]);
        assert!(written.unwrap_err().to_string().starts_with("1.bias: it is tied"));
    }

    #[test]
    fn running_statistics_are_written() {
        let norm: BatchNorm<NdArray> = BatchNormConfig::new(2).init(&Default::default());
        let mean = TensorData::from([1.0_f32, 2.0]);
        let norm = write_parameters(norm, [("running_mean", mean)]).unwrap();
        assert!(entries(norm.running_mean.value()).eq([1.0, 2.0]));
    }

    #[test]
    fn what_does_not_fit_is_named() {
        let message = |path, shape: [usize; 1]| {
            let data = TensorData::ones::<f32, _>(shape);
            write_parameters(net(), [(path, data)]).unwrap_err().to_string()
        };
        assert_eq!(
            message("layers.0.bias", [3]),
            "layers.0.bias: values of shape [3] for a parameter of [2]"
        );
        assert_eq!(message("bias", [3]), "bias: the module has no such float parameter");
    }
}
