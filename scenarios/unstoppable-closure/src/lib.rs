//! Customers wait for their receipts for a short time, and the threads that print them for longer.

pub mod fixed;
pub mod leaky;
pub mod lookalike;
