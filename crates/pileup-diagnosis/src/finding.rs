//! Findings.

use pileup_model::{Site, TaskId, TaskState};
use serde::{Deserialize, Serialize};

use crate::{AliveAt, WaitKind};

/// How sure a finding is.
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
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
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
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
    /// Tasks wait for one another's locks, or for one of their own.
    #[serde(rename = "PU04")]
    Deadlock,
    /// A lock was granted to a future that its task no longer polls.
    #[serde(rename = "PU05")]
    Futurelock,
    /// A lock is held, and the task that took it has ended.
    #[serde(rename = "PU06")]
    OrphanedLock,
    /// Tasks pile up behind a lock whose holder does nothing.
    #[serde(rename = "PU07")]
    HeldLock,
    /// Tasks were spawned, and never polled.
    #[serde(rename = "PU08")]
    NeverPolled,
    /// A task wakes itself again and again.
    #[serde(rename = "PU09")]
    WakeStorm,
    /// A few tasks stand still beside many of their site that finish.
    #[serde(rename = "PU10")]
    LeftBehind,
}

impl Code {
    /// Every code, in order.
    pub const ALL: [Self; 10] = [
        Self::NeverWoken,
        Self::PinnedWorker,
        Self::PilingUp,
        Self::Deadlock,
        Self::Futurelock,
        Self::OrphanedLock,
        Self::HeldLock,
        Self::NeverPolled,
        Self::WakeStorm,
        Self::LeftBehind,
    ];

    /// The code as it is written and cited, such as `PU01`.
    #[must_use]
    pub fn number(self) -> &'static str {
        match self {
            Self::NeverWoken => "PU01",
            Self::PinnedWorker => "PU02",
            Self::PilingUp => "PU03",
            Self::Deadlock => "PU04",
            Self::Futurelock => "PU05",
            Self::OrphanedLock => "PU06",
            Self::HeldLock => "PU07",
            Self::NeverPolled => "PU08",
            Self::WakeStorm => "PU09",
            Self::LeftBehind => "PU10",
        }
    }

    /// The name of the pattern, such as `never-woken`.
    #[must_use]
    pub fn pattern(self) -> &'static str {
        match self {
            Self::NeverWoken => "never-woken",
            Self::PinnedWorker => "pinned-worker",
            Self::PilingUp => "piling-up",
            Self::Deadlock => "deadlock",
            Self::Futurelock => "futurelock",
            Self::OrphanedLock => "orphaned-lock",
            Self::HeldLock => "held-lock",
            Self::NeverPolled => "never-polled",
            Self::WakeStorm => "wake-storm",
            Self::LeftBehind => "left-behind",
        }
    }
}

/// One root cause, at one spawn site.
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
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
    /// The names of its living tasks, where `tokio::task::Builder` gave them any: each once,
    /// and only the first few.
    #[serde(default)]
    pub task_names: Vec<String>,
    /// Living tasks of the site at the end of the watch.
    pub alive: usize,
    /// Living tasks of the site over the watch: sixty points at the most, and the last.
    #[serde(default)]
    pub alive_over_time: Vec<AliveAt>,
    /// How fast they grew over the watch.
    pub growth_per_minute: f64,
    /// The age of the oldest.
    pub oldest_seconds: f64,
    /// What most of the tasks in question do.
    pub state: TaskState,
    /// What they wait for, where that is seen.
    pub waits_on: Option<WaitsOn>,
    /// Who holds it, where that is known: one task for each spawn site.
    pub held_by: Vec<HeldBy>,
    /// What was seen, in sentences with figures.
    pub evidence: Vec<String>,
    /// What it means.
    pub explanation: String,
    /// How to mend it.
    pub fix: String,
}

/// What tasks wait for.
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct WaitsOn {
    /// The kind of wait.
    pub kind: WaitKind,
    /// The resource, where user code made it: the inner parts of a channel have no place.
    pub resource: Option<WaitedFor>,
}

/// A resource that tasks wait for.
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct WaitedFor {
    /// Its type, such as `Mutex`.
    pub r#type: String,
    /// Where it was made: the file.
    pub file: String,
    /// Where it was made: the line, counted from 1.
    pub line: u32,
}

/// A task that holds what others wait for.
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct HeldBy {
    /// Its number on the wire.
    pub task: TaskId,
    /// Where it was spawned.
    pub site: Option<Site>,
}
