//! What a snapshot does not show.

use std::time::Duration;

use serde::{Deserialize, Serialize};

/// How much of the program a snapshot covers.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Coverage {
    /// Events that the target lost since it was attached, because its buffer was full:
    /// some tasks, resources or async ops are not known, or known wrongly.
    pub dropped_events: u64,
    /// Whether the target refused to send what was there before the attach, because it
    /// was too much for one message: older tasks are not seen.
    pub state_withheld: bool,
    /// Whether the source sees neither what tasks wait for nor who could wake them.
    #[serde(default)]
    pub waits_unseen: bool,
    /// How late the target tells of new tasks.
    pub lag: Duration,
}
