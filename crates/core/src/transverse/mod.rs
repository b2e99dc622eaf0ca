//! Eigenvalues of the curvature of a loss between twins: Lanczos' method for operators that are known by their products
//! ([`lowest_eigenvalue`]), and all eigenvalues where the matrix itself is known ([`extreme_curvatures`]).

mod extremes;
mod lanczos;
mod stability;

pub use extremes::extreme_curvatures;
pub use lanczos::{LanczosSettings, LowestEigenvalue, dot, lowest_eigenvalue, start_vector};
pub use stability::Stability;
