//! A module's float parameters without their values.

use crate::tensors::FloatKind;
use burn::module::{Module, ModuleVisitor, Param};
use burn::tensor::{Tensor, backend::Backend};
use constinit_core::FloatType;
use constinit_core::module::{ModuleParameter, Walk};

/// Every float parameter, in visiting order. Draws no values.
pub(crate) fn surveyed<B: Backend, M: Module<B>>(module: &M) -> Vec<ModuleParameter> {
    #[derive(Default)]
    struct Surveyor {
        walk: Walk,
        parameters: Vec<ModuleParameter>,
    }
    impl<B: Backend> ModuleVisitor<B> for Surveyor {
        fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<B, D>>) {
            let drawn = param.is_initialized().then(|| param.val());
            self.parameters.push(ModuleParameter {
                path: self.walk.path(),
                id: param.id.val(),
                layer: self.walk.layer().to_owned(),
                shape: drawn.as_ref().map(|value| value.shape().to_vec()).unwrap_or_default(),
                float: drawn.map_or(FloatType::F32, |value| value.dtype().float()),
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
