//! Eigenvalues of the curvature of a loss between twins: Lanczos' method for operators of which only products are known
//! ([`lowest_eigenvalue`]), and direct methods if the matrix itself is known ([`extreme_curvatures`]).

mod extremes;
mod lanczos;
mod stability;

pub use extremes::extreme_curvatures;
pub use lanczos::{LanczosSettings, LowestEigenvalue, dot, lowest_eigenvalue, start_vector};
pub use stability::Stability;
