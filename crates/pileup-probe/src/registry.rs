//! Every task of the instrumented runtimes, and the counts of every spawn site.

mod clock;
mod counters;
mod function;
mod lifetimes;
mod sites;
mod table;
mod task_number;

use std::cell::Cell;
use std::sync::atomic::{AtomicU64, Ordering, fence};

use jiff::Timestamp;
use tokio::runtime::TaskMeta;

pub(crate) use clock::Tick;
pub(crate) use counters::Counted;
pub(crate) use lifetimes::{BUCKETS, bucket, longest};
pub(crate) use sites::{SiteNumber, SpawnSite};
pub(crate) use table::{Living, Origin};
pub(crate) use task_number::task_number;

use clock::Clock;
use counters::Counters;
use table::{Place, Table};

/// So many ends may come while one spawn has not told of its task yet: on a machine that is
/// overloaded its thread may stand still for that long.
const EARLY: usize = 1 << 16;

/// Tasks whose places a thread keeps. A power of two.
const KEPT: usize = 8;

thread_local! {
    /// The tasks that were polled last on this thread, and their places: a thread polls the
    /// same few again and again, and a poll's end need not look for what its begin has found.
    /// A task that has ended has no place, as its slot may be another's by then; and as no
    /// number is used twice, a task that is polled is where it was before.
    static POLLED: [Cell<(u64, Option<Place>)>; KEPT] =
        const { [const { Cell::new((0, None)) }; KEPT] };
}

/// The tasks of all instrumented runtimes of one probe.
pub(crate) struct Registry {
    clock: Clock,
    table: Table,
    counters: Counters,
    /// Tasks whose end was told before their spawn. Tokio does so where a runtime is shut
    /// down meanwhile; and of blocking tasks it tells the end alone.
    early: Box<[AtomicU64]>,
}

/// A spawn site, and what was counted there: nothing where other registries alone know it.
pub(crate) struct CountedSite {
    pub(crate) number: SiteNumber,
    pub(crate) spawn: &'static SpawnSite,
    pub(crate) counted: Option<Counted>,
}

impl Registry {
    pub(crate) fn new() -> Self {
        Self {
            clock: Clock::start(),
            table: Table::new(),
            counters: Counters::new(),
            early: (0..EARLY).map(|_| AtomicU64::new(0)).collect(),
        }
    }

    /// Moves the registry's time to the present, and gives it.
    pub(crate) fn advance_clock(&self) -> Tick {
        self.clock.advance()
    }

    /// A tick as a point in time.
    pub(crate) fn time(&self, tick: Tick) -> Timestamp {
        self.clock.time(tick)
    }

    /// A task is about to be scheduled for the first time.
    pub(crate) fn spawned(&self, task: &TaskMeta<'_>, runtime: u8) {
        let number = task_number(task.id());
        let site = sites::number_of(task.spawned_at());
        let born = self.clock.tick();
        self.counters.count_spawned(site);
        let place = self.table.insert(
            number,
            Origin {
                born,
                site,
                runtime,
            },
        );
        let Some(place) = place else {
            // Four thousand million tasks live.
            return;
        };
        // Most often this very thread has told the end, where the runtime took no more tasks.
        let ended_here = POLLED.with(|polled| polled[kept_at(number)].get().0 == number);
        if ended_here || self.early_of(number).load(Ordering::SeqCst) == number {
            self.finish(place, number);
        }
    }

    /// A poll begins.
    #[inline]
    pub(crate) fn poll_begins(&self, task: &TaskMeta<'_>) {
        if let Some(place) = self.polled(task_number(task.id())) {
            place.begin_poll(self.clock.tick());
        }
    }

    /// A poll has ended; the task may have ended with it.
    #[inline]
    pub(crate) fn poll_ends(&self, task: &TaskMeta<'_>) {
        if let Some(place) = self.polled(task_number(task.id())) {
            place.end_poll(self.clock.tick());
        }
    }

    /// The place of a task that this thread polls.
    #[inline]
    fn polled(&self, number: u64) -> Option<Place> {
        POLLED.with(|polled| {
            let kept = &polled[kept_at(number)];
            match kept.get() {
                (known, place) if known == number => place,
                _ => {
                    let place = self.table.find(number);
                    kept.set((number, place));
                    place
                }
            }
        })
    }

    /// A task has returned, panicked, or was aborted.
    pub(crate) fn terminated(&self, task: &TaskMeta<'_>) {
        let number = task_number(task.id());
        let kept = POLLED.with(|polled| polled[kept_at(number)].replace((number, None)));
        let place = match kept {
            (known, Some(place)) if known == number => Some(place),
            _ => self.table.find(number),
        };
        if let Some(place) = place {
            self.finish(place, number);
            return;
        }
        // Either this thread sees the spawn now, or the one that spawns sees this.
        self.early_of(number).store(number, Ordering::SeqCst);
        fence(Ordering::SeqCst);
        if let Some(place) = self.table.find(number) {
            self.finish(place, number);
        }
    }

    /// Shows each living task, in no order.
    pub(crate) fn for_each_living(&self, show: impl FnMut(Living)) {
        self.table.for_each(show);
    }

    /// All spawn sites of the process, by number.
    pub(crate) fn sites(&self) -> Vec<CountedSite> {
        let numbers = 0..=SiteNumber::MAX;
        let sites = numbers.zip(sites::all());
        sites
            .map(|(number, spawn)| CountedSite {
                number,
                spawn,
                counted: self.counters.of(number),
            })
            .collect()
    }

    fn finish(&self, place: Place, number: u64) {
        if let Some(origin) = place.remove(number) {
            let lifetime = self.clock.tick().saturating_sub(origin.born);
            self.counters.count_finished(origin.site, lifetime);
        }
    }

    #[expect(
        clippy::cast_possible_truncation,
        reason = "what is left is below 2^16"
    )]
    fn early_of(&self, number: u64) -> &AtomicU64 {
        &self.early[number as usize % EARLY]
    }
}

#[expect(clippy::cast_possible_truncation, reason = "what is left is below 8")]
fn kept_at(number: u64) -> usize {
    number as usize % KEPT
}
