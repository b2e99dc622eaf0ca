//! Weights that are scaled until the outputs for a batch of data have variance 1.

use crate::Error;
use crate::params::{materialise, surveyed};
use burn::module::{Module, ModuleMapper, Param, ParamId};
use burn::tensor::backend::Backend;
use burn::tensor::{Tensor, TensorData};

/// When the scaling of a layer ends.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Lsuv {
    /// How far from 1 the variance of the outputs may be.
    pub tolerance: f64,
    /// How often one weight is scaled at most.
    pub most: usize,
}

impl Default for Lsuv {
    /// The values of the paper: a tolerance of 0.1, at most 10 times.
    fn default() -> Self {
        Self { tolerance: 0.1, most: 10 }
    }
}

/// What was done to a weight.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct LsuvStep {
    /// Its path.
    pub path: String,
    /// The number that it was multiplied by.
    pub factor: f64,
    /// The variance of the layer's outputs after scaling.
    pub variance: f64,
}

impl Lsuv {
    /// Scales weights one after the other, so the outputs of each layer have variance 1 on one batch: layer-sequential
    /// unit variance. Start with orthogonal weights, as the authors do.
    ///
    /// `weights` are the paths in the order in which data flows. `outputs` runs the module on the batch and gives the
    /// outputs of the layer of one path, before its activation.
    ///
    /// ```
    /// use burn::tensor::{Distribution, Tensor};
    /// use burn_ndarray::NdArray;
    /// use constinit::prelude::*;
    /// use constinit::init::{Init, InitPlan, Lsuv, InitRule};
    /// use constinit::{ConstInit, ConstInitConfig};
    ///
    /// let net = ConstInitConfig::new(vec![8, 16, 4]).init::<NdArray>(&Default::default());
    /// let plan = InitPlan::new(1)
    ///     .rule(InitRule::glob("**.weight", Init::Orthogonal { gain: 1.0 }))
    ///     .rule(InitRule::glob("**.bias", Init::Zeros));
    /// let (net, _) = plan.apply(net)?;
    /// let batch = Init::normal(0.0, 3.0);
    /// # use constinit::init::{ParameterAxes, RngKey};
    /// let batch = batch.tensor([64, 8], ParameterAxes::UNKNOWN, &RngKey::default(), &Default::default())?;
    /// let outputs = |net: &ConstInit<NdArray>, path: &str| -> Tensor<NdArray, 2> {
    ///     let hidden = net.layers[0].forward(batch.clone());
    ///     if path == "layers.0.weight" { return hidden; }
    ///     net.layers[1].forward(net.activation.forward(hidden))
    /// };
    /// let weights = ["layers.0.weight", "layers.1.weight"];
    /// let (net, steps) = Lsuv::default().scale(net, &weights, |net, path| outputs(net, path).into_data())?;
    /// assert!(steps.iter().all(|step| (step.variance - 1.0).abs() < 0.1));
    /// # Ok::<(), constinit::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`Error::Parameter`] for a path that the module does not have, and if the variance is not a positive number:
    /// then no factor helps.
    ///
    /// # References
    ///
    /// Mishkin, Matas, "All you need is a good init", 2015.
    pub fn scale<B: Backend, M: Module<B>>(
        &self,
        mut module: M,
        weights: &[&str],
        mut outputs: impl FnMut(&M, &str) -> TensorData,
    ) -> Result<(M, Vec<LsuvStep>), Error> {
        materialise(&module);
        let surveys = surveyed(&module);
        let mut steps = Vec::with_capacity(weights.len());
        for path in weights {
            let refuse = |reason: String| Error::Parameter { path: (*path).into(), reason };
            let Some(survey) = surveys.iter().find(|survey| survey.path == *path) else {
                return Err(refuse("the module has no such float parameter".into()));
            };
            let (mut factor, mut variance) = (1.0, variance_of(&outputs(&module, path)));
            for _ in 0..self.most {
                if !(variance > 0.0 && variance.is_finite()) {
                    return Err(refuse(format!("its layer's outputs have variance {variance}")));
                }
                if (variance - 1.0).abs() < self.tolerance {
                    break;
                }
                let by = variance.sqrt().recip();
                module = module.map(&mut Scale { id: survey.id.into(), by });
                factor *= by;
                variance = variance_of(&outputs(&module, path));
            }
            steps.push(LsuvStep { path: (*path).into(), factor, variance });
        }
        Ok((module, steps))
    }
}

/// Multiplies one parameter, on all its paths.
struct Scale {
    id: ParamId,
    by: f64,
}

