//! Tasks of a thread that is driven once, and then no more.

pub mod fixed;
pub mod leaky;
pub mod lookalike;
