//! What the curvature along a difference between twins says about them.

use crate::Error;
use constinit_symmetry::SwappedEntries;
use constinit_symmetry::forecast::{ESCAPED, Forecast, Growth, Update};

/// The curvature of a loss along differences between two equal units.
#[derive(Clone, Debug, PartialEq)]
pub struct Stability {
    /// The lowest curvature.
    pub curvature: f64,
    /// The length of `H v - curvature v`, measured by one more product.
    pub residual: f64,
    /// How much a product with v changes if the step of its finite difference is twice as long: an estimate of the
    /// error of products.
    pub product_error: f64,
    /// The highest curvature that was found. The highest curvature of all is not below it.
    pub highest: f64,
    /// The unit vector v of the lowest curvature. A coordinate of 1 adds 1/√2 to the first entry of its pair of
    /// [`entries`](Self::entries), and subtracts 1/√2 from the second.
    pub direction: Vec<f64>,
    /// The pairs of entries.
    pub entries: Vec<SwappedEntries>,
    /// How many products with the second derivative were used; each takes two gradients.
    pub products: usize,
    /// The distance between the two units relative to the size of one. Both are roots of sums of squares: of their
    /// differences, and of their entries. If all entries are 0, relative to 1.
    pub apart: f64,
    /// The same for the part of the difference that is along v.
    pub along: f64,
    /// The machine epsilon of the backend's float type: one rounding error, relative to the same size.
    pub rounding: f64,
}

impl Stability {
    /// A bound on the error of the curvature, as far as residual and differences show it.
    pub fn error(&self) -> f64 {
        self.residual + self.product_error
    }

    /// Whether the state is a strict saddle: a difference between the units lowers the loss to second order.
    pub fn is_strict_saddle(&self) -> bool {
        self.curvature + self.error() < 0.0
    }

    /// How a difference between the units develops: how fast it grows and, if it grows, after how many steps it has
    /// reached [`ESCAPED`] times the size of a unit. It starts from the present difference along v, or from one
    /// rounding error if that is larger.
    ///
    /// Of the lowest and the highest curvature, the one counts along which differences grow faster: if the learning
    /// rate is too large, that is the highest.
    ///
    /// # Errors
    ///
    /// [`Error::Symmetry`] for a learning rate, momentum, dampening or decay that no training can have.
    pub fn forecast(&self, update: &Update) -> Result<Forecast, Error> {
        let start = self.along.max(self.rounding);
        let of = |curvature: f64| {
            let forecast = Forecast::new(curvature, update)?.within(self.error())?;
            Ok::<_, Error>(forecast.escaping(start, ESCAPED))
        };
        let (lowest, highest) = (of(self.curvature)?, of(self.highest)?);
        let faster = highest.growth() == Growth::Unstable && highest.rate() > lowest.rate();
        Ok(if faster { highest } else { lowest })
    }
}
