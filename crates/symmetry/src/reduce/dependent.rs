//! Rows that are linear combinations of the rows before them.
//!
//! A float is an integer times a power of two, so it has a residue modulo an odd prime. Dependent rows stay dependent
//! modulo the prime. Independent rows stay independent, unless the prime divides a certain number: for a prime near 2⁶¹
//! and a thousand rows the chance is about one in 10¹⁵. Nothing is rounded.

const PRIME: u64 = (1 << 61) - 1;

fn times(a: u64, b: u64) -> u64 {
    let product = u128::from(a) * u128::from(b);
    let sum = (product as u64 & PRIME) + (product >> 61) as u64;
    if sum >= PRIME { sum - PRIME } else { sum }
}

fn minus(a: u64, b: u64) -> u64 {
    if a >= b { a - b } else { a + PRIME - b }
}

fn power(mut base: u64, mut exponent: u64) -> u64 {
    let mut result = 1;
    while exponent > 0 {
        if exponent & 1 == 1 {
            result = times(result, base);
        }
        base = times(base, base);
        exponent >>= 1;
    }
    result
}

/// A finite number modulo the prime.
fn residue(x: f64) -> u64 {
    let bits = x.to_bits();
    let exponent = (bits >> 52 & 0x7ff) as i64;
    let mantissa = bits & ((1 << 52) - 1) | u64::from(exponent != 0) << 52;
    // 2 has order 61 modulo this prime.
    let shift = (exponent.max(1) - 1075).rem_euclid(61) as u32;
    let value = times(mantissa, 1 << shift);
    if x < 0.0 { minus(0, value) } else { value }
}

/// The numbers of the rows that are linear combinations of the rows before them.
///
/// # Complexity
///
/// O(n r d) for n rows of d entries, r of them independent.
pub(super) fn dependent<'r>(rows: impl Iterator<Item = &'r [f64]>) -> Vec<usize> {
    // Reduced rows, each with the place of its first nonzero entry, which is 1.
    let mut basis: Vec<(usize, Vec<u64>)> = Vec::new();
    let mut found = Vec::new();
    for (number, row) in rows.enumerate() {
        let mut row: Vec<u64> = row.iter().map(|&x| residue(x)).collect();
        for (place, other) in &basis {
            let by = row[*place];
            if by != 0 {
                for (x, y) in row[*place..].iter_mut().zip(&other[*place..]) {
                    *x = minus(*x, times(by, *y));
                }
            }
        }
        let Some(place) = row.iter().position(|&x| x != 0) else {
            found.push(number);
            continue;
        };
        let inverse = power(row[place], PRIME - 2);
        row.iter_mut().for_each(|x| *x = times(*x, inverse));
        let at = basis.partition_point(|(known, _)| *known < place);
        basis.insert(at, (place, row));
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn dependent_rows(rows: &[Vec<f64>]) -> Vec<usize> {
        dependent(rows.iter().map(Vec::as_slice))
    }

    #[test]
    fn combinations_are_found_however_large_or_small() {
        let rows = [
            [1.0, 2.0, 0.5],
            [1e-300, 0.0, 0.0],
            [0.0, 1e300, 2.5e299],
            [0.0, 0.0, 0.0],
            [0.0, 0.0, 1.0],
        ];
        // 1e300 may not be exactly four times 2.5e299 as floats; then row 2 is independent.
        let exact = rows[2][1] == 4.0 * rows[2][2];
        let expected = if exact { vec![2, 3] } else { vec![3, 4] };
        assert_eq!(dependent_rows(&rows.map(Vec::from)), expected);
    }

    #[test]
    fn powers_of_two_have_residues() {
        assert_eq!(times(residue(0.5), 2), 1);
        assert_eq!(residue(-3.0), PRIME - 3);
        assert_eq!(
            times(residue(2f64.powi(-1074)), residue(2f64.powi(1000))),
            residue(2f64.powi(-74))
        );
    }

    proptest! {
        /// A matrix of rank r by construction.
        #[test]
        fn as_many_rows_as_the_rank_are_independent(
            small in prop::collection::vec(prop::collection::vec(-9i32..9, 3), 1..9),
            base in prop::collection::vec(prop::collection::vec(-1000i32..1000, 5), 3),
        ) {
            let row = |weights: &Vec<i32>| -> Vec<f64> {
                (0..5).map(|j| (0..3).map(|k| f64::from(weights[k]) * f64::from(base[k][j])).sum::<f64>() / 8.0).collect()
            };
            let rows: Vec<Vec<f64>> = small.iter().map(row).collect();
            let found = dependent_rows(&rows);
            prop_assert!(rows.len() - found.len() <= 3);
            // Without the rows that were found, no row is dependent.
            let rest: Vec<Vec<f64>> =
                rows.iter().enumerate().filter(|(n, _)| !found.contains(n)).map(|(_, row)| row.clone()).collect();
            prop_assert!(dependent_rows(&rest).is_empty());
        }
    }
}
