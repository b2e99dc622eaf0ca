//! Facts about a module's parameters that need no reading of their values.

use crate::tensors::FloatKind;
use burn::module::{Module, ModuleVisitor, Param};
use burn::tensor::Tensor;
use constinit_core::module::{ModuleParameter, Walk, tied_paths};

/// Every float parameter, in visiting order. Draws the values of parameters that were not drawn yet, as every use does.
pub(crate) fn surveyed<M: Module>(module: &M) -> Vec<ModuleParameter> {
    #[derive(Default)]
    struct Surveyor {
        walk: Walk,
        parameters: Vec<ModuleParameter>,
    }
    impl ModuleVisitor for Surveyor {
        fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<D>>) {
            // The shape that a lazy parameter reports is wrong for `LinearLayout::Col`, which is transposed when it is
            // drawn.
            let value = param.base();
            self.parameters.push(ModuleParameter {
                path: self.walk.path(),
                id: param.id.val(),
                layer: self.walk.layer().to_owned(),
                shape: value.shape().to_vec(),
                float: value.dtype().float(),
                is_statistic: self.walk.at_running_statistics(),
            });
        }
        fn enter_module(&mut self, name: &str, container: &str) {
            self.walk.enter(name, container);
        }
        fn exit_module(&mut self, _: &str, _: &str) {
            self.walk.exit();
        }
    }
    let mut surveyor = Surveyor::default();
    module.visit(&mut surveyor);
    surveyor.parameters
}

/// Float parameters with more than one path, such as tied weights: one group per parameter, in visiting order.
///
/// Burn's optimizers update only the first of them; [`write_parameters`](super::write_parameters) writes all.
pub fn tied_parameters<M: Module>(module: &M) -> Vec<Vec<String>> {
    tied_paths(&surveyed(module))
}

/// The paths of the float parameters that no optimizer trains: the running statistics of batch norms and, on a device
/// with automatic differentiation, the parameters that need no gradient.
///
/// Draws the values of parameters that were not drawn yet.
pub fn buffer_paths<M: Module>(module: &M) -> Vec<String> {
    #[derive(Default)]
    struct Buffers {
        walk: Walk,
        paths: Vec<String>,
    }
    impl ModuleVisitor for Buffers {
        fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<D>>) {
            let value = param.base();
            let frozen = value.is_autodiff() && !value.is_require_grad();
            if frozen || self.walk.at_running_statistics() {
                self.paths.push(self.walk.path());
            }
        }
        fn enter_module(&mut self, name: &str, container: &str) {
            self.walk.enter(name, container);
        }
        fn exit_module(&mut self, _: &str, _: &str) {
            self.walk.exit();
        }
    }
    let mut buffers = Buffers::default();
    module.visit(&mut buffers);
    buffers.paths
}

#[cfg(test)]
mod tests {
    use super::*;
    use burn::nn::{BatchNormConfig, LinearConfig};
    use burn::tensor::Device;

    #[test]
    fn tied_parameters_are_grouped() {
        let device = Device::flex();
        let layer = LinearConfig::new(2, 3).init(&device);
        let other = LinearConfig::new(2, 3).init(&device);
        assert!(tied_parameters(&layer).is_empty());
        let all = vec![layer.clone(), other, layer];
        assert_eq!(tied_parameters(&all), [["0.weight", "2.weight"], ["0.bias", "2.bias"]]);
    }

    #[test]
    fn buffers_are_distinguished_from_trained_parameters() {
        let plain = BatchNormConfig::new(2).init(&Device::flex());
        assert_eq!(buffer_paths(&plain), ["running_mean", "running_var"]);
        let trained = BatchNormConfig::new(2).init(&Device::flex().autodiff());
        assert_eq!(buffer_paths(&trained), ["running_mean", "running_var"]);
        let frozen = LinearConfig::new(2, 3).init(&Device::flex().autodiff()).no_grad();
        assert_eq!(buffer_paths(&frozen), ["weight", "bias"]);
    }
}
