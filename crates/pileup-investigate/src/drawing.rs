//! Pictures of the wait-for graph, and of the live tasks.

mod canvas;
pub(crate) mod curve;
mod dot;
mod excerpt;
mod picture;
pub(crate) mod sparkline;
mod stacks;
mod svg;

pub use self::dot::write as dot;
pub use self::stacks::Stacks;
pub use self::svg::write as svg;
