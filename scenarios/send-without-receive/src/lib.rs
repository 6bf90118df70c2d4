//! A laundry tells its customers how their orders get on.

pub mod fixed;
pub mod leaky;
pub mod lookalike;
