//! Vans are loaded by a loop that waits for an exact weight, on a worker of the runtime.

pub mod fixed;
pub mod leaky;
pub mod lookalike;
