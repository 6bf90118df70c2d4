//! What was counted at a spawn site, where the source does not report each task that finished.

use std::time::Duration;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::Site;

/// All tasks that one spawn site has had since they are counted.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Turnover {
    /// The spawn site.
    pub site: Site,
    /// Since when tasks are counted: those that were spawned before are not among them. None
    /// where the source does not report it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub since: Option<Timestamp>,
    /// Tasks that were spawned there.
    pub spawned: u64,
    /// Those of them that finished, by the longest age that they can have had then; ages without
    /// a task are left out.
    pub finished: Vec<(Duration, u64)>,
}
