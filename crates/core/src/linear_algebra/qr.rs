//! The orthogonal and the triangular factor of a matrix: A = Q R.
//!
//! Householder's method in blocks. The columns are kept in strips of [`WIDTH`]. Reflections clear a strip below its
//! diagonal. Together they are H₁ H₂ … = 1 - V T Vᵀ with a small triangular T. In this form they are applied to each
//! later strip separately: products of matrices that stay in the cache, in parallel, in an order that does not depend
//! on the number of threads.
//!
//! # References
//!
//! Schreiber and Van Loan, "A storage-efficient WY representation for products of Householder transformations", 1989.
//! Golub and Van Loan, "Matrix computations", 4th edition, 2013, sections 5.1 and 5.2.

use super::reflection::reflection;
use rayon::prelude::*;

/// Columns of a strip, and reflections of a block.
const WIDTH: usize = 32;

/// The entries of a row in one strip. Those past the last column are 0.
type Row = [f64; WIDTH];

/// The factors of a matrix with `rows` rows and `columns` columns, row after row; `short` is the lower of the two numbers.
pub(crate) struct Qr {
    /// Orthonormal columns: `[rows][short]`.
    pub q: Vec<f64>,
    /// The triangle: `[short][columns]`, 0 below its diagonal, which has entries of any sign.
    pub r: Vec<f64>,
}

/// Factors a matrix `[rows][columns]` of finite entries.
///
/// A column that depends on those before it leaves 0, except for rounding, on the diagonal of the triangle. Q is
/// orthonormal even then.
///
/// # Complexity
///
/// 2 m n² - 2/3 n³ multiplications and as many additions for m rows and n ≤ m columns; memory for three such matrices.
pub(crate) fn qr(entries: &[f64], rows: usize, columns: usize) -> Qr {
    debug_assert_eq!(entries.len(), rows * columns);
    let short = rows.min(columns);
    let mut strips = in_strips(entries, rows, columns);
    let mut r = vec![0.0; short * columns];
    let mut blocks: Vec<Block> = Vec::new();
    for number in 0..strips.len() {
        let first = number * WIDTH;
        let (done, rest) = strips.split_at_mut(number + 1);
        let mut strip = std::mem::take(&mut done[number]);
        let block = (first < short).then(|| Block::clear(&mut strip[first..], short - first));
        for (row, entries) in strip.iter().take(short).enumerate() {
            let from = row.saturating_sub(first).min(WIDTH);
            let until = WIDTH.min(columns - first);
            if from < until {
                let place = row * columns + first;
                r[place + from..place + until].copy_from_slice(&entries[from..until]);
            }
        }
        if let Some(block) = block {
            rest.par_iter_mut().for_each(|strip| block.reflect_back(&mut strip[first..]));
            blocks.push(block);
        }
    }
    Qr { q: orthonormal(&blocks, rows, short), r }
}

/// The columns of the product of all reflections: of H₁ H₂ … times the first unit vectors.
fn orthonormal(blocks: &[Block], rows: usize, short: usize) -> Vec<f64> {
    let strip = |number: usize| {
        let mut strip: Vec<Row> = vec![[0.0; WIDTH]; rows];
        let first = number * WIDTH;
        for column in first..short.min(first + WIDTH) {
            strip[column][column - first] = 1.0;
        }
        // Later blocks begin below these unit vectors and do not change them.
        for (number, block) in blocks[..=number].iter().enumerate().rev() {
            block.reflect(&mut strip[number * WIDTH..]);
        }
        strip
    };
    let strips: Vec<Vec<Row>> = (0..blocks.len()).into_par_iter().map(strip).collect();
    let mut q = vec![0.0; rows * short];
    if short > 0 {
        q.par_chunks_mut(short).enumerate().for_each(|(row, entries)| {
            for (entries, strip) in entries.chunks_mut(WIDTH).zip(&strips) {
                entries.copy_from_slice(&strip[row][..entries.len()]);
            }
        });
    }
    q
}

fn in_strips(entries: &[f64], rows: usize, columns: usize) -> Vec<Vec<Row>> {
    let strip = |number: usize| {
        let mut strip: Vec<Row> = vec![[0.0; WIDTH]; rows];
        for (row, entries) in strip.iter_mut().zip(entries.chunks(columns)) {
            let from = &entries[number * WIDTH..columns.min((number + 1) * WIDTH)];
            row[..from.len()].copy_from_slice(from);
        }
        strip
    };
    (0..columns.div_ceil(WIDTH)).into_par_iter().map(strip).collect()
}

/// Up to [`WIDTH`] reflections one after another, as 1 - V T Vᵀ.
struct Block {
    /// V: a reflection's vector is a column, 1 at its first row and 0 above.
    vectors: Vec<Row>,
    /// T, whose lower triangle is 0.
    triangle: Box<[Row; WIDTH]>,
    /// How many reflections there are.
    count: usize,
}

