//! Async ops: single waits for a resource.

use std::sync::Arc;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::resource::find;
use crate::{Attribute, AttributeValue, ResourceId, TaskId};

/// Names an async op among the live ones of one program.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct AsyncOpId(pub u64);

/// A future of a resource, such as one `Mutex::lock` or one `oneshot::Receiver::await`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AsyncOp {
    /// Its id in the console protocol.
    pub id: AsyncOpId,
    /// The op that it is a part of, such as the `Mutex::lock` of an inner `Acquire::new`.
    pub parent: Option<AsyncOpId>,
    /// The resource that it acts on.
    pub resource: ResourceId,
    /// The task that polled it last; none until its first poll.
    pub task: Option<TaskId>,
    /// What made it, such as `Mutex::lock`.
    pub source: Arc<str>,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it was dropped, whether it had what it waited for or not.
    pub dropped_at: Option<Timestamp>,
    /// Its state, such as `permits_requested` and `permits_obtained`.
    pub attributes: Vec<Attribute>,
}

impl AsyncOp {
    /// The value of an attribute, if the op has it.
    #[must_use]
    pub fn attribute(&self, name: &str) -> Option<&AttributeValue> {
        find(&self.attributes, name)
    }
}
