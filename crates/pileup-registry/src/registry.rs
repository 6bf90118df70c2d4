//! The registry: the table of tasks, the counts of every spawn site, and the stacks.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering, fence};

use jiff::Timestamp;
use pileup_stacks::StackSet;

use crate::clock::{Clock, Tick};
use crate::counters::{Counted, Counters};
use crate::current::{self, Current, Noted};
use crate::finished::Finished;
use crate::live::{LiveTask, TaskStacks};
use crate::poll_times::Watched;
use crate::records::Records;
use crate::sampling::{Sampling, Switch};
use crate::sites::{self, SiteNumber, SpawnSite};
use crate::table::{Lineage, Live, NO_RUNTIME, Origin, Place, Table, Waking};
use crate::task_names::TaskNames;
use crate::waits::Names;

/// How many distinct await stacks are kept: a large service has some thousands. They take at
/// most 15 MB.
const STACKS: usize = 1 << 16;
/// How many ends may come before the spawn of their task is reported: on a machine that is
/// overloaded, the thread that spawns may stand still for that long.
pub(crate) const EARLY: usize = 1 << 16;
/// They are made in blocks: one by one takes milliseconds in a program that is not optimised.
pub(crate) const EARLY_BLOCK: usize = 1 << 10;

/// The tasks of a service.
///
/// Somebody must call [`tick`](Self::tick) regularly, such as every 10 ms: births and polls
/// are known to within that.
pub struct Registry {
    pub(crate) clock: Clock,
    pub(crate) table: Table,
    pub(crate) counters: Counters,
    records: Records,
    stacks: StackSet,
    pub(crate) names: Names,
    sampling: Switch,
    /// Tasks whose end was reported before their spawn. Tokio does so where a runtime is shut
    /// down meanwhile; and of blocking tasks it reports the end alone.
    pub(crate) early: Box<[[AtomicU64; EARLY_BLOCK]]>,
    /// Whether the times of tasks are kept.
    pub(crate) keeps_times: AtomicBool,
    /// Whether the workers that take over in `block_in_place` are kept.
    pub(crate) keeps_workers: AtomicBool,
    pub(crate) finished: Finished,
    pub(crate) watched: Watched,
    pub(crate) task_names: TaskNames,
    /// Whether hooks or a subscriber may report tasks.
    has_other_ways: AtomicBool,
    /// Whether a task was seen by a span.
    pub(crate) has_spans: AtomicBool,
    /// Whether a task was seen by the hooks and has no span.
    pub(crate) has_hooked: AtomicBool,
}

/// A spawn site, and what was counted there: nothing where other registries alone know it.
#[non_exhaustive]
pub struct CountedSite {
    /// The number of the site.
    pub number: SiteNumber,
    /// The site.
    pub spawn: &'static SpawnSite,
    /// What was counted there.
    pub counted: Option<Counted>,
}

/// A task that is about to be added.
#[derive(Clone, Copy)]
pub(crate) struct Spawn {
    pub(crate) number: u64,
    pub(crate) site: SiteNumber,
    pub(crate) runtime: u8,
    pub(crate) lineage: Lineage,
    /// The size of its future in bytes.
    pub(crate) size: u32,
}

impl Registry {
    /// A registry that knows no task yet, and keeps the await stacks of the tasks that
    /// `sampling` selects.
    #[must_use]
    pub fn new(sampling: Sampling) -> Self {
        pileup_stacks::prepare();
        Self {
            clock: Clock::start(),
            table: Table::new(),
            counters: Counters::new(),
            records: Records::new(),
            stacks: StackSet::new(STACKS),
            names: Names::new(),
            sampling: Switch::new(sampling),
            early: (0..EARLY / EARLY_BLOCK)
                .map(|_| [const { AtomicU64::new(0) }; EARLY_BLOCK])
                .collect(),
            keeps_times: AtomicBool::new(false),
            keeps_workers: AtomicBool::new(false),
            finished: Finished::new(),
            watched: Watched::new(),
            task_names: TaskNames::new(),
            has_other_ways: AtomicBool::new(false),
            has_spans: AtomicBool::new(false),
            has_hooked: AtomicBool::new(false),
        }
    }

    /// Of which tasks the await stacks are kept from now on.
    ///
    /// Tasks that are alive already stay as they are, with two exceptions: with
    /// [`Sampling::ALL`] they are sampled from their next poll on, and with
    /// [`Sampling::NONE`] no stack of any task is captured.
    pub fn set_sampling(&self, sampling: Sampling) {
        self.sampling.set(sampling);
    }

