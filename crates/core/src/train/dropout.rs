//! Dropout whose masks depend on a seed, a path and a step.

use crate::Error;
use crate::init::{RngKey, STRETCH};
use rand::Rng;
use rayon::prelude::*;

/// Inverted dropout, with masks that are a function of seed, path and step.
///
/// An entry of a mask is
///
/// ```text
/// m = 0              with probability p
///     1 / (1 - p)    otherwise
/// ```
///
/// so that `x m` is `x` in the mean, and evaluation uses `x` unchanged. A run that continues from a checkpoint drops
/// the same entries as an uninterrupted run, on any backend and with any number of threads: it draws from no generator
/// that others use.
///
/// ```
/// use constinit_core::train::SeededDropout;
///
/// let dropout = SeededDropout::new(0.5, 7, "hidden1")?;
/// let mask = dropout.mask(60, 1000);
/// assert!(mask.iter().all(|entry| *entry == 0.0 || *entry == 2.0));
/// assert_eq!(mask, dropout.mask(60, 1000));
/// assert_ne!(mask, dropout.mask(61, 1000));
/// # Ok::<(), constinit_core::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct SeededDropout {
    share: f64,
    key: RngKey,
}

impl SeededDropout {
    /// Drops an entry with probability `share`. `path` identifies the entries, for example by the name of a space of
    /// units.
    ///
    /// # Errors
    ///
    /// [`Error::Setting`] for a share below 0, of 1 or more, or that is not a number.
    pub fn new(share: f64, seed: u64, path: impl Into<String>) -> Result<Self, Error> {
        if !(0.0..1.0).contains(&share) {
            let reason = "must be at least 0 and below 1";
            return Err(Error::Setting { setting: "dropout", value: share, reason });
        }
        Ok(Self { share, key: RngKey::new(seed, path) })
    }

    /// The probability that an entry is dropped.
    pub fn share(&self) -> f64 {
        self.share
    }

    /// The factors of `entries` entries in a step, from 1.
    ///
    /// # Complexity
    ///
    /// One draw per entry, in parallel over stretches of 65,536 entries.
    pub fn mask(&self, step: usize, entries: usize) -> Vec<f64> {
        let key = self.key.at_step(step);
        let kept = 1.0 / (1.0 - self.share);
        let mut mask = vec![kept; entries];
        mask.par_chunks_mut(STRETCH).enumerate().for_each(|(number, stretch)| {
            let mut generator = key.stream(number);
            for entry in stretch {
                // The upper 53 bits: every double of that grid in [0, 1) is equally likely.
                if ((generator.next_u64() >> 11) as f64) * 2f64.powi(-53) < self.share {
                    *entry = 0.0;
                }
            }
        });
        mask
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashSet;

    fn mask(share: f64, seed: u64, path: &str, step: usize) -> Vec<f64> {
        SeededDropout::new(share, seed, path).unwrap().mask(step, 2000)
    }

    /// By ChaCha with 8 rounds and FNV-1a in plain Python integers: the key is `struct.pack("<Q", seed)`, the hash of the
    /// path in 16 bytes, `struct.pack("<Q", step)`; words 14 and 15 are the stretch; two words are a draw, the lower first.
    #[test]
    fn masks_are_those_of_another_program() {
        let of = |share: f64, step: usize| {
            let mask = SeededDropout::new(share, 7, "hidden1").unwrap().mask(step, STRETCH + 8);
            let kept = |entries: &[f64]| -> String {
                entries.iter().map(|entry| if *entry == 0.0 { '0' } else { '1' }).collect()
            };
            (kept(&mask[..24]), kept(&mask[STRETCH..]))
        };
        assert_eq!(of(0.5, 60).0, "101000000011011011011111");
        assert_eq!(of(0.3, 61), ("111111101101111110111111".into(), "10100110".into()));
    }

    #[test]
    fn seed_path_and_step_each_give_another_mask() {
        let masks = [
            mask(0.3, 0, "hidden1", 1),
            mask(0.3, 1, "hidden1", 1),
            mask(0.3, 0, "hidden2", 1),
            mask(0.3, 0, "hidden1", 2),
        ];
        let bits = |mask: &Vec<f64>| mask.iter().map(|m| m.to_bits()).collect::<Vec<_>>();
        assert_eq!(masks.iter().map(bits).collect::<HashSet<_>>().len(), masks.len());
        assert_eq!(mask(0.3, 0, "hidden1", 1), masks[0]);
    }

    #[test]
    fn threads_do_not_matter() {
        let dropout = SeededDropout::new(0.2, 3, "hidden1").unwrap();
        let entries = 3 * STRETCH + 5;
        let with = |threads| {
            let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
            pool.install(|| dropout.mask(9, entries))
        };
        let one = with(1);
        assert_eq!(one, with(4));
        // Nor do later entries: a mask of fewer entries is the beginning of a longer one.
        assert_eq!(dropout.mask(9, 100), one[..100]);
    }

    #[test]
    fn the_share_of_zeros_is_that_of_a_coin() {
        let entries = 1 << 20;
        for share in [0.01_f64, 0.1, 0.5, 0.9] {
            let mask = SeededDropout::new(share, 11, "hidden1").unwrap().mask(5, entries);
            let zeros = mask.iter().filter(|entry| **entry == 0.0).count() as f64;
            let expected = share * entries as f64;
            // Six standard deviations of a binomial distribution.
            let bound = 6.0 * (expected * (1.0 - share)).sqrt();
            assert!((zeros - expected).abs() < bound, "{share}: {zeros}");
            assert!(mask.iter().all(|entry| *entry == 0.0 || *entry == 1.0 / (1.0 - share)));
        }
        let none = SeededDropout::new(0.0, 11, "hidden1").unwrap().mask(5, 100_000);
        assert!(none.iter().all(|entry| *entry == 1.0));
    }

    #[test]
    fn a_share_is_from_0_and_below_1() {
        for share in [-0.1, 1.0, f64::NAN, f64::INFINITY] {
            let error = SeededDropout::new(share, 0, "hidden1").unwrap_err().to_string();
            assert!(error.ends_with("must be at least 0 and below 1"), "{error}");
        }
    }
}
