//! How Burn's layers store their weights.

use constinit_symmetry::Orientation;

/// Which axis of a layer's weight ranges over its outputs, by the name of the layer's type.
///
/// | layer | weight |
/// |---|---|
/// | `Linear`, `Embedding` | `[input, output]` |
/// | `ConvTranspose1d`, `ConvTranspose2d`, `ConvTranspose3d` | `[input, output, kernel..]` |
/// | `Conv1d`, `Conv2d`, `Conv3d`, `DeformConv2d` | `[output, input, kernel..]` |
/// | any other, such as a user's `ConvBlock` | not known |
///
/// ```
/// use constinit_core::orientation_of_layer;
/// use constinit_symmetry::Orientation;
///
/// assert_eq!(orientation_of_layer("ConvTranspose2d"), Orientation::InputFirst);
/// assert_eq!(orientation_of_layer("Conv2d"), Orientation::OutputFirst);
/// assert_eq!(orientation_of_layer("ConvBlock"), Orientation::Unknown);
/// ```
pub fn orientation_of_layer(layer: &str) -> Orientation {
    match layer {
        "Linear" | "Embedding" => Orientation::InputFirst,
        "ConvTranspose1d" | "ConvTranspose2d" | "ConvTranspose3d" => Orientation::InputFirst,
        "Conv1d" | "Conv2d" | "Conv3d" | "DeformConv2d" => Orientation::OutputFirst,
        _ => Orientation::Unknown,
    }
}
