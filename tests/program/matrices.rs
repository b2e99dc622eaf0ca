//! Writes checkpoints for tests.

use super::Folder;
use safetensors::tensor::{Dtype, TensorView, serialize_to_file};

/// A file of matrices.
pub fn matrices(folder: &Folder, name: &str, of: &[(&str, [usize; 2], Vec<f32>)]) {
    let bytes: Vec<Vec<u8>> = of
        .iter()
        .map(|(_, _, numbers)| numbers.iter().flat_map(|x| x.to_le_bytes()).collect())
        .collect();
    let views = of.iter().zip(&bytes).map(|((name, shape, _), bytes)| {
        (*name, TensorView::new(Dtype::F32, shape.to_vec(), bytes).unwrap())
    });
    serialize_to_file(views, None, &folder.join(name)).unwrap();
}
