//! Pictures of the wait-for graph.

mod canvas;
pub mod curve;
pub mod dot;
mod excerpt;
pub mod svg;
