//! How Burn's layers store their weights.

use constinit_symmetry::Orientation;

/// Which axis of a layer's weight ranges over its outputs, by the name of the layer's type.
///
/// | layer | weight |
/// |---|---|
/// | `Linear`, `Embedding` | `[input, output]` |
/// | `ConvTranspose*` | `[input, output, kernel..]` |
/// | `Conv*`, `DeformConv*` | `[output, input, kernel..]` |
/// | any other | not known |
///
/// ```
/// use constinit_core::orientation_of_layer;
/// use constinit_symmetry::Orientation;
///
/// assert_eq!(orientation_of_layer("ConvTranspose2d"), Orientation::InputFirst);
/// assert_eq!(orientation_of_layer("Conv2d"), Orientation::OutputFirst);
/// ```
pub fn orientation_of_layer(layer: &str) -> Orientation {
    match layer {
        "Linear" | "Embedding" => Orientation::InputFirst,
        _ if layer.starts_with("ConvTranspose") => Orientation::InputFirst,
        _ if layer.starts_with("Conv") || layer.starts_with("DeformConv") => {
            Orientation::OutputFirst
        }
        _ => Orientation::Unknown,
    }
}
