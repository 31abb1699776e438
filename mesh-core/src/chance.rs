//! The one place where randomness enters.
//!
//! A [`Chance`] is a seed and a counter put through a mixing function (SplitMix64; Steele, Lea, Flood, "Fast splittable
//! pseudorandom number generators", OOPSLA 2014). It holds sixteen bytes, repeats exactly on every machine, and is
//! never used for keys.

use crate::time::Micros;
use serde::{Deserialize, Serialize};

const GOLDEN: u64 = 0x9E37_79B9_7F4A_7C15;

/// A stream of repeatable random numbers.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Chance {
    seed: u64,
    count: u64,
}

impl Chance {
    /// The stream that belongs to `seed`.
    pub const fn new(seed: u64) -> Self {
        Self {
            seed: mix(seed),
            count: 0,
        }
    }

    /// A stream of its own for the part of the world named `label`; equal labels give equal streams.
    pub const fn split(&self, label: u64) -> Self {
        Self {
            seed: mix(self.seed ^ mix(label.wrapping_mul(GOLDEN))),
            count: 0,
        }
    }

    /// The next 64 random bits.
    pub fn bits(&mut self) -> u64 {
        self.count = self.count.wrapping_add(GOLDEN);
        mix(self.seed ^ self.count)
    }

    /// A number in `0.0 ..1.0`, with 53 random bits.
    pub fn unit(&mut self) -> f64 {
        (self.bits() >> 11) as f64 * (1.0 / (1u64 << 53) as f64)
    }

    /// A whole number in `0..bound`; 0 when `bound` is 0.
    pub fn below(&mut self, bound: u64) -> u64 {
        // Multiply-shift (Lemire 2019); the bias of at most bound / 2^64 is of no consequence here.
        ((u128::from(self.bits()) * u128::from(bound)) >> 64) as u64
    }

    /// True with probability `share` (clamped to 0..=1).
    pub fn happens(&mut self, share: f64) -> bool {
        self.unit() < share
    }

    /// A number in `low..high`.
    pub fn between(&mut self, low: f64, high: f64) -> f64 {
        low + (high - low) * self.unit()
    }

    /// A length of time in `low..high`.
    pub fn span(&mut self, low: Micros, high: Micros) -> Micros {
        let width = (high.0 - low.0).max(0) as u64;
        Micros(low.0 + self.below(width) as i64)
    }

    /// A standard normal number (Box and Muller 1958, through `libm`, so that every machine agrees).
    pub fn normal(&mut self) -> f64 {
        let radius = libm::sqrt(-2.0 * libm::log(1.0 - self.unit()));
        radius * libm::cos(core::f64::consts::TAU * self.unit())
    }
}

const fn mix(mut z: u64) -> u64 {
    z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    z ^ (z >> 31)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_seed_gives_the_same_numbers() {
        let mut a = Chance::new(7);
        let mut b = Chance::new(7);
        assert!((0..100).all(|_| a.bits() == b.bits()));
        assert_ne!(Chance::new(7).bits(), Chance::new(8).bits());
        assert_ne!(
            Chance::new(7).split(1).bits(),
            Chance::new(7).split(2).bits()
        );
    }

    #[test]
    fn unit_numbers_fill_their_range_evenly() {
        let mut chance = Chance::new(1);
        let mut tenths = [0u32; 10];
        for _ in 0..100_000 {
            tenths[(chance.unit() * 10.0) as usize] += 1;
        }
        assert!(
            tenths.iter().all(|&n| (9_500..10_500).contains(&n)),
            "{tenths:?}"
        );
    }

    #[test]
    fn normal_numbers_have_mean_zero_and_variance_one() {
        let mut chance = Chance::new(2);
        let draws: Vec<f64> = (0..100_000).map(|_| chance.normal()).collect();
        let mean = draws.iter().sum::<f64>() / draws.len() as f64;
        let variance =
            draws.iter().map(|x| (x - mean) * (x - mean)).sum::<f64>() / draws.len() as f64;
        assert!(
            mean.abs() < 0.02 && (variance - 1.0).abs() < 0.03,
            "{mean} {variance}"
        );
    }
}
