//! Filling tensors and parameters of Burn, on the host or on the device.
//!
//! The device repeats constants and values along one axis, which gives the same bits as on the host. All other entries
//! are made on the host, so all backends get the same numbers.

use super::{Init, ParameterAxes, RngKey, SpreadEntries};
use crate::Error;
use crate::tensors::{FloatKind, float_type, to_data};
use burn::module::Param;
use burn::tensor::{DType, Device, Tensor, TensorData};

/// An initialiser's entries as Burn's tensors.
pub trait TensorInit {
    /// All entries of a parameter of this shape, in storage order, in a float type. Single precision needs half the
    /// memory.
    ///
    /// # Errors
    ///
    /// Those of [`Init::values`].
    fn data(
        &self,
        shape: &[usize],
        axes: ParameterAxes,
        key: &RngKey,
        dtype: DType,
    ) -> Result<TensorData, Error>;

    /// A tensor of this shape in the device's float type.
    ///
    /// # Errors
    ///
    /// [`Error::Init`] as for [`Init::values`].
    fn tensor<const D: usize>(
        &self,
        shape: [usize; D],
        axes: ParameterAxes,
        key: &RngKey,
        device: &Device,
    ) -> Result<Tensor<D>, Error>;

    /// The parameter with new entries and the same id, shape, element type, device and `require_grad`.
    ///
    /// # Errors
    ///
    /// [`Error::Init`] as for [`TensorInit::tensor`].
    fn apply<const D: usize>(
        &self,
        param: Param<Tensor<D>>,
        axes: ParameterAxes,
        key: &RngKey,
    ) -> Result<Param<Tensor<D>>, Error>;
}

impl TensorInit for Init {
    fn data(
        &self,
        shape: &[usize],
        axes: ParameterAxes,
        key: &RngKey,
        dtype: DType,
    ) -> Result<TensorData, Error> {
        let entries = self.entries(shape, axes, key, dtype.float())?;
        Ok(to_data(entries, shape).convert_dtype(dtype))
    }

    fn tensor<const D: usize>(
        &self,
        shape: [usize; D],
        axes: ParameterAxes,
        key: &RngKey,
        device: &Device,
    ) -> Result<Tensor<D>, Error> {
        let dtype = float_type(device);
        Ok(match self.spread(&shape, axes, key, dtype.float())? {
            SpreadEntries::Everywhere(value) => Tensor::full(shape, value, (device, dtype)),
            SpreadEntries::Along { axis, values } => {
                let (mut places, mut copies) = ([1; D], shape);
                (places[axis], copies[axis]) = (values.len(), 1);
                let data = TensorData::new(values, places).convert_dtype(dtype);
                Tensor::<D>::from_data(data, (device, dtype)).repeat(&copies)
            }
            SpreadEntries::Whole(entries) => {
                Tensor::from_data(to_data(entries, &shape).convert_dtype(dtype), (device, dtype))
            }
        })
    }

    fn apply<const D: usize>(
        &self,
        param: Param<Tensor<D>>,
        axes: ParameterAxes,
        key: &RngKey,
    ) -> Result<Param<Tensor<D>>, Error> {
        let (trained, old) = (param.is_require_grad(), param.base());
        let (shape, dtype, device) = (old.dims(), old.dtype(), old.device());
        let fresh = if dtype == float_type(&device) {
            self.tensor(shape, axes, key, &device)?
        } else {
            Tensor::from_data(self.data(&shape, axes, key, dtype)?, (&device, dtype))
        };
        Ok(param.map(|_| if trained { fresh.require_grad() } else { fresh }))
    }
}
