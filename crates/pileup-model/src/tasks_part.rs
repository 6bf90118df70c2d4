//! Live tasks with their whole await stacks, as pileup-subscriber sends them to pileup.

use std::sync::Arc;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::{Scheduling, Task, Wait};

/// A part of the live tasks of a program. One answer has many parts, so that no message is large.
///
/// Tasks that wait alike share their waits: each wait is sent once, and the tasks refer to it by
/// number.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TasksPart {
    /// When the answer began, by the program's own clock: the same in all parts.
    pub at: Timestamp,
    /// Waits that are new in this part. The waits of an answer are numbered from 0, in the order
    /// in which they come.
    pub new_waits: Vec<Arc<Wait>>,
    /// Tasks without their [`waits`](Task::waits), and the numbers of these. The numbers are
    /// none where the waits are not known, and empty where no waker is left.
    pub tasks: Vec<(Task, Option<Vec<u32>>)>,
    /// How long a thread of the program waited for a processor. None in answers of a
    /// pileup-subscriber that does not measure it.
    #[serde(default)]
    pub scheduling: Option<Scheduling>,
}

impl TasksPart {
    /// The path of the gRPC method that answers with these parts. It takes a
    /// `google.protobuf.Empty`, and each message is a `google.protobuf.BytesValue` with one part
    /// as JSON.
    pub const METHOD: &str = "/pileup.AwaitStacks/LiveTasks";
    /// The gRPC service that the method is of.
    pub const SERVICE: &str = "pileup.AwaitStacks";
}
