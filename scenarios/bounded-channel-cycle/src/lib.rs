//! A waiter and a cook hand each other orders and dishes over counters with one place.

pub mod fixed;
pub mod leaky;
pub mod lookalike;
