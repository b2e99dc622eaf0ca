//! Values from a safetensors file.

use super::Reason;
use super::form::Form;
use super::layout::Layout;
use safetensors::tensor::{Dtype, SafeTensors};
use std::path::Path;

/// The entries of a tensor. This reads the file; the numbers are put in order when the entries are made.
pub(super) fn form<'a>(
    path: &Path,
    name: &str,
    output_first: bool,
    layout: &Layout,
) -> Result<Form<'a>, Reason> {
    let of_file = |message: String| Reason::File { path: path.to_owned(), tensor: None, message };
    let of_tensor = |message: String| {
        let (path, tensor) = (path.to_owned(), Some(name.to_owned()));
        Reason::File { path, tensor, message }
    };
    let bytes = std::fs::read(path).map_err(|error| of_file(error.to_string()))?;
    let tensors = SafeTensors::deserialize(&bytes).map_err(|error| of_file(error.to_string()))?;
    let tensor = tensors.tensor(name).map_err(|error| of_tensor(format!(": {error}")))?;
    let axes = axes_of_file(layout, output_first);
    let wanted: Vec<usize> = axes.iter().map(|axis| layout.shape[*axis]).collect();
    if tensor.shape() != wanted {
        let found = tensor.shape();
        return Err(of_tensor(format!(" has shape {found:?}, not {wanted:?}")));
    }
    let (dtype, data) = (tensor.dtype(), tensor.data().to_vec());
    if !matches!(dtype, Dtype::F64 | Dtype::F32 | Dtype::F16 | Dtype::BF16) {
        return Err(of_tensor(format!(" holds {dtype:?}, not floats")));
    }
    let shape = layout.shape.clone();
    Ok(Form::Whole(Box::new(move || Ok(spread_out(&numbers(&data, dtype), &shape, &axes)))))
}

/// For each axis of the file, the axis of the parameter: output, input, then the kernel axes in order.
fn axes_of_file(layout: &Layout, output_first: bool) -> Vec<usize> {
    let all = 0..layout.shape.len();
    match layout.matrix_axes() {
        Ok(ends) if output_first => {
            ends.into_iter().chain(all.filter(|axis| !ends.contains(axis))).collect()
        }
        _ => all.collect(),
    }
}

fn numbers(data: &[u8], dtype: Dtype) -> Vec<f64> {
    match dtype {
        Dtype::F64 => data.as_chunks().0.iter().map(|b| f64::from_le_bytes(*b)).collect(),
        Dtype::F16 => {
            data.as_chunks().0.iter().map(|b| half::f16::from_le_bytes(*b).into()).collect()
        }
        Dtype::BF16 => {
            data.as_chunks().0.iter().map(|b| half::bf16::from_le_bytes(*b).into()).collect()
        }
        _ => data.as_chunks().0.iter().map(|b| f32::from_le_bytes(*b).into()).collect(),
    }
}

/// Numbers in the storage order of the parameter. Axis `i` of `numbers` is axis `axes[i]` of the parameter.
fn spread_out(numbers: &[f64], shape: &[usize], axes: &[usize]) -> Vec<f64> {
    let stride = |axis: usize| shape[axis + 1..].iter().product::<usize>();
    let strides: Vec<usize> = (0..shape.len()).map(stride).collect();
    let mut entries = vec![0.0; numbers.len()];
    for (number, value) in numbers.iter().enumerate() {
        let (mut rest, mut offset) = (number, 0);
        for axis in axes.iter().rev() {
            offset += rest % shape[*axis] * strides[*axis];
            rest /= shape[*axis];
        }
        entries[offset] = *value;
    }
    entries
}