impl Block {
    /// Clears the strip's columns below the diagonal that begins at its first row, at most `most` of them, and leaves
    /// their triangle there.
    fn clear(strip: &mut [Row], most: usize) -> Self {
        let count = WIDTH.min(most);
        let mut taus = [0.0; WIDTH];
        for column in 0..count {
            let below = strip[column + 1..].iter().map(|row| row[column]);
            let reflection = reflection(strip[column][column], below);
            taus[column] = reflection.tau;
            let (head, below) = strip[column..].split_first_mut().expect("a row for each column");
            head[column] = reflection.beta;
            below.iter_mut().for_each(|row| row[column] /= reflection.divisor);
            // vᵀ times the columns that are not cleared yet, and 0 for the cleared ones.
            let mut products = *head;
            for row in &*below {
                add(&mut products, row[column], row);
            }
            products.iter_mut().for_each(|product| *product *= -reflection.tau);
            products[..=column].fill(0.0);
            add(head, 1.0, &products);
            below.iter_mut().for_each(|row| add(row, row[column], &products));
        }
        let mut vectors = strip.to_vec();
        for (number, row) in vectors.iter_mut().enumerate().take(WIDTH) {
            row[number.min(count)..].fill(0.0);
            if number < count {
                row[number] = 1.0;
            }
        }
        vectors.iter_mut().skip(WIDTH).for_each(|row| row[count..].fill(0.0));
        let products = across(&vectors, &vectors, count);
        Self { triangle: triangle(&products, &taus, count), vectors, count }
    }

    /// Applies the reflections to a strip that begins at the same row as the vectors, the last one first.
    fn reflect(&self, strip: &mut [Row]) {
        let shares = across(&self.vectors, strip, self.count);
        let mut turned: Box<[Row; WIDTH]> = Box::new([[0.0; WIDTH]; WIDTH]);
        for to in 0..self.count {
            for from in to..self.count {
                add(&mut turned[to], -self.triangle[to][from], &shares[from]);
            }
        }
        self.spread(&turned, strip);
    }

    /// Applies the reflections in the opposite order, which undoes [`Block::reflect`].
    fn reflect_back(&self, strip: &mut [Row]) {
        let shares = across(&self.vectors, strip, self.count);
        let mut turned: Box<[Row; WIDTH]> = Box::new([[0.0; WIDTH]; WIDTH]);
        for to in 0..self.count {
            for from in 0..=to {
                add(&mut turned[to], -self.triangle[from][to], &shares[from]);
            }
        }
        self.spread(&turned, strip);
    }

    /// Adds V times `shares` to a strip.
    fn spread(&self, shares: &[Row; WIDTH], strip: &mut [Row]) {
        let (fours, rest) = shares[..self.count].as_chunks::<4>();
        for (row, weights) in strip.iter_mut().zip(&self.vectors) {
            for (number, [a, b, c, d]) in fours.iter().enumerate() {
                let [e, f, g, h] = [0, 1, 2, 3].map(|place| weights[number * 4 + place]);
                for place in 0..WIDTH {
                    row[place] += (e * a[place] + f * b[place]) + (g * c[place] + h * d[place]);
                }
            }
            for (number, share) in rest.iter().enumerate() {
                add(row, weights[fours.len() * 4 + number], share);
            }
        }
    }
}

/// T of reflections whose vectors have the scalar products `products`. Each column follows from those before it: -τ T
/// (Vᵀ v) above τ on the diagonal.
fn triangle(products: &[Row; WIDTH], taus: &Row, count: usize) -> Box<[Row; WIDTH]> {
    let mut triangle: Box<[Row; WIDTH]> = Box::new([[0.0; WIDTH]; WIDTH]);
    for column in 0..count {
        for row in 0..column {
            let sum: f64 = (row..column).map(|k| triangle[row][k] * products[k][column]).sum();
            triangle[row][column] = -taus[column] * sum;
        }
        triangle[column][column] = taus[column];
    }
    triangle
}

/// Vᵀ times a strip, for the first `count` columns of V.
fn across(vectors: &[Row], strip: &[Row], count: usize) -> Box<[Row; WIDTH]> {
    let mut sums: Box<[Row; WIDTH]> = Box::new([[0.0; WIDTH]; WIDTH]);
    let (weights, last_weights) = vectors.as_chunks::<4>();
    let (rows, last_rows) = strip.as_chunks::<4>();
    for ([a, b, c, d], [e, f, g, h]) in weights.iter().zip(rows) {
        for (number, sums) in sums[..count].iter_mut().enumerate() {
            let [a, b, c, d] = [a[number], b[number], c[number], d[number]];
            for place in 0..WIDTH {
                sums[place] += (a * e[place] + b * f[place]) + (c * g[place] + d * h[place]);
            }
        }
    }
    for (weights, row) in last_weights.iter().zip(last_rows) {
        for (number, sums) in sums[..count].iter_mut().enumerate() {
            add(sums, weights[number], row);
        }
    }
    sums
}

