//! A step's gradients: kept past the optimizer, and read back to the host.

use crate::params::HostParameter;
use burn::module::{AutodiffModule, ModuleVisitor, Param, ParamId};
use burn::optim::GradientsParams;
use burn::tensor::backend::AutodiffBackend;
use burn::tensor::{Tensor, TensorData, Transaction};
use std::marker::PhantomData;

/// A second container with the same gradients: the optimizer empties the one that it gets.
pub(crate) fn share_gradients<B: AutodiffBackend, M: AutodiffModule<B>>(
    model: &M,
    gradients: &GradientsParams,
) -> GradientsParams {
    struct Sharer<'a, B> {
        from: &'a GradientsParams,
        to: GradientsParams,
        backend: PhantomData<B>,
    }
    impl<B: AutodiffBackend> ModuleVisitor<B> for Sharer<'_, B> {
        fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<B, D>>) {
            if let Some(gradient) = self.from.get::<B::InnerBackend, D>(param.id) {
                self.to.register::<B::InnerBackend, D>(param.id, gradient);
            }
        }
    }
    let mut sharer =
        Sharer { from: gradients, to: GradientsParams::new(), backend: PhantomData::<B> };
    model.visit(&mut sharer);
    sharer.to
}

/// The gradient of each parameter, in the order in which Burn visits the module; zeros if there is none.
pub(crate) fn read_gradients<B: AutodiffBackend, M: AutodiffModule<B>>(
    module: &M,
    gradients: &GradientsParams,
) -> Vec<HostParameter> {
    struct Reader<'a, B: AutodiffBackend> {
        from: &'a GradientsParams,
        ids: Vec<(ParamId, Option<Vec<usize>>)>,
        transaction: Option<Transaction<B::InnerBackend>>,
    }
    impl<B: AutodiffBackend> ModuleVisitor<B> for Reader<'_, B> {
        fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<B, D>>) {
            match self.from.get::<B::InnerBackend, D>(param.id) {
                Some(gradient) => {
                    self.ids.push((param.id, None));
                    let whole = gradient.dims().map(|size| 0..size);
                    let transaction = self.transaction.take().unwrap_or_default();
                    self.transaction = Some(transaction.register(gradient.slice(whole)));
                }
                None => self.ids.push((param.id, Some(param.val().dims().to_vec()))),
            }
        }
    }
    let mut reader = Reader::<B> { from: gradients, ids: Vec::new(), transaction: None };
    module.visit(&mut reader);
    let mut read = reader.transaction.map(Transaction::execute).unwrap_or_default().into_iter();
    let data = |absent: Option<Vec<usize>>| match absent {
        None => read.next().unwrap_or_else(|| TensorData::new(Vec::<f32>::new(), [0])),
        Some(shape) => TensorData::new(vec![0.0_f32; shape.iter().product()], shape),
    };
    let mut data = data;
    reader.ids.into_iter().map(|(id, absent)| HostParameter { id, data: data(absent) }).collect()
}
