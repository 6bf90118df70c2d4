//! Prices are sent from under the lock that their reader needs to unsubscribe.

pub mod fixed;
pub mod leaky;
pub mod lookalike;
