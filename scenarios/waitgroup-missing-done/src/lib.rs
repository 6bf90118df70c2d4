//! Books wait until all of their pages are counted as read, and one page is not.

pub mod fixed;
pub mod leaky;
pub mod lookalike;
