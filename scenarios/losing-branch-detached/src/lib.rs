//! Guests wait for a room for a short time, and their bookings for longer.

pub mod fixed;
pub mod leaky;
pub mod lookalike;
