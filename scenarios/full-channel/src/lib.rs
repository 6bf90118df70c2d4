//! A reporting desk shows long results page by page.

pub mod fixed;
pub mod leaky;
pub mod lookalike;
