//! Will rounding separate two twins? The curvature of the loss between twins, in closed form for dense layers.
//!
//! Change the incoming weights, biases and outgoing weights of two units of one class by ±(dw, db, dq). To first order
//! the function does not change, so the Gauss-Newton part of the Hessian vanishes. Per example, let X = [inputs of the
//! layer; 1], z the unit's pre-activation, a the activation, q the unit's outgoing weights and g = dloss/d(next
//! pre-activation). Then the Hessian is
//!
//! ```text
//! H = Σ  [ (q·g) a''(z) X Xᵀ     a'(z) X gᵀ ]
//!        [ a'(z) g Xᵀ            0          ]
//! ```
//!
//! A step of gradient descent multiplies the difference by I - rate H. If H has a negative eigenvalue -λ, a difference
//! along its eigenvector grows by the factor 1 + rate λ in each step. Because of the zero block, H has a negative
//! eigenvalue unless M = Σ a'(z) X gᵀ vanishes. So a symmetric stationary state is a strict saddle unless M = 0.
//!
//! If units of the neighbouring spaces represent classes, the sums include all units of a class: in coordinates of
//! length 1, the entry of a class of n units gets a factor `√n`. Directions that are not constant on these classes have
//! curvature 0.

mod way;

use crate::dynamics::{ActivationFunction, LossFunction, Pass, Perceptron};
use crate::shape_error::ShapeError;

pub use way::Way;

/// The curvature between two units of a class: a symmetric matrix over `[incoming weights, bias, outgoing weights]`.
#[derive(Clone, Debug, PartialEq)]
pub struct Transverse {
    incoming: usize,
    bias: bool,
    outgoing: usize,
    entries: Vec<f64>,
}

impl Transverse {
    /// The number of coordinates: incoming weights, a bias if there is one, outgoing weights.
    pub fn dimension(&self) -> usize {
        self.incoming + usize::from(self.bias) + self.outgoing
    }

    /// The number of incoming weights among the coordinates. They come first, then the bias.
    pub fn incoming(&self) -> usize {
        self.incoming
    }

    /// Whether the layer has a bias.
    pub fn has_bias(&self) -> bool {
        self.bias
    }

    /// The number of outgoing weights among the coordinates. They come last.
    pub fn outgoing(&self) -> usize {
        self.outgoing
    }

    /// The matrix, row-major.
    pub fn entries(&self) -> &[f64] {
        &self.entries
    }

    /// The matrix times a vector.
    ///
    /// # Panics
    ///
    /// If the vector does not have one number per coordinate.
    pub fn apply(&self, vector: &[f64]) -> Vec<f64> {
        assert_eq!(vector.len(), self.dimension(), "one number per coordinate");
        let row = |row: &[f64]| row.iter().zip(vector).map(|(a, b)| a * b).sum();
        self.entries.chunks(self.dimension()).map(row).collect()
    }
}

/// The curvature of the loss of a batch between two units of a class.
///
/// `layer` counts hidden layers from 1; `unit` is one of its units (or classes, if units represent classes). The class
/// may have only one unit: then the curvature is that between the two units into which it would be split.
///
/// # Shapes
///
/// - inputs: `[examples, inputs]`
/// - targets: `[examples, outputs]`
///
/// # Errors
///
/// [`ShapeError::Unit`] for a unit that the network does not have, [`ShapeError::Examples`] if the batch does not fit
/// the network.
///
/// # Complexity
///
/// One pass forwards and back, and the square of the dimension for every example.
///
/// # Examples
///
/// ```
/// use constinit_symmetry::dynamics::{Activation, DenseLayer, Mse, Perceptron};
/// use constinit_symmetry::transverse;
///
/// let net = Perceptron::new(
///     &[1, 2, 1],
///     vec![
///         DenseLayer { weight: vec![0.0, 0.0], bias: None },
///         DenseLayer { weight: vec![0.0, 0.0], bias: None },
///     ],
/// )?;
/// // All zero, with a target of 1 at x = 3: g = 2 (0 - 1) and a'(0) = 1, so M = -6.
/// let h = transverse(&net, &Activation::Tanh, &Mse, 1, 0, &[3.0], &[1.0])?;
/// assert_eq!(h.entries(), [0.0, -6.0, -6.0, 0.0]); // eigenvalues ±6
/// # Ok::<(), constinit_symmetry::theorem::ShapeError>(())
/// ```
pub fn transverse(
    network: &Perceptron<f64>,
    activation: &impl ActivationFunction<f64>,
    loss: &impl LossFunction<f64>,
    layer: usize,
    unit: usize,
    inputs: &[f64],
    targets: &[f64],
) -> Result<Transverse, ShapeError> {
    if layer == 0 || layer >= network.layers() || unit >= network.widths()[layer] {
        return Err(ShapeError::Unit { layer, unit });
    }
    let mut pass = Pass::new(network);
    pass.gradients(network, activation, loss, inputs, targets)?;
    let [reads, units, heard] = [layer - 1, layer, layer + 1].map(|space| network.widths()[space]);
    let lengths = |space: usize| -> Vec<f64> {
        network.class_sizes(space).iter().map(|&size| (size as f64).sqrt()).collect()
    };
    let read_lengths = if layer == 1 { vec![1.0; reads] } else { lengths(layer - 1) };
    let heard_lengths = lengths(layer + 1);
    let bias = network.bias(layer - 1).is_some();
    let incoming = reads + usize::from(bias);
    let size = incoming + heard;
    let outgoing: Vec<f64> = (0..heard)
        .map(|next| network.weight(layer)[next * units + unit] * heard_lengths[next])
        .collect();

    let mut entries = vec![0.0; size * size];
    let mut x = vec![1.0; incoming];
    let mut g = vec![0.0; heard];
    let examples = pass.read(layer - 1, inputs).chunks(reads).zip(pass.slopes(layer).chunks(heard));
    for (number, (read, slopes)) in examples.enumerate() {
        let z = pass.before(layer - 1)[number * units + unit];
        for ((x, read), length) in x.iter_mut().zip(read).zip(&read_lengths) {
            *x = read * length;
        }
        for ((g, slope), length) in g.iter_mut().zip(slopes).zip(&heard_lengths) {
            *g = slope * length;
        }
        let along: f64 = outgoing.iter().zip(&g).map(|(q, g)| q * g).sum();
        let (bend, slope) = (along * activation.curvature(&z), activation.slope(&z));
        for i in 0..incoming {
            for j in 0..incoming {
                entries[i * size + j] += bend * x[i] * x[j];
            }
            for (j, g) in g.iter().enumerate() {
                let mixed = slope * x[i] * g;
                entries[i * size + incoming + j] += mixed;
                entries[(incoming + j) * size + i] += mixed;
            }
        }
    }
    Ok(Transverse { incoming: reads, bias, outgoing: heard, entries })
}
