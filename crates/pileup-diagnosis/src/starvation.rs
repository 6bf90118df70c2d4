//! Whether a program got too little processor time.
//!
//! Tasks that do not finish prove nothing where no task gets on. A program is starved where
//! its polls are short, and many begin late: the tasks are woken, and wait for a worker. Two
//! sources show it:
//!
//! - A console has for each task the time that it was scheduled, which is from each wake to the
//!   poll that followed. Between two snapshots, that divided by the polls is the task's mean
//!   wait.
//! - A probe counts the polls that began late, and how much longer a thread of its own sleeps
//!   than it wants to.
//!
//! A runtime with a poll that does not return looks alike to the other tasks, and is not
//! starved: it is held up, by its own program. So polls that are long rather than late excuse
//! nothing.

use pileup_model::{Scheduling, Snapshot, Task, TaskKind, TaskState, elapsed};

use crate::history::{History, changes};
use crate::thresholds::{
    FEWEST_POLLS, FROZEN, HOLDS_UP, LONG_POLLS_ONE_IN, OVERSLEPT_TIMES, SHORTEST_SLEEP,
    STARVED_ONE_IN,
};

/// That a program was starved, in figures.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Starvation {
    /// The polls whose wait is known. By a console, all polls of a task between two snapshots
    /// count once.
    pub(crate) polls: u64,
    /// Those of them that began late.
    pub(crate) late: u64,
    /// How many times longer than it wanted to a thread of a probe slept; zero where there is
    /// no probe.
    pub(crate) overslept: f64,
}

/// What was seen of the waits for a worker.
#[derive(Debug, Clone, Default)]
pub(crate) struct WorkerWaits {
    /// Tasks that were polled between two snapshots, added up over the snapshots.
    polled: u64,
    /// Those of them whose polls began late on average.
    late: u64,
    /// What the source had counted when the watch began.
    first: Option<Scheduling>,
}

impl WorkerWaits {
    /// Takes in a snapshot, and the one before it.
    pub(crate) fn observe(&mut self, before: Option<&Snapshot>, now: &Snapshot) {
        let Some(before) = before else {
            self.first = now.coverage.scheduling;
            return;
        };
        for (old, new) in changes(&before.tasks, &now.tasks, |task| task.id) {
            if let Some(new) = new {
                let old = old.filter(|old| old.created_at == new.created_at);
                self.note(old.map(AsRef::as_ref), new);
            }
        }
        for task in &now.finished {
            let old = before.task(task.id);
            let old = old.filter(|old| old.created_at == task.created_at);
            self.note(old.map(AsRef::as_ref), task);
        }
    }

    fn note(&mut self, before: Option<&Task>, now: &Task) {
        if !is_scheduled_by_tokio(now) {
            return;
        }
        let scheduled = |task: &Task| task.wakers.unwrap_or_default().scheduled;
        let polls = now.polls.count
            - before
                .map_or(0, |task| task.polls.count)
                .min(now.polls.count);
        let waited = scheduled(now).saturating_sub(before.map(scheduled).unwrap_or_default());
        let Ok(polls @ 1..) = u32::try_from(polls) else {
            return;
        };
        self.polled += 1;
        self.late += u64::from(waited / polls >= Scheduling::LATE);
    }
}

/// Whether the program of a watch was starved, and the figures.
pub(crate) fn starvation(history: &History) -> Option<Starvation> {
    let latest = history.latest()?;
    let waits = history.worker_waits();
    if is_frozen(latest) {
        return None;
    }
    let by_probe = waits
        .first
        .zip(latest.coverage.scheduling)
        .map(|(first, last)| counted_since(first, last));
    let by_probe = by_probe.unwrap_or_default();
    let overslept = by_probe.overslept.as_secs_f64() / by_probe.slept.as_secs_f64().max(1e-9);
    let sleeps_long =
        by_probe.slept >= SHORTEST_SLEEP && by_probe.overslept >= by_probe.slept * OVERSLEPT_TIMES;

    let console_is_late = is_late(waits.polled, waits.late) && !has_long_polls(history);
    let probe_is_late = is_late(by_probe.polls, by_probe.late_polls)
        && by_probe.long_polls * LONG_POLLS_ONE_IN < by_probe.polls;
    let (polls, late) = if console_is_late {
        (waits.polled, waits.late)
    } else {
        (by_probe.polls, by_probe.late_polls)
    };
    (console_is_late || probe_is_late || sleeps_long).then_some(Starvation {
        polls,
        late,
        overslept,
    })
}

fn is_late(polls: u64, late: u64) -> bool {
    polls >= FEWEST_POLLS && late * STARVED_ONE_IN >= polls
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
        let scheduled = seen.living.iter().any(|task| is_scheduled_by_tokio(task));
        scheduled && seen.mean_poll() >= HOLDS_UP
    })
}

/// Whether some task has been in one poll for so long that it waits for more than a processor.
fn is_frozen(latest: &Snapshot) -> bool {
    latest.tasks.iter().any(|task| {
        let poll = task
            .polls
            .last_started
            .filter(|_| is_scheduled_by_tokio(task));
        let running = poll.filter(|_| task.state() == Some(TaskState::Running));
        running.is_some_and(|started| elapsed(started, latest.at) >= FROZEN)
    })
}

fn is_scheduled_by_tokio(task: &Task) -> bool {
    matches!(task.kind, TaskKind::Async | TaskKind::Local)
}
