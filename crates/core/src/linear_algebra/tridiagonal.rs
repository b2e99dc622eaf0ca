//! Single eigenvalues of symmetric matrices, and their eigenvectors.
//!
//! Bisection finds an eigenvalue of a tridiagonal matrix T: the number of eigenvalues below x is the number of negative
//! pivots when T - x is eliminated from the top (Sturm's sequence). Inverse iteration finds an eigenvector: repeated
//! solving with T - x turns almost any start into one. Reflections first make any other symmetric matrix tridiagonal.
//!
//! # References
//!
//! Barth, Martin and Wilkinson, "Calculation of the eigenvalues of a symmetric tridiagonal matrix by the method of
//! bisection", 1967. Demmel, Dhillon and Ren, "On the correctness of some bisection-like parallel eigenvalue algorithms
//! in floating point arithmetic", 1995. Golub and Van Loan, "Matrix computations", 4th edition, 2013, chapter 8.

use super::reflection::reflection;

/// A symmetric matrix whose entries are finite, and 0 except on the diagonal and next to it.
pub(crate) struct Tridiagonal<'a> {
    /// The entries on the diagonal, at least one.
    pub diagonal: &'a [f64],
    /// The entries next to it, one fewer.
    pub beside: &'a [f64],
}

impl Tridiagonal<'_> {
    /// The eigenvalue with `number` others below it, counted with multiplicity. The error is a few roundings of the
    /// eigenvalue with the largest absolute value.
    ///
    /// # Complexity
    ///
    /// At most 64 eliminations, each linear in the size.
    pub fn eigenvalue(&self, number: usize) -> f64 {
        // The distance of each eigenvalue from some diagonal entry is at most the sum of the entries next to that entry
        // (Gershgorin).
        let around = |row: usize| {
            let beside = |at: Option<usize>| at.and_then(|at| self.beside.get(at)).copied();
            let [above, below] = [row.checked_sub(1), Some(row)].map(beside);
            let radius = above.unwrap_or(0.0).abs() + below.unwrap_or(0.0).abs();
            [self.diagonal[row] - radius, self.diagonal[row] + radius]
        };
        let [mut low, mut high] = (0..self.diagonal.len())
            .map(around)
            .reduce(|[a, b], [c, d]| [a.min(c), b.max(d)])
            .expect("a matrix has a row");
        // The interval becomes 2^64 times as short: its length is then less than a rounding of its bounds.
        for _ in 0..64 {
            let middle = low + (high / 2.0 - low / 2.0);
            if middle <= low || middle >= high {
                break;
            }
            if self.below(middle) > number {
                high = middle;
            } else {
                low = middle;
            }
        }
        low + (high / 2.0 - low / 2.0)
    }

    /// How many eigenvalues are below `x`.
    fn below(&self, x: f64) -> usize {
        let mut pivot = f64::INFINITY;
        let mut negative = 0;
        for (row, entry) in self.diagonal.iter().enumerate() {
            // Not the square of the entry next to the diagonal: it may overflow or vanish.
            let shared = match row.checked_sub(1).map(|above| self.beside[above]) {
                Some(beside) => beside * (beside / pivot),
                None => 0.0,
            };
            pivot = entry - x - shared;
            if pivot == 0.0 {
                // The negative number with the smallest absolute value.
                pivot = -f64::from_bits(1);
            }
            negative += usize::from(pivot < 0.0);
        }
        negative
    }

    /// A unit vector v of this eigenvalue: T v - `value` v is as small as rounding allows.
    ///
    /// `start` is a vector without structure, so that v is not orthogonal to it. If eigenvalues are equal, or so close
    /// that rounding does not distinguish them, v is a vector in the span of their eigenvectors.
    pub fn eigenvector(&self, value: f64, start: Vec<f64>) -> Vec<f64> {
        debug_assert_eq!(start.len(), self.diagonal.len());
        let size = self.diagonal.iter().chain(self.beside).fold(0.0_f64, |a, b| a.max(b.abs()));
        let mut vector = unit(start);
        if size > 0.0 {
            let factors = Factors::of(self, value, size);
            // The first solution is as good as its start is typical, the next ones are as good as rounding allows.
            for _ in 0..3 {
                factors.solve(&mut vector);
                vector = unit(vector);
            }
        }
        vector
    }
}

