//! Pictures of the wait-for graph, and of the live tasks.

mod canvas;
pub mod curve;
pub mod dot;
mod excerpt;
mod picture;
pub mod sparkline;
pub mod stacks;
pub mod svg;
