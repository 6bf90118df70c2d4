//! Whether a program got too little processor time.
//!
//! Tasks that do not finish prove nothing where no task makes progress. Three signs show that a
//! program is starved:
//!
//! - Its polls are short, and many begin late: the tasks are woken, and wait for a worker. A
//!   probe counts such polls. A console has for each task the time that it was scheduled, which
//!   is from each wake to the poll that followed. Between two snapshots, that divided by the polls
//!   is the task's mean wait. The future of a task that is aborted is dropped in a poll that
//!   follows no wake: its "wait" is the time since the poll before, and says nothing.
//! - A thread of the program that has next to nothing to do runs late: a probe's thread sleeps
//!   for longer than it wants to. This is also seen where the timers of the tasks are late, which
//!   nobody counts: such tasks are woken late, and polled at once. A console has no such thread:
//!   that of console-subscriber is as late as it is busy with events. But where pileup also asks
//!   the probe of the same program, or pileup-subscriber, a console's snapshots have the figures of
//!   such a thread.
//! - The operating system lets the process run late. This is seen of any program that runs on the
//!   same machine as pileup: `history/process_waits.rs`.
//!
//! A program can get too little in another way: the threads that sleep most of the time run at once,
//! and those that compute wait for most of the time. Then its tasks are polled, and each poll brings
//! them on, but there are few polls. A task that nobody polls does not wait for a processor, nor
//! does one that waits for a timer. So if a program is merely slowed, the tasks of a pile are
//! excused that are still polled, and are not seen to wait for a timer. And it spawns fewer tasks,
//! the more it is slowed: that new tasks become rarer shows no pool that becomes full.
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

use pileup_model::elapsed;

use crate::history::{History, WorkerWaits};
use crate::thresholds::{FROZEN, HOLDS_UP};

/// That a program was starved, in figures.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Starvation {
    /// The polls whose wait is known. By a console, all polls of a task between two snapshots
    /// count once.
    pub(crate) polls: u64,
    /// Those of them that began late.
    pub(crate) late: u64,
    /// How many times longer than it wanted to a thread of the probe, or of pileup-subscriber,
    /// slept; zero without one.
    pub(crate) overslept: f64,
    /// For how long each thread waited at least for a processor, each time on average; zero where
    /// the process is not seen.
    pub(crate) processor_wait: Duration,
    /// For which part of the watch the process was stopped.
    pub(crate) stopped: f64,
    /// How many times as long as they ran the threads of the process waited for a processor; zero
    /// where it was not slowed, or is not seen.
    pub(crate) slowed: f64,
}

/// Whether the program of a watch was starved.
pub(crate) fn is_starved(history: &History) -> bool {
    let by_probe = &history.worker_waits().by_probe;
    history.process_waits().are_long()
        || by_probe.oversleeps()
        || (by_probe.are_late() && !is_frozen(history))
        || is_late_by_console(history)
}

/// Whether the program of a watch was slowed, and not starved: what is still polled may be late.
pub(crate) fn is_slowed(history: &History) -> bool {
    history.process_waits().slow_the_process() && !is_starved(history)
}

/// Whether the program of a watch got too little processor time in either way.
pub(crate) fn is_starved_or_slowed(history: &History) -> bool {
    history.process_waits().slow_the_process() || is_starved(history)
}

/// The figures of a program that was starved or slowed.
pub(crate) fn starvation(history: &History) -> Starvation {
    let WorkerWaits {
        by_console,
        by_probe,
    } = history.worker_waits();
    let by_system = history.process_waits();
    let polls = if is_late_by_console(history) {
        by_console.all
    } else {
        by_probe.all
    };
    Starvation {
        polls: polls.polls,
        late: polls.late_polls,
        overslept: by_probe.all.overslept.as_secs_f64()
            / by_probe.all.slept.as_secs_f64().max(1e-9),
        processor_wait: by_system.mean(),
        stopped: by_system.stopped_part(),
        slowed: by_system.times_the_run(),
    }
}

/// Whether a console shows that polls began late, and no poll was long enough to make others late.
fn is_late_by_console(history: &History) -> bool {
    let by_console = &history.worker_waits().by_console;
    by_console.are_late() && !has_long_polls(history) && !is_frozen(history)
}

/// Whether a probe or the operating system shows that the program was starved. A poll that does not
/// return makes a console's times look as if it were.
pub(crate) fn is_starved_beside_console(history: &History) -> bool {
    let by_probe = &history.worker_waits().by_probe;
    by_probe.are_late() || by_probe.oversleeps() || history.process_waits().are_long()
}

/// Whether the tasks of some site hold their workers in every poll.
fn has_long_polls(history: &History) -> bool {
    let mut sites = history.sites();
    sites.any(|(_, seen)| {
        let scheduled = seen.live.iter().any(|task| task.kind.is_scheduled());
        scheduled && seen.mean_poll() >= HOLDS_UP
    })
}

/// Whether some task has been in one poll for so long that it waits for more than a processor.
fn is_frozen(history: &History) -> bool {
    let Some(latest) = history.latest() else {
        return false;
    };
    let tasks = latest.tasks.iter().filter(|task| task.kind.is_scheduled());
    let mut in_poll = tasks.filter_map(|task| task.in_poll_since());
    in_poll.any(|started| elapsed(started, latest.at) >= FROZEN)
}
