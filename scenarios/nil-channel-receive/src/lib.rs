//! A charging station holds each car until it is released.

pub mod fixed;
pub mod leaky;
pub mod lookalike;
