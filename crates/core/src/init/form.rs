//! The entries of a parameter by their structure, and how they are written out.
//!
//! A form is checked when it is made and costs little until its entries are asked for.

use super::Reason;
use super::layout::Layout;

/// A function of output, input and kernel position.
pub(super) type Pointwise<'a> = Box<dyn Fn([usize; 3]) -> f64 + Sync + 'a>;

/// The entries of a parameter.
pub(super) enum Form<'a> {
    Everywhere(f64),
    /// By the place along the output or the input axis.
    Along {
        axis: usize,
        values: Vec<f64>,
    },
    /// These entries, and 0 elsewhere.
    Points {
        offsets: Vec<usize>,
        value: f64,
    },
    Pointwise(Pointwise<'a>),
    Uniform([f64; 2]),
    Normal {
        mean: f64,
        std: f64,
    },
    Truncated {
        moments: [f64; 2],
        bounds: [f64; 2],
    },
    /// Normal with zeros: as many output units as `zeros` for each input and kernel position.
    Sparse {
        std: f64,
        zeros: usize,
    },
    /// All of them at once, in storage order.
    Whole(Box<dyn FnOnce() -> Result<Vec<f64>, Reason> + 'a>),
}

impl<'a> Form<'a> {
    /// The values that are known without making the entries.
    pub fn values(&self) -> &[f64] {
        match self {
            Self::Everywhere(value) | Self::Points { value, .. } => std::slice::from_ref(value),
            Self::Along { values, .. } => values,
            _ => &[],
        }
    }

    /// The entries as a function of their places, where that is what they are; else the form as it was.
    pub fn pointwise(self, layout: &Layout) -> Result<Pointwise<'a>, Self> {
        match self {
            Self::Everywhere(value) => Ok(Box::new(move |_| value)),
            Self::Along { axis, values } if layout.axes.output == Some(axis) => {
                Ok(Box::new(move |[output, _, _]| values[output]))
            }
            Self::Along { values, .. } => Ok(Box::new(move |[_, input, _]| values[input])),
            Self::Pointwise(function) => Ok(function),
            other => Err(other),
        }
    }
}
