//! Telephone lines are taken out of service, one after the other.

pub mod fixed;
pub mod leaky;
pub mod lookalike;
