//! Limits on the gradients of a full module, from those of its quotient.

use super::counts::Counts;
use burn::module::{Module, ModuleVisitor, Param};
use burn::optim::GradientsParams;
use burn::tensor::Tensor;
use constinit_core::Clip;

/// Limits the gradients of single entries by the norm of all entries of the full module.
pub(super) fn clipped<M: Module>(
    clip: Clip,
    module: &M,
    gradients: GradientsParams,
    counts: &Counts,
) -> GradientsParams {
    let scaling = match clip {
        Clip::Value(limit) => Scaling::Limit(limit),
        Clip::GlobalNorm(limit) => {
            let mut squares = Squares { gradients: &gradients, sum: None, counts, number: 0 };
            module.visit(&mut squares);
            let Some(sum) = squares.sum else { return gradients };
            let factor = sum.sqrt().add_scalar(1e-6).recip().mul_scalar(limit).clamp_max(1.0);
            Scaling::Factor(Box::new(factor))
        }
    };
    let mut rescale = Rescale { from: gradients, to: GradientsParams::new(), scaling };
    module.visit(&mut rescale);
    rescale.to
}

enum Scaling {
    Limit(f64),
    Factor(Box<Tensor<1>>),
}

struct Squares<'a> {
    gradients: &'a GradientsParams,
    sum: Option<Tensor<1>>,
    counts: &'a Counts,
    /// The number of the next parameter.
    number: usize,
}

impl ModuleVisitor for Squares<'_> {
    fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<D>>) {
        let count = self.counts.of(self.number);
        self.number += 1;
        if let Some(gradient) = self.gradients.get::<D>(param.id) {
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

struct Rescale {
    from: GradientsParams,
    to: GradientsParams,
    scaling: Scaling,
}

impl ModuleVisitor for Rescale {
    fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<D>>) {
        if let Some(gradient) = self.from.remove::<D>(param.id) {
            let gradient = match &self.scaling {
                Scaling::Limit(limit) => gradient.clamp(-limit, *limit),
                Scaling::Factor(factor) => {
                    let factor = Tensor::clone(factor).to_device(&gradient.device());
                    gradient * factor.reshape([1; D])
                }
            };
            self.to.register::<D>(param.id, gradient);
        }
    }
}
