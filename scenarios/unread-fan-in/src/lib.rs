//! A weather station posts readings to a gauge.

pub mod fixed;
pub mod leaky;
pub mod lookalike;
