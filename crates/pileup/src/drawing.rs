//! Pictures of the wait-for graph.

pub mod curve;
pub mod dot;
pub mod svg;
