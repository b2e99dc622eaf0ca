//! Axes that are known without running anything.

use crate::{ConstInit, Error};
use burn::tensor::backend::Backend;
use constinit_symmetry::{AxesSpec, RoleAxis, input, output};

impl<B: Backend> ConstInit<B> {
    /// The axes of the network's parameters, by their paths in the module and as Burn stores them: `layers.0.weight` is
    /// `[input, hidden1]`. Inputs and outputs of the network are fixed.
    ///
    /// # Errors
    ///
    /// [`Error::Symmetry`] where layers were put together that do not fit each other.
    pub fn axes(&self) -> Result<AxesSpec, Error> {
        let space = |number: usize| match number {
            0 => String::new(),
            number if number == self.layers.len() => String::new(),
            number => format!("hidden{number}"),
        };
        let mut builder = AxesSpec::builder();
        for (number, layer) in self.layers.iter().enumerate().skip(1) {
            builder = builder.space(space(number), layer.weight.dims()[0]);
        }
        let mut shapes = Vec::new();
        for (number, layer) in self.layers.iter().enumerate() {
            let mut add = |name: &str, axes: Vec<RoleAxis<String>>, shape: &[usize]| {
                let path = format!("layers.{number}.{name}");
                shapes.push((path.clone(), shape.to_vec()));
                builder = std::mem::take(&mut builder).param(path, axes);
            };
            let [ins, outs] = [space(number), space(number + 1)];
            add("weight", vec![input(ins), output(outs.clone())], &layer.weight.dims());
            if let Some(bias) = &layer.bias {
                add("bias", vec![output(outs)], &bias.dims());
            }
        }
        let shapes = shapes.iter().map(|(path, shape)| (path.as_str(), shape.as_slice()));
        Ok(builder.build(shapes)?)
    }
}
