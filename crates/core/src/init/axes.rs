//! Which axis of a parameter ranges over inputs and which over output units.

use crate::layer::orientation_of_layer;
use constinit_symmetry::Orientation;

/// The input and the output axis of a parameter, in the order in which Burn stores it.
///
/// Frameworks disagree on which of the two comes first, so nothing in this crate speaks of rows
/// and columns.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ParameterAxes {
    /// The axis over inputs, if there is one.
    pub input: Option<usize>,
    /// The axis over output units.
    pub output: Option<usize>,
    fans: Option<[usize; 2]>,
}

impl ParameterAxes {
    /// `weight[input][output]`, as in `burn::nn::Linear`.
    pub const LINEAR_WEIGHT: Self = Self { input: Some(0), output: Some(1), fans: None };
    /// `weight[output][input][kernel...]`, as in `burn::nn::conv::Conv2d` with one group.
    pub const CONV_WEIGHT: Self = Self { input: Some(1), output: Some(0), fans: None };
    /// Not known: only initialisers that need no axes can fill the parameter.
    pub const UNKNOWN: Self = Self { input: None, output: None, fans: None };
    /// `vector[output]`: a bias, a gain.
    pub const VECTOR: Self = Self { input: None, output: Some(0), fans: None };

    /// Axes by their numbers.
    pub const fn new(input: Option<usize>, output: Option<usize>) -> Self {
        Self { input, output, fans: None }
    }

    /// The axes of a parameter of this rank in a layer of Burn, by the type of the layer.
    ///
    /// ```
    /// use constinit_core::init::ParameterAxes;
    ///
    /// assert_eq!(ParameterAxes::of_layer("Conv2d", 4), ParameterAxes::CONV_WEIGHT);
    /// assert_eq!(ParameterAxes::of_layer("Linear", 1), ParameterAxes::VECTOR);
    /// assert_eq!(ParameterAxes::of_layer("Mine", 2), ParameterAxes::UNKNOWN);
    /// ```
    pub fn of_layer(layer: &str, rank: usize) -> Self {
        if rank == 1 {
            return Self::VECTOR;
        }
        match orientation_of_layer(layer) {
            Orientation::InputFirst => Self::LINEAR_WEIGHT,
            Orientation::OutputFirst => Self::CONV_WEIGHT,
            Orientation::OutputLast | Orientation::Unknown => Self::UNKNOWN,
        }
    }

    /// The same axes with the fans of another parameter: a bias is often scaled by the fan-in of the weight of its
    /// layer.
    #[must_use]
    pub const fn with_fans(mut self, fan_in: usize, fan_out: usize) -> Self {
        self.fans = Some([fan_in, fan_out]);
        self
    }

    /// Fan-in and fan-out of a parameter of this shape: the sizes of the input and of the output
    /// axis, each times the entries of all other axes. None if an axis is missing.
    ///
    /// As in PyTorch, the fan-out of a convolution with groups counts all outputs, although an input reaches only those
    /// of its group. Unlike PyTorch, which always counts the first axis as the outputs, the fan-out of a transposed
    /// convolution uses the axis of its outputs.
    pub fn fans(&self, shape: &[usize]) -> Option<[usize; 2]> {
        if self.fans.is_some() {
            return self.fans;
        }
        let (input, output) = (self.input?, self.output?);
        let size = |axis: usize| shape.get(axis).copied();
        let receptive: usize = (0..shape.len())
            .filter(|axis| *axis != input && *axis != output)
            .map(|axis| shape[axis])
            .product();
        Some([size(input)? * receptive, size(output)? * receptive])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fans_count_the_kernel() {
        assert_eq!(ParameterAxes::LINEAR_WEIGHT.fans(&[3, 2]), Some([3, 2]));
        assert_eq!(ParameterAxes::CONV_WEIGHT.fans(&[8, 4, 3, 3]), Some([36, 72]));
        assert_eq!(ParameterAxes::VECTOR.fans(&[5]), None);
        assert_eq!(ParameterAxes::VECTOR.with_fans(3, 5).fans(&[5]), Some([3, 5]));
    }
}
