//! Findings.

use pileup_model::{Site, TaskState};
use serde::{Deserialize, Serialize};

/// How sure a finding is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Grade {
    /// Unusual, and not proven.
    Suspicious,
    /// The living of a spawn site grow, and its old ones do not finish.
    Probable,
    /// The tasks cannot wake any more.
    Certain,
}

/// What kind of finding it is. A code keeps its number and its meaning for good.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Code {
    /// Tasks are idle, and no waker is left that could wake them.
    #[serde(rename = "PU01")]
    NeverWoken,
    /// Tasks hold a worker in a poll that does not return.
    #[serde(rename = "PU02")]
    PinnedWorker,
    /// The living of a spawn site grow, and its old ones do not finish.
    #[serde(rename = "PU03")]
    PilingUp,
}

impl Code {
    /// The code as it is written and cited, such as `PU01`.
    #[must_use]
    pub fn number(self) -> &'static str {
        match self {
            Self::NeverWoken => "PU01",
            Self::PinnedWorker => "PU02",
            Self::PilingUp => "PU03",
        }
    }

    /// The name of the pattern, such as `never-woken`.
    #[must_use]
    pub fn pattern(self) -> &'static str {
        match self {
            Self::NeverWoken => "never-woken",
            Self::PinnedWorker => "pinned-worker",
            Self::PilingUp => "piling-up",
        }
    }
}

/// One root cause, at one spawn site.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Finding {
    /// What kind of finding it is.
    pub code: Code,
    /// The name of the pattern.
    pub pattern: String,
    /// How sure it is.
    pub grade: Grade,
    /// Where the tasks were spawned; none where the target does not tell.
    pub site: Option<Site>,
    /// Living tasks of the site at the end of the watch.
    pub alive: usize,
    /// How fast they grew over the watch.
    pub growth_per_minute: f64,
    /// The age of the oldest.
    pub oldest_seconds: f64,
    /// What most of the tasks in question do.
    pub state: TaskState,
    /// What was seen, in sentences with figures.
    pub evidence: Vec<String>,
    /// What it means.
    pub explanation: String,
    /// How to mend it.
    pub fix: String,
}
