//! Householder's reflections. Each clears all entries of a vector except the first.

/// A reflection H = 1 - τ v vᵀ with v₀ = 1, which maps the vector for which it was made to (β, 0, 0, …).
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Reflection {
    /// τ; 0 if there is nothing to clear, so that H is the identity.
    pub tau: f64,
    /// β: its absolute value is the length of the vector, and its sign is opposite to that of the first entry.
    pub beta: f64,
    /// The other entries of the vector, divided by this, are those of v.
    pub divisor: f64,
}

/// The reflection that clears `rest` of the vector (`first`, `rest`).
///
/// Squares neither overflow nor vanish, since the entries are divided by the largest one first.
pub(super) fn reflection(first: f64, rest: impl Iterator<Item = f64> + Clone) -> Reflection {
    let largest = rest.clone().fold(0.0_f64, |largest, entry| largest.max(entry.abs()));
    if largest == 0.0 {
        return Reflection { tau: 0.0, beta: first, divisor: 1.0 };
    }
    let scale = largest.max(first.abs());
    let squares: f64 = rest.map(|entry| (entry / scale).powi(2)).sum();
    let length = scale * ((first / scale).powi(2) + squares).sqrt();
    let beta = -length.copysign(first);
    Reflection { tau: (beta - first) / beta, beta, divisor: first - beta }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_vector_of_length_5_is_cleared() {
        let Reflection { tau, beta, divisor } = reflection(3.0, [0.0, 4.0].into_iter());
        assert_eq!([tau, beta, divisor], [1.6, -5.0, 8.0]);
        // H x = x - τ v (v · x) with v = (1, 0, 1/2).
        let share = tau * (3.0 + 4.0 / divisor * 4.0);
        assert_eq!([3.0 - share, 4.0 - share * (4.0 / divisor)], [beta, 0.0]);
        assert_eq!(reflection(-3.0, [4.0].into_iter()).beta, 5.0);
    }

    #[test]
    fn nothing_to_clear_is_the_identity() {
        for rest in [&[][..], &[0.0, -0.0]] {
            let found = reflection(-2.0, rest.iter().copied());
            assert_eq!(found, Reflection { tau: 0.0, beta: -2.0, divisor: 1.0 });
        }
    }

    #[test]
    fn squares_neither_overflow_nor_vanish() {
        for size in [1e300, 1e-300] {
            let found = reflection(3.0 * size, [4.0 * size].into_iter());
            assert!((found.beta / size + 5.0).abs() < 1e-14, "{found:?}");
            assert!((found.tau - 1.6).abs() < 1e-14, "{found:?}");
        }
    }
}