/// (T - x) / size with swapped rows, as a lower and an upper triangle.
struct Factors {
    /// For each row except the last: whether it was swapped with the next one, and the multiple of it that was
    /// subtracted from the next one.
    steps: Vec<(bool, f64)>,
    /// The entries on the diagonal of the upper triangle and in the two places after it.
    upper: Vec<[f64; 3]>,
}

impl Factors {
    /// Eliminates with the larger of two entries as the pivot. A pivot of 0 becomes a rounding of 1; after division by
    /// `size`, the largest entry is 1.
    fn of(matrix: &Tridiagonal, x: f64, size: f64) -> Self {
        let last = matrix.diagonal.len() - 1;
        let beside = |row: usize| matrix.beside.get(row).map_or(0.0, |entry| entry / size);
        let on = |row: usize| matrix.diagonal[row] / size - x / size;
        let mut steps = Vec::with_capacity(last);
        let mut upper = Vec::with_capacity(last + 1);
        let mut row = [on(0), beside(0), 0.0];
        for number in 0..last {
            let mut next = [beside(number), on(number + 1), beside(number + 1)];
            let swapped = next[0].abs() > row[0].abs();
            if swapped {
                std::mem::swap(&mut row, &mut next);
            }
            let times = if row[0] == 0.0 { 0.0 } else { next[0] / row[0] };
            steps.push((swapped, times));
            upper.push(row);
            row = [next[1] - times * row[1], next[2] - times * row[2], 0.0];
        }
        upper.push(row);
        for [pivot, ..] in &mut upper {
            if pivot.abs() < f64::EPSILON {
                *pivot = f64::EPSILON.copysign(*pivot);
            }
        }
        Self { steps, upper }
    }

    fn solve(&self, vector: &mut [f64]) {
        for (row, (swapped, times)) in self.steps.iter().enumerate() {
            if *swapped {
                vector.swap(row, row + 1);
            }
            vector[row + 1] -= times * vector[row];
        }
        let after = |vector: &[f64], row: usize| vector.get(row).copied().unwrap_or(0.0);
        for (row, [pivot, next, second]) in self.upper.iter().enumerate().rev() {
            let known = next * after(vector, row + 1) + second * after(vector, row + 2);
            vector[row] = (vector[row] - known) / pivot;
        }
    }
}

/// A vector of length 1 in the direction of one that is not 0.
fn unit(mut vector: Vec<f64>) -> Vec<f64> {
    let largest = vector.iter().fold(0.0_f64, |largest, entry| largest.max(entry.abs()));
    vector.iter_mut().for_each(|entry| *entry /= largest);
    let length = vector.iter().map(|entry| entry * entry).sum::<f64>().sqrt();
    vector.iter_mut().for_each(|entry| *entry /= length);
    vector
}

