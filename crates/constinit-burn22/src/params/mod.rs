//! A module's float parameters and gradients, by path: reading them back to the host and writing them.

mod facts;
mod gradients;
mod write;

use burn::module::{Module, ModuleVisitor, Param};
use burn::tensor::{Tensor, TensorData, Transaction};
use std::collections::HashMap;

pub(crate) use facts::surveyed;
pub use facts::{buffer_paths, tied_parameters};
pub use gradients::gradients_by_path;
pub(crate) use gradients::{read_gradients, share_gradients};
pub(crate) use write::replace;
pub use write::write_parameters;

/// From about this many entries on, copying them one by one costs more than a slice.
const SLOW: usize = 512;

/// Reads all float parameters back to the host, in visiting order and in one transaction with the device.
///
/// The running statistics of batch norms are among them. If a parameter has a reparameterization, such as a LoRA
/// adapter, its base is read, and the adapter's parameters follow it.
///
/// ```
/// use burn::tensor::Device;
/// use constinit_burn22::ConstInitConfig;
/// use constinit_burn22::params::{parameter_paths, read_parameters};
///
/// let net = ConstInitConfig::new(vec![3, 2, 4]).init(&Device::flex());
/// assert_eq!(parameter_paths(&net)[0], "layers.0.weight");
/// assert_eq!(read_parameters(&net)[0].as_slice::<f32>().unwrap(), [1.0, 1.0, 2.0, 2.0, 3.0, 3.0]);
/// ```
pub fn read_parameters<M: Module>(module: &M) -> Vec<TensorData> {
    struct Reader(Transaction);
    impl ModuleVisitor for Reader {
        fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<D>>) {
            let value = unshared(param.base().without_autodiff());
            self.0 = std::mem::take(&mut self.0).register(value);
        }
    }
    let mut reader = Reader(Transaction::default());
    module.visit(&mut reader);
    reader.0.execute()
}

/// If others hold a tensor, too, a CPU backend copies it entry by entry to give its data. It copies a slice of the
/// whole tensor at once. On other backends such a slice is a view of the same memory.
fn unshared<const D: usize>(value: Tensor<D>) -> Tensor<D> {
    if value.shape().num_elements() <= SLOW {
        return value;
    }
    let whole = value.dims().map(|size| 0..size);
    value.slice(whole)
}

/// The dotted path of each float parameter, such as `layers.0.weight`, in the order of [`read_parameters`].
pub fn parameter_paths<M: Module>(module: &M) -> Vec<String> {
    surveyed(module).into_iter().map(|parameter| parameter.path).collect()
}

/// The entries of every parameter, by path.
pub(crate) fn entries_by_path<M: Module>(module: &M) -> HashMap<String, Vec<f64>> {
    let entries = read_parameters(module).into_iter().map(|data| data.iter().collect());
    parameter_paths(module).into_iter().zip(entries).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ConstInitConfig;
    use burn::tensor::Device;

    #[test]
    fn paths_and_parameters_go_together() {
        let net = ConstInitConfig::new(vec![3, 2, 4]).init(&Device::flex().autodiff());
        let paths = parameter_paths(&net);
        assert_eq!(paths, ["layers.0.weight", "layers.0.bias", "layers.1.weight", "layers.1.bias"]);
        let read = read_parameters(&net);
        let shapes: Vec<&[usize]> = read.iter().map(|data| &data.shape()[..]).collect();
        assert_eq!(shapes, [&[3, 2][..], &[2], &[2, 4], &[4]]);
        assert_eq!(entries_by_path(&net)["layers.1.weight"], [1.0; 8]);
    }
}
