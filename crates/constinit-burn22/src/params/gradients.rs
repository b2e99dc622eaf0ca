//! A step's gradients: kept past the optimizer, and read back to the host.

use super::{surveyed, unshared};
use burn::module::{Module, ModuleVisitor, Param};
use burn::optim::GradientsParams;
use burn::tensor::{Tensor, TensorData, Transaction};

/// A second container with the same gradients: the optimizer empties the one that it gets.
pub(crate) fn share_gradients<M: Module>(
    module: &M,
    gradients: &GradientsParams,
) -> GradientsParams {
    struct Sharer<'a> {
        from: &'a GradientsParams,
        to: GradientsParams,
    }
    impl ModuleVisitor for Sharer<'_> {
        fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<D>>) {
            if let Some(gradient) = self.from.get::<D>(param.id) {
                self.to.register::<D>(param.id, gradient);
            }
        }
    }
    let mut sharer = Sharer { from: gradients, to: GradientsParams::new() };
    module.visit(&mut sharer);
    sharer.to
}

/// The gradient of each float parameter, in visiting order; None for a parameter without one.
pub(crate) fn read_gradients<M: Module>(
    module: &M,
    gradients: &GradientsParams,
) -> Vec<Option<TensorData>> {
    struct Reader<'a> {
        from: &'a GradientsParams,
        found: Vec<bool>,
        transaction: Transaction,
    }
    impl ModuleVisitor for Reader<'_> {
        fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<D>>) {
            let gradient = self.from.get::<D>(param.id);
            self.found.push(gradient.is_some());
            if let Some(gradient) = gradient {
                let value = unshared(gradient.without_autodiff());
                self.transaction = std::mem::take(&mut self.transaction).register(value);
            }
        }
    }
    let mut reader =
        Reader { from: gradients, found: Vec::new(), transaction: Transaction::default() };
    module.visit(&mut reader);
    let mut read = reader.transaction.execute().into_iter();
    reader.found.into_iter().map(|found| if found { read.next() } else { None }).collect()
}

/// The path of each float parameter with its gradient, in visiting order; None for a parameter without one, such as a
/// frozen parameter, or one on which the loss does not depend.
///
/// If a parameter has several paths, every path has the gradient.
///
/// ```
/// use burn::optim::GradientsParams;
/// use burn::tensor::{Device, Tensor};
/// use constinit_burn22::ConstInitConfig;
/// use constinit_burn22::params::gradients_by_path;
///
/// let device = Device::flex().autodiff();
/// let net = ConstInitConfig::new(vec![3, 2, 1]).init(&device);
/// let loss = net.forward(Tensor::ones([1, 3], &device)).sum();
/// let gradients = GradientsParams::from_grads(loss.backward(), &net);
/// let (path, gradient) = &gradients_by_path(&net, &gradients)[0];
/// assert_eq!(path, "layers.0.weight");
/// assert_eq!(gradient.as_ref().unwrap().as_slice::<f32>().unwrap(), [1.0; 6]); // x times w = 1
/// ```
pub fn gradients_by_path<M: Module>(
    module: &M,
    gradients: &GradientsParams,
) -> Vec<(String, Option<TensorData>)> {
    let paths = surveyed(module).into_iter().map(|parameter| parameter.path);
    paths.zip(read_gradients(module, gradients)).collect()
}