/// The diagonal, and the entries next to it, of a tridiagonal matrix with the eigenvalues of a symmetric matrix. The
/// entries `[size][size]` of the symmetric matrix are finite; those above the diagonal are not read.
///
/// # Complexity
///
/// 4/3 `size`³ multiplications and as many additions.
pub(crate) fn tridiagonalised(mut entries: Vec<f64>, size: usize) -> [Vec<f64>; 2] {
    debug_assert_eq!(entries.len(), size * size);
    let mut beside = Vec::new();
    for column in 0..size.saturating_sub(1) {
        let first = column + 1;
        let at = |row: usize| entries[row * size + column];
        let reflection = reflection(at(first), (first + 1..size).map(at));
        beside.push(reflection.beta);
        if reflection.tau == 0.0 {
            continue;
        }
        let vector: Vec<f64> = (first..size)
            .map(|row| if row == first { 1.0 } else { at(row) / reflection.divisor })
            .collect();
        // H A H = A - v wᵀ - w vᵀ with w = p - τ/2 (p · v) v and p = τ A v.
        let lower = |row: usize, column: usize| entries[row.max(column) * size + row.min(column)];
        let products: Vec<f64> = (first..size)
            .map(|row| (first..size).zip(&vector).map(|(k, v)| lower(row, k) * v).sum::<f64>())
            .map(|product| reflection.tau * product)
            .collect();
        let share: f64 = products.iter().zip(&vector).map(|(product, v)| product * v).sum();
        let half = reflection.tau / 2.0 * share;
        let other: Vec<f64> = products.iter().zip(&vector).map(|(p, v)| p - half * v).collect();
        for row in first..size {
            for column in first..=row {
                let [i, j] = [row - first, column - first];
                entries[row * size + column] -= vector[i] * other[j] + other[i] * vector[j];
            }
        }
    }
    [(0..size).map(|row| entries[row * size + row]).collect(), beside]
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::f64::consts::PI;

    impl Tridiagonal<'_> {
        /// The length of T v - `value` v relative to the largest entry of T.
        fn residual(&self, value: f64, v: &[f64]) -> f64 {
            let size = self.diagonal.iter().chain(self.beside).fold(0.0_f64, |a, b| a.max(b.abs()));
            if size == 0.0 {
                return value.abs();
            }
            let beside = |row: usize| self.beside[row] / size;
            let image = |row: usize| {
                let above = row.checked_sub(1).map_or(0.0, |above| beside(above) * v[above]);
                let below = v.get(row + 1).map_or(0.0, |below| beside(row) * below);
                above + (self.diagonal[row] / size - value / size) * v[row] + below
            };
            (0..v.len()).map(|row| image(row).powi(2)).sum::<f64>().sqrt()
        }
    }

    /// Not the start that the caller has: any vector without structure works.
    fn start(size: usize) -> Vec<f64> {
        (1..=size).map(|row| (row as f64 * 1e4).sin()).collect()
    }

    /// All eigenvalues of a symmetric matrix in rising order, by Jacobi's rotations.
    fn by_rotations(mut a: Vec<f64>, size: usize) -> Vec<f64> {
        for _ in 0..30 {
            for p in 0..size {
                for q in p + 1..size {
                    let beside = a[p * size + q];
                    if beside == 0.0 {
                        continue;
                    }
                    let angle = (2.0 * beside).atan2(a[q * size + q] - a[p * size + p]) / 2.0;
                    let (sin, cos) = angle.sin_cos();
                    for k in 0..size {
                        let [x, y] = [a[k * size + p], a[k * size + q]];
                        a[k * size + p] = cos * x - sin * y;
                        a[k * size + q] = sin * x + cos * y;
                    }
                    for k in 0..size {
                        let [x, y] = [a[p * size + k], a[q * size + k]];
                        a[p * size + k] = cos * x - sin * y;
                        a[q * size + k] = sin * x + cos * y;
                    }
                }
            }
        }
        let mut values: Vec<f64> = (0..size).map(|row| a[row * size + row]).collect();
        values.sort_by(f64::total_cmp);
        values
    }

    fn check(diagonal: &[f64], beside: &[f64], known: &[f64], within: f64) {
        let matrix = Tridiagonal { diagonal, beside };
        for (number, known) in known.iter().enumerate() {
            let value = matrix.eigenvalue(number);
            assert!((value - known).abs() <= within, "number {number}: {value}, not {known}");
            let vector = matrix.eigenvector(value, start(diagonal.len()));
            let length: f64 = vector.iter().map(|entry| entry * entry).sum();
            assert!((length - 1.0).abs() < 1e-14, "number {number}: length² {length}");
            let residual = matrix.residual(value, &vector);
            assert!(residual <= 1e-14, "number {number}: residual {residual}");
        }
    }

    #[test]
    fn second_differences_have_known_eigenvalues() {
        for size in [1, 2, 3, 10, 151] {
            let known: Vec<f64> =
                (1..=size).map(|k| 2.0 - 2.0 * (k as f64 * PI / (size + 1) as f64).cos()).collect();
            check(&vec![2.0; size], &vec![-1.0; size - 1], &known, 1e-14);
        }
    }

    #[test]
    fn clement_s_matrix_has_whole_eigenvalues() {
        // 0 on the diagonal, √(k (n - k)) next to it: -(n - 1), -(n - 3), …, n - 1.
        let size = 40;
        let beside: Vec<f64> = (1..size).map(|k| ((k * (size - k)) as f64).sqrt()).collect();
        let known: Vec<f64> = (0..size).map(|k| 2.0 * k as f64 - (size - 1) as f64).collect();
        check(&vec![0.0; size], &beside, &known, 1e-13);
    }

    #[test]
    fn wilkinson_s_matrix_has_pairs_that_rounding_cannot_distinguish() {
        // W21+ (Wilkinson, "The algebraic eigenvalue problem", 1965, p. 309): the two highest agree in 15 digits.
        let diagonal: Vec<f64> = (-10..=10).map(|k| f64::from(i32::abs(k))).collect();
        let beside = [1.0; 20];
        let matrix = Tridiagonal { diagonal: &diagonal, beside: &beside };
        let highest = [19, 20].map(|number| matrix.eigenvalue(number));
        for value in highest {
            assert!((value - 10.746_194_182_903_39).abs() < 1e-13, "{value}");
            let vector = matrix.eigenvector(value, start(21));
            assert!(matrix.residual(value, &vector) < 1e-14);
        }
        assert!((matrix.eigenvalue(0) + 1.125_441_522_119_98).abs() < 1e-13);
    }

    #[test]
    fn blocks_that_do_not_meet_share_an_eigenvalue() {
        // Twice [[0, 1], [1, 0]], and a separate 1.
        let diagonal = [0.0, 0.0, 0.0, 0.0, 1.0];
        check(&diagonal, &[1.0, 0.0, 1.0, 0.0], &[-1.0, -1.0, 1.0, 1.0, 1.0], 1e-15);
        check(&[0.0; 3], &[0.0; 2], &[0.0; 3], 0.0);
        check(&[7.5; 3], &[0.0; 2], &[7.5; 3], 0.0);
    }

    #[test]
    fn entries_of_any_size() {
        for size in [1e-300, 1e-160, 1e160, 1e300] {
            let [diagonal, beside] = [[2.0 * size; 3], [-size; 3]];
            let known = [1, 2, 3].map(|k| size * (2.0 - 2.0 * (f64::from(k) * PI / 4.0).cos()));
            check(&diagonal, &beside[..2], &known, 1e-14 * size);
        }
    }

    proptest! {
        #[test]
        fn tridiagonal_matrices_have_the_eigenvalues_that_rotations_find(
            (diagonal, beside) in (1..25_usize).prop_flat_map(|size| {
                let entry = || prop_oneof![Just(0.0), Just(1.0), -2.0..2.0_f64, -1e-6..1e-6_f64];
                let entries = |size| proptest::collection::vec(entry(), size);
                (entries(size), entries(size - 1))
            }),
        ) {
            let size = diagonal.len();
            let mut whole = vec![0.0; size * size];
            diagonal.iter().enumerate().for_each(|(k, entry)| whole[k * size + k] = *entry);
            for (k, entry) in beside.iter().enumerate() {
                whole[k * size + k + 1] = *entry;
                whole[(k + 1) * size + k] = *entry;
            }
            check(&diagonal, &beside, &by_rotations(whole, size), 1e-13);
        }

        #[test]
        fn what_is_made_tridiagonal_keeps_its_eigenvalues(
            (size, drawn) in (1..20_usize).prop_flat_map(|size| {
                let entry = prop_oneof![Just(0.0), -2.0..2.0_f64];
                (Just(size), proptest::collection::vec(entry, size * size))
            }),
        ) {
            let place = |i: usize, j: usize| i.max(j) * size + i.min(j);
            let whole: Vec<f64> =
                (0..size * size).map(|entry| drawn[place(entry / size, entry % size)]).collect();
            let [diagonal, beside] = tridiagonalised(drawn, size);
            let matrix = Tridiagonal { diagonal: &diagonal, beside: &beside };
            for (number, known) in by_rotations(whole, size).into_iter().enumerate() {
                let found = matrix.eigenvalue(number);
                prop_assert!((found - known).abs() < 1e-13, "number {}: {}, not {}", number, found, known);
            }
        }
    }

    #[test]
    fn what_is_above_the_diagonal_is_not_read() {
        let [diagonal, beside] = tridiagonalised(vec![1.0, f64::NAN, 3.0, 1.0], 2);
        assert_eq!((diagonal, beside), (vec![1.0, 1.0], vec![3.0]));
    }
}
