//! A module's float parameters, by path: reading them back to the host and writing them.

mod facts;
mod survey;
mod write;

use burn::module::{Module, ModuleVisitor, Param, ParamId};
use burn::tensor::{Tensor, TensorData, Transaction, backend::Backend};

pub use crate::tensors::from_values;
pub use facts::{buffer_paths, check_layouts, materialise, tied_parameters};
pub(crate) use facts::{column_layout, column_layout_error};
pub(crate) use survey::surveyed;
pub(crate) use write::replace;
pub use write::write_parameters;

/// From about this many entries on, copying them one by one costs more than a slice.
const SLOW: usize = 512;

/// A float parameter on the host.
#[derive(Clone, Debug)]
pub struct HostParameter {
    /// The parameter's id.
    pub id: ParamId,
    /// Shape and entries, in storage order and in the backend's float type.
    pub data: TensorData,
}

/// Reads all float parameters back to the host, in one transaction with the device.
pub fn read_parameters<B: Backend, M: Module<B>>(module: &M) -> Vec<HostParameter> {
    struct Reader<B: Backend> {
        ids: Vec<ParamId>,
        transaction: Option<Transaction<B>>,
    }
    impl<B: Backend> ModuleVisitor<B> for Reader<B> {
        fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<B, D>>) {
            self.ids.push(param.id);
            // If others hold a tensor, too, a CPU backend of Burn copies it entry by entry to give its data. It copies
            // a slice of the whole tensor at once. On other backends such a slice is a view of the same memory.
            let mut value = param.val();
            if value.shape().num_elements() > SLOW {
                value = value.detach();
                let whole = value.dims().map(|size| 0..size);
                value = value.slice(whole);
            }
            let transaction = self.transaction.take().unwrap_or_default();
            self.transaction = Some(transaction.register(value));
        }
    }
    let mut reader = Reader { ids: Vec::new(), transaction: None };
    module.visit(&mut reader);
    let data = reader.transaction.map(Transaction::execute).unwrap_or_default();
    reader.ids.into_iter().zip(data).map(|(id, data)| HostParameter { id, data }).collect()
}

/// The dotted path of each float parameter, such as `layers.0.weight`, in the order of
/// [`read_parameters`].
pub fn parameter_paths<B: Backend, M: Module<B>>(module: &M) -> Vec<String> {
    surveyed(module).into_iter().map(|parameter| parameter.path).collect()
}

/// The position and the value of the first entry that is not finite.
pub(crate) fn first_non_finite(data: &TensorData) -> Option<(usize, f64)> {
    fn first<T: Copy + Into<f64>>(entries: &[T], finite: fn(T) -> bool) -> Option<(usize, f64)> {
        let position = entries.iter().position(|entry| !finite(*entry))?;
        Some((position, entries[position].into()))
    }
    if let Ok(entries) = data.as_slice::<f32>() {
        return first(entries, f32::is_finite);
    }
    if let Ok(entries) = data.as_slice::<f64>() {
        return first(entries, f64::is_finite);
    }
    data.iter::<f64>().enumerate().find(|(_, entry)| !entry.is_finite())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ConstInitConfig;
    use burn_autodiff::Autodiff;
    use burn_ndarray::NdArray;

    #[test]
    fn paths_and_parameters_go_together() {
        let model =
            ConstInitConfig::new(vec![3, 2, 4]).init::<Autodiff<NdArray>>(&Default::default());
        let paths = parameter_paths(&model);
        assert_eq!(paths, ["layers.0.weight", "layers.0.bias", "layers.1.weight", "layers.1.bias"]);
        let read = read_parameters(&model);
        let shapes: Vec<&[usize]> = read.iter().map(|p| p.data.shape.as_slice()).collect();
        assert_eq!(shapes, [&[3, 2][..], &[2], &[2, 4], &[4]]);
        assert_eq!(read[0].id, model.layers[0].weight.id);
        assert_eq!(read[0].data.as_slice::<f32>().unwrap(), [1.0, 1.0, 2.0, 2.0, 3.0, 3.0]);
    }

    #[test]
    fn the_first_non_finite_entry_is_found() {
        let data = |values: [f32; 3]| TensorData::new(values.to_vec(), [3]);
        assert_eq!(first_non_finite(&data([1.0, f32::MAX, 0.0])), None);
        assert_eq!(first_non_finite(&data([1.0, f32::INFINITY, 0.0])), Some((1, f64::INFINITY)));
        assert_eq!(
            first_non_finite(&TensorData::new(vec![1.0_f64, f64::NEG_INFINITY], [2])),
            Some((1, f64::NEG_INFINITY))
        );
        assert!(first_non_finite(&data([f32::NAN, 0.0, 0.0])).unwrap().1.is_nan());
    }
}