    /// Of which tasks the await stacks are kept.
    #[must_use]
    pub fn sampling(&self) -> Sampling {
        self.sampling.get()
    }

    /// Moves the registry's time to the present, and gives it.
    pub fn tick(&self) -> Tick {
        if pileup_stacks::is_stale() {
            pileup_stacks::prepare();
        }
        self.clock.advance()
    }

    /// A tick as a point in time.
    #[must_use]
    pub fn time(&self, tick: Tick) -> Timestamp {
        self.clock.time(tick)
    }

    /// The await stacks that tasks refer to.
    #[must_use]
    pub fn stacks(&self) -> &StackSet {
        &self.stacks
    }

    /// Shows each live task, in no order. One that comes or goes meanwhile may be missed; one
    /// that lives all along is shown once.
    pub fn for_each_live(&self, mut show: impl FnMut(LiveTask)) {
        self.table
            .for_each(|place, live| show(self.live_task(place, live)));
    }

    /// What is known of the live task at a place.
    pub(crate) fn live_task(&self, place: Place, mut live: Live) -> LiveTask {
        if !self.keeps_times() {
            // Another registry may have left some behind.
            live.times = None;
        }
        let stacks = |record| {
            let (newest_first, is_newest_dropped) = self.records.of_task(record)?.read();
            fence(Ordering::Acquire);
            // Had the task ended before, the record might be another's.
            place.holds(live.number).then_some(TaskStacks {
                newest_first,
                is_newest_dropped,
            })
        };
        LiveTask::new(&live, stacks)
    }

