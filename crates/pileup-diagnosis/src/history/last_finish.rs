//! When a task finished last.

use jiff::Timestamp;
use pileup_model::Snapshot;

/// The last time that a task finished, as far as the snapshots show it.
#[derive(Debug, Clone, Default)]
pub(crate) struct LastFinish {
    at: Option<Timestamp>,
    /// How many the source has counted.
    counted: u64,
}

impl LastFinish {
    /// Takes in the next snapshot. Of tasks that are counted, only the snapshot that counted
    /// them is known.
    pub(crate) fn observe(&mut self, snapshot: &Snapshot) {
        let finished = snapshot.finished.iter().filter_map(|task| task.finished_at);
        self.at = self.at.max(finished.max());
        let counts = snapshot.turnover.iter().flat_map(|site| &site.finished);
        let counted = counts.map(|(_, tasks)| *tasks).sum();
        if counted > self.counted {
            self.at = self.at.max(Some(snapshot.at));
            self.counted = counted;
        }
    }

    pub(crate) fn at(&self) -> Option<Timestamp> {
        self.at
    }
}
