//! What a watch of a service shows, by its console or by its probe.

use std::time::Duration;

use pileup_growth::{Lifetimes, Period, Population};

use crate::service::Life;

/// How long a console keeps tasks that have finished, in seconds: the default of
/// console-subscriber.
const RETENTION: f64 = 3600.0;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Source {
    /// Every task with its exact times; of those that finished before, all that it retains.
    Console,
    /// The exact ages of live tasks; lifetimes in two buckets to a doubling, counted since the
    /// start.
    Probe,
}

/// Between two snapshots, in seconds.
const PERIOD: f64 = 0.5;

/// Everything that a population borrows.
pub struct View {
    ages: Vec<Duration>,
    watch: Seen,
    before: Option<Seen>,
}

#[derive(Default)]
struct Seen {
    length: Duration,
    finished: Lifetimes,
    entered: Lifetimes,
}

impl View {
    /// The view at `now` seconds after the watch began, of a service that is `age` seconds
    /// older. No snapshot shows a task that is younger than a millisecond.
    pub fn new(lives: &[Life], source: Source, now: f64, age: f64) -> Self {
        let mut watch = Seen {
            length: seconds(now),
            ..Seen::default()
        };
        let mut before = Seen::default();
        let mut since = match source {
            Source::Console => None,
            Source::Probe => Some(age),
        };
        let counted = |lifetime: f64| match source {
            Source::Console => seconds(lifetime),
            Source::Probe => in_bucket(lifetime),
        };
        let mut ages = Vec::new();
        for life in lives.iter().take_while(|life| life.born <= now) {
            let lifetime = life.end - life.born;
            if life.end > now {
                ages.push(seconds(now - life.born));
            } else if life.end > 0.0 {
                watch.finished.add(counted(lifetime));
                if life.born < 0.0 {
                    watch.entered.add(seconds(-life.born));
                }
            } else if life.end > -RETENTION || source == Source::Probe {
                before.finished.add(counted(lifetime));
                if source == Source::Console {
                    since = Some(since.unwrap_or(0.0).max(-life.end));
                }
            }
        }
        let before = since.map(|since| {
            before.length = seconds(since);
            before
        });
        Self {
            ages,
            watch,
            before,
        }
    }

    /// The stays at one `.await`, from the first snapshot on that shows each.
    pub fn of_stays(lives: &[Life], place: usize, now: f64) -> Self {
        let mut watch = Seen {
            length: seconds(now),
            ..Seen::default()
        };
        let mut ages = Vec::new();
        for life in lives.iter().take_while(|life| life.born <= now) {
            let (came, left) = life.stay_at(place);
            // Whoever is there in the first snapshot has been so since its last poll.
            let since = if came <= 0.0 {
                came
            } else {
                next_snapshot(came)
            };
            let leaves = next_snapshot(left);
            if left <= since.max(0.0) || since > now {
                continue;
            }
            if leaves > now {
                ages.push(seconds(now - since));
            } else {
                watch.finished.add(seconds(leaves - since));
                if since <= 0.0 {
                    watch.entered.add(seconds(-since));
                }
            }
        }
        ages.sort_unstable_by(|a, b| b.cmp(a));
        Self {
            ages,
            watch,
            before: None,
        }
    }

    pub fn population(&self) -> Population<'_> {
        Population {
            ages: &self.ages,
            came: None,
            watch: self.watch.period(),
            before: self.before.as_ref().map(Seen::period),
            lag: Duration::ZERO,
            slowed: false,
        }
    }
}

impl Seen {
    fn period(&self) -> Period<'_> {
        Period {
            length: self.length,
            finished: &self.finished,
            entered: &self.entered,
        }
    }
}

pub fn next_snapshot(time: f64) -> f64 {
    (time / PERIOD).ceil() * PERIOD
}

pub fn seconds(seconds: f64) -> Duration {
    Duration::from_secs_f64(seconds.clamp(0.0, 1e9))
}

/// The longest lifetime of the probe's bucket that a lifetime falls into.
pub fn in_bucket(lifetime: f64) -> Duration {
    let half_doublings = ((lifetime * 1000.0).max(1.0).log2() * 2.0).ceil();
    seconds((half_doublings / 2.0).exp2() / 1000.0)
}
