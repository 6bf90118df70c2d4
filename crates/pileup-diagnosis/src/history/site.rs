//! What was seen of one spawn site.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use pileup_growth::Lifetimes;
use pileup_model::{Snapshot, Task, TaskState, Turnover, elapsed};

use super::alive_over_time::AliveOverTime;

/// What was seen of one spawn site.
#[derive(Debug, Clone, Default)]
pub struct SiteHistory {
    /// Live tasks now, oldest first: without those that have [finished](Task::has_finished) and
    /// that an open span keeps on the console.
    pub live: Vec<Arc<Task>>,
    /// Lifetimes of those that finished before the watch, as far as the target remembered.
    pub finished_before: Lifetimes,
    /// Lifetimes of those that finished during the watch.
    pub finished: Lifetimes,
    /// Of those that finished during the watch, the ages that they had when it began, for
    /// those that were alive then.
    pub(crate) entered: Lifetimes,
    /// For how long before the watch it is known what finished.
    pub(crate) known_before: Duration,
    /// Of those that finished before the watch, the ages that they had when that time began.
    pub(crate) entered_before: Lifetimes,
    /// Polls of all that finished, and the time spent in them.
    pub finished_polls: u64,
    /// Time spent in the polls of all that finished.
    pub finished_busy: Duration,
    /// When a task of the site was last known to be alive; none while no task of it was seen.
    pub(crate) last_alive: Option<Timestamp>,
    /// When a task of the site last finished, as far as is known.
    pub(crate) last_finish: Option<Timestamp>,
    pub(super) alive_over_time: AliveOverTime,
    /// What the source had counted when the watch began, where it counts those that finish.
    counted_before: Vec<(Duration, u64)>,
}

impl SiteHistory {
    /// The mean length of the polls that returned; zero when none has.
    #[must_use]
    pub fn mean_poll(&self) -> Duration {
        let live = self.live.iter();
        let (polls, busy) = live.fold(
            (self.finished_polls, self.finished_busy),
            |(polls, busy), task| {
                let running = u64::from(task.state() == Some(TaskState::Running));
                let returned = task.polls.count.saturating_sub(running);
                (
                    polls.saturating_add(returned),
                    busy.saturating_add(task.polls.busy),
                )
            },
        );
        match u32::try_from(polls) {
            Ok(0) => Duration::ZERO,
            Ok(polls) => busy / polls,
            Err(_) => busy / u32::MAX,
        }
    }

    /// Takes in what the source had counted when the watch began.
    pub(super) fn count_before(&mut self, turnover: &Turnover, first: &Snapshot) {
        self.counted_before.clone_from(&turnover.finished);
        self.finished_before = lifetimes(turnover.finished.iter().copied());
        self.entered_before = Lifetimes::default();
        // Those that finished were spawned after that time, and lived at least as long ago.
        let longest = self.finished_before.longest();
        let since = turnover.since.map(|since| elapsed(since, first.at));
        self.known_before = since.unwrap_or(longest);
    }

    /// Takes in what the source has counted since.
    pub(super) fn count(&mut self, turnover: &Turnover, now: Timestamp) {
        let before: HashMap<Duration, u64> = self.counted_before.iter().copied().collect();
        let known = self.finished.total();
        self.finished = lifetimes(turnover.finished.iter().map(|(age, count)| {
            let before = before.get(age).copied().unwrap_or_default();
            (*age, count.saturating_sub(before))
        }));
        if self.finished.total() > known {
            self.last_finish = self.last_finish.max(Some(now));
        }
    }

    pub(super) fn finish(&mut self, task: &Task, watch_started: Option<Timestamp>) {
        let Some(finished_at) = task.finished_at else {
            return;
        };
        self.last_alive = self.last_alive.max(Some(finished_at));
        self.last_finish = self.last_finish.max(Some(finished_at));
        self.finished_polls = self.finished_polls.saturating_add(task.polls.count);
        self.finished_busy = self.finished_busy.saturating_add(task.polls.busy);
        let lifetimes = if watch_started.is_some_and(|started| finished_at >= started) {
            &mut self.finished
        } else {
            &mut self.finished_before
        };
        lifetimes.add(task.age(finished_at));
    }
}

fn lifetimes(counted: impl Iterator<Item = (Duration, u64)>) -> Lifetimes {
    let mut lifetimes = Lifetimes::default();
    counted.for_each(|(age, tasks)| lifetimes.add_many(age, tasks));
    lifetimes
}
