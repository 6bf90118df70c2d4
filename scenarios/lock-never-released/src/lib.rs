//! Accounts are locked while a clerk works on them, and given back under the wrong number.

pub mod fixed;
pub mod leaky;
pub mod lookalike;
