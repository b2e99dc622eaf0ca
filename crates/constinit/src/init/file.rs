//! Values from a safetensors file.

use super::layout::Layout;
use safetensors::tensor::{Dtype, SafeTensors};
use std::path::Path;

/// The entries of a tensor, in storage order of the parameter.
pub(super) fn read(
    path: &Path,
    name: &str,
    output_first: bool,
    layout: &Layout,
) -> Result<Vec<f64>, String> {
    let file = path.display();
    let bytes = std::fs::read(path).map_err(|error| format!("{file}: {error}"))?;
    let tensors = SafeTensors::deserialize(&bytes).map_err(|error| format!("{file}: {error}"))?;
    let tensor = tensors.tensor(name).map_err(|error| format!("{file}, tensor {name}: {error}"))?;
    let rank = layout.shape.len();
    // Which axis of the parameter each axis of the file is: output, input, then the kernel as it stands.
    let axes: Vec<usize> = if output_first && layout.is_matrix() {
        let ends = [layout.axes.output, layout.axes.input].map(Option::unwrap_or_default);
        ends.into_iter().chain((0..rank).filter(|axis| !ends.contains(axis))).collect()
    } else {
        (0..rank).collect()
    };
    let wanted: Vec<usize> = axes.iter().map(|axis| layout.shape[*axis]).collect();
    if tensor.shape() != wanted {
        let found = tensor.shape();
        return Err(format!("{file}, tensor {name} has shape {found:?}, not {wanted:?}"));
    }
    let data = tensor.data();
    let values: Vec<f64> = match tensor.dtype() {
        Dtype::F64 => data.as_chunks().0.iter().map(|b| f64::from_le_bytes(*b)).collect(),
        Dtype::F32 => data.as_chunks().0.iter().map(|b| f32::from_le_bytes(*b).into()).collect(),
        Dtype::F16 => {
            data.as_chunks().0.iter().map(|b| half::f16::from_le_bytes(*b).into()).collect()
        }
        Dtype::BF16 => {
            data.as_chunks().0.iter().map(|b| half::bf16::from_le_bytes(*b).into()).collect()
        }
        other => return Err(format!("{file}, tensor {name} holds {other:?}, no floats")),
    };
    let strides: Vec<usize> =
        (0..rank).map(|axis| layout.shape[axis + 1..].iter().product()).collect();
    let mut entries = vec![0.0; values.len()];
    for (number, value) in values.into_iter().enumerate() {
        let (mut rest, mut offset) = (number, 0);
        for axis in axes.iter().rev() {
            offset += rest % layout.shape[*axis] * strides[*axis];
            rest /= layout.shape[*axis];
        }
        entries[offset] = value;
    }
    Ok(entries)
}
