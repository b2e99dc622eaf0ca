//! The spaces of a [`ConstInit`].

use crate::params::parameter_paths;
use crate::{ConstInit, Error};
use burn::tensor::backend::Backend;
use constinit_core::perceptron_axes;
use constinit_symmetry::AxesSpec;

impl<B: Backend> ConstInit<B> {
    /// Which axes share a space: hidden layer `n`, from 1, is the space `hidden{n}`.
    ///
    /// Parameters have the paths of [`parameter_paths`]; weights are `[input, output]`.
    ///
    /// ```
    /// use burn_ndarray::NdArray;
    /// use constinit::ConstInitConfig;
    ///
    /// let net = ConstInitConfig::new(vec![3, 2, 4]).init::<NdArray>(&Default::default());
    /// let axes = net.axes()?;
    /// assert_eq!(axes.spaces()[0].name(), "hidden1");
    /// # Ok::<(), constinit::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`Error::Symmetry`] if layers that were put together by hand do not fit each other.
    pub fn axes(&self) -> Result<AxesSpec, Error> {
        let shapes = self.layers.iter().flat_map(|layer| {
            let bias = layer.bias.as_ref().map(|bias| bias.shape().to_vec());
            [Some(layer.weight.shape().to_vec()), bias]
        });
        let shapes: Vec<Vec<usize>> = shapes.flatten().collect();
        let paths = parameter_paths(self);
        let parameters = paths.iter().map(String::as_str).zip(shapes.iter().map(Vec::as_slice));
        Ok(perceptron_axes(&parameters.collect::<Vec<_>>())?)
    }
}
