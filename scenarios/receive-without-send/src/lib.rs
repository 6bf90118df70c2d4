//! A shop asks its suppliers for a price.

pub mod fixed;
pub mod leaky;
pub mod lookalike;
