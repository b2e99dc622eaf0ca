//! The lowest and the highest curvature, if the matrix itself is known.

use super::lanczos::{LanczosSettings, lowest_eigenvalue};
use crate::Error;
use crate::linear_algebra::{Tridiagonal, tridiagonalised};
use constinit_symmetry::Transverse;

/// Up to this size, making the matrix tridiagonal is faster than products.
const WHOLE: usize = 64;

/// The lowest and the highest eigenvalue of a curvature in closed form.
///
/// # Errors
///
/// [`Error::Spectrum`] for entries that are not finite.
///
/// # Complexity
///
/// The cube of the dimension up to 64, some dozens of products above.
///
/// # Examples
///
/// ```
/// use constinit_core::transverse::extreme_curvatures;
/// use constinit_symmetry::dynamics::{DenseLayer, Mse, Perceptron};
/// use constinit_symmetry::{Activation, transverse};
///
/// let zeros = || DenseLayer { weight: vec![0.0, 0.0], bias: None };
/// let net = Perceptron::new(&[1, 2, 1], vec![zeros(), zeros()])?;
/// let h = transverse(&net, &Activation::Tanh, &Mse, 1, 0, &[3.0], &[1.0])?;
/// let [lowest, highest] = extreme_curvatures(&h)?; // of [[0, -6], [-6, 0]]
/// assert!((lowest + 6.0).abs() < 1e-12 && (highest - 6.0).abs() < 1e-12);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn extreme_curvatures(curvature: &Transverse) -> Result<[f64; 2], Error> {
    let (size, entries) = (curvature.dimension(), curvature.entries());
    if let Some(entry) = entries.iter().find(|entry| !entry.is_finite()) {
        return Err(Error::Spectrum { reason: format!("the curvature has an entry {entry}") });
    }
    if entries.iter().all(|entry| *entry == 0.0) {
        return Ok([0.0, 0.0]);
    }
    if size > WHOLE {
        let settings = LanczosSettings::default();
        let found = lowest_eigenvalue(size, &settings, |v| Ok(curvature.apply(v)))?;
        return Ok([found.value, found.highest]);
    }
    let [diagonal, beside] = tridiagonalised(entries.to_vec(), size);
    let matrix = Tridiagonal { diagonal: &diagonal, beside: &beside };
    Ok([matrix.eigenvalue(0), matrix.eigenvalue(size - 1)])
}
