//! Whether the operating system lets the process of a program run, as seen from the same machine.
//!
//! Linux counts for each thread how often it got a processor, and for how long it was ready and
//! waited for one. A process is starved where every thread that got on waited for long, each time
//! on average: a thread that mostly sleeps gets a processor at once on a busy machine, however
//! long the threads wait that compute. Such a thread is in every program that serves a console or a
//! probe.
//!
//! So the threads that compute can wait for most of the time while others of the process hardly
//! wait. Then its tasks go on, and far more slowly than they would. A process is slowed where some
//! thread waited for half of the time or more, and all threads together waited for twice as long as
//! they ran: two threads that share a processor, with nothing beside them, wait for as long as they
//! run.
//!
//! A process that is stopped by a signal is not ready, and this time counts as no wait. So it is
//! looked at regularly as well. Tools that limit the processor time of a program stop it like that.

use std::time::Duration;

use jiff::Timestamp;
use pileup_model::{Process, Snapshot, Stops, Thread, elapsed};

use crate::thresholds::{
    FEWEST_LOOKS, FEWEST_TURNS, LONG_WAIT_FOR_PROCESSOR, SHORTEST_STRETCH, SLOWED_TIMES,
    STARVED_PART, STOPPED_PART, WAITS_PART,
};

/// What was seen of a process.
#[derive(Debug, Clone, Default)]
pub(crate) struct ProcessWaits {
    by_turns: Stretches,
    by_stops: Stretches,
    by_shares: Stretches,
    /// Where the threads waited for long: the turns of the thread that waited least, and its waits.
    turns: u64,
    waited: Duration,
    /// All looks at the process.
    stops: Stops,
    /// Where the process was slowed: the time of all its threads.
    slowed: Shares,
}

/// Parts of a watch, each long enough to show something.
#[derive(Debug, Clone, Default)]
struct Stretches {
    /// The process at the beginning of the part that has not ended.
    began: Option<(Timestamp, Process)>,
    /// The time of all parts.
    watched: Duration,
    /// The time of those in which the process was starved.
    starved: Duration,
}

impl ProcessWaits {
    /// Takes in the process of a snapshot, where it has one.
    pub(crate) fn observe(&mut self, now: &Snapshot) {
        let Some(process) = &now.process else { return };
        self.by_turns.observe(now.at, process, |first, last, _| {
            let least = least_wait(first, last)?;
            let is_long = least.mean() >= LONG_WAIT_FOR_PROCESSOR;
            if is_long {
                self.turns += least.turns;
                self.waited += least.waited;
            }
            Some(is_long)
        });
        self.by_stops.observe(now.at, process, |first, last, _| {
            let looks = last.stops.looks.saturating_sub(first.stops.looks);
            let stopped = last.stops.stopped.saturating_sub(first.stops.stopped);
            if looks < FEWEST_LOOKS {
                return None;
            }
            self.stops.looks += looks;
            self.stops.stopped += stopped;
            // A debugger stops a process for a moment as well.
            Some(stopped * STOPPED_PART >= looks)
        });
        self.by_shares
            .observe(now.at, process, |first, last, lasted| {
                if lasted < SHORTEST_STRETCH {
                    return None;
                }
                let shares = Shares::between(first, last);
                let is_slowed = shares.longest_wait * WAITS_PART >= lasted
                    && shares.waited >= shares.ran * SLOWED_TIMES;
                if is_slowed {
                    self.slowed.ran += shares.ran;
                    self.slowed.waited += shares.waited;
                }
                Some(is_slowed)
            });
    }

    /// Whether the process was starved for a good part of the watch.
    pub(crate) fn are_long(&self) -> bool {
        self.by_turns.are_long() || self.by_stops.are_long()
    }

    /// Whether the process was slowed for a good part of the watch.
    pub(crate) fn slow_the_process(&self) -> bool {
        self.by_shares.are_long()
    }

    /// How many times as long as they ran the threads waited for a processor; zero where the
    /// process was not slowed.
    pub(crate) fn times_the_run(&self) -> f64 {
        self.slowed.waited.as_secs_f64() / self.slowed.ran.as_secs_f64().max(1e-9)
    }

    /// For how long the thread that waited least waited for a processor, each time on average;
    /// zero where some thread hardly waited.
    pub(crate) fn mean(&self) -> Duration {
        mean(self.waited, self.turns)
    }

    /// For which part of the watch the process was stopped.
    pub(crate) fn stopped_part(&self) -> f64 {
        self.stops.stopped as f64 / self.stops.looks.max(1) as f64
    }
}

impl Stretches {
    /// Ends the part if `is_starved` can be known of it, by the process at its beginning and now,
    /// and the time between.
    fn observe(
        &mut self,
        at: Timestamp,
        process: &Process,
        is_starved: impl FnOnce(&Process, &Process, Duration) -> Option<bool>,
    ) {
        let began = self.began.as_ref();
        if let Some((began, first)) = began.filter(|(_, first)| first.id == process.id) {
            let lasted = elapsed(*began, at);
            let Some(is_starved) = is_starved(first, process, lasted) else {
                return;
            };
            self.watched += lasted;
            if is_starved {
                self.starved += lasted;
            }
        }
        self.began = Some((at, process.clone()));
    }

    fn are_long(&self) -> bool {
        !self.watched.is_zero() && self.starved * STARVED_PART >= self.watched
    }
}

/// What the threads of a process got of the processors, and what they waited for.
#[derive(Debug, Clone, Copy, Default)]
struct Shares {
    /// For how long they ran together.
    ran: Duration,
    /// For how long they waited together.
    waited: Duration,
    /// For how long the thread waited that waited most.
    longest_wait: Duration,
}

impl Shares {
    /// The shares of the threads that live at both looks.
    fn between(first: &Process, last: &Process) -> Self {
        let mut shares = Self::default();
        for (before, thread) in threads(first, last) {
            let waited = thread.waited.saturating_sub(before.waited);
            shares.ran += thread.ran.saturating_sub(before.ran);
            shares.waited += waited;
            shares.longest_wait = shares.longest_wait.max(waited);
        }
        shares
    }
}

/// The waits of one thread.
#[derive(Clone, Copy)]
struct Waited {
    turns: u64,
    waited: Duration,
}

impl Waited {
    fn mean(self) -> Duration {
        mean(self.waited, self.turns)
    }
}

/// The waits of the thread that waited least between two looks, of those that got on.
fn least_wait(first: &Process, last: &Process) -> Option<Waited> {
    let waits = threads(first, last).map(|(before, thread)| Waited {
        turns: thread.turns.saturating_sub(before.turns),
        waited: thread.waited.saturating_sub(before.waited),
    });
    waits
        .filter(|waits| waits.turns >= FEWEST_TURNS)
        .min_by_key(|waits| waits.mean())
}

/// Each thread that lives at both looks, at the first and at the last.
fn threads<'a>(
    first: &'a Process,
    last: &'a Process,
) -> impl Iterator<Item = (&'a Thread, &'a Thread)> {
    last.threads.iter().filter_map(|thread| {
        let before = first.threads.iter().find(|first| first.id == thread.id);
        before.map(|before| (before, thread))
    })
}

fn mean(waited: Duration, turns: u64) -> Duration {
    let turns = u32::try_from(turns).unwrap_or(u32::MAX);
    waited.checked_div(turns).unwrap_or_default()
}
