//! Axes of a module, as the user declares them.

use crate::Error;
use crate::layer::orientation_of_layer;
use constinit_symmetry::{AxesFile, AxesSpec, Orientation};
use std::collections::HashMap;

/// The axes of a module as a file declares them, in the orientation in which Burn stores parameters.
///
/// `parameters` are the path, the type of the layer and the shape of each. The type of the layer says which axis is the
/// output ([`orientation_of_layer`]). For any other parameter with more than one axis the output axis is unknown, so
/// questions that need it, such as forward-lumpable classes, are refused.
///
/// # Errors
///
/// [`Error::Symmetry`] if the file does not fit the module: an unknown, missing or duplicate parameter or space, or
/// sizes that disagree, with both places.
pub fn from_file(file: AxesFile, parameters: &[(&str, &str, &[usize])]) -> Result<AxesSpec, Error> {
    let layers: HashMap<&str, &str> =
        parameters.iter().map(|(path, layer, _)| (*path, *layer)).collect();
    let orientation = |path: &str| {
        layers.get(path).map_or(Orientation::Unknown, |layer| orientation_of_layer(layer))
    };
    let shapes = parameters.iter().map(|(path, _, shape)| (*path, *shape));
    Ok(file.into_builder_with(orientation).build(shapes)?)
}
