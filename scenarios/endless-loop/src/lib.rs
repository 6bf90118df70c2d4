//! Rounds along a street are planned by a loop that looks in one direction.

pub mod fixed;
pub mod leaky;
pub mod lookalike;
