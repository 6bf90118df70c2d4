//! Pictures of the wait-for graph.

pub mod dot;
pub mod svg;