    /// All spawn sites of the process, by number.
    #[must_use]
    pub fn sites(&self) -> Vec<CountedSite> {
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

    /// The live tasks, counted: exact whenever nothing is spawned or ends meanwhile.
    #[must_use]
    pub fn live(&self) -> u64 {
        let sites = self.sites().into_iter();
        let counts = sites.filter_map(|site| site.counted);
        counts
            .map(|counted| counted.spawned - counted.finished())
            .sum()
    }

    /// Adds a task, and gives its place and the index of its slot. None when 268 million tasks
    /// live.
    pub(crate) fn add(&self, spawn: &Spawn) -> Option<(Place, usize)> {
        let born = self.clock.tick();
        let before = self.counters.count_spawned(spawn.site);
        let has_wakers = spawn.lineage.has_wakers;
        let record = if has_wakers && self.sampling.takes(before) {
            self.records.take()
        } else {
            0
        };
        let origin = Origin {
            born,
            site: spawn.site,
            runtime: spawn.runtime,
        };
        self.table
            .insert(spawn.number, origin, spawn.lineage, |place| {
                if has_wakers {
                    place
                        .waking_or_new()
                        .reset(spawn.number, spawn.size, record);
                }
                if self.keeps_times() {
                    place.times_or_new().reset();
                }
            })
    }

    /// Notes that hooks or a subscriber may report tasks from now on.
    pub(crate) fn expect_other_ways(&self) {
        self.has_other_ways.store(true, Ordering::Relaxed);
    }

    /// Whether hooks or a subscriber may report tasks.
    pub(crate) fn has_other_ways(&self) -> bool {
        self.has_other_ways.load(Ordering::Relaxed)
    }

    /// Begins to watch the wakers of a task that the hooks report. False if they are watched
    /// already. Only for the thread that polls the task.
    pub(crate) fn watch_wakers(&self, place: Place, number: u64, size: u32) -> bool {
        let lineage = place.lineage(number);
        if lineage.has_wakers {
            return false;
        }
        let before = self.counters.spawned_by_stripe(place.origin().site);
        let record = if self.sampling.takes_any(before, number) {
            self.records.take_made()
        } else {
            0
        };
        place.waking_or_new().reset(number, size, record);
        place.set_lineage(Lineage {
            has_wakers: true,
            ..lineage
        });
        true
    }

    /// Takes back a task that turns out to be one that is seen already.
    pub(crate) fn retract(&self, place: Place, number: u64) {
        let record = place.waking().map_or(0, Waking::record);
        if let Some(origin) = place.remove(number) {
            self.records.give_back(record);
            self.counters.uncount_spawned(origin.site);
        }
    }

    /// Removes a task that has ended, if nobody else has done so.
    pub(crate) fn finish(&self, place: Place, number: u64) {
        let has_wakers = place.lineage(number).has_wakers;
        let waking = place.waking().filter(|_| has_wakers);
        let record = waking.map_or(0, Waking::record);
        let last = self.last_look(place);
        if let Some(origin) = place.remove(number) {
            self.records.give_back(record);
            self.note_end(number, last);
            let lifetime = self.clock.tick().saturating_sub(origin.born);
            self.counters.count_finished(origin.site, lifetime);
        }
    }

    /// A poll begins of the task here, whose wakers are seen. `until` bounds its captures, and
    /// `span` reports it: see [`Current`].
    #[inline]
    pub(crate) fn begin_poll(&self, place: Place, until: usize, span: u64) {
        place.begin_poll(self.clock.tick());
        self.time_poll_begin(place);
        self.begin_watch(place, until, span);
    }

    /// Like [`begin_poll`](Self::begin_poll), where another way counts the polls of the task.
    #[inline]
    pub(crate) fn begin_watch(&self, place: Place, until: usize, span: u64) {
        current::begin(Current {
            place,
            registry: self.address(),
            until,
            span,
        });
    }

    /// A poll of the task here has ended.
    #[inline]
    pub(crate) fn end_poll(&self, place: Place) {
        self.poll_has_ended(place, current::end(place));
    }

    /// A poll of the task here has ended, which has noted this.
    #[inline]
    pub(crate) fn poll_has_ended(&self, place: Place, noted: Option<Noted>) {
        self.take_note(noted);
        self.time_poll_end(place);
        place.end_poll(self.clock.tick());
    }

    /// Like [`end_poll`](Self::end_poll), where another way counts the polls of the task.
    #[inline]
    pub(crate) fn end_watch(&self, place: Place) {
        self.take_note(current::end(place));
    }

    /// Takes in what a poll has noted.
    #[inline]
    fn take_note(&self, noted: Option<Noted>) {
        if let Some(noted) = noted
            && let Some(stacks) = self.records.of_task(noted.record)
        {
            stacks.note_kept(noted.kept > 0);
        }
    }

    /// Tells this registry from others of the process.
    #[inline]
    pub(crate) fn address(&self) -> usize {
        std::ptr::from_ref(self).addr()
    }

    /// A waker of a task is cloned. This is called on the stack of whoever clones it.
    #[inline]
    pub(crate) fn waker_cloned(&self, place: Place, number: u64) {
        let Some(waking) = place.waking() else { return };
        let current = current::innermost().filter(|current| current.place.is(place));
        let Some(before) = waking.count_clone(number, current.is_some()) else {
            return;
        };
        self.note_change(waking);
        let Some(current) = current else { return };
        if waking.record() == 0 && self.sampling.takes_all() {
            // It was alive before all tasks were sampled.
            waking.set_record(self.records.take_made());
        }
        let record = waking.record();
        if record != 0 {
            self.note_stack(current.until, record, before);
        }
    }

    /// Notes the stack at which a sampled task clones its waker in its own poll.
    #[inline(never)]
    fn note_stack(&self, until: usize, number: u32, before: i32) {
        if self.sampling.is_off() {
            return;
        }
        let Some(record) = self.records.of_task(number) else {
            return;
        };
        if before <= 0 {
            // Of the stacks so far, none has a waker any more.
            record.clear();
        }
        if let Some(stack) = self.stacks.intern_here(until) {
            record.note_clone(stack);
            current::note_clone(number);
        }
    }

    /// A waker of a task is dropped.
    #[inline]
    pub(crate) fn waker_dropped(&self, place: Place, number: u64) {
        let Some(waking) = place.waking() else { return };
        if !waking.count_drop(number) {
            return;
        }
        self.note_change(waking);
        if waking.record() != 0 {
            current::note_drop(place);
        }
    }

    /// A waker of a task is used, and stays.
    #[inline]
    pub(crate) fn woken_by_ref(&self, place: Place, number: u64) {
        let Some(waking) = place.waking() else { return };
        let current = current::innermost();
        let waker = current.and_then(|current| current.place.task());
        let is_self = current.is_some_and(|current| current.place.is(place));
        if waking.note_wake(number, self.clock.tick(), waker, is_self) {
            self.time_wake(place, waking);
        }
    }

    /// A waker of a task is used up.
    #[inline]
    pub(crate) fn woken(&self, place: Place, number: u64) {
        self.woken_by_ref(place, number);
        if let Some(waking) = place.waking() {
            waking.count_drop(number);
            self.note_change(waking);
        }
    }
}

impl Default for Spawn {
    fn default() -> Self {
        Self {
            number: 0,
            site: sites::OTHER,
            runtime: NO_RUNTIME,
            lineage: Lineage::default(),
            size: 0,
        }
    }
}
