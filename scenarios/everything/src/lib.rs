//! Eleven scenarios in one process.

pub mod fixed;
pub mod leaky;
pub mod lookalike;
