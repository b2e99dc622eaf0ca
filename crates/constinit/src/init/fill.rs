//! Filling parameters, on the host or on the device.
//!
//! Every deterministic initialiser is a profile: one number, or one number for each place along
//! one axis. On the host a profile is spread by index, on the device by repetition; both give
//! the same bits.

use super::{Init, ParameterAxes};
use crate::Error;
use crate::tensors::{float_type, from_values};
use burn::module::{Initializer, Param};
use burn::tensor::{Tensor, backend::Backend};

enum Profile<'a> {
    Everywhere(f64),
    Along { axis: usize, values: Vec<f64> },
    Drawn(&'a Initializer),
}

impl Init {
    /// All entries of a parameter of this shape, in storage order.
    ///
    /// # Errors
    ///
    /// [`Error::Init`] where the initialiser needs an axis that the parameter lacks, has another
    /// number of values than that axis has places, or is one of Burn's random ones, which exist
    /// only on a device (see [`Init::tensor`]).
    pub fn values(&self, shape: &[usize], axes: ParameterAxes) -> Result<Vec<f64>, Error> {
        let entries = shape
            .iter()
            .try_fold(1_usize, |product, size| product.checked_mul(*size))
            .ok_or_else(|| self.refuse(shape, "more entries than can be counted"))?;
        match self.profile(shape, axes)? {
            Profile::Everywhere(value) => Ok(vec![value; entries]),
            Profile::Along { axis, values } => {
                let inner: usize = shape[axis + 1..].iter().product();
                Ok((0..entries).map(|entry| values[entry / inner % shape[axis]]).collect())
            }
            Profile::Drawn(_) => {
                Err(self
                    .refuse(shape, "Burn's random initialisers draw on a device, not on the host"))
            }
        }
    }

    /// A tensor of this shape, filled on the device.
    ///
    /// # Errors
    ///
    /// [`Error::Init`] as for [`Init::values`]; Burn's random initialisers are refused where they
    /// would need fans or a rank that the parameter lacks.
    pub fn tensor<B: Backend, const D: usize>(
        &self,
        shape: [usize; D],
        axes: ParameterAxes,
        device: &B::Device,
    ) -> Result<Tensor<B, D>, Error> {
        Ok(match self.profile(&shape, axes)? {
            Profile::Everywhere(value) => Tensor::full(shape, value, (device, float_type::<B>())),
            Profile::Along { axis, values } => {
                let (mut places, mut copies) = ([1; D], shape);
                (places[axis], copies[axis]) = (values.len(), 1);
                from_values::<B, D>(values, places, device).repeat(&copies)
            }
            Profile::Drawn(initializer) => {
                let fans = axes.fans(&shape);
                initializer
                    .init_with(
                        shape,
                        fans.map(|[fan_in, _]| fan_in),
                        fans.map(|[_, out]| out),
                        device,
                    )
                    .into_value()
                    .detach()
                    .cast(float_type::<B>())
            }
        })
    }

    /// The parameter with new entries and the same id, shape, device and `require_grad`.
    ///
    /// # Errors
    ///
    /// [`Error::Init`] as for [`Init::tensor`].
    pub fn apply<B: Backend, const D: usize>(
        &self,
        param: Param<Tensor<B, D>>,
        axes: ParameterAxes,
    ) -> Result<Param<Tensor<B, D>>, Error> {
        let trained = param.is_require_grad();
        let fresh = self.tensor(param.dims(), axes, &param.device())?;
        Ok(param.map(|_| fresh.set_require_grad(trained)))
    }

