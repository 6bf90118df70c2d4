//! How far back the first snapshot has everything that had ended.
//!
//! A console forgets tasks and ops some time after their end, and does not report after how long.
//! But it forgets by time alone: since the oldest end that it still has, nothing is missing. What
//! ended before that is known to be whole only once the target has shown that it keeps ends for
//! long enough ([`Coverage::keeps_ended_for`](pileup_model::Coverage::keeps_ended_for)).

use jiff::Timestamp;
use pileup_model::Snapshot;

/// How far back the first snapshot of a watch has everything that had ended.
#[derive(Debug, Clone, Copy)]
pub(super) struct Remembered {
    started: Timestamp,
    since: Timestamp,
}

impl Remembered {
    /// What the first snapshot shows: it goes back to the oldest end in it.
    pub(super) fn by_first(first: &Snapshot) -> Self {
        let tasks = first.finished.iter().filter_map(|task| task.finished_at);
        let ops = first.async_ops.iter().filter_map(|op| op.dropped_at);
        Self {
            started: first.at,
            since: tasks.chain(ops).min().unwrap_or(first.at),
        }
    }

    /// Takes in what a snapshot says of the time for which the target keeps ends. Returns the
    /// time since which every end is known.
    pub(super) fn since(&mut self, snapshot: &Snapshot) -> Timestamp {
        let kept = snapshot.coverage.keeps_ended_for;
        if let Some(since) = kept.and_then(|kept| self.started.checked_sub(kept).ok()) {
            self.since = self.since.min(since);
        }
        self.since
    }
}
