//! Random numbers that are the same in every run.

use std::f64::consts::TAU;

/// The generator `SplitMix64` (G. Steele, D. Lea, C. Flood, 2014).
pub struct Random(u64);

impl Random {
    /// Numbers of its own for each trial of each row.
    pub fn of_trial(seed: u64, row: [f64; 3], trial: u32) -> Self {
        let mut mixed = seed;
        for value in row.into_iter().chain([f64::from(trial)]) {
            mixed = (mixed ^ value.to_bits()).wrapping_mul(0x100_0000_01B3);
            mixed ^= mixed >> 29;
        }
        Self(mixed)
    }

    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 31)
    }

    /// Above 0, and below 1.
    pub fn uniform(&mut self) -> f64 {
        ((self.next() >> 11) as f64 + 0.5) / (1_u64 << 53) as f64
    }

    pub fn exponential(&mut self, mean: f64) -> f64 {
        -self.uniform().ln() * mean
    }

    pub fn normal(&mut self) -> f64 {
        (-2.0 * self.uniform().ln()).sqrt() * (TAU * self.uniform()).cos()
    }
}
