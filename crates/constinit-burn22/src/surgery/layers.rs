//! The layers of one of Burn's modules, for the core's checks.

use burn::module::{Module, ModuleVisitor, Param};
use burn::tensor::Tensor;
use constinit_core::module::Walk;
use constinit_core::surgery::ModuleLayers;

/// The layers of a module.
pub(super) fn layers_of<M: Module>(module: &M) -> ModuleLayers {
    #[derive(Default)]
    struct Visitor {
        walk: Walk,
        found: ModuleLayers,
    }
    impl ModuleVisitor for Visitor {
        fn visit_float<const D: usize>(&mut self, _: &Param<Tensor<D>>) {
            let around = self.walk.layers().map(str::to_owned).collect();
            self.found.add_parameter(self.walk.path(), around);
        }
        fn enter_module(&mut self, name: &str, container: &str) {
            let path = self.walk.path();
            self.walk.enter(name, container);
            self.found.enter(path, self.walk.layer());
        }
        fn exit_module(&mut self, _: &str, _: &str) {
            self.walk.exit();
        }
    }
    let mut visitor = Visitor::default();
    module.visit(&mut visitor);
    visitor.found
}
