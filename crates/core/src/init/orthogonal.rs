//! Matrices with orthonormal rows or columns: whole, in blocks, and at the centre of a kernel.

use super::Reason;
use super::checked::{divided, finite};
use super::form::Form;
use super::layout::Layout;
use super::random::normal;
use super::rng_key::RngKey;
use crate::linear_algebra::{Qr, qr};

/// Semi-orthogonal blocks, outputs times everything else.
pub(super) fn in_blocks<'a>(
    layout: &Layout,
    key: &RngKey,
    [output_blocks, input_blocks]: [usize; 2],
    gain: f64,
) -> Result<Form<'a>, Reason> {
    layout.matrix_axes()?;
    finite(&[("gain", gain)])?;
    let rows = divided(layout.outputs, "outputs", output_blocks, "blocks")?;
    let inputs = divided(layout.inputs, "inputs", input_blocks, "blocks")?;
    let (layout, key) = (layout.clone(), key.clone());
    Ok(Form::Whole(Box::new(move || {
        let positions = layout.positions();
        let columns = inputs * positions;
        let mut entries = vec![0.0; layout.entries()];
        for number in 0..output_blocks * input_blocks {
            let [row, column] = [number / input_blocks * rows, number % input_blocks * inputs];
            let q = semi_orthogonal(rows, columns, &key.part(number));
            for (place, value) in q.into_iter().enumerate() {
                let [output, rest] = [place / columns, place % columns];
                let [input, position] = [rest / positions, rest % positions];
                entries[layout.offset(row + output, column + input, position)] = gain * value;
            }
        }
        Ok(entries)
    })))
}

/// An orthogonal matrix at the centre of a kernel.
pub(super) fn delta<'a>(layout: &Layout, key: &RngKey, gain: f64) -> Result<Form<'a>, Reason> {
    layout.matrix_axes()?;
    finite(&[("gain", gain)])?;
    let (outputs, inputs) = (layout.outputs, layout.inputs);
    if outputs < inputs {
        return Err(Reason::FewerOutputs { outputs, inputs });
    }
    let (layout, key) = (layout.clone(), key.clone());
    Ok(Form::Whole(Box::new(move || {
        let centre = layout.centre();
        let mut entries = vec![0.0; layout.entries()];
        for (number, value) in semi_orthogonal(outputs, inputs, &key).into_iter().enumerate() {
            entries[layout.offset(number / inputs, number % inputs, centre)] = gain * value;
        }
        Ok(entries)
    })))
}

/// A random matrix `[rows][columns]`, row after row, uniform among all whose rows (or columns, if there are fewer
/// columns) are orthonormal: the orthogonal factor of a normal matrix, with the signs that make it unique (Mezzadri,
/// "How to generate random matrices from the classical compact groups", 2007).
fn semi_orthogonal(rows: usize, columns: usize, key: &RngKey) -> Vec<f64> {
    let [long, short] = [rows.max(columns), rows.min(columns)];
    let mut drawn = vec![0.0_f64; long * short];
    normal(&mut drawn, key, 0.0, 1.0);
    let Qr { q, r } = qr(&drawn, long, short);
    let sign = |j: usize| if r[j * short + j] < 0.0 { -1.0 } else { 1.0 };
    (0..rows * columns)
        .map(|entry| {
            let (row, column) = (entry / columns, entry % columns);
            let [i, j] = if rows >= columns { [row, column] } else { [column, row] };
            q[i * short + j] * sign(j)
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_shorter_side_is_orthonormal() {
        for (rows, columns) in [(1, 1), (5, 3), (3, 5), (64, 64), (100, 7)] {
            let q = semi_orthogonal(rows, columns, &RngKey::new(1, "w"));
            let short = rows.min(columns);
            let vector = |n: usize| -> Vec<f64> {
                match rows >= columns {
                    true => (0..rows).map(|i| q[i * columns + n]).collect(),
                    false => q[n * columns..(n + 1) * columns].to_vec(),
                }
            };
            for a in 0..short {
                for b in 0..short {
                    let dot: f64 = vector(a).iter().zip(vector(b)).map(|(x, y)| x * y).sum();
                    let wanted = f64::from(u8::from(a == b));
                    assert!((dot - wanted).abs() < 1e-12, "{rows} x {columns}: {a}, {b}: {dot}");
                }
            }
        }
    }

    #[test]
    fn threads_do_not_matter() {
        let made = |threads: usize| {
            let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
            pool.install(|| semi_orthogonal(700, 500, &RngKey::new(1, "w")))
        };
        assert!(made(1) == made(4));
    }

    #[test]
    fn signs_are_as_likely_up_as_down() {
        // Without the correction, Householder's method prefers one sign on the diagonal.
        let up = (0..400).filter(|seed| semi_orthogonal(3, 3, &RngKey::new(*seed, "w"))[0] > 0.0);
        assert!((150..=250).contains(&up.count()), "5 standard deviations are 50");
    }
}
