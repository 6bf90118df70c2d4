//! For how long tasks waited for a worker, and a thread of the probe for a processor.

use std::time::Duration;

use pileup_model::{Scheduling, Snapshot, Task, TaskState, elapsed};

use super::changes::changes;
use crate::thresholds::{
    FEWEST_POLLS, LONG_POLLS_ONE_IN, OVERSLEPT_TIMES, SHORTEST_SLEEP, STARVED_ONE_IN, STARVED_PART,
};

/// What was seen of the waits for a worker, and for a processor.
#[derive(Debug, Clone, Default)]
pub(crate) struct WorkerWaits {
    /// The polls of the tasks.
    pub(crate) by_console: Waits,
    /// The polls, and the sleeps of a thread.
    pub(crate) by_probe: Waits,
}

impl WorkerWaits {
    /// Takes in a snapshot, and the one before it.
    pub(crate) fn observe(&mut self, before: Option<&Snapshot>, now: &Snapshot) {
        let Some(before) = before else { return };
        let lasted = elapsed(before.at, now.at);
        self.by_console.add(lasted, polled_between(before, now));
        if let (Some(first), Some(last)) = (before.coverage.scheduling, now.coverage.scheduling) {
            self.by_probe.add(lasted, counted_since(first, last));
        }
    }
}

/// The waits that one source has seen.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Waits {
    /// All that was counted.
    pub(crate) all: Scheduling,
    /// What was counted since the last stretch ended.
    stretch: Scheduling,
    lasted: Duration,
    /// The time of all stretches.
    watched: Duration,
    /// The time of the stretches in which polls began late.
    late: Duration,
    /// The time of the stretches in which a thread overslept.
    overslept: Duration,
}

impl Waits {
    fn add(&mut self, lasted: Duration, counted: Scheduling) {
        self.all = self.all + counted;
        self.stretch = self.stretch + counted;
        self.lasted += lasted;
        // It is the time that passed that must be long enough, and not the time that the thread
        // wanted: the more a thread is starved, the fewer sleeps it begins.
        let Scheduling {
            slept, overslept, ..
        } = self.stretch;
        if self.stretch.polls < FEWEST_POLLS && slept + overslept < SHORTEST_SLEEP {
            return;
        }
        self.watched += self.lasted;
        if is_late(self.stretch) {
            self.late += self.lasted;
        }
        if slept + overslept >= SHORTEST_SLEEP && overslept >= slept * OVERSLEPT_TIMES {
            self.overslept += self.lasted;
        }
        self.stretch = Scheduling::default();
        self.lasted = Duration::ZERO;
    }

    /// Whether polls began late in a good part of the watch.
    pub(crate) fn are_late(&self) -> bool {
        self.is_a_good_part(self.late)
    }

    /// Whether a thread overslept in a good part of the watch.
    pub(crate) fn oversleeps(&self) -> bool {
        self.is_a_good_part(self.overslept)
    }

    fn is_a_good_part(&self, time: Duration) -> bool {
        !self.watched.is_zero() && time * STARVED_PART >= self.watched
    }
}

fn is_late(counted: Scheduling) -> bool {
    counted.polls >= FEWEST_POLLS
        && counted.late_polls * STARVED_ONE_IN >= counted.polls
        && counted.long_polls * LONG_POLLS_ONE_IN < counted.polls
}

/// What a console shows between two snapshots: how many tasks were polled, and how many of them
/// late on average.
fn polled_between(before: &Snapshot, now: &Snapshot) -> Scheduling {
    let mut counted = Scheduling::default();
    let mut count = |old: Option<&Task>, new: &Task| {
        let old = old.filter(|old| old.created_at == new.created_at);
        if let Some(wait) = mean_wait(old, new) {
            counted.polls += 1;
            counted.late_polls += u64::from(wait >= Scheduling::LATE);
        }
    };
    for (old, new) in changes(&before.tasks, &now.tasks, |task| task.id) {
        if let Some(new) = new {
            count(old.map(AsRef::as_ref), new);
        }
    }
    for task in &now.finished {
        count(before.task(task.id).map(AsRef::as_ref), task);
    }
    counted
}

/// For how long a task waited for each of its polls since an earlier look, on average.
fn mean_wait(before: Option<&Task>, now: &Task) -> Option<Duration> {
    if !now.kind.is_scheduled() {
        return None;
    }
    let polled = before.map_or(0, |task| task.polls.count);
    let polls = u32::try_from(now.polls.count.saturating_sub(polled)).ok()?;
    let last = now.wakers.unwrap_or_default();
    let first = before.and_then(|task| task.wakers).unwrap_or_default();
    let wait = last
        .scheduled
        .saturating_sub(first.scheduled)
        .checked_div(polls)?;
    let was_woken =
        last.wakes > first.wakes || before.and_then(Task::state) == Some(TaskState::Scheduled);
    (was_woken || wait < Scheduling::LATE).then_some(wait)
}

fn counted_since(first: Scheduling, last: Scheduling) -> Scheduling {
    Scheduling {
        polls: last.polls.saturating_sub(first.polls),
        late_polls: last.late_polls.saturating_sub(first.late_polls),
        long_polls: last.long_polls.saturating_sub(first.long_polls),
        slept: last.slept.saturating_sub(first.slept),
        overslept: last.overslept.saturating_sub(first.overslept),
    }
}
