//! Three players begin each movement together, and one of them has gone home.

pub mod fixed;
pub mod leaky;
pub mod lookalike;
