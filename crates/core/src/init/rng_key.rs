//! Random numbers that belong to a parameter.
//!
//! The numbers that a parameter gets depend on the seed, on its path and, in training, on the step only. They do not
//! depend on the backend, on which parameters were filled before, or on how many threads fill it.

use rand::Rng;
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::SeedableRng;

/// Where random initialisers take their numbers from.
///
/// The generator is ChaCha with 8 rounds; its key is the seed (8 bytes) followed by the 128-bit FNV-1a hash of the
/// path and the number of the step (8 bytes, 0 before training), and every stretch of 65,536 entries has a separate
/// stream.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RngKey {
    seed: u64,
    path: String,
    step: u64,
}

/// How many entries share a stream.
pub(crate) const STRETCH: usize = 1 << 16;

impl RngKey {
    /// The numbers of a parameter under a seed.
    pub fn new(seed: u64, path: impl Into<String>) -> Self {
        Self { seed, path: path.into(), step: 0 }
    }

    /// Independent numbers for a step of a training, from 1.
    #[must_use]
    pub fn at_step(&self, step: usize) -> Self {
        Self { step: step as u64, ..self.clone() }
    }

    /// A seed that follows from this key, for a generator whose seed is one number.
    pub fn derived_seed(&self) -> u64 {
        self.stream(0).next_u64()
    }

    /// Independent numbers for a part of the same initialiser. Paths of parameters have no `#`.
    pub(super) fn part(&self, number: usize) -> Self {
        Self { path: format!("{}#{number}", self.path), ..self.clone() }
    }

    /// The generator of a stretch of entries.
    pub(crate) fn stream(&self, stretch: usize) -> ChaCha8Rng {
        let mut key = [0; 32];
        key[..8].copy_from_slice(&self.seed.to_le_bytes());
        key[8..24].copy_from_slice(&fnv1a(self.path.as_bytes()).to_le_bytes());
        key[24..].copy_from_slice(&self.step.to_le_bytes());
        let mut generator = ChaCha8Rng::from_seed(key);
        generator.set_stream(stretch as u64);
        generator
    }
}

/// Fowler, Noll and Vo's hash with 128 bits.
fn fnv1a(bytes: &[u8]) -> u128 {
    bytes.iter().fold(0x6c62_272e_07bb_0142_62b8_2175_6295_c58d, |hash, byte| {
        (hash ^ u128::from(*byte)).wrapping_mul(0x0000_0000_0100_0000_0000_0000_0000_013b)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_hash_is_the_published_one() {
        // Test vectors of the FNV authors.
        assert_eq!(fnv1a(b""), 0x6c62_272e_07bb_0142_62b8_2175_6295_c58d);
        assert_eq!(fnv1a(b"a"), 0xd228_cb69_6f1a_8caf_7891_2b70_4e4a_8964);
        assert_eq!(fnv1a(b"foobar"), 0x343e_1662_793c_64bf_6f0d_3597_ba44_6f18);
    }

    #[test]
    fn seed_path_step_part_and_stretch_each_give_other_numbers() {
        let first = |key: RngKey, stretch| key.stream(stretch).next_u64();
        let draws = [
            first(RngKey::new(0, "a"), 0),
            first(RngKey::new(1, "a"), 0),
            first(RngKey::new(0, "b"), 0),
            first(RngKey::new(0, "a"), 1),
            first(RngKey::new(0, "a").at_step(1), 0),
            first(RngKey::new(0, "a").at_step(2), 0),
            first(RngKey::new(0, "a").part(0), 0),
            first(RngKey::new(0, "a").part(1), 0),
        ];
        let different: std::collections::HashSet<u64> = draws.into_iter().collect();
        assert_eq!(different.len(), draws.len());
        assert_eq!(first(RngKey::new(7, "a"), 3), first(RngKey::new(7, "a"), 3));
        assert_eq!(
            RngKey::new(7, "a").at_step(3).derived_seed(),
            first(RngKey::new(7, "a").at_step(3), 0)
        );
    }
}
