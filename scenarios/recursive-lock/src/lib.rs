//! Words are looked up under a lock, and added under the same one.

pub mod fixed;
pub mod leaky;
pub mod lookalike;
