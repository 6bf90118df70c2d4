//! What tells the tasks of one spawn site apart.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::wait_for::WaitFor;

/// What some tasks of a spawn site have in common, and others have not.
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(tag = "by", rename_all = "snake_case")]
#[non_exhaustive]
pub enum InCommon {
    /// Their name.
    Name {
        /// The name, with `*` for each number in it.
        name: Arc<str>,
    },
    /// The line of the program at which they wait, by their await stacks.
    AwaitAt {
        /// The function that waits.
        function: Arc<str>,
        /// Its file, where the program has debug information.
        file: Option<Arc<str>>,
        /// The line of the `.await`, counted from 1.
        line: Option<u32>,
    },
    /// The kind of wait, by their await stacks, where these have no line of the program.
    AwaitOf {
        /// The kind, such as `mpsc::Receiver::recv`.
        kind: Arc<str>,
    },
    /// What they wait for, by their async ops.
    WaitFor {
        /// What it is.
        wait: WaitFor,
    },
    /// They stand still, where others of the site are polled.
    NotPolled,
}
