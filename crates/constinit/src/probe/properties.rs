//! The four properties of the theorem on constant initialisation, measured during training.

use super::{Flow, Observation, Probe, Schedule};
use crate::ConstInit;
use crate::params::HostParameter;
use burn::module::AutodiffModule;
use burn::nn::Linear;
use burn::tensor::backend::{AutodiffBackend, Backend};
use burn::tensor::{DType, TensorData};
use constinit_symmetry::Ulps;
use constinit_symmetry::theorem::{
    Dense, HiddenUnits, Order, Properties, ShapeError, hidden_units, properties,
};

/// A module whose signal passes through a chain of linear layers with componentwise functions
/// between them.
pub trait DenseChain<B: Backend> {
    /// The layers, first to last.
    fn linear_layers(&self) -> Vec<&Linear<B>>;
}

impl<B: Backend> DenseChain<B> for ConstInit<B> {
    fn linear_layers(&self) -> Vec<&Linear<B>> {
        self.layers.iter().collect()
    }
}

/// The four properties and the hidden units after a number of steps.
#[derive(Clone, Debug, PartialEq)]
pub struct PropertyReading {
    /// Steps done.
    pub step: usize,
    /// The loss that the step computed; None before training.
    pub loss: Option<f64>,
    /// P1 to P4.
    pub properties: Properties,
    /// Each hidden layer, as one class of units.
    pub hidden: Vec<HiddenUnits>,
}

/// Measures the four properties of a [`DenseChain`].
#[derive(Clone, Debug, Default)]
pub struct PropertyProbe {
    schedule: Schedule,
    /// The readings, in the order of steps.
    pub readings: Vec<PropertyReading>,
}

impl PropertyProbe {
    /// A probe that reads when the schedule says so.
    pub fn new(schedule: Schedule) -> Self {
        Self { schedule, readings: Vec::new() }
    }
}

impl<B, M> Probe<B, M> for PropertyProbe
where
    B: AutodiffBackend,
    M: AutodiffModule<B> + DenseChain<B>,
{
    fn due(&self, step: usize) -> bool {
        self.schedule.due(step)
    }

    fn observe(&mut self, seen: &Observation<'_, B, M>) -> Flow {
        match properties_of(seen.model, seen.parameters()) {
            Ok((properties, hidden)) => {
                let reading =
                    PropertyReading { step: seen.step, loss: seen.loss, properties, hidden };
                self.readings.push(reading);
                Flow::Continue
            }
            Err(error) => {
                Flow::Stop { reason: format!("the linear layers are not a chain: {error}") }
            }
        }
    }
}

/// The four properties and the hidden units of a module whose parameters were read back.
///
/// Ulps are counted in single precision if all parameters have it, otherwise in double precision.
///
/// # Errors
///
/// [`ShapeError`] if the layers are not a chain of at least two.
pub fn properties_of<B: Backend>(
    model: &impl DenseChain<B>,
    parameters: &[HostParameter],
) -> Result<(Properties, Vec<HiddenUnits>), ShapeError> {
    let layers = model.linear_layers();
    if parameters.iter().all(|parameter| parameter.data.dtype == DType::F32) {
        measure(&layers, parameters, |data| data.as_slice::<f32>().ok())
    } else {
        // Doubles represent the other float types exactly.
        let wide: Vec<HostParameter> = parameters
            .iter()
            .map(|p| HostParameter { id: p.id, data: p.data.clone().convert::<f64>() })
            .collect();
        measure(&layers, &wide, |data| data.as_slice::<f64>().ok())
    }
}

fn measure<'a, B: Backend, T: Ulps + 'a>(
    layers: &[&Linear<B>],
    parameters: &'a [HostParameter],
    entries: impl Fn(&'a TensorData) -> Option<&'a [T]>,
) -> Result<(Properties, Vec<HiddenUnits>), ShapeError> {
    let find = |id| {
        let found = parameters.iter().find(|parameter| parameter.id == id)?;
        entries(&found.data)
    };
    let layers = layers
        .iter()
        .map(|layer| {
            let [inputs, outputs] = layer.weight.dims();
            let bias = layer.bias.as_ref().and_then(|bias| find(bias.id));
            let weight = find(layer.weight.id).unwrap_or(&[]);
            Dense::new(inputs, outputs, weight, bias, Order::InputMajor)
        })
        .collect::<Result<Vec<_>, _>>()?;
    Ok((properties(&layers)?, hidden_units(&layers)?))
}
