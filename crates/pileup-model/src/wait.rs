//! Where a task waits: its await stack.

use std::fmt;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::Site;

/// One function of a call stack, or one that the compiler inlined there.
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Frame {
    /// The function by its path, such as `shop::session::read_order`; an async function
    /// without the closure that the compiler makes of it.
    pub function: Arc<str>,
    /// The file, where the program has debug information: relative to the workspace that was
    /// built, absolute for a dependency.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub file: Option<Arc<str>>,
    /// The line, counted from 1.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub line: Option<u32>,
}

/// One thing that a task waits for: a place where a waker of the task was cloned and is
/// still held.
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Wait {
    /// The kind of wait, by Tokio's name where Tokio has one, such as `mpsc::Receiver::recv`;
    /// otherwise the function that waits.
    pub kind: Arc<str>,
    /// The program's own frame that is nearest to the wait: the line of its `.await`. None
    /// where all of the stack is in dependencies, or has no debug information.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub place: Option<Frame>,
    /// The await stack, from the wait out to the task's own future.
    pub stack: Vec<Frame>,
    /// Whether the task has moved past this await and still has a waker there: a future that
    /// the task keeps and no longer polls.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub passed: bool,
}

impl Wait {
    /// The kind and the place alone.
    #[must_use]
    pub fn without_stack(&self) -> Self {
        Self {
            stack: Vec::new(),
            ..self.clone()
        }
    }
}

impl fmt::Display for Wait {
    /// The kind, and the line of the `.await`: `mpsc::Receiver::recv at src/feed.rs:40`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.kind)?;
        let place = self.place.as_ref();
        if let Some((file, line)) = place.and_then(|place| place.file.as_deref().zip(place.line)) {
            write!(f, " at {file}:{line}")?;
        }
        if self.passed {
            f.write_str(", in a future that is no longer polled")?;
        }
        Ok(())
    }
}

/// Who woke a task last.
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct WokenBy {
    /// The `tokio::task::Id` of the task that called the waker; none where that was a thread
    /// outside of any task, such as the I/O and timer driver.
    pub task: Option<u64>,
    /// Where that task was spawned.
    pub site: Option<Site>,
}
