//! The structure of a parameter's entries, and how the entries are made from it.
//!
//! A form is checked when it is made, and costs little until its entries are made.

use super::Reason;
use super::layout::Layout;

/// A function of output, input and kernel position.
pub(super) type Pointwise<'a> = Box<dyn Fn([usize; 3]) -> f64 + Sync + 'a>;

/// The entries of a parameter.
pub(super) enum Form<'a> {
    Everywhere(f64),
    /// A function of the place along the output or the input axis.
    Along {
        axis: usize,
        values: Vec<f64>,
    },
    /// `value` at these offsets, and 0 elsewhere.
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
    /// Normal, but for each input and kernel position `zeros` output units have 0.
    Sparse {
        std: f64,
        zeros: usize,
    },
    /// All entries at once, in storage order.
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

    /// The entries as a function of their places; the form itself if they are no such function.
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
