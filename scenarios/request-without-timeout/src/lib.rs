//! A page waits for as long as a weather station takes to answer.

pub mod fixed;
pub mod leaky;
pub mod lookalike;
pub mod server;
