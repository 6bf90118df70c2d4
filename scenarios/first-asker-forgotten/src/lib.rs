//! A lookup that is made once for all, and the one who had it made.

pub mod fixed;
pub mod leaky;
pub mod lookalike;
