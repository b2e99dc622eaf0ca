//! A parameter as outputs times inputs times kernel positions, in any order of its axes.

use super::ParameterAxes;
use super::Reason;

/// The place in storage of the entry for an output, an input and a kernel position.
#[derive(Clone, Debug)]
pub(super) struct Layout {
    pub shape: Vec<usize>,
    pub axes: ParameterAxes,
    /// The sizes of the output and the input axis; 1 for one that is missing.
    pub outputs: usize,
    pub inputs: usize,
    /// The sizes of the other axes, in order.
    kernel: Vec<usize>,
    strides: [usize; 2],
    kernel_strides: Vec<usize>,
}

impl Layout {
    /// None if there are more entries than can be counted.
    pub fn new(shape: &[usize], axes: ParameterAxes) -> Option<Self> {
        shape.iter().try_fold(1_usize, |product, size| product.checked_mul((*size).max(1)))?;
        let stride = |axis: usize| shape[axis + 1..].iter().product::<usize>();
        let of = |axis: Option<usize>| axis.filter(|axis| *axis < shape.len());
        let (output, input) = (of(axes.output), of(axes.input));
        let others = (0..shape.len()).filter(|axis| Some(*axis) != output && Some(*axis) != input);
        Some(Self {
            shape: shape.to_vec(),
            axes,
            outputs: output.map_or(1, |axis| shape[axis]),
            inputs: input.map_or(1, |axis| shape[axis]),
            kernel: others.clone().map(|axis| shape[axis]).collect(),
            strides: [output, input].map(|axis| axis.map_or(0, stride)),
            kernel_strides: others.map(stride).collect(),
        })
    }

    /// How many entries there are.
    pub fn entries(&self) -> usize {
        self.shape.iter().product()
    }

    /// How many kernel positions each pair of an output and an input has.
    pub fn positions(&self) -> usize {
        self.kernel.iter().product()
    }

    /// The number of the middle kernel position; of two middle ones, the later.
    pub fn centre(&self) -> usize {
        self.kernel.iter().fold(0, |number, size| number * size + size / 2)
    }

    /// The output axis, or an error if there is none.
    pub fn output_axis(&self) -> Result<usize, Reason> {
        self.axis(self.axes.output, "output")
    }

    /// The input axis, or an error if there is none.
    pub fn input_axis(&self) -> Result<usize, Reason> {
        self.axis(self.axes.input, "input")
    }

    /// The output and the input axis, or an error with the one that is missing.
    pub fn matrix_axes(&self) -> Result<[usize; 2], Reason> {
        Ok([self.output_axis()?, self.input_axis()?])
    }

    fn axis(&self, axis: Option<usize>, name: &'static str) -> Result<usize, Reason> {
        axis.filter(|axis| *axis < self.shape.len()).ok_or(Reason::MissingAxis { axis: name })
    }

    /// The offset of an entry in storage order.
    pub fn offset(&self, output: usize, input: usize, position: usize) -> usize {
        let (mut rest, mut offset) = (position, output * self.strides[0] + input * self.strides[1]);
        for (size, stride) in self.kernel.iter().zip(&self.kernel_strides).rev() {
            offset += rest % size * stride;
            rest /= size;
        }
        offset
    }

    /// The output, the input and the kernel position of an entry.
    pub fn place(&self, offset: usize) -> [usize; 3] {
        let (mut rest, mut place, mut scale) = (offset, [0; 3], 1);
        for (axis, size) in self.shape.iter().enumerate().rev() {
            let index = rest % size;
            rest /= size;
            if self.axes.output == Some(axis) {
                place[0] = index;
            } else if self.axes.input == Some(axis) {
                place[1] = index;
            } else {
                place[2] += index * scale;
                scale *= size;
            }
        }
        place
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn offsets_and_places_are_inverse() {
        // As in a transposed convolution.
        let transposed = ParameterAxes::LINEAR_WEIGHT;
        for (shape, axes) in [
            (&[3, 4][..], ParameterAxes::LINEAR_WEIGHT),
            (&[5, 2, 3, 2], ParameterAxes::CONV_WEIGHT),
            (&[5, 2, 3, 2], transposed),
            (&[6], ParameterAxes::VECTOR),
        ] {
            let layout = Layout::new(shape, axes).unwrap();
            assert_eq!(layout.outputs * layout.inputs * layout.positions(), layout.entries());
            for offset in 0..layout.entries() {
                let [output, input, position] = layout.place(offset);
                assert_eq!(layout.offset(output, input, position), offset);
            }
        }
        assert_eq!(Layout::new(&[5, 2, 3, 2], transposed).unwrap().place(15), [0, 1, 3]);
        assert_eq!(Layout::new(&[1, 1, 3, 5], ParameterAxes::CONV_WEIGHT).unwrap().centre(), 7);
        assert!(Layout::new(&[usize::MAX, 2], ParameterAxes::LINEAR_WEIGHT).is_none());
    }
}
