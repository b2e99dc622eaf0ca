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

/// Whether two specs say the same of the same parameters, whatever their spaces are called.
pub fn same_structure(a: &AxesSpec, b: &AxesSpec) -> bool {
    use constinit_symmetry::Axis;
    let mut names: Vec<Option<usize>> = vec![None; a.spaces().len()];
    let mut taken = vec![false; b.spaces().len()];
    if a.params().len() != b.params().len() || names.len() != taken.len() {
        return false;
    }
    a.params().iter().all(|ours| {
        let Some(theirs) = b.param_id(ours.path()).map(|id| &b.params()[id.get()]) else {
            return false;
        };
        let pairs = ours.axes().iter().zip(theirs.axes());
        ours.shape() == theirs.shape()
            && pairs.into_iter().all(|(x, y)| match (&x.axis, &y.axis) {
                (Axis::Fixed, Axis::Fixed) => true,
                (x, y) => match (x.space(), y.space()) {
                    (Some(x_space), Some(y_space)) if x.inner() == y.inner() => {
                        let name = &mut names[x_space.get()];
                        match name {
                            Some(name) => *name == y_space.get(),
                            None => {
                                *name = Some(y_space.get());
                                !std::mem::replace(&mut taken[y_space.get()], true)
                            }
                        }
                    }
                    _ => false,
                },
            })
    })
}
