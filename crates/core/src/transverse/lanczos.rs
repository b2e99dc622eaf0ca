//! The lowest eigenvalue of a symmetric operator that is known by its products only.
//!
//! Lanczos' method: from a start vector q₁, products with H build an orthonormal basis q₁, …, qₘ in which H is
//! tridiagonal,
//!
//! ```text
//! H qₖ = βₖ₋₁ qₖ₋₁ + αₖ qₖ + βₖ qₖ₊₁
//! ```
//!
//! and eigenvalues of the small matrix are near those of H, the outermost ones first. Each new vector is orthogonalised
//! twice against all vectors before it, so no eigenvalue appears again as a copy of itself.
//!
//! # References
//!
//! Lanczos, "An iteration method for the solution of the eigenvalue problem of linear differential and integral
//! operators", 1950. Parlett, "The symmetric eigenvalue problem", 1980, chapter 13.

use crate::Error;
use crate::linear_algebra::Tridiagonal;
use rand::RngExt;
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::SeedableRng;

/// When the search for the lowest eigenvalue ends.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct LanczosSettings {
    /// The residual that is small enough, relative to the eigenvalue with the largest absolute value.
    pub tolerance: f64,
    /// The largest number of products.
    pub products: usize,
}

impl Default for LanczosSettings {
    /// A residual of 1e-9 within 300 products.
    fn default() -> Self {
        Self { tolerance: 1e-9, products: 300 }
    }
}

/// What was found.
#[derive(Clone, Debug, PartialEq)]
pub struct LowestEigenvalue {
    /// The lowest eigenvalue.
    pub value: f64,
    /// A unit eigenvector for it. Its entry with the largest absolute value is positive.
    pub vector: Vec<f64>,
    /// The length of `H v - value v`, computed from the recurrence: some eigenvalue is within this distance of `value`.
    pub residual: f64,
    /// The largest eigenvalue of the small matrix. The largest eigenvalue of H is not below it.
    pub highest: f64,
    /// How many products were used.
    pub products: usize,
}

/// Finds the lowest eigenvalue of a symmetric operator on vectors of length `dimension`.
///
/// The start vector is drawn by a generator with a fixed seed: the same products give the same answer.
///
/// ```
/// use constinit_core::transverse::{LanczosSettings, lowest_eigenvalue};
///
/// // The second difference on 50 points, with the eigenvalues 2 - 2 cos(k π / 51).
/// let product = |v: &[f64]| {
///     let at = |i: usize| v.get(i).copied().unwrap_or(0.0);
///     Ok((0..50).map(|i| 2.0 * at(i) - at(i + 1) - at(i.wrapping_sub(1))).collect())
/// };
/// let found = lowest_eigenvalue(50, &LanczosSettings::default(), product)?;
/// let lowest = 2.0 - 2.0 * (std::f64::consts::PI / 51.0).cos();
/// assert!((found.value - lowest).abs() < 1e-12);
/// # Ok::<(), constinit_core::Error>(())
/// ```
///
/// # Errors
///
/// Errors of the product, and [`Error::Spectrum`] for a dimension of 0, a product of another length, or one with
/// entries that are not finite.
///
/// # Complexity
///
/// For m products: m² `dimension` for orthogonalising, and m `dimension` doubles of memory. Each time m doubles, about
/// 8 searches for two eigenvalues and a vector of the small matrix, each linear in m.
pub fn lowest_eigenvalue(
    dimension: usize,
    settings: &LanczosSettings,
    mut product: impl FnMut(&[f64]) -> Result<Vec<f64>, Error>,
) -> Result<LowestEigenvalue, Error> {
    let refused = |reason: String| Err(Error::Spectrum { reason });
    if dimension == 0 {
        return refused("an operator on vectors of length 0 has no eigenvalues".into());
    }
    let limit = settings.products.clamp(1, dimension);
    let mut basis: Vec<Vec<f64>> = Vec::new();
    let mut small = Small::default();
    let mut next = start_vector(dimension);
    let mut due = 1;
    loop {
        let vector = next;
        let mut image = product(&vector)?;
        if image.len() != dimension {
            return refused(format!("a product has length {}, not {dimension}", image.len()));
        }
        if let Some(entry) = image.iter().find(|entry| !entry.is_finite()) {
            return refused(format!("a product has an entry {entry}"));
        }
        let diagonal = dot(&vector, &image);
        basis.push(vector);
        // One pass would leave what cancellation brings back.
        for _ in 0..2 {
            for known in &basis {
                let share = dot(known, &image);
                image.iter_mut().zip(known).for_each(|(entry, known)| *entry -= share * known);
            }
        }
        let length = dot(&image, &image).sqrt();
        small.push(diagonal, length);
        let products = basis.len();
        if products >= due || products == limit || length == 0.0 {
            due = products + 1 + products / 8;
            let found = small.lowest();
            let size = found.value.abs().max(found.highest.abs());
            let close = found.residual <= settings.tolerance * size;
            if close || products == limit || length == 0.0 {
                return Ok(LowestEigenvalue {
                    value: found.value,
                    vector: combined(&basis, &found.coordinates),
                    residual: found.residual,
                    highest: found.highest,
                    products,
                });
            }
        }
        next = image;
        next.iter_mut().for_each(|entry| *entry /= length);
    }
}

