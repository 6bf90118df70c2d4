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

/// So many ends may come before their spawns at once.
const EARLY: usize = 1 << 10;

thread_local! {
    /// The task whose poll began last on this thread, so that the poll's end need not look
    /// for it; without a place once it has ended, as its slot may be another's by then.
    static POLLED: Cell<(u64, Option<Place>)> = const { Cell::new((0, None)) };
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
        if self.early_of(number).load(Ordering::SeqCst) == number {
            self.finish(place, number);
        }
    }

    /// A poll begins.
    #[inline]
    pub(crate) fn poll_begins(&self, task: &TaskMeta<'_>) {
        let number = task_number(task.id());
        let place = self.table.find(number);
        if let Some(place) = place {
            place.begin_poll(self.clock.tick());
        }
        POLLED.set((number, place));
    }

    /// A poll has ended; the task may have ended with it.
    #[inline]
    pub(crate) fn poll_ends(&self, task: &TaskMeta<'_>) {
        let number = task_number(task.id());
        let place = match POLLED.get() {
            (polled, place) if polled == number => place,
            // Within this poll another runtime polled a task.
            _ => self.table.find(number),
        };
        if let Some(place) = place {
            place.end_poll(self.clock.tick());
        }
    }

    /// A task has returned, panicked, or was aborted.
    pub(crate) fn terminated(&self, task: &TaskMeta<'_>) {
        let number = task_number(task.id());
        let place = match POLLED.replace((number, None)) {
            (polled, Some(place)) if polled == number => Some(place),
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
        reason = "what is left is below 2^10"
    )]
    fn early_of(&self, number: u64) -> &AtomicU64 {
        &self.early[number as usize % EARLY]
    }
}
