//! The scale of random weights at which signals keep their size from layer to layer.

use super::ParameterAxes;
use super::Reason;
use super::checked::finite;
use super::form::Form;
use super::layout::Layout;
use super::random;
use serde::{Deserialize, Serialize};

/// Which number of connections the variance is divided by.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Fan {
    /// Connections into an output unit: keeps the size of activations.
    #[default]
    #[serde(alias = "fan_in")]
    FanIn,
    /// Connections out of an input: keeps the size of gradients.
    #[serde(alias = "fan_out")]
    FanOut,
    /// The mean of both.
    #[serde(alias = "fan_avg")]
    FanAvg,
    /// The geometric mean of both.
    #[serde(alias = "fan_geo_avg")]
    FanGeoAvg,
}

impl Fan {
    /// The number for a parameter of this shape; None if it has no fans.
    pub fn of(self, shape: &[usize], axes: ParameterAxes) -> Option<f64> {
        let [fan_in, fan_out] = axes.fans(shape)?.map(|fan| fan as f64);
        Some(match self {
            Self::FanIn => fan_in,
            Self::FanOut => fan_out,
            Self::FanAvg => f64::midpoint(fan_in, fan_out),
            Self::FanGeoAvg => (fan_in * fan_out).sqrt(),
        })
    }
}

/// The shape of a distribution with mean 0 and a given variance.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Distribution {
    /// Normal.
    #[default]
    Normal,
    /// Normal, cut off at two standard deviations and widened so that it has the given variance.
    #[serde(alias = "truncated_normal")]
    TruncatedNormal,
    /// Uniform from `-sqrt(3 variance)` to `sqrt(3 variance)`.
    Uniform,
}

/// The standard deviation of a standard normal distribution cut off at -2 and 2.
const CUT_AT_TWO: f64 = 0.879_625_661_034_239_8;

/// Mean 0 and variance `scale / fan`.
pub(super) fn form<'a>(
    layout: &Layout,
    scale: f64,
    fan: Fan,
    distribution: Distribution,
) -> Result<Form<'a>, Reason> {
    finite(&[("scale", scale)])?;
    if scale < 0.0 {
        return Err(Reason::Setting { name: "scale", value: scale });
    }
    let fan = fan.of(&layout.shape, layout.axes).filter(|fan| *fan > 0.0);
    let variance = scale / fan.ok_or(Reason::NoFans)?;
    let std = variance.sqrt();
    match distribution {
        _ if std == 0.0 => Ok(Form::Everywhere(0.0)),
        Distribution::Normal => random::normal_form(0.0, std),
        Distribution::TruncatedNormal => {
            let wide = std / CUT_AT_TWO;
            random::truncated_form(0.0, wide, -2.0 * wide, 2.0 * wide)
        }
        Distribution::Uniform => {
            let bound = (3.0 * variance).sqrt();
            random::uniform_form(-bound, bound)
        }
    }
}

/// The nonlinearity after a layer; the gain compensates for it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Nonlinearity {
    /// None.
    Linear,
    /// `1 / (1 + exp(-x))`.
    Sigmoid,
    /// Hyperbolic tangent.
    Tanh,
    /// `max(0, x)`.
    #[default]
    Relu,
    /// `x` above 0, `slope * x` below.
    #[serde(alias = "leaky_relu")]
    LeakyRelu {
        /// The slope below 0.
        slope: f64,
    },
    /// Scaled exponential linear unit.
    Selu,
}

impl Nonlinearity {
    /// The gain that PyTorch recommends: 1 for linear and sigmoid, 5/3 for tanh, sqrt(2) for ReLU,
    /// `sqrt(2 / (1 + slope^2))` for leaky ReLU, 3/4 for SELU.
    ///
    /// ```
    /// use constinit_core::init::Nonlinearity;
    ///
    /// assert_eq!(Nonlinearity::Relu.gain(), 2.0_f64.sqrt());
    /// assert_eq!(Nonlinearity::LeakyRelu { slope: 1.0 }.gain(), 1.0);
    /// ```
    pub fn gain(self) -> f64 {
        match self {
            Self::Linear | Self::Sigmoid => 1.0,
            Self::Tanh => 5.0 / 3.0,
            Self::Relu => 2.0_f64.sqrt(),
            Self::LeakyRelu { slope } => (2.0 / slope.mul_add(slope, 1.0)).sqrt(),
            Self::Selu => 0.75,
        }
    }
}
