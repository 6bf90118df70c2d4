//! A hand-written future that asks to be polled again, whatever there is to do.

pub mod fixed;
pub mod leaky;
pub mod lookalike;
