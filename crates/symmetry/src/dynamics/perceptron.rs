//! A dense network, or the quotient of one: layers of weights between spaces in which a unit may represent a class.

use std::ops::Range;

use super::Scalar;
use crate::shape_error::ShapeError;

/// The parameters of one layer.
#[derive(Clone, Debug, PartialEq)]
pub struct DenseLayer<S> {
    /// `weight[output][input]`, row-major.
    pub weight: Vec<S>,
    /// One entry per output.
    pub bias: Option<Vec<S>>,
}

/// A perceptron `y = Wₙ a(… a(W₁ x + b₁) …) + bₙ`.
///
/// Each unit of a hidden space, and each output, may represent a *class* of `n` equal ones. Then `w[C][D]` is the
/// weight from one unit of class D to one unit of class C (or the mean of that block), and a layer computes
///
/// ```text
/// z[C] = Σ_D n[D] w[C][D] a[D] + b[C]
/// ```
///
/// which is what every unit of class C computes in the full network. Inputs are never merged. Without
/// [`with_class_sizes`](Self::with_class_sizes) every unit represents only itself.
///
/// ```
/// use constinit_symmetry::dynamics::{DenseLayer, Perceptron};
///
/// // Three inputs, one hidden unit that represents two, one output that represents four.
/// let net = Perceptron::new(
///     &[3, 1, 1],
///     vec![
///         DenseLayer { weight: vec![1.0, 2.0, 3.0], bias: Some(vec![0.5]) },
///         DenseLayer { weight: vec![1.0], bias: Some(vec![0.5]) },
///     ],
/// )?
/// .with_class_sizes(&[vec![2], vec![4]])?;
/// assert_eq!(net.lifted_outputs(), 4);
/// # Ok::<(), constinit_symmetry::theorem::ShapeError>(())
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct Perceptron<S> {
    widths: Vec<usize>,
    /// The number of units that each unit represents, for every space after the inputs.
    sizes: Vec<Vec<usize>>,
    biases: Vec<bool>,
    /// Weight, then bias, of the first layer, then of the second, ...
    numbers: Vec<S>,
}

impl<S: Scalar> Perceptron<S> {
    /// A network of `widths` inputs, hidden units, ..., outputs.
    ///
    /// # Errors
    ///
    /// [`ShapeError`] if there is no layer, if a width is 0, or if a layer does not have the number of entries that the
    /// widths require.
    pub fn new(widths: &[usize], layers: Vec<DenseLayer<S>>) -> Result<Self, ShapeError> {
        if layers.is_empty() || widths.len() != layers.len() + 1 {
            return Err(ShapeError::LayerCount { widths: widths.len(), layers: layers.len() });
        }
        if let Some(position) = widths.iter().position(|&width| width == 0) {
            return Err(ShapeError::NoUnits { widths: widths.into(), position });
        }
        let mut numbers = Vec::new();
        let mut biases = Vec::with_capacity(layers.len());
        for (pair, layer) in widths.windows(2).zip(layers) {
            let (inputs, outputs) = (pair[0], pair[1]);
            if inputs.checked_mul(outputs) != Some(layer.weight.len()) {
                let entries = layer.weight.len();
                return Err(ShapeError::Weight { inputs, outputs, entries });
            }
            biases.push(layer.bias.is_some());
            numbers.extend(layer.weight);
            if let Some(bias) = layer.bias {
                if bias.len() != outputs {
                    return Err(ShapeError::Bias { outputs, entries: bias.len() });
                }
                numbers.extend(bias);
            }
        }
        let sizes = widths[1..].iter().map(|&width| vec![1; width]).collect();
        Ok(Self { widths: widths.into(), sizes, biases, numbers })
    }

    /// The same network with units that represent classes: `sizes` has one number per unit, for every hidden space and
    /// for the outputs.
    ///
    /// # Errors
    ///
    /// [`ShapeError::ClassSizes`] if there is not one size, at least 1, for each unit.
    pub fn with_class_sizes(self, sizes: &[Vec<usize>]) -> Result<Self, ShapeError> {
        let fits = |(sizes, width): (&Vec<usize>, &usize)| {
            sizes.len() == *width && sizes.iter().all(|&size| size > 0)
        };
        if sizes.len() != self.widths.len() - 1 || !sizes.iter().zip(&self.widths[1..]).all(fits) {
            let found = sizes.iter().map(Vec::len).collect();
            return Err(ShapeError::ClassSizes { widths: self.widths[1..].into(), found });
        }
        Ok(Self { sizes: sizes.into(), ..self })
    }

    /// The numbers of inputs, hidden units, ..., outputs. A unit that represents a class counts once.
    pub fn widths(&self) -> &[usize] {
        &self.widths
    }

    /// The number of layers of weights.
    pub fn layers(&self) -> usize {
        self.biases.len()
    }

    /// The number of units that each unit of a space represents. Space 1 is the first hidden space; the last space
    /// holds the outputs.
    ///
    /// # Panics
    ///
    /// If there is no such space, or for space 0, the inputs.
    pub fn class_sizes(&self, space: usize) -> &[usize] {
        &self.sizes[space - 1]
    }

    /// The number of outputs of the full network.
    pub fn lifted_outputs(&self) -> usize {
        self.sizes.last().map_or(0, |sizes| sizes.iter().sum())
    }

    /// All parameters: weight and bias of the first layer, then of the second, ...
    pub fn numbers(&self) -> &[S] {
        &self.numbers
    }

    /// All parameters, mutable.
    pub fn numbers_mut(&mut self) -> &mut [S] {
        &mut self.numbers
    }

    /// The weight of a layer, from 0: `weight[output][input]`, row-major.
    ///
    /// # Panics
    ///
    /// If there is no such layer.
    pub fn weight(&self, layer: usize) -> &[S] {
        &self.numbers[self.weight_range(layer)]
    }

    /// The bias of a layer, from 0.
    ///
    /// # Panics
    ///
    /// If there is no such layer.
    pub fn bias(&self, layer: usize) -> Option<&[S]> {
        self.bias_range(layer).map(|range| &self.numbers[range])
    }

    /// The range of [`numbers`](Self::numbers) that holds the weight of a layer.
    ///
    /// # Panics
    ///
    /// If there is no such layer.
    pub fn weight_range(&self, layer: usize) -> Range<usize> {
        let start: usize = (0..layer).map(|before| self.entries(before)).sum();
        start..start + self.widths[layer] * self.widths[layer + 1]
    }

    /// The range of [`numbers`](Self::numbers) that holds the bias of a layer.
    ///
    /// # Panics
    ///
    /// If there is no such layer.
    pub fn bias_range(&self, layer: usize) -> Option<Range<usize>> {
        let start = self.weight_range(layer).end;
        self.biases[layer].then(|| start..start + self.widths[layer + 1])
    }

    fn entries(&self, layer: usize) -> usize {
        (self.widths[layer] + usize::from(self.biases[layer])) * self.widths[layer + 1]
    }
}
