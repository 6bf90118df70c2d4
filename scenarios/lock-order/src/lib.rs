//! A stall has two locks, and two people who take them in opposite orders.

pub mod fixed;
pub mod leaky;
pub mod lookalike;
