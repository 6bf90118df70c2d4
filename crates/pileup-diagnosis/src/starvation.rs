//! Whether a program got too little processor time.
//!
//! Tasks that do not finish prove nothing where no task gets on. Two signs show that a program
//! is starved:
//!
//! - Its polls are short, and many begin late: the tasks are woken, and wait for a worker. A
//!   probe counts such polls. A console has for each task the time that it was scheduled, which
//!   is from each wake to the poll that followed. Between two snapshots, that divided by the polls
//!   is the task's mean wait. The future of a task that is aborted is dropped in a poll that
//!   follows no wake: its "wait" is the time since the poll before, and says nothing.
//! - A thread of the program that has next to nothing to do gets on late: a probe's thread sleeps
//!   for longer than it wants to. This is also seen where the timers of the tasks are late, which
//!   nobody counts: such tasks are woken late, and polled at once. A console has no such thread:
//!   that of console-subscriber is as late as it is busy with events.
//!
//! One moment shows nothing: a thousand tasks that are spawned at once wait for each other, and
//! their first polls are late on any machine. So the watch is cut into stretches, each long
//! enough to hold some polls, and a program is starved where it was starved in a good part of
//! the watch.
//!
//! A runtime with a poll that does not return looks alike to the other tasks, and is not
//! starved: it is held up, by its own program. So polls that are long rather than late excuse
//! nothing. They do not delay a thread that is not the runtime's.

use std::time::Duration;

use pileup_model::{Scheduling, Snapshot, Task, TaskKind, TaskState, elapsed};

use crate::history::{History, changes};
use crate::thresholds::{
    FEWEST_POLLS, FROZEN, HOLDS_UP, LONG_POLLS_ONE_IN, OVERSLEPT_TIMES, SHORTEST_SLEEP,
    STARVED_ONE_IN, STARVED_PART,
};

/// That a program was starved, in figures.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Starvation {
    /// The polls whose wait is known. By a console, all polls of a task between two snapshots
    /// count once.
    pub(crate) polls: u64,
    /// Those of them that began late.
    pub(crate) late: u64,
    /// How many times longer than it wanted to a thread of the probe slept; zero without a probe.
    pub(crate) overslept: f64,
}

/// What was seen of the waits for a worker, and for a processor.
#[derive(Debug, Clone, Default)]
pub(crate) struct WorkerWaits {
    /// The polls of the tasks.
    by_console: Waits,
    /// The polls, and the sleeps of a thread.
    by_probe: Waits,
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
struct Waits {
    all: Scheduling,
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

    fn are_late(&self) -> bool {
        self.is_a_good_part(self.late)
    }

    fn oversleeps(&self) -> bool {
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

/// Whether the program of a watch was starved, and the figures.
pub(crate) fn starvation(history: &History) -> Option<Starvation> {
    let WorkerWaits {
        by_console,
        by_probe,
    } = history.worker_waits();
    let is_frozen = is_frozen(history.latest()?);
    let console_is_late = by_console.are_late() && !has_long_polls(history) && !is_frozen;
    let probe_is_late = by_probe.are_late() && !is_frozen;
    if !console_is_late && !probe_is_late && !by_probe.oversleeps() {
        return None;
    }
    let polls = if console_is_late {
        by_console.all
    } else {
        by_probe.all
    };
    Some(Starvation {
        polls: polls.polls,
        late: polls.late_polls,
        overslept: by_probe.all.overslept.as_secs_f64()
            / by_probe.all.slept.as_secs_f64().max(1e-9),
    })
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
    if !is_scheduled_by_tokio(now) {
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

/// Whether a probe shows that the program was starved, by its polls or by its thread.
pub(crate) fn is_starved_by_probe(history: &History) -> bool {
    let by_probe = &history.worker_waits().by_probe;
    by_probe.are_late() || by_probe.oversleeps()
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

/// Whether the tasks of some site hold their workers in every poll.
fn has_long_polls(history: &History) -> bool {
    let mut sites = history.sites();
    sites.any(|(_, seen)| {
        let scheduled = seen.live.iter().any(|task| is_scheduled_by_tokio(task));
        scheduled && seen.mean_poll() >= HOLDS_UP
    })
}

/// Whether some task has been in one poll for so long that it waits for more than a processor.
fn is_frozen(latest: &Snapshot) -> bool {
    let tasks = latest
        .tasks
        .iter()
        .filter(|task| is_scheduled_by_tokio(task));
    let mut in_poll = tasks.filter_map(|task| task.in_poll_since());
    in_poll.any(|started| elapsed(started, latest.at) >= FROZEN)
}

fn is_scheduled_by_tokio(task: &Task) -> bool {
    matches!(task.kind, TaskKind::Async | TaskKind::Local)
}