fn add(sum: &mut Row, factor: f64, row: &Row) {
    for place in 0..WIDTH {
        sum[place] += factor * row[place];
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// How far the factors are from what they must be: QᵀQ from 1, and each column of Q R from that of A, relative to
    /// the length of this column.
    fn errors(entries: &[f64], rows: usize, columns: usize) -> [f64; 2] {
        let Qr { q, r } = qr(entries, rows, columns);
        let short = rows.min(columns);
        assert_eq!([q.len(), r.len()], [rows * short, short * columns]);
        let [mut turned, mut wrong] = [0.0_f64; 2];
        for a in 0..short {
            for b in 0..short {
                let dot: f64 = (0..rows).map(|i| q[i * short + a] * q[i * short + b]).sum();
                turned = turned.max((dot - f64::from(u8::from(a == b))).abs());
            }
        }
        for j in 0..columns {
            let [mut length, mut distance] = [0.0; 2];
            for i in 0..rows {
                let product: f64 = (0..short).map(|k| q[i * short + k] * r[k * columns + j]).sum();
                length += entries[i * columns + j].powi(2);
                distance += (product - entries[i * columns + j]).powi(2);
            }
            wrong = wrong.max(if length == 0.0 { distance } else { (distance / length).sqrt() });
            for i in j + 1..short {
                assert_eq!(r[i * columns + j], 0.0, "below the diagonal: {i}, {j}");
            }
        }
        [turned, wrong]
    }

    /// Numbers between -1 and 1 with no structure.
    fn noise(count: usize, seed: u64) -> Vec<f64> {
        let mut state = seed;
        let mut next = || {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            (state >> 11) as f64 / 2.0_f64.powi(52) - 1.0
        };
        (0..count).map(|_| next()).collect()
    }

    #[test]
    fn factors_of_a_matrix_by_hand() {
        // The first column has length 5 and is reflected to -5; 1.52 is left of the second.
        let Qr { q, r } = qr(&[3.0, 2.2, 4.0, 0.4], 2, 2);
        for (found, wanted) in q.iter().zip([-0.6, -0.8, -0.8, 0.6]) {
            assert!((found - wanted).abs() < 1e-15, "{q:?}");
        }
        for (found, wanted) in r.iter().zip([-5.0, -1.64, 0.0, -1.52]) {
            assert!((found - wanted).abs() < 1e-15, "{r:?}");
        }
    }

    #[test]
    fn strips_and_blocks_of_every_size() {
        let edge = [1, 2, 3, WIDTH - 1, WIDTH, WIDTH + 1, 2 * WIDTH, 2 * WIDTH + 5, 3 * WIDTH + 1];
        for rows in edge {
            for columns in edge {
                let [turned, wrong] = errors(&noise(rows * columns, 9), rows, columns);
                assert!(turned < 1e-14 && wrong < 1e-14, "{rows} x {columns}: {turned} {wrong}");
            }
        }
    }

    #[test]
    fn nothing_has_no_factors() {
        for (rows, columns) in [(0, 0), (0, 3), (3, 0)] {
            let Qr { q, r } = qr(&[], rows, columns);
            assert!(q.is_empty() && r.is_empty());
        }
    }

    proptest! {
        #[test]
        fn factors_multiply_to_the_matrix(
            rows in 1..70_usize,
            sizes in proptest::collection::vec(prop_oneof![Just(0.0), Just(1.0), Just(1e9), Just(1e-9)], 1..70),
            seed in any::<u64>(),
        ) {
            let mut entries = noise(rows * sizes.len(), seed);
            for row in entries.chunks_mut(sizes.len()) {
                row.iter_mut().zip(&sizes).for_each(|(entry, size)| *entry *= size);
            }
            let [turned, wrong] = errors(&entries, rows, sizes.len());
            prop_assert!(turned < 1e-13 && wrong < 1e-13, "{turned} {wrong}");
        }

        /// A sum of `rank` products of a column and a row.
        #[test]
        fn q_is_orthonormal_where_columns_depend_on_each_other(
            rows in 1..60_usize, columns in 1..60_usize, rank in 0..4_usize, seed in any::<u64>(),
        ) {
            let drawn = noise((rows + columns) * rank, seed);
            let (left, right) = drawn.split_at(rows * rank);
            let entry = |place: usize| -> f64 {
                let [i, j] = [place / columns, place % columns];
                (0..rank).map(|k| left[i * rank + k] * right[k * columns + j]).sum()
            };
            let entries: Vec<f64> = (0..rows * columns).map(entry).collect();
            let Qr { q, r } = qr(&entries, rows, columns);
            let short = rows.min(columns);
            for a in 0..short {
                for b in 0..short {
                    let dot: f64 = (0..rows).map(|i| q[i * short + a] * q[i * short + b]).sum();
                    prop_assert!((dot - f64::from(u8::from(a == b))).abs() < 1e-13, "{a} {b}: {dot}");
                }
            }
            let longest = entries.iter().fold(0.0_f64, |a, b| a.max(b.abs())) * 60.0;
            for k in rank..short {
                prop_assert!(r[k * columns + k].abs() <= 1e-14 * longest, "{k}: {}", r[k * columns + k]);
            }
        }
    }
}
