//! Random numbers that depend only on a seed and a path.
//!
//! The generator is splitmix64 (Steele, Lea, Flood, "Fast Splittable Pseudorandom Number Generators", 2014): good
//! enough to distinguish units, and thirty lines instead of a dependency.

/// A stream of random numbers.
pub(crate) struct Draw(u64);

impl Draw {
    /// The stream of a parameter under a seed.
    pub fn new(seed: u64, path: &str) -> Self {
        let key =
            path.bytes().fold(Self(seed).next(), |key, byte| Self(key ^ u64::from(byte)).next());
        Self(key)
    }

    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// A number in 0..1, a multiple of 2⁻⁵³.
    pub fn uniform(&mut self) -> f64 {
        (self.next() >> 11) as f64 * 2f64.powi(-53)
    }

    /// Shuffles items.
    pub fn shuffle<T>(&mut self, items: &mut [T]) {
        for last in (1..items.len()).rev() {
            // The remainder has a bias below 2⁻³² for fewer than 2³² items.
            items.swap(last, (self.next() % (last as u64 + 1)) as usize);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_generator_is_the_published_one() {
        // The first outputs of the authors' C code for seed 1234567.
        let mut draw = Draw(1_234_567);
        let found = [(); 3].map(|()| draw.next());
        assert_eq!(
            found,
            [6_457_827_717_110_365_317, 3_203_168_211_198_807_973, 9_817_491_932_198_370_423]
        );
    }

    #[test]
    fn seed_and_path_each_give_other_numbers() {
        let mut firsts: Vec<u64> = [(0, "a"), (1, "a"), (0, "b"), (0, "ab"), (0, "ba"), (0, "")]
            .map(|(seed, path)| Draw::new(seed, path).next())
            .into();
        firsts.sort_unstable();
        firsts.dedup();
        assert_eq!(firsts.len(), 6);
        let mut order: Vec<u32> = (0..100).collect();
        Draw::new(3, "w").shuffle(&mut order);
        assert!(!order.is_sorted());
        order.sort_unstable();
        assert_eq!(order, (0..100).collect::<Vec<_>>());
    }
}
