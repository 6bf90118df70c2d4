//! What was counted at a spawn site, where tasks that finished are not told one by one.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::Site;

/// All tasks that one spawn site has had since the program started.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Turnover {
    /// The spawn site.
    pub site: Site,
    /// Tasks that were spawned there.
    pub spawned: u64,
    /// Those of them that finished, by the age that they had then at the most; ages without
    /// a task are left out.
    pub finished: Vec<(Duration, u64)>,
}
