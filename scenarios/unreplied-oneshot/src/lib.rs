//! Questions wait for their answers in a map, under a key that one kind of answer does not have.

pub mod fixed;
pub mod leaky;
pub mod lookalike;
