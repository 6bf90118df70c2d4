//! A till adds up what its customers buy.

pub mod fixed;
pub mod leaky;
pub mod lookalike;
