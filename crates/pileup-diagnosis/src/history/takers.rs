//! Who has taken permits of a semaphore since it was last seen free: noted in every snapshot, since
//! of the ops that ended only the newest are kept.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use pileup_model::{AsyncOp, ENDED_OPS_KEPT, Snapshot};

use super::pollers::SeenTask;

/// Of those that have ended, at most this many are remembered.
const MOST_ENDED: usize = 1024;

/// The tasks that took permits of one semaphore since it was last seen free.
#[derive(Debug, Clone, Default)]
pub(crate) struct Takers {
    live: BTreeSet<SeenTask>,
    ended: BTreeSet<SeenTask>,
    newest: Option<Timestamp>,
    /// Whether there may be more of them: the task of an op was not seen, or more ops ended
    /// between two snapshots than are kept.
    may_be_more: bool,
}

/// Ops that ended with permits since the snapshot before, of one semaphore.
#[derive(Debug, Default)]
pub(crate) struct Taken<'a>(Vec<(Timestamp, Option<&'a SeenTask>)>);

impl<'a> Taken<'a> {
    /// Adds an op that has its permits and has ended.
    pub(crate) fn add(&mut self, op: &AsyncOp, task: Option<&'a SeenTask>) {
        if let Some(at) = op.dropped_at {
            self.0.push((at, task));
        }
    }
}

impl Takers {
    /// Takes in what was taken since the snapshot before, and who has ended.
    pub(crate) fn observe(&mut self, taken: Taken, snapshot: &Snapshot) {
        self.may_be_more |= taken.0.len() >= ENDED_OPS_KEPT;
        for (at, task) in taken.0 {
            match task {
                Some(task) => _ = self.live.insert(task.clone()),
                None => self.may_be_more = true,
            }
            self.newest = self.newest.max(Some(at));
        }
        let gone = self.live.iter().filter(|task| !task.lives(snapshot));
        let gone: Vec<SeenTask> = gone.cloned().collect();
        for task in gone {
            self.live.remove(&task);
            if self.ended.len() < MOST_ENDED {
                self.ended.insert(task);
            }
        }
    }

    /// The tasks that took permits, and when the last did, where all of them have ended.
    pub(crate) fn all_ended(&self) -> Option<(&BTreeSet<SeenTask>, Timestamp)> {
        let ended = self.live.is_empty() && !self.ended.is_empty() && !self.may_be_more;
        Some((&self.ended, self.newest?)).filter(|_| ended)
    }
}

/// What was taken of each semaphore.
pub(crate) type TakenOf<'a> = BTreeMap<pileup_model::ResourceId, Taken<'a>>;
