//! Since when a program counts the wakers that are cloned.
//!
//! At the first clone of all, `tracing` makes the event known to the console, and until that
//! is done it is lost where it happens on other threads: a busy machine had six tasks polled
//! meanwhile. They have wakers, and none is counted.

use jiff::Timestamp;
use pileup_model::{Task, elapsed};

use crate::thresholds::CLONES_COUNTED_IN;

/// Since when a program counts the wakers that are cloned, as far as its tasks show.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct ClonesCounted {
    /// When the first task was spawned.
    first_spawned: Option<Timestamp>,
    /// When the first poll had ended of a task whose cloned wakers were counted.
    first_counted: Option<Timestamp>,
}

impl ClonesCounted {
    /// Takes in a task that is new, or has changed.
    pub(crate) fn note(&mut self, task: &Task) {
        let clones = task.wakers.map_or(0, |wakers| wakers.clones);
        let counted = (clones > 0).then_some(task.polls.last_ended).flatten();
        self.first_spawned = earliest(self.first_spawned, Some(task.created_at));
        self.first_counted = earliest(self.first_counted, counted);
    }

    /// Whether none of the task's wakers can have been cloned before clones were counted.
    pub(crate) fn of(&self, task: &Task) -> bool {
        let polled_once = task.polls.last_started.filter(|_| task.polls.count == 1);
        let first_poll = polled_once.unwrap_or(task.created_at);
        let long_after_start = self
            .first_spawned
            .is_some_and(|start| elapsed(start, first_poll) >= CLONES_COUNTED_IN);
        long_after_start
            || self
                .first_counted
                .is_some_and(|counted| counted <= first_poll)
    }
}

fn earliest(one: Option<Timestamp>, other: Option<Timestamp>) -> Option<Timestamp> {
    one.into_iter().chain(other).min()
}
