//! Entries drawn one by one: uniform, normal, truncated normal.
//!
//! Every stretch of 65,536 entries has a separate generator. So stretches are filled in parallel, and the entries do
//! not depend on the number of threads.

use super::Reason;
use super::checked::{finite, spread};
use super::form::Form;
use super::rng_key::{RngKey, STRETCH};
use rand::{Rng, RngExt};
use rand_distr::{Distribution, StandardNormal};
use rayon::prelude::*;

/// An entry as it is stored.
pub(super) trait Entry: Copy + Send + Sync {
    /// The nearest entry to a double.
    fn of(value: f64) -> Self;
}

impl Entry for f32 {
    fn of(value: f64) -> Self {
        value as f32
    }
}

impl Entry for f64 {
    fn of(value: f64) -> Self {
        value
    }
}

/// Uniform, with checked bounds.
pub(super) fn uniform_form<'a>(low: f64, high: f64) -> Result<Form<'a>, Reason> {
    finite(&[("low", low), ("high", high)])?;
    if low > high || !(high - low).is_finite() {
        return Err(Reason::Uniform { low, high });
    }
    Ok(Form::Uniform([low, high]))
}

/// Normal, with checked moments.
pub(super) fn normal_form<'a>(mean: f64, std: f64) -> Result<Form<'a>, Reason> {
    finite(&[("mean", mean)])?;
    spread(std)?;
    Ok(Form::Normal { mean, std })
}

/// Truncated normal, with checked moments and bounds.
pub(super) fn truncated_form<'a>(
    mean: f64,
    std: f64,
    low: f64,
    high: f64,
) -> Result<Form<'a>, Reason> {
    finite(&[("mean", mean)])?;
    spread(std)?;
    let empty = low.is_nan() || high.is_nan() || low > high;
    if empty || std == 0.0 && !(low..=high).contains(&mean) {
        return Err(Reason::TruncatedNormal { mean, std, low, high });
    }
    if std == 0.0 || low == high {
        return Ok(Form::Everywhere(mean.clamp(low, high)));
    }
    Ok(Form::Truncated { moments: [mean, std], bounds: [low, high] })
}

/// Fills stretches in parallel: `fill` gets each stretch and its generator.
fn in_stretches<E: Entry>(
    entries: &mut [E],
    key: &RngKey,
    fill: impl Fn(&mut rand_chacha::ChaCha8Rng, &mut [E]) + Sync,
) {
    entries
        .par_chunks_mut(STRETCH)
        .enumerate()
        .for_each(|(number, stretch)| fill(&mut key.stream(number), stretch));
}

/// Uniform from `low` to `high`, at the middles of 2^32 equal cells.
pub(super) fn uniform<E: Entry>(entries: &mut [E], key: &RngKey, low: f64, high: f64) {
    let cell = (high - low) * 2.0_f64.powi(-32);
    in_stretches(entries, key, |generator, stretch| {
        for entry in stretch {
            *entry = E::of((f64::from(generator.next_u32()) + 0.5) * cell + low);
        }
    });
}

/// Normal with this mean and standard deviation (the ziggurat method).
pub(super) fn normal<E: Entry>(entries: &mut [E], key: &RngKey, mean: f64, std: f64) {
    in_stretches(entries, key, |generator, stretch| {
        for entry in stretch {
            let standard: f64 = StandardNormal.sample(generator);
            *entry = E::of(standard * std + mean);
        }
    });
}

/// Normal with this mean and standard deviation before it is cut off below `low` and above `high`.
pub(super) fn truncated_normal<E: Entry>(
    entries: &mut [E],
    key: &RngKey,
    [mean, std]: [f64; 2],
    [low, high]: [f64; 2],
) {
    let cut = Cut::new((low - mean) / std, (high - mean) / std);
    in_stretches(entries, key, |generator, stretch| {
        for entry in stretch {
            // Rounding must not leave the interval.
            *entry = E::of((cut.sample(generator) * std + mean).clamp(low, high));
        }
    });
}

/// A standard normal distribution between two bounds, by rejection: from the normal distribution if that accepts often,
/// from the uniform one if the bounds are close, and from a shifted exponential one in a tail (Robert, "Simulation of
/// truncated normal variables", 1995).
struct Cut {
    low: f64,
    high: f64,
    from: Proposal,
}

enum Proposal {
    Normal,
    /// With the least square in the interval.
    Uniform {
        least: f64,
    },
    /// With this rate; `mirrored` for the lower tail.
    Exponential {
        rate: f64,
        mirrored: bool,
    },
}

impl Cut {
    fn new(low: f64, high: f64) -> Self {
        let from = if low <= 0.0 && high >= 0.0 {
            // The density at the bounds is at least a tenth of that at 0, or most of the mass is inside.
            if high - low < 2.0 { Proposal::Uniform { least: 0.0 } } else { Proposal::Normal }
        } else {
            let mirrored = high < 0.0;
            let [near, far] = if mirrored { [-high, -low] } else { [low, high] };
            let rate = f64::midpoint(near, (near * near + 4.0).sqrt());
            if (far - near) * rate < 1.0 {
                Proposal::Uniform { least: near * near }
            } else {
                Proposal::Exponential { rate, mirrored }
            }
        };
        Self { low, high, from }
    }

