//! Writing parameters from the host.

use super::surveyed;
use crate::Error;
use burn::module::{Module, ModuleMapper, Param, ParamId};
use burn::tensor::{Tensor, TensorData};
use constinit_core::module::matched_values;
use std::collections::HashMap;

/// Replaces float parameters by values from the host, by path.
///
/// Whether a parameter needs a gradient does not change, and a tied parameter is written on all of its paths. The
/// running statistics of a batch norm are shared with all clones of the module.
///
/// ```
/// use burn::tensor::{Device, TensorData};
/// use constinit_burn22::ConstInitConfig;
/// use constinit_burn22::params::{read_parameters, write_parameters};
///
/// let net = ConstInitConfig::new(vec![3, 2, 4]).init(&Device::flex());
/// let bias = TensorData::from([7.0_f32, 8.0]);
/// let net = write_parameters(net, [("layers.0.bias", bias.clone())])?;
/// assert_eq!(read_parameters(&net)[1], bias);
/// # Ok::<(), constinit_burn22::Error>(())
/// ```
///
/// # Errors
///
/// [`Error::Parameter`] for a path that the module does not have, values of another shape, or different values for one
/// parameter.
pub fn write_parameters<'p, M: Module>(
    module: M,
    values: impl IntoIterator<Item = (&'p str, TensorData)>,
) -> Result<M, Error> {
    let matched = matched_values(&surveyed(&module), values, |data| data.shape().to_vec())?;
    let by_id = matched.into_iter().map(|(id, data)| (ParamId::from(id), data));
    Ok(replace(module, by_id.collect()))
}

/// Replaces float parameters by values of any shape, by id. Everything else of a parameter stays as it is.
pub(crate) fn replace<M: Module>(module: M, values: HashMap<ParamId, TensorData>) -> M {
    struct Writer {
        values: HashMap<ParamId, TensorData>,
    }
    impl ModuleMapper for Writer {
        fn map_float<const D: usize>(&mut self, param: Param<Tensor<D>>) -> Param<Tensor<D>> {
            let Some(data) = self.values.get(&param.id).cloned() else { return param };
            param.map(|old| {
                let data = data.convert_dtype(old.dtype());
                let new = Tensor::from_data(data, (&old.device(), old.dtype()));
                if old.is_require_grad() { new.require_grad() } else { new }
            })
        }
    }
    module.map(&mut Writer { values })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::params::read_parameters;
    use crate::{ConstInit, ConstInitConfig};
    use burn::nn::{BatchNormConfig, LinearConfig, LinearLayout};
    use burn::tensor::Device;

    fn net() -> ConstInit {
        ConstInitConfig::new(vec![3, 2, 4]).init(&Device::flex().autodiff())
    }

    fn entries(tensor: Tensor<1>) -> Vec<f64> {
        tensor.into_data().iter().collect()
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
        assert!(read_parameters(&net)[0].iter::<f64>().all(|entry| entry == 1.0));
        let y = net.forward(Tensor::ones([1, 3], &Device::flex().autodiff()));
        let gradients = y.sum().backward();
        assert!(net.layers[1].weight.val().grad(&gradients).is_some());
        assert!(net.layers[0].weight.val().grad(&gradients).is_none());
    }

    /// A parameter that is written in validation mode is trained after it.
    #[test]
    fn a_module_in_validation_is_trained_again() {
        let ones = TensorData::ones::<f32, _>([2]);
        let net = write_parameters(net().valid(), [("layers.0.bias", ones)]).unwrap().train();
        assert!(net.layers[0].bias.as_ref().unwrap().is_require_grad());
    }

    #[test]
    fn a_tied_parameter_is_written_everywhere() {
        let layer = LinearConfig::new(2, 2).init(&Device::flex());
        let both = vec![layer.clone(), layer];
        let bias = TensorData::from([1.0_f32, 2.0]);
        let both = write_parameters(both, [("1.bias", bias.clone())]).unwrap();
        for layer in &both {
            assert_eq!(entries(layer.bias.as_ref().unwrap().val()), [1.0, 2.0]);
        }
        let other = TensorData::from([1.0_f32, 3.0]);
        let written = write_parameters(both, [("0.bias", bias), ("1.bias", other)]);
        assert!(written.unwrap_err().to_string().starts_with("1.bias: it is tied"));
    }

    #[test]
    fn running_statistics_are_written() {
        let norm = BatchNormConfig::new(2).init(&Device::flex());
        let mean = TensorData::from([1.0_f32, 2.0]);
        let norm = write_parameters(norm, [("running_mean", mean)]).unwrap();
        assert_eq!(entries(norm.running_mean.value()), [1.0, 2.0]);
    }

    /// The weight of a column layout is read and written as `[input, output]`, like every other weight.
    #[test]
    fn a_column_layout_is_written_as_rows_are() {
        let columns = LinearConfig::new(2, 3).with_layout(LinearLayout::Col);
        let layer = columns.init(&Device::flex().autodiff());
        let weight = TensorData::new((0..6_u8).map(f32::from).collect(), [2, 3]);
        let layer = write_parameters(layer, [("weight", weight.clone())]).unwrap();
        assert_eq!(read_parameters(&layer)[0], weight);
        let x = Tensor::<2>::from_data([[1.0, 10.0]], &Device::flex().autodiff());
        let bias = layer.bias.as_ref().unwrap().val().unsqueeze();
        let y = layer.forward(x) - bias;
        let close = [30.0_f32, 41.0, 52.0].iter().zip(y.into_data().try_into_vec::<f32>().unwrap());
        close.for_each(|(a, b)| assert!((a - b).abs() < 1e-5, "{a} {b}"));
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