/// The small matrix: its diagonal, and the entries next to it. The last of these belongs to the next vector.
#[derive(Default)]
struct Small {
    diagonal: Vec<f64>,
    beside: Vec<f64>,
}

struct LowestOfSmall {
    value: f64,
    coordinates: Vec<f64>,
    residual: f64,
    highest: f64,
}

impl Small {
    fn push(&mut self, diagonal: f64, beside: f64) {
        self.diagonal.push(diagonal);
        self.beside.push(beside);
    }

    fn lowest(&self) -> LowestOfSmall {
        let last = self.diagonal.len() - 1;
        let matrix = Tridiagonal { diagonal: &self.diagonal, beside: &self.beside[..last] };
        let [value, highest] = [0, last].map(|number| matrix.eigenvalue(number));
        let coordinates = matrix.eigenvector(value, start_vector(last + 1));
        let residual = self.beside[last] * coordinates[last].abs();
        LowestOfSmall { value, coordinates, residual, highest }
    }
}

/// A vector without any structure, so that no eigenvector is orthogonal to it.
pub fn start_vector(dimension: usize) -> Vec<f64> {
    let mut generator = ChaCha8Rng::seed_from_u64(0);
    let drawn: Vec<f64> = (0..dimension).map(|_| generator.random_range(-1.0..1.0)).collect();
    unit(drawn)
}

fn combined(basis: &[Vec<f64>], coordinates: &[f64]) -> Vec<f64> {
    let mut sum = vec![0.0; basis[0].len()];
    for (vector, coordinate) in basis.iter().zip(coordinates) {
        sum.iter_mut().zip(vector).for_each(|(sum, entry)| *sum += coordinate * entry);
    }
    let largest = sum.iter().copied().fold(0.0_f64, |a, b| if b.abs() > a.abs() { b } else { a });
    if largest < 0.0 {
        sum.iter_mut().for_each(|entry| *entry = -*entry);
    }
    unit(sum)
}

fn unit(mut vector: Vec<f64>) -> Vec<f64> {
    let length = dot(&vector, &vector).sqrt();
    if length > 0.0 {
        vector.iter_mut().for_each(|entry| *entry /= length);
    }
    vector
}