    fn sample(&self, generator: &mut impl Rng) -> f64 {
        loop {
            match self.from {
                Proposal::Normal => {
                    let x: f64 = StandardNormal.sample(generator);
                    if (self.low..=self.high).contains(&x) {
                        return x;
                    }
                }
                Proposal::Uniform { least } => {
                    let x = (self.high - self.low).mul_add(generator.random::<f64>(), self.low);
                    if generator.random::<f64>() <= ((least - x * x) / 2.0).exp() {
                        return x;
                    }
                }
                Proposal::Exponential { rate, mirrored } => {
                    let [near, far] =
                        if mirrored { [-self.high, -self.low] } else { [self.low, self.high] };
                    let x = near - (1.0 - generator.random::<f64>()).ln() / rate;
                    let off = x - rate;
                    if x <= far && generator.random::<f64>() <= (-off * off / 2.0).exp() {
                        return if mirrored { -x } else { x };
                    }
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mean_and_std(values: &[f64]) -> [f64; 2] {
        let n = values.len() as f64;
        let mean = values.iter().sum::<f64>() / n;
        let variance = values.iter().map(|v| (v - mean).powi(2)).sum::<f64>() / n;
        [mean, variance.sqrt()]
    }

    #[test]
    fn truncation_holds_and_moments_are_those_of_the_formula() {
        // Mean and standard deviation of the standard normal distribution between two bounds, in Python:
        //   from math import *
        //   phi = lambda x: exp(-x * x / 2) / sqrt(2 * pi); Phi = lambda x: (1 + erf(x / sqrt(2))) / 2
        //   for a, b in [(-2, 2), (-0.5, 0.7), (0, 50)]:
        //       Z = Phi(b) - Phi(a); m = (phi(a) - phi(b)) / Z
        //       print(m, sqrt(1 + (a * phi(a) - b * phi(b)) / Z - m * m))
        for ([low, high], [mean, std]) in [
            ([-2.0, 2.0], [0.0, 0.879_625_661_034_239_8]),
            ([-0.5, 0.7], [0.088_568_406_847_606_52, 0.338_032_311_509_698_7]),
            ([0.0, f64::INFINITY], [0.797_884_560_802_865_4, 0.602_810_274_989_086_9]),
        ] {
            let mut drawn = vec![0.0; 200_000];
            truncated_normal(&mut drawn, &RngKey::new(1, "w"), [0.0, 1.0], [low, high]);
            assert!(drawn.iter().all(|v| (low..=high).contains(v)));
            let [found_mean, found_std] = mean_and_std(&drawn);
            // Five standard errors of the mean; the deviation's is smaller.
            let error = 5.0 * std / (drawn.len() as f64).sqrt();
            assert!(
                (found_mean - mean).abs() < error,
                "{low}..{high}: mean {found_mean}, not {mean}"
            );
            assert!(
                (found_std - std).abs() < error,
                "{low}..{high}: deviation {found_std}, not {std}"
            );
        }
        // Tails and narrow intervals, for which rejection from the normal distribution would never end.
        for bounds in [[6.0, 7.0], [-40.0, -38.0], [30.0, f64::INFINITY], [5.0, 5.000_001]] {
            let mut drawn = vec![0.0; 1_000];
            truncated_normal(&mut drawn, &RngKey::new(1, "w"), [0.0, 1.0], bounds);
            assert!(drawn.iter().all(|v| (bounds[0]..=bounds[1]).contains(v)), "{bounds:?}");
            // Beyond a bound a, the mean excess is 1 / a and less.
            let excess = if bounds[0] > 0.0 { drawn[0] - bounds[0] } else { bounds[1] - drawn[0] };
            assert!(excess < 3.0, "{bounds:?}");
        }
    }

    #[test]
    fn threads_do_not_matter() {
        let key = RngKey::new(3, "w");
        let fill = |threads: usize| {
            let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
            let mut entries = vec![0.0_f64; 3 * STRETCH + 5];
            pool.install(|| normal(&mut entries, &key, 0.0, 1.0));
            entries
        };
        assert_eq!(fill(1), fill(3));
    }

    #[test]
    fn single_precision_is_double_precision_rounded() {
        let key = RngKey::new(3, "w");
        let (mut narrow, mut wide) = (vec![0.0_f32; 1000], vec![0.0_f64; 1000]);
        uniform(&mut narrow, &key, -0.3, 0.1);
        uniform(&mut wide, &key, -0.3, 0.1);
        assert!(narrow.iter().zip(&wide).all(|(n, w)| *n == *w as f32));
    }
}
