//! Facts about a module's parameters that need no reading of their values.

use super::survey::surveyed;
use crate::Error;
use burn::module::{Module, ModuleVisitor, Param};
use burn::tensor::{Bool, Int, Tensor, backend::Backend};
use constinit_core::module::{Walk, tied_paths};

/// Float parameters with more than one path, such as tied weights: one group per parameter, in visiting order.
///
/// Burn's optimizers update only the first of them; [`write_parameters`](super::write_parameters) writes all.
pub fn tied_parameters<B: Backend, M: Module<B>>(module: &M) -> Vec<Vec<String>> {
    tied_paths(&surveyed(module))
}

/// The paths of the float parameters that no optimizer trains: the running statistics of batch norms and, on a backend
/// with automatic differentiation, the parameters that need no gradient.
///
/// Draws the values of parameters that were not drawn yet.
pub fn buffer_paths<B: Backend, M: Module<B>>(module: &M) -> Vec<String> {
    #[derive(Default)]
    struct Buffers {
        walk: Walk,
        paths: Vec<String>,
    }
    impl<B: Backend> ModuleVisitor<B> for Buffers {
        fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<B, D>>) {
            let value = param.val();
            let frozen = B::ad_enabled(&value.device()) && !value.is_require_grad();
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

/// Draws the values of all parameters that were not drawn yet.
///
/// Burn draws them at first use: a clone that is made before draws other values.
pub fn materialise<B: Backend, M: Module<B>>(module: &M) {
    struct Draw;
    impl<B: Backend> ModuleVisitor<B> for Draw {
        fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<B, D>>) {
            param.val();
        }
        fn visit_int<const D: usize>(&mut self, param: &Param<Tensor<B, D, Int>>) {
            param.val();
        }
        fn visit_bool<const D: usize>(&mut self, param: &Param<Tensor<B, D, Bool>>) {
            param.val();
        }
    }
    module.visit(&mut Draw);
}

/// Whether all linear layers keep their weights as `[input, output]`, Burn's default.
///
/// Draws the values of parameters that were not drawn yet.
///
/// # Errors
///
/// [`Error::ColumnLayout`] for the first of `LinearLayout::Col`.
pub fn check_layouts<B: Backend, M: Module<B>>(module: &M) -> Result<(), Error> {
    match column_layout(module) {
        Some(path) => Err(column_layout_error(path)),
        None => Ok(()),
    }
}

/// What is wrong with a weight of `LinearLayout::Col`.
pub(crate) fn column_layout_error(path: String) -> Error {
    let reason = " (LinearLayout::Col), and Burn 0.21 gives it no gradient on the first backward pass; use \
                  LinearLayout::Row";
    Error::ColumnLayout { path, reason }
}

/// The path of the first weight of `LinearLayout::Col`.
pub(crate) fn column_layout<B: Backend, M: Module<B>>(module: &M) -> Option<String> {
    #[derive(Default)]
    struct Layouts {
        walk: Walk,
        columns: Option<String>,
    }
    impl<B: Backend> ModuleVisitor<B> for Layouts {
        fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<B, D>>) {
            if D != 2 || self.columns.is_some() {
                return;
            }
            // Only saving a tensor shows its layout.
            let device = param.val().device();
            let (_, _, mapper) = param.clone().consume();
            let mut shape = [1; D];
            shape[D - 1] = 2;
            let saved = mapper.on_save(Tensor::zeros(shape, &device));
            if saved.dims() != shape {
                self.columns = Some(self.walk.path());
            }
        }
        fn enter_module(&mut self, name: &str, container: &str) {
            self.walk.enter(name, container);
        }
        fn exit_module(&mut self, _: &str, _: &str) {
            self.walk.exit();
        }
    }
    let mut layouts = Layouts::default();
    module.visit(&mut layouts);
    layouts.columns
}

#[cfg(test)]
mod tests {
    use super::*;
    use burn::nn::{BatchNormConfig, EmbeddingConfig, LinearConfig, LinearLayout};
    use burn_autodiff::Autodiff;
    use burn_ndarray::NdArray;

    type B = NdArray;

    #[test]
    fn tied_parameters_are_grouped() {
        let device = Default::default();
        let layer = LinearConfig::new(2, 3).init::<B>(&device);
        let other = LinearConfig::new(2, 3).init::<B>(&device);
        assert!(tied_parameters(&layer).is_empty());
        let all = vec![layer.clone(), other, layer];
        assert_eq!(tied_parameters(&all), [["0.weight", "2.weight"], ["0.bias", "2.bias"]]);
    }

    #[test]
    fn buffers_are_told_from_trained_parameters() {
        let norm = BatchNormConfig::new(2).init::<B>(&Default::default());
        assert_eq!(buffer_paths(&norm), ["running_mean", "running_var"]);
        let norm = BatchNormConfig::new(2).init::<Autodiff<B>>(&Default::default());
        assert_eq!(buffer_paths(&norm), ["running_mean", "running_var"]);
        let frozen = LinearConfig::new(2, 3).init::<Autodiff<B>>(&Default::default()).no_grad();
        assert_eq!(buffer_paths(&frozen), ["weight", "bias"]);
    }

    #[test]
    fn a_clone_of_what_was_drawn_is_the_same() {
        let layer = LinearConfig::new(2, 3).init::<B>(&Default::default());
        materialise(&layer);
        let clone = layer.clone();
        assert_eq!(clone.weight.val().into_data(), layer.weight.val().into_data());
    }

    #[test]
    fn columns_are_found() {
        let device = Default::default();
        let rows = LinearConfig::new(2, 2);
        let columns = rows.clone().with_layout(LinearLayout::Col);
        let all = vec![rows.init::<B>(&device), columns.init(&device)];
        let error = check_layouts(&all).unwrap_err();
        assert!(matches!(error, Error::ColumnLayout { path, .. } if path == "1.weight"));
        let embedding = EmbeddingConfig::new(3, 2).init::<B>(&device);
        assert!(check_layouts(&(rows.init::<B>(&device), embedding)).is_ok());
    }
}
