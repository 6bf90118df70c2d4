//! What a Tokio program looks like from outside at one moment: its tasks, the resources
//! that they share, and the async ops with which they wait for them.
//!
//! Plain data. It opens nothing, asks nobody, and reads no clock: every time in it is
//! the observed program's own. [`figures`] writes its times and counts as people read them.
//!
//! A point in time is a [`jiff::Timestamp`]: jiff's version is a part of this crate's interface.

mod async_op;
mod await_kind;
mod coverage;
mod dependency;
pub mod figures;
mod process;
mod resource;
mod site;
mod snapshot;
mod task;
mod tasks_part;
mod time;
mod turnover;
mod vocabulary;
mod wait;
mod wait_kind;

pub use async_op::{AsyncOp, AsyncOpId};
pub use await_kind::AwaitKind;
pub use coverage::{Coverage, Scheduling};
pub use process::{Process, Stops, Thread, ThreadState};
pub use resource::{Attribute, AttributeValue, Resource, ResourceId};
pub use site::Site;
pub use snapshot::{ENDED_OPS_KEPT, Snapshot};
pub use task::{Polls, Task, TaskId, TaskKind, TaskState, Wakers};
pub use tasks_part::TasksPart;
pub use time::elapsed;
pub use turnover::Turnover;
pub use vocabulary::{PROBE_RESOURCE, Primitive};
pub use wait::{Frame, Wait, WokenBy};
pub use wait_kind::WaitKind;
