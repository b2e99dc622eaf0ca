//! Waves: the sinusoidal initialisation.

use super::Reason;
use super::form::Form;
use super::layout::Layout;
use std::f64::consts::TAU;

/// A wave for each output, over inputs and kernel positions.
pub(super) fn form<'a>(layout: &Layout) -> Result<Form<'a>, Reason> {
    layout.matrix_axes()?;
    let positions = layout.positions();
    let waves = Waves { outputs: layout.outputs, places: layout.inputs * positions };
    let variance = waves.variance();
    // A variance that is exactly 0 comes out as a rounding error of sines.
    if variance.is_nan() || variance < 1e-12 {
        return Err(Reason::EqualWaves);
    }
    let scale = (2.0 / (variance * (waves.places + waves.outputs) as f64)).sqrt();
    Ok(Form::Pointwise(Box::new(move |[output, input, position]| {
        scale * waves.at(output, input * positions + position)
    })))
}

/// `sin((o + 1) (2 pi j / n + 2 pi / m))` for `m` outputs `o` and `n` places `j`.
struct Waves {
    outputs: usize,
    places: usize,
}

impl Waves {
    fn at(&self, output: usize, place: usize) -> f64 {
        let angle = TAU / self.places as f64 * place as f64 + self.phase();
        ((output + 1) as f64 * angle).sin()
    }

    fn phase(&self) -> f64 {
        TAU / self.outputs as f64
    }

    /// The variance of all entries, divided by the number of entries minus 1.
    ///
    /// Over whole periods, sines sum to 0 and their squares to `n / 2`. The exceptions are waves with equal values at
    /// all places, and waves whose squares have equal values there.
    fn variance(&self) -> f64 {
        let places = self.places as f64;
        let entries = self.outputs as f64 * places;
        let (mut sum, mut squares) = (0.0, entries / 2.0);
        for frequency in 1..=self.outputs {
            let phase = frequency as f64 * self.phase();
            if frequency % self.places == 0 {
                sum += places * phase.sin();
            }
            if 2 * frequency % self.places == 0 {
                squares -= places / 2.0 * (2.0 * phase).cos();
            }
        }
        (squares - sum * sum / entries) / (entries - 1.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_variance_is_that_of_the_entries() {
        for (outputs, places) in [(7, 12), (12, 7), (40, 4), (5, 1), (3, 2), (64, 64), (1, 3)] {
            let waves = Waves { outputs, places };
            let all: Vec<f64> =
                (0..outputs * places).map(|n| waves.at(n / places, n % places)).collect();
            let n = all.len() as f64;
            let mean = all.iter().sum::<f64>() / n;
            let variance = all.iter().map(|v| (v - mean).powi(2)).sum::<f64>() / (n - 1.0);
            let found = waves.variance();
            assert!((found - variance).abs() < 1e-12, "{outputs} {places}: {found} {variance}");
        }
    }
}
