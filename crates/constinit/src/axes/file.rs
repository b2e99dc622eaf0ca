//! Axes of a Burn module, as the user declares them.

use crate::Error;
use crate::params::{materialise, surveyed};
use burn::module::Module;
use burn::tensor::backend::Backend;
use constinit_symmetry::{AxesFile, AxesSpec};

/// The axes of a module as a file declares them, in the orientation in which Burn stores parameters.
///
/// The type of the module that a parameter belongs to says which axis is the output: `[input, output]` for linear
/// layers, embeddings and transposed convolutions, `[output, input, ..]` for convolutions. For any other parameter with
/// more than one axis the output axis is unknown, so questions that need it, such as forward-lumpable classes, are
/// refused.
///
/// Draws the values of parameters that were not drawn yet.
///
/// ```
/// use burn_ndarray::NdArray;
/// use constinit::ConstInitConfig;
/// use constinit::axes::{AxesFile, from_file};
///
/// let file: AxesFile = toml::from_str(r#"
///     [axes]
///     "layers.0.weight" = ["", "hidden"]
///     "layers.0.bias"   = ["hidden"]
///     "layers.1.weight" = ["hidden", ""]
///     "layers.1.bias"   = [""]
/// "#)?;
/// let net = ConstInitConfig::new(vec![3, 2, 4]).init::<NdArray>(&Default::default());
/// let axes = from_file(file, &net)?;
/// assert_eq!((axes.spaces()[0].name(), axes.spaces()[0].units()), ("hidden", 2));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// # Errors
///
/// [`Error::Symmetry`] if the file does not fit the module: an unknown, missing or duplicate parameter or space, or
/// sizes that disagree, with both places.
pub fn from_file<B: Backend, M: Module<B>>(file: AxesFile, module: &M) -> Result<AxesSpec, Error> {
    materialise(module);
    let surveys = surveyed(module);
    let parameters: Vec<(&str, &str, &[usize])> = surveys
        .iter()
        .map(|parameter| {
            (parameter.path.as_str(), parameter.layer.as_str(), parameter.shape.as_slice())
        })
        .collect();
    constinit_core::axes::from_file(file, &parameters)
}
