//! Who waits for what, and who holds it.

mod last_wakers;
mod ops;
mod picture;
mod usual;
mod wait_graph;
mod waits_on;

pub(crate) use self::last_wakers::LastWakers;
pub use self::picture::{Edge, Graph, Node, Relation, graph};
pub(crate) use self::usual::Waits;
pub(crate) use self::wait_graph::{Wait, WaitGraph};
pub use self::waits_on::{WaitedFor, WaitsOn};
