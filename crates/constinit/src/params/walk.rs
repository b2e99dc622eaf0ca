//! Where a visitor of a module is, and what it meets.

use burn::module::{Module, ModuleVisitor, Param, ParamId};
use burn::tensor::{Tensor, backend::Backend};

/// What a parameter is, without its values.
pub(super) struct Survey {
    pub(super) path: String,
    pub(super) id: ParamId,
    /// None where the values were not drawn yet.
    pub(super) shape: Option<Vec<usize>>,
}

/// Every float parameter, in visiting order.
pub(super) fn surveyed<B: Backend, M: Module<B>>(module: &M) -> Vec<Survey> {
    #[derive(Default)]
    struct Surveyor {
        walk: Walk,
        surveys: Vec<Survey>,
    }
    impl<B: Backend> ModuleVisitor<B> for Surveyor {
        fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<B, D>>) {
            let shape = param.is_initialized().then(|| param.val().shape().to_vec());
            self.surveys.push(Survey { path: self.walk.path(), id: param.id, shape });
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
    surveyor.surveys
}

/// Where a visitor is.
#[derive(Default)]
pub(crate) struct Walk {
    names: Vec<String>,
    containers: Vec<String>,
}

impl Walk {
    pub(crate) fn enter(&mut self, name: &str, container: &str) {
        self.names.push(name.to_owned());
        self.containers.push(container.to_owned());
    }

    pub(crate) fn exit(&mut self) {
        self.names.pop();
        self.containers.pop();
    }

    /// The dotted path.
    pub(crate) fn path(&self) -> String {
        self.names.join(".")
    }

    /// Whether this is the running mean or variance of a batch norm.
    pub(super) fn at_running_statistics(&self) -> bool {
        let of_batch_norm = self.containers.last().is_some_and(|c| c == "Struct:BatchNorm");
        let name = self.names.last().map(String::as_str);
        of_batch_norm && matches!(name, Some("running_mean" | "running_var"))
    }
}
