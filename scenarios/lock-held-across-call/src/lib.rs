//! A call that is not answered, made with a lock held, and all others behind the lock.

pub mod fixed;
pub mod leaky;
pub mod lookalike;
