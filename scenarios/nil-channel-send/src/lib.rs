//! An order desk tells the warehouse of each order.

pub mod fixed;
pub mod leaky;
pub mod lookalike;