    fn profile(&self, shape: &[usize], axes: ParameterAxes) -> Result<Profile<'_>, Error> {
        let axis = |axis: Option<usize>, name: &str| {
            axis.filter(|axis| *axis < shape.len())
                .ok_or_else(|| self.refuse(shape, &format!("it has no {name} axis")))
        };
        let input = || axis(axes.input, "input");
        let output = || axis(axes.output, "output");
        let ramp = |axis: usize, start: f64, step: f64| {
            let values = (0..shape[axis]).map(|place| step.mul_add(place as f64, start)).collect();
            Profile::Along { axis, values }
        };
        let explicit = |axis: usize, values: &[f64]| {
            if values.len() == shape[axis] {
                return Ok(Profile::Along { axis, values: values.to_vec() });
            }
            let reason = format!(
                "{} values for an axis of {} places (axis {axis})",
                values.len(),
                shape[axis]
            );
            Err(self.refuse(shape, &reason))
        };
        match self {
            Self::Constant { value } => Ok(Profile::Everywhere(*value)),
            Self::Zeros => Ok(Profile::Everywhere(0.0)),
            Self::Ones => Ok(Profile::Everywhere(1.0)),
            Self::InputRamp { start, step } => Ok(ramp(input()?, *start, *step)),
            Self::OutputRamp { start, step } => Ok(ramp(output()?, *start, *step)),
            Self::PerInput { values } => explicit(input()?, values),
            Self::PerOutput { values } => explicit(output()?, values),
            Self::Burn { initializer } => self.burn_profile(initializer, shape, axes),
        }
    }

    fn burn_profile<'a>(
        &self,
        initializer: &'a Initializer,
        shape: &[usize],
        axes: ParameterAxes,
    ) -> Result<Profile<'a>, Error> {
        match initializer {
            Initializer::Constant { value } => return Ok(Profile::Everywhere(*value)),
            Initializer::Zeros => return Ok(Profile::Everywhere(0.0)),
            Initializer::Ones => return Ok(Profile::Everywhere(1.0)),
            // Burn panics on what the following arms refuse.
            Initializer::Uniform { min, max }
                if !(min.is_finite() && max.is_finite() && min < max) =>
            {
                return Err(self.refuse(shape, &format!("uniform from {min} to {max}")));
            }
            Initializer::Normal { mean, std }
                if !(mean.is_finite() && *std >= 0.0 && std.is_finite()) =>
            {
                return Err(
                    self.refuse(shape, &format!("normal with mean {mean}, deviation {std}"))
                );
            }
            Initializer::Orthogonal { .. } if shape.len() < 2 => {
                return Err(self.refuse(shape, "orthogonal needs at least 2 axes"));
            }
            Initializer::KaimingUniform { .. }
            | Initializer::KaimingNormal { .. }
            | Initializer::XavierUniform { .. }
            | Initializer::XavierNormal { .. }
                if axes.fans(shape).is_none_or(|fans| fans.contains(&0)) =>
            {
                return Err(self.refuse(shape, "it has no fan-in and fan-out to scale by"));
            }
            _ => {}
        }
        Ok(Profile::Drawn(initializer))
    }

    fn refuse(&self, shape: &[usize], reason: &str) -> Error {
        Error::Init { initialiser: self.name(), shape: shape.to_vec(), reason: reason.to_owned() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
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
            let host = init.values(&shape, axes).unwrap();
            let device = init.tensor::<B, 3>(shape, axes, &Default::default()).unwrap();
            let host: Vec<u64> = host.into_iter().map(f64::to_bits).collect();
            prop_assert_eq!(host, bits(device));
        }
    }

    #[test]
    fn values_follow_their_axis() {
        let axes = ParameterAxes::LINEAR_WEIGHT;
        let fill = |init: Init| init.values(&[2, 3], axes).unwrap();
        assert_eq!(fill(Init::PerInput { values: vec![7.0, 9.0] }), [7., 7., 7., 9., 9., 9.]);
        assert_eq!(fill(Init::PerOutput { values: vec![1., 2., 4.] }), [1., 2., 4., 1., 2., 4.]);
        assert_eq!(
            fill(Init::OutputRamp { start: 0.5, step: -1.0 }),
            [0.5, -0.5, -1.5, 0.5, -0.5, -1.5]
        );
        assert_eq!(fill(Initializer::Ones.into()), [1.0; 6]);
    }

    #[test]
    fn what_cannot_fill_is_refused_with_its_reason() {
        let vector = ParameterAxes::VECTOR;
        let message =
            |init: Init, shape: &[usize], axes| init.values(shape, axes).unwrap_err().to_string();
        assert_eq!(
            message(Init::InputRamp { start: 0.0, step: 1.0 }, &[4], vector),
            "initialiser input_ramp cannot fill a parameter of shape [4]: it has no input axis"
        );
        assert_eq!(
            message(Init::PerInput { values: vec![1.0; 3] }, &[2, 5], ParameterAxes::LINEAR_WEIGHT),
            "initialiser per_input cannot fill a parameter of shape [2, 5]: \
             3 values for an axis of 2 places (axis 0)"
        );
        let burn = |initializer: Initializer| {
            Init::from(initializer).tensor::<B, 1>([4], vector, &Default::default()).is_err()
        };
        assert!(burn(Initializer::Orthogonal { gain: 1.0 }));
        assert!(burn(Initializer::KaimingNormal { gain: 1.0, fan_out_only: false }));
        assert!(burn(Initializer::Uniform { min: 1.0, max: 0.0 }));
        assert!(burn(Initializer::Normal { mean: 0.0, std: f64::NAN }));
        assert!(Init::Ones.values(&[usize::MAX, 2], vector).is_err());
    }

    #[test]
    fn burn_s_random_initialisers_fill_on_the_device() {
        let init = Init::from(Initializer::XavierUniform { gain: 1.0 });
        let tensor = init
            .tensor::<B, 2>([30, 20], ParameterAxes::LINEAR_WEIGHT, &Default::default())
            .unwrap();
        let values = tensor.into_data().into_vec::<f64>().unwrap();
        let bound = (6.0_f64 / 50.0).sqrt();
        assert!(values.iter().all(|v| v.abs() <= bound));
        assert!(
            values.iter().any(|v| v.abs() > 0.9 * bound),
            "600 draws reach the bound's last tenth"
        );
    }

    #[test]
    fn applying_keeps_id_and_require_grad() {
        type A = Autodiff<B>;
        let device = Default::default();
        for trained in [true, false] {
            let value = Tensor::<A, 1>::zeros([3], &device).set_require_grad(trained);
            let param = Param::initialized(ParamId::new(), value);
            let id = param.id;
            let param = Init::Ones.apply(param, ParameterAxes::VECTOR).unwrap();
            assert_eq!((param.id, param.is_require_grad()), (id, trained));
            assert_eq!(param.val().into_data().into_vec::<f64>().unwrap(), [1.0; 3]);
        }
    }

    #[test]
    fn serialised_and_back() {
        let text = r#"{"type":"input_ramp","start":1.0,"step":1.0}"#;
        let init: Init = serde_json::from_str(text).unwrap();
        assert_eq!(init, Init::InputRamp { start: 1.0, step: 1.0 });
        assert_eq!(serde_json::to_string(&init).unwrap(), text);
        assert!(
            serde_json::from_str::<Init>(r#"{"type":"constant","value":1,"valeu":2}"#).is_err()
        );
    }
}
