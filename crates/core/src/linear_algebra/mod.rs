//! Orthogonal factors of matrices, and the eigenvalues of symmetric ones that a search needs.
//!
//! No sum depends on the number of threads or on the features of a processor: the same entries give the same bits
//! everywhere. Matrices are slices, row after row.

mod qr;
mod reflection;
mod tridiagonal;

pub(crate) use qr::{Qr, qr};
pub(crate) use tridiagonal::{Tridiagonal, tridiagonalised};