impl<B: Backend> ModuleMapper<B> for Scale {
    fn map_float<const D: usize>(&mut self, param: Param<Tensor<B, D>>) -> Param<Tensor<B, D>> {
        if param.id != self.id {
            return param;
        }
        let trained = param.is_require_grad();
        param.map(|old| old.mul_scalar(self.by).detach().set_require_grad(trained))
    }
}

fn variance_of(data: &TensorData) -> f64 {
    let count = data.num_elements() as f64;
    let mean = data.iter::<f64>().sum::<f64>() / count;
    data.iter::<f64>().map(|value| (value - mean).powi(2)).sum::<f64>() / count
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::init::{Init, InitPlan, InitRule, ModulePlan, ParameterAxes, RngKey, TensorInit};
    use crate::params::read_parameters;
    use crate::{Activation, ConstInit, ConstInitConfig, TensorActivation};
    use burn::nn::{Linear, LinearConfig};
    use burn_autodiff::Autodiff;
    use burn_ndarray::NdArray;

    type B = NdArray;

    fn net(weight: Init) -> ConstInit<B> {
        let config = ConstInitConfig::new(vec![6, 20, 20, 3]).with_activation(Activation::Relu);
        let plan = InitPlan::new(2)
            .rule(InitRule::glob("**.weight", weight))
            .rule(InitRule::glob("**.bias", Init::Zeros));
        plan.apply(config.init::<B>(&Default::default())).unwrap().0
    }

    fn scaled(weight: Init, weights: &[&str]) -> Result<(ConstInit<B>, Vec<LsuvStep>), Error> {
        let batch: Tensor<B, 2> = Init::normal(0.0, 5.0)
            .tensor([50, 6], ParameterAxes::UNKNOWN, &RngKey::new(1, "x"), &Default::default())
            .unwrap();
        Lsuv { tolerance: 1e-3, most: 10 }.scale(net(weight), weights, |net, path| {
            let last: usize = path.split('.').nth(1).unwrap().parse().unwrap();
            let mut x = batch.clone();
            for (number, layer) in net.layers.iter().enumerate() {
                x = layer.forward(x);
                if number == last {
                    break;
                }
                x = net.activation.forward(x);
            }
            x.into_data()
        })
    }

    #[test]
    fn every_layer_s_outputs_get_variance_one() {
        let weights = ["layers.0.weight", "layers.1.weight", "layers.2.weight"];
        let start = Init::Orthogonal { gain: 1.0 };
        let (net_after, steps) = scaled(start.clone(), &weights).unwrap();
        assert!(steps.iter().all(|step| (step.variance - 1.0).abs() < 1e-3), "{steps:?}");
        // Without biases, one factor is exact: the outputs are linear in the weight.
        let (before, after) = (read_parameters(&net(start)), read_parameters(&net_after));
        for (step, number) in steps.iter().zip([0, 2, 4]) {
            let ratio = after[number].data.as_slice::<f32>().unwrap()[0]
                / before[number].data.as_slice::<f32>().unwrap()[0];
            assert!((f64::from(ratio) / step.factor - 1.0).abs() < 1e-5);
        }
        // The first layer sees inputs of deviation 5 and is orthogonal on 6 of them.
        assert!((0.2..0.6).contains(&steps[0].factor), "{steps:?}");
    }

    #[test]
    fn what_is_scaled_can_be_trained_and_what_is_tied_stays_so() {
        type A = Autodiff<B>;
        let device = Default::default();
        let layer = LinearConfig::new(3, 3).init::<A>(&device);
        materialise(&layer);
        let frozen = layer.clone().no_grad();
        for (layers, trained) in [(vec![layer.clone(), layer], true), (vec![frozen], false)] {
            let id = layers[0].weight.id;
            let x = Tensor::<A, 2>::from_data([[9.0, 0.0, 1.0], [0.0, 5.0, -7.0]], &device);
            let outputs = |net: &Vec<Linear<A>>, _: &str| net[0].forward(x.clone()).into_data();
            let (layers, _) = Lsuv::default().scale(layers, &["0.weight"], outputs).unwrap();
            let weights: Vec<_> = layers.iter().map(|layer| layer.weight.val()).collect();
            assert!(weights.iter().all(|weight| weight.is_require_grad() == trained));
            assert_eq!(layers[0].weight.id, id);
            let first = weights[0].to_data();
            weights.iter().for_each(|weight| assert_eq!(weight.to_data(), first));
        }
    }

    #[test]
    fn what_no_factor_mends_is_an_error() {
        let text = scaled(Init::Zeros, &["layers.0.weight"]).unwrap_err().to_string();
        assert!(text.contains("layers.0.weight") && text.contains("variance 0"), "{text}");
        let unknown = scaled(Init::Ones, &["layers.9.weight"]).unwrap_err().to_string();
        assert!(unknown.contains("no such float parameter"), "{unknown}");
    }
}
