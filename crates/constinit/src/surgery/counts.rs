//! How many entries of the full module an entry of its quotient represents, on the device: see [`EntryCounts`].

use burn::module::{AutodiffModule, ModuleMapper, ModuleVisitor, Param};
use burn::optim::GradientsParams;
use burn::tensor::backend::{AutodiffBackend, Backend};
use burn::tensor::{DType, Tensor, TensorData};
use constinit_core::surgery::{ClassSizes, EntryCounts};

/// The counts of each float parameter, in visiting order; None if they are all 1.
#[derive(Clone, Debug)]
pub(crate) struct Counts<B: AutodiffBackend>(pub(super) Vec<Option<Count<B::InnerBackend>>>);

/// The counts of one parameter.
#[derive(Clone, Debug)]
pub(crate) struct Count<B: Backend> {
    /// n_C
    outputs: Factor<B>,
    /// n_D
    inputs: Factor<B>,
}

#[derive(Clone, Debug)]
enum Factor<B: Backend> {
    Same(f64),
    /// One for each entry, in storage order.
    Each(Tensor<B, 1>),
}

impl<B: Backend> Factor<B> {
    fn new(sizes: ClassSizes, dtype: DType, device: &B::Device) -> Self {
        match sizes {
            ClassSizes::Same(size) => Self::Same(size),
            ClassSizes::Each(sizes) => {
                let length = sizes.len();
                let data = TensorData::new(sizes, [length]).convert_dtype(dtype);
                Self::Each(Tensor::from_data(data, (device, dtype)))
            }
        }
    }

    fn is_one(&self) -> bool {
        matches!(self, Self::Same(1.0))
    }

    fn times<const D: usize>(&self, tensor: Tensor<B, D>) -> Tensor<B, D> {
        match self {
            Self::Same(1.0) => tensor,
            Self::Same(count) => tensor.mul_scalar(*count),
            Self::Each(counts) => {
                let shape = tensor.shape();
                let counts = counts.clone().to_device(&tensor.device());
                tensor * counts.reshape(shape)
            }
        }
    }

    fn divide<const D: usize>(&self, tensor: Tensor<B, D>) -> Tensor<B, D> {
        match self {
            Self::Same(1.0) => tensor,
            Self::Same(count) => tensor.div_scalar(*count),
            Self::Each(counts) => {
                let shape = tensor.shape();
                let counts = counts.clone().to_device(&tensor.device());
                tensor / counts.reshape(shape)
            }
        }
    }
}

impl<B: Backend> Count<B> {
    pub(super) fn new(counts: EntryCounts, dtype: DType, device: &B::Device) -> Self {
        let [outputs, inputs] =
            [counts.outputs, counts.inputs].map(|sizes| Factor::new(sizes, dtype, device));
        Self { outputs, inputs }
    }

    /// A number for each entry of the quotient, times the number of entries of the full parameter that the entry
    /// represents.
    pub(crate) fn times_entries<const D: usize>(&self, tensor: Tensor<B, D>) -> Tensor<B, D> {
        self.inputs.times(self.outputs.times(tensor))
    }
}

impl<B: AutodiffBackend> Counts<B> {
    /// The count of a parameter by its number in visiting order.
    pub(crate) fn of(&self, number: usize) -> Option<&Count<B::InnerBackend>> {
        self.0.get(number)?.as_ref()
    }

    /// The gradients g of single entries, from those of a collapsed module.
    pub(super) fn entry_gradients<M: AutodiffModule<B>>(
        &self,
        module: &M,
        gradients: GradientsParams,
    ) -> GradientsParams {
        struct Entries<'a, B: AutodiffBackend> {
            counts: &'a Counts<B>,
            number: usize,
            from: GradientsParams,
            to: GradientsParams,
        }
        impl<B: AutodiffBackend> ModuleVisitor<B> for Entries<'_, B> {
            fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<B, D>>) {
                let count = self.counts.of(self.number);
                self.number += 1;
                if let Some(gradient) = self.from.remove::<B::InnerBackend, D>(param.id) {
                    let gradient = match count {
                        Some(count) => count.outputs.divide(gradient),
                        None => gradient,
                    };
                    self.to.register::<B::InnerBackend, D>(param.id, gradient);
                }
            }
        }
        let to = GradientsParams::new();
        let mut entries = Entries { counts: self, number: 0, from: gradients, to };
        module.visit(&mut entries);
        entries.to
    }

    /// The module with the means w in place of W' = n_D w.
    pub(super) fn to_means<M: AutodiffModule<B>>(&self, module: M) -> M {
        self.rescale(module, false)
    }

    /// The module with W' = n_D w in place of the means w.
    pub(super) fn to_collapsed<M: AutodiffModule<B>>(&self, module: M) -> M {
        self.rescale(module, true)
    }

    fn rescale<M: AutodiffModule<B>>(&self, module: M, multiply: bool) -> M {
        struct Rescale<'a, B: AutodiffBackend> {
            counts: &'a Counts<B>,
            number: usize,
            multiply: bool,
        }
        impl<B: AutodiffBackend> ModuleMapper<B> for Rescale<'_, B> {
            fn map_float<const D: usize>(
                &mut self,
                param: Param<Tensor<B, D>>,
            ) -> Param<Tensor<B, D>> {
                let count = self.counts.of(self.number);
                self.number += 1;
                let Some(inputs) = count.map(|count| &count.inputs).filter(|n| !n.is_one()) else {
                    return param;
                };
                param.map(|value| {
                    let needed = value.is_require_grad();
                    let value = match self.multiply {
                        true => inputs.times(value.inner()),
                        false => inputs.divide(value.inner()),
                    };
                    Tensor::from_inner(value).set_require_grad(needed)
                })
            }
        }
        module.map(&mut Rescale { counts: self, number: 0, multiply })
    }
}
