//! Filling tensors and parameters of Burn, on the host or on the device.
//!
//! The device repeats constants and values along one axis, which gives the same bits as on the host. All other entries
//! are made on the host, so all backends get the same numbers.

use super::{Init, ParameterAxes, RngKey, SpreadEntries};
use crate::Error;
use crate::tensors::{FloatKind, float_type, from_values, in_host_memory, to_data};
use burn::module::Param;
use burn::tensor::{DType, Tensor, TensorData, backend::Backend};

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

    /// A tensor of this shape in the backend's float type.
    ///
    /// # Errors
    ///
    /// [`Error::Init`] as for [`Init::values`].
    fn tensor<B: Backend, const D: usize>(
        &self,
        shape: [usize; D],
        axes: ParameterAxes,
        key: &RngKey,
        device: &B::Device,
    ) -> Result<Tensor<B, D>, Error>;

    /// The parameter with new entries and the same id, shape, element type, device and `require_grad`.
    ///
    /// # Errors
    ///
    /// [`Error::Init`] as for [`TensorInit::tensor`].
    fn apply<B: Backend, const D: usize>(
        &self,
        param: Param<Tensor<B, D>>,
        axes: ParameterAxes,
        key: &RngKey,
    ) -> Result<Param<Tensor<B, D>>, Error>;
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

    fn tensor<B: Backend, const D: usize>(
        &self,
        shape: [usize; D],
        axes: ParameterAxes,
        key: &RngKey,
        device: &B::Device,
    ) -> Result<Tensor<B, D>, Error> {
        let dtype = float_type::<B>();
        Ok(match self.spread(&shape, axes, key, dtype.float())? {
            // Burn fills the host's memory with one thread.
            SpreadEntries::Everywhere(_) if in_host_memory::<B>(device) => {
                Tensor::from_data(self.data(&shape, axes, key, dtype)?, (device, dtype))
            }
            SpreadEntries::Everywhere(value) => Tensor::full(shape, value, (device, dtype)),
            SpreadEntries::Along { axis, values } => {
                let (mut places, mut copies) = ([1; D], shape);
                (places[axis], copies[axis]) = (values.len(), 1);
                from_values::<B, D>(values, places, device).repeat(&copies)
            }
            SpreadEntries::Whole(entries) => {
                Tensor::from_data(to_data(entries, &shape).convert_dtype(dtype), (device, dtype))
            }
        })
    }

    fn apply<B: Backend, const D: usize>(
        &self,
        param: Param<Tensor<B, D>>,
        axes: ParameterAxes,
        key: &RngKey,
    ) -> Result<Param<Tensor<B, D>>, Error> {
        let (trained, old) = (param.is_require_grad(), param.val());
        let (shape, dtype, device) = (old.dims(), old.dtype(), old.device());
        let fresh = if dtype == float_type::<B>() {
            self.tensor(shape, axes, key, &device)?
        } else {
            Tensor::from_data(self.data(&shape, axes, key, dtype)?, (&device, dtype))
        };
        Ok(param.map(|_| fresh.set_require_grad(trained)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::init::from_burn;
    use burn::module::Initializer;
    use burn::module::ParamId;
    use burn_autodiff::Autodiff;
    use burn_ndarray::NdArray;
    use proptest::prelude::*;

    type B = NdArray<f64>;

    fn bits(tensor: Tensor<B, 3>) -> Vec<u64> {
        tensor.into_data().into_vec::<f64>().unwrap().into_iter().map(f64::to_bits).collect()
    }

    fn deterministic(shape: [usize; 3]) -> impl Strategy<Value = Init> {
        let number = -8.0..8.0_f64;
        prop_oneof![
            number.clone().prop_map(|value| Init::Constant { value }),
            Just(Init::Zeros),
            Just(Init::Ones),
            (number.clone(), number.clone())
                .prop_map(|(start, step)| Init::InputRamp { start, step }),
            (number.clone(), number.clone())
                .prop_map(|(start, step)| Init::OutputRamp { start, step }),
            prop::collection::vec(number.clone(), shape[1])
                .prop_map(|values| Init::PerInput { values }),
            prop::collection::vec(number, shape[0]).prop_map(|values| Init::PerOutput { values }),
        ]
    }

    proptest! {
        #[test]
        fn host_and_device_give_the_same_bits(
            (shape, init) in (1..5_usize, 1..5_usize, 1..4_usize)
                .prop_map(|(a, b, c)| [a, b, c])
                .prop_flat_map(|shape| (Just(shape), deterministic(shape))),
        ) {
            let axes = ParameterAxes::CONV_WEIGHT;
            let host = init.values(&shape, axes, &RngKey::default()).unwrap();
            let device = init.tensor::<B, 3>(shape, axes, &RngKey::default(), &Default::default()).unwrap();
            let host: Vec<u64> = host.into_iter().map(f64::to_bits).collect();
            prop_assert_eq!(host, bits(device));
        }
    }

    #[test]
    fn values_follow_their_axis() {
        let axes = ParameterAxes::LINEAR_WEIGHT;
        let fill = |init: Init| init.values(&[2, 3], axes, &RngKey::default()).unwrap();
        assert_eq!(fill(Init::PerInput { values: vec![7.0, 9.0] }), [7., 7., 7., 9., 9., 9.]);
        assert_eq!(fill(Init::PerOutput { values: vec![1., 2., 4.] }), [1., 2., 4., 1., 2., 4.]);
        assert_eq!(
            fill(Init::OutputRamp { start: 0.5, step: -1.0 }),
            [0.5, -0.5, -1.5, 0.5, -0.5, -1.5]
        );
        assert_eq!(fill(from_burn(&Initializer::Ones)), [1.0; 6]);
    }

    #[test]
    fn what_cannot_fill_is_refused_with_its_reason() {
        let vector = ParameterAxes::VECTOR;
        let message = |init: Init, shape: &[usize], axes| {
            init.values(shape, axes, &RngKey::default()).unwrap_err().to_string()
        };
        assert_eq!(
            message(Init::InputRamp { start: 0.0, step: 1.0 }, &[4], vector),
            "initialiser input-ramp cannot fill a parameter of shape [4]: it has no input axis"
        );
        assert_eq!(
            message(Init::PerInput { values: vec![1.0; 3] }, &[2, 5], ParameterAxes::LINEAR_WEIGHT),
            "initialiser per-input cannot fill a parameter of shape [2, 5]: \
             3 values for 2 inputs"
        );
        let burn = |initializer: Initializer| {
            from_burn(&initializer)
                .tensor::<B, 1>([4], vector, &RngKey::default(), &Default::default())
                .is_err()
        };
        assert!(burn(Initializer::Orthogonal { gain: 1.0 }));
        assert!(burn(Initializer::KaimingNormal { gain: 1.0, fan_out_only: false }));
        assert!(burn(Initializer::Uniform { min: 1.0, max: 0.0 }));
        assert!(burn(Initializer::Normal { mean: 0.0, std: f64::NAN }));
        assert!(Init::Ones.values(&[usize::MAX, 2], vector, &RngKey::default()).is_err());
    }

    #[test]
    fn burn_s_random_initialisers_have_burn_s_bounds() {
        let axes = ParameterAxes::LINEAR_WEIGHT;
        for (initializer, bound) in [
            (Initializer::XavierUniform { gain: 2.0 }, 2.0 * (6.0_f64 / 50.0).sqrt()),
            (
                Initializer::KaimingUniform { gain: 2.0, fan_out_only: false },
                2.0 * (3.0_f64 / 30.0).sqrt(),
            ),
            (
                Initializer::KaimingUniform { gain: 2.0, fan_out_only: true },
                2.0 * (3.0_f64 / 20.0).sqrt(),
            ),
            (Initializer::Uniform { min: -0.5, max: 0.5 }, 0.5),
        ] {
            // Burn's own numbers are within the bounds, too.
            let burn =
                initializer.init_with::<B, 2, _>([30, 20], Some(30), Some(20), &Default::default());
            let burn = burn.val().into_data().into_vec::<f64>().unwrap();
            let own = from_burn(&initializer).values(&[30, 20], axes, &RngKey::default()).unwrap();
            for values in [burn, own] {
                assert!(values.iter().all(|v| v.abs() <= bound));
                assert!(
                    values.iter().any(|v| v.abs() > 0.9 * bound),
                    "600 draws reach the bound's last tenth"
                );
            }
        }
    }

    #[test]
    fn applying_keeps_id_and_require_grad() {
        type A = Autodiff<B>;
        let device = Default::default();
        for trained in [true, false] {
            let value = Tensor::<A, 1>::zeros([3], &device).set_require_grad(trained);
            let param = Param::initialized(ParamId::new(), value);
            let id = param.id;
            let param = Init::Ones.apply(param, ParameterAxes::VECTOR, &RngKey::default()).unwrap();
            assert_eq!((param.id, param.is_require_grad()), (id, trained));
            assert_eq!(param.val().into_data().into_vec::<f64>().unwrap(), [1.0; 3]);
        }
    }

    #[test]
    fn serialised_and_back() {
        let text = r#"{"type":"input-ramp","start":1.0,"step":1.0}"#;
        let init: Init = serde_json::from_str(text).unwrap();
        assert_eq!(init, Init::InputRamp { start: 1.0, step: 1.0 });
        assert_eq!(serde_json::to_string(&init).unwrap(), text);
        assert!(
            serde_json::from_str::<Init>(r#"{"type":"constant","value":1,"valeu":2}"#).is_err()
        );
    }
}
