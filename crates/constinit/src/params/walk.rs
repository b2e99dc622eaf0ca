//! Where a visitor of a module is, and what it meets.

use burn::module::{Module, ModuleVisitor, Param, ParamId};
use burn::tensor::{DType, Tensor, backend::Backend};

/// What a parameter is, without its values.
pub(crate) struct Survey {
    pub(crate) path: String,
    pub(crate) id: ParamId,
    /// The type of the module that the parameter belongs to, such as `Linear`.
    pub(crate) container: String,
    /// None where the values were not drawn yet.
    pub(crate) shape: Option<Vec<usize>>,
    /// Of the entries; None where these were not drawn yet.
    pub(crate) dtype: Option<DType>,
    /// Whether this is the running mean or variance of a batch norm, which data fill.
    pub(crate) is_statistic: bool,
}

/// Every float parameter, in visiting order.
pub(crate) fn surveyed<B: Backend, M: Module<B>>(module: &M) -> Vec<Survey> {
    #[derive(Default)]
    struct Surveyor {
        walk: Walk,
        surveys: Vec<Survey>,
    }
    impl<B: Backend> ModuleVisitor<B> for Surveyor {
        fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<B, D>>) {
            let drawn = param.is_initialized().then(|| param.val());
            self.surveys.push(Survey {
                path: self.walk.path(),
                id: param.id,
                container: self.walk.container().to_owned(),
                shape: drawn.as_ref().map(|value| value.shape().to_vec()),
                dtype: drawn.as_ref().map(Tensor::dtype),
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

    /// The type of the innermost module.
    pub(crate) fn container(&self) -> &str {
        self.containers().last().unwrap_or_default()
    }

    /// The types of all modules on the path, outermost first.
    pub(crate) fn containers(&self) -> impl DoubleEndedIterator<Item = &str> {
        self.containers.iter().map(|name| name.strip_prefix("Struct:").unwrap_or(name))
    }

    /// Whether this is the running mean or variance of a batch norm.
    pub(super) fn at_running_statistics(&self) -> bool {
        let name = self.names.last().map(String::as_str);
        self.container() == "BatchNorm" && matches!(name, Some("running_mean" | "running_var"))
    }
}
