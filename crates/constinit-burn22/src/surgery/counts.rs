//! How many entries of the full module an entry of its quotient represents, on the device: see [`EntryCounts`].

use super::read::onto;
use burn::module::{Module, ModuleMapper, ModuleVisitor, Param};
use burn::optim::{GradAdaptor, GradientsParams};
use burn::tensor::{DType, Device, Tensor, TensorData};
use constinit_core::surgery::{ClassSizes, EntryCounts};

/// The counts of each float parameter, in visiting order; None if they are all 1.
#[derive(Clone, Debug)]
pub(super) struct Counts(pub(super) Vec<Option<Count>>);

/// The counts of one parameter.
#[derive(Clone, Debug)]
pub(super) struct Count {
    /// n_C
    outputs: Factor,
    /// n_D
    inputs: Factor,
}

/// One number for all entries or one for each, in storage order; None for 1.
#[derive(Clone, Debug)]
struct Factor(Option<Tensor<1>>);

impl Factor {
    fn new(sizes: ClassSizes, dtype: DType, device: &Device) -> Self {
        let sizes = match sizes {
            ClassSizes::Same(1.0) => return Self(None),
            ClassSizes::Same(size) => vec![size],
            ClassSizes::Each(sizes) => sizes,
        };
        let length = sizes.len();
        let data = TensorData::new(sizes, [length]).convert_dtype(dtype);
        Self(Some(Tensor::from_data(data, (device, dtype))))
    }

    /// Applies `operation` to the tensor and the counts, which get its shape and its device.
    fn with<const D: usize>(
        &self,
        tensor: Tensor<D>,
        operation: impl Fn(Tensor<D>, Tensor<D>) -> Tensor<D>,
    ) -> Tensor<D> {
        let Some(counts) = self.0.clone() else { return tensor };
        let shape = if counts.dims() == [1] { [1; D] } else { tensor.dims() };
        let counts = counts.to_device(&tensor.device()).reshape(shape);
        operation(tensor, counts)
    }
}

impl Count {
    /// On a device without automatic differentiation.
    pub(super) fn new(counts: EntryCounts, dtype: DType, device: &Device) -> Self {
        let [outputs, inputs] =
            [counts.outputs, counts.inputs].map(|sizes| Factor::new(sizes, dtype, device));
        Self { outputs, inputs }
    }

    /// A number for each entry of the quotient, times the number of entries of the full parameter that the entry
    /// represents.
    pub(super) fn times_entries<const D: usize>(&self, tensor: Tensor<D>) -> Tensor<D> {
        self.inputs.with(self.outputs.with(tensor, Tensor::mul), Tensor::mul)
    }
}

impl Counts {
    /// The count of a parameter by its number in visiting order.
    pub(super) fn of(&self, number: usize) -> Option<&Count> {
        self.0.get(number)?.as_ref()
    }

    /// The gradients g of single entries, from those of a collapsed module.
    pub(super) fn entry_gradients<M: Module>(
        &self,
        module: &M,
        gradients: GradAdaptor,
    ) -> GradientsParams {
        struct Entries<'a> {
            counts: &'a Counts,
            number: usize,
            from: GradAdaptor,
            to: GradientsParams,
        }
        impl ModuleVisitor for Entries<'_> {
            fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<D>>) {
                let count = self.counts.of(self.number);
                self.number += 1;
                if let Some((gradient, _)) = self.from.remove::<D>(param.id) {
                    let gradient = match count {
                        Some(count) => count.outputs.with(gradient, Tensor::div),
                        None => gradient,
                    };
                    self.to.register::<D>(param.id, gradient);
                }
            }
        }
        let to = GradientsParams::new();
        let mut entries = Entries { counts: self, number: 0, from: gradients, to };
        module.visit(&mut entries);
        entries.to
    }

    /// The module with the means w = W' / n_D in place of W'.
    pub(super) fn to_means<M: Module>(&self, module: M) -> M {
        module.map(&mut Rescale { counts: self, number: 0, multiply: false })
    }

    /// The module with W' = n_D w in place of the means w.
    pub(super) fn to_collapsed<M: Module>(&self, module: M) -> M {
        module.map(&mut Rescale { counts: self, number: 0, multiply: true })
    }
}

struct Rescale<'a> {
    counts: &'a Counts,
    number: usize,
    multiply: bool,
}

impl ModuleMapper for Rescale<'_> {
    fn map_float<const D: usize>(&mut self, param: Param<Tensor<D>>) -> Param<Tensor<D>> {
        let count = self.counts.of(self.number);
        self.number += 1;
        let Some(count) = count.filter(|count| count.inputs.0.is_some()) else { return param };
        param.map(|old| {
            let (device, needed) = (old.device(), old.is_require_grad());
            let operation = if self.multiply { Tensor::mul } else { Tensor::div };
            onto(count.inputs.with(old.without_autodiff(), operation), &device, needed)
        })
    }
}
