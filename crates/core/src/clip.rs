//! Limits on gradients.

/// Limits the gradients of a module before the optimizer sees them.
///
/// Burn's own clipping acts on each parameter separately and belongs to the optimizer.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Clip {
    /// Clamps every entry to `[-limit, limit]`.
    Value(f64),
    /// Multiplies all gradients by `min(1, limit / (norm + 1e-6))`, where `norm` is the Euclidean norm of all of them
    /// together: PyTorch's `clip_grad_norm_`.
    GlobalNorm(f64),
}
