//! What a snapshot does not show.

use std::ops::Add;
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
    /// Whether the source shows no worker threads: a task in `block_in_place`, which has given its
    /// worker up, then looks as if it held one.
    #[serde(default)]
    pub workers_unseen: bool,
    /// How late the target reports new tasks.
    pub lag: Duration,
    /// The source is known to keep what has ended for at least this long. A snapshot that it gave
    /// may lack what had ended longer ago, and nothing else.
    #[serde(default)]
    pub keeps_ended_for: Option<Duration>,
    /// How often the connection to the target broke in the watch so far, and was made again.
    #[serde(default)]
    pub reconnects: u32,
    /// For how long in the watch so far there was no connection.
    #[serde(default)]
    pub unwatched: Duration,
    /// How long tasks and threads waited for a processor; none where the source does not
    /// measure it.
    #[serde(default)]
    pub scheduling: Option<Scheduling>,
}

/// How long the tasks of a program waited to be polled, and a thread of it to run: all of it
/// added up, since the program started.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Scheduling {
    /// Polls whose wait is known.
    pub polls: u64,
    /// Those of them that began [late](Self::LATE).
    pub late_polls: u64,
    /// Those of them that took as long as that by themselves.
    pub long_polls: u64,
    /// For how long a thread that has next to nothing to do wanted to sleep: the thread of a
    /// probe that keeps the time.
    pub slept: Duration,
    /// How much longer than that it slept.
    pub overslept: Duration,
}

impl Scheduling {
    /// A poll is late, or long, from this time on. A thread that shares a processor with a few
    /// others gets it again within some tens of milliseconds, and Tokio advises polls of 100
    /// microseconds at most.
    pub const LATE: Duration = Duration::from_millis(100);
}

impl Add for Scheduling {
    type Output = Self;

    fn add(self, other: Self) -> Self {
        Self {
            polls: self.polls + other.polls,
            late_polls: self.late_polls + other.late_polls,
            long_polls: self.long_polls + other.long_polls,
            slept: self.slept + other.slept,
            overslept: self.overslept + other.overslept,
        }
    }
}