/// The sum of products of entries: `Σ a[i] b[i]`.
pub fn dot(a: &[f64], b: &[f64]) -> f64 {
    a.iter().zip(b).map(|(a, b)| a * b).sum()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// H = Q diag(values) Qᵀ with Q a product of reflections, so that the eigenvectors are known, too.
    struct Known {
        values: Vec<f64>,
        mirrors: Vec<Vec<f64>>,
    }

    impl Known {
        fn reflected(mirror: &[f64], v: &mut [f64]) {
            let share = 2.0 * dot(mirror, v);
            v.iter_mut().zip(mirror).for_each(|(entry, m)| *entry -= share * m);
        }

        fn product(&self, v: &[f64]) -> Vec<f64> {
            let mut v = v.to_vec();
            self.mirrors.iter().for_each(|mirror| Self::reflected(mirror, &mut v));
            v.iter_mut().zip(&self.values).for_each(|(entry, value)| *entry *= value);
            self.mirrors.iter().rev().for_each(|mirror| Self::reflected(mirror, &mut v));
            v
        }
    }

    proptest! {
        #[test]
        fn the_lowest_of_a_known_spectrum(
            values in proptest::collection::vec(prop_oneof![Just(0.0), Just(-1.5), -2.0..5.0_f64], 1..40),
            mirror in proptest::collection::vec(-1.0..1.0_f64, 80),
        ) {
            let n = values.len();
            let mirrors = [&mirror[..n], &mirror[n..2 * n]];
            let mirrors = mirrors.map(|mirror| unit(mirror.to_vec())).to_vec();
            let known = Known { values, mirrors };
            let found =
                lowest_eigenvalue(n, &LanczosSettings::default(), |v| Ok(known.product(v))).unwrap();
            let lowest = known.values.iter().copied().fold(f64::INFINITY, f64::min);
            let size = known.values.iter().fold(0.0_f64, |a, b| a.max(b.abs()));
            prop_assert!((found.value - lowest).abs() <= 1e-9 * size, "{} {lowest}", found.value);
            prop_assert!((dot(&found.vector, &found.vector) - 1.0).abs() < 1e-12);
            let image = known.product(&found.vector);
            let apart = image.iter().zip(&found.vector).map(|(i, v)| (i - found.value * v).powi(2));
            prop_assert!(apart.sum::<f64>().sqrt() <= 1e-8 * size + 1e-300);
            prop_assert!(found.products <= n);
        }
    }

    #[test]
    fn few_products_are_enough_where_the_lowest_stands_apart() {
        // One eigenvalue of -1 below 999 between 0 and 1.
        let at = |i: usize| if i == 500 { -1.0 } else { i as f64 / 1000.0 };
        let product =
            |v: &[f64]| Ok(v.iter().enumerate().map(|(i, entry)| at(i) * entry).collect());
        let found = lowest_eigenvalue(1000, &LanczosSettings::default(), product).unwrap();
        assert!((found.value + 1.0).abs() < 1e-9 && found.products < 60, "{}", found.products);
        assert!((found.vector[500] - 1.0).abs() < 1e-9, "the largest entry is positive");
        // With few products, the residual bounds the error.
        let short = LanczosSettings { products: 4, ..LanczosSettings::default() };
        let found = lowest_eigenvalue(1000, &short, product).unwrap();
        assert_eq!(found.products, 4);
        assert!(found.value > -1.0 && found.residual > 1e-3);
    }

    #[test]
    fn zero_and_multiples_of_one_need_one_product() {
        for factor in [0.0, 2.5] {
            let product = |v: &[f64]| Ok(v.iter().map(|entry| factor * entry).collect());
            let found = lowest_eigenvalue(6, &LanczosSettings::default(), product).unwrap();
            assert_eq!(found.products, 1);
            assert!((found.value - factor).abs() < 1e-14);
        }
    }

    #[test]
    fn what_is_no_product_is_refused() {
        let settings = LanczosSettings::default();
        let message = |n: usize, image: Vec<f64>| {
            lowest_eigenvalue(n, &settings, |_| Ok(image.clone())).unwrap_err().to_string()
        };
        assert_eq!(message(2, vec![1.0]), "spectrum: a product has length 1, not 2");
        assert_eq!(message(1, vec![f64::NAN]), "spectrum: a product has an entry NaN");
        assert!(message(0, vec![]).contains("length 0"));
    }
}
