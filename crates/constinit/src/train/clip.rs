//! Limits on gradients.

use crate::surgery::Counts;
use burn::module::{AutodiffModule, ModuleVisitor, Param};
use burn::optim::GradientsParams;
use burn::tensor::Tensor;
use burn::tensor::backend::AutodiffBackend;
use constinit_core::Clip;

/// Limits the gradients of Burn's modules.
pub trait ClipGradients {
    /// The limited gradients.
    fn apply<B: AutodiffBackend, M: AutodiffModule<B>>(
        self,
        model: &M,
        gradients: GradientsParams,
    ) -> GradientsParams;
}

impl ClipGradients for Clip {
    fn apply<B: AutodiffBackend, M: AutodiffModule<B>>(
        self,
        model: &M,
        gradients: GradientsParams,
    ) -> GradientsParams {
        apply_counted(self, model, gradients, None)
    }
}

/// The same if an entry represents several: the norm is that of all of them.
pub(crate) fn apply_counted<B: AutodiffBackend, M: AutodiffModule<B>>(
    clip: Clip,
    model: &M,
    gradients: GradientsParams,
    counts: Option<&Counts<B>>,
) -> GradientsParams {
    let scaling = match clip {
        Clip::Value(limit) => Scaling::<B>::Limit(limit),
        Clip::GlobalNorm(limit) => {
            let mut squares = Squares { gradients: &gradients, sum: None, counts, number: 0 };
            model.visit(&mut squares);
            let Some(sum) = squares.sum else { return gradients };
            Scaling::Factor(sum.sqrt().add_scalar(1e-6).recip().mul_scalar(limit).clamp_max(1.0))
        }
    };
    let mut rescale = Rescale { from: gradients, to: GradientsParams::new(), scaling };
    model.visit(&mut rescale);
    rescale.to
}

enum Scaling<B: AutodiffBackend> {
    Limit(f64),
    Factor(Tensor<B::InnerBackend, 1>),
}

struct Squares<'a, B: AutodiffBackend> {
    gradients: &'a GradientsParams,
    sum: Option<Tensor<B::InnerBackend, 1>>,
    counts: Option<&'a Counts<B>>,
    /// The number of the next parameter.
    number: usize,
}

impl<B: AutodiffBackend> ModuleVisitor<B> for Squares<'_, B> {
    fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<B, D>>) {
        let count = self.counts.and_then(|counts| counts.of(self.number));
        self.number += 1;
        if let Some(gradient) = self.gradients.get::<B::InnerBackend, D>(param.id) {
            let square = gradient.square();
            let square = match count {
                Some(count) => count.times_entries(square),
                None => square,
            };
            let square = square.sum();
            self.sum = Some(match self.sum.take() {
                // Parameters may be on several devices.
                Some(sum) => {
                    let device = sum.device();
                    sum + square.to_device(&device)
                }
                None => square,
            });
        }
    }
}

struct Rescale<B: AutodiffBackend> {
    from: GradientsParams,
    to: GradientsParams,
    scaling: Scaling<B>,
}

impl<B: AutodiffBackend> ModuleVisitor<B> for Rescale<B> {
    fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<B, D>>) {
        if let Some(gradient) = self.from.remove::<B::InnerBackend, D>(param.id) {
            let gradient = match &self.scaling {
                Scaling::Limit(limit) => gradient.clamp(-limit, *limit),
                Scaling::Factor(factor) => {
                    let factor = factor.clone().to_device(&gradient.device());
                    gradient * factor.reshape([1; D])
                }
            };
            self.to.register::<B::InnerBackend, D>(param.id, gradient);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{ConstInit, ConstInitConfig};
    use burn_autodiff::Autodiff;
    use burn_ndarray::NdArray;

    type B = Autodiff<NdArray<f64>>;

    fn gradients(model: &ConstInit<B>) -> GradientsParams {
        let x = Tensor::from_data([[1.0, 2.0, 3.0]], &Default::default());
        GradientsParams::from_grads(model.forward(x).sum().backward(), model)
    }

    fn all(model: &ConstInit<B>, gradients: &GradientsParams) -> Vec<f64> {
        let mut all = Vec::new();
        for layer in &model.layers {
            let weight = gradients.get::<NdArray<f64>, 2>(layer.weight.id).unwrap();
            all.extend(weight.into_data().iter::<f64>());
            let bias = gradients.get::<NdArray<f64>, 1>(layer.bias.as_ref().unwrap().id).unwrap();
            all.extend(bias.into_data().iter::<f64>());
        }
        all
    }

    #[test]
    fn the_norm_is_that_of_all_gradients() {
        let model = ConstInitConfig::new(vec![3, 2, 4]).init::<B>(&Default::default());
        let before = all(&model, &gradients(&model));
        let norm = before.iter().map(|g| g * g).sum::<f64>().sqrt();
        assert!(norm > 2.0, "{norm}");
        let clipped = Clip::GlobalNorm(2.0).apply(&model, gradients(&model));
        for (clipped, before) in all(&model, &clipped).iter().zip(&before) {
            assert!((clipped - before * 2.0 / (norm + 1e-6)).abs() < 1e-12);
        }
        let untouched = Clip::GlobalNorm(2.0 * norm).apply(&model, gradients(&model));
        assert_eq!(all(&model, &untouched), before);
    }

    #[test]
    fn values_are_cut_on_both_sides() {
        let model = ConstInitConfig::new(vec![3, 2, 4]).with_init_w(-1.0).with_init_b(10.0);
        let model = model.init::<B>(&Default::default());
        let before = all(&model, &gradients(&model));
        assert!(before.iter().any(|g| *g > 2.0) && before.iter().any(|g| *g < -2.0), "{before:?}");
        let clipped = all(&model, &Clip::Value(2.0).apply(&model, gradients(&model)));
        let expected: Vec<f64> = before.iter().map(|g| g.clamp(-2.0, 2.0)).collect();
        assert_eq!(clipped, expected);
    }
}
