//! An entry in a log is begun and put aside, and its writer queues for the log behind it.

pub mod fixed;
pub mod leaky;
pub mod lookalike;
