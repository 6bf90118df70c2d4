//! What a task waits for, as a fact has it.

use pileup_model::{Site, WaitKind};
use serde::{Deserialize, Serialize};

/// What a task waits for.
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct WaitFor {
    /// The kind of wait.
    pub kind: WaitKind,
    /// Where the resource was made; none where the target does not report it.
    pub made_at: Option<Site>,
}
