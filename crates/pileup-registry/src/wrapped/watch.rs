//! What a registry has of a wrapped future.

use std::fmt;
use std::panic::Location;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::task::Waker;

use crate::current;
use crate::registry::{Registry, Spawn};
use crate::sites::{self, SiteNumber};
use crate::table::{Lineage, OWN_NUMBER, Place};
use crate::task_number::task_number;

/// What a wrapped future has: the task that the registry sees it as. None where another way sees
/// it, or nobody.
///
/// It is one pointer, so that the future grows by no more than that.
pub(super) struct Watch(Option<Arc<WatchedTask>>);

/// A task whose wakers report to the registry.
pub(super) struct WatchedTask {
    registry: Arc<Registry>,
    /// Its entry, if it was added yet.
    entry: Option<Entry>,
    state: State,
}

enum State {
    /// It was not polled yet.
    New(SiteNumber),
    /// This polls it.
    Polled(Waker),
}

/// The entry of a task in the registry.
#[derive(Clone, Copy)]
struct Entry {
    place: Place,
    /// Its number in the table, by which its wakers are counted as well.
    number: u64,
    /// Whether the wrapped future counts the polls and the end of the task.
    is_own: bool,
}

/// A poll that goes on. It ends when this is dropped, also by a panic.
pub(super) struct Poll<'a>(&'a WatchedTask, Place);

impl Watch {
    pub(super) fn new(
        registry: &Arc<Registry>,
        location: &'static Location<'static>,
        bytes: usize,
    ) -> Self {
        let site = sites::number_of(location);
        let is_alone = !registry.has_other_ways();
        let entry = is_alone.then(|| Entry::add(registry, own_number(), site, bytes));
        Self(Some(Arc::new(WatchedTask {
            registry: Arc::clone(registry),
            entry: entry.flatten(),
            state: State::New(site),
        })))
    }

    /// The task, whose future of `bytes` bytes is about to be polled with this waker; none if
    /// it is not watched.
    #[inline]
    pub(super) fn task(&mut self, waker: &Waker, bytes: usize) -> Option<&Arc<WatchedTask>> {
        let is_known = self.0.as_ref()?.is_polled_by(waker);
        if !is_known {
            self.begin(waker, bytes);
        }
        self.0.as_ref()
    }

    /// Begins to watch a task at its first poll, or goes on with another waker.
    #[cold]
    fn begin(&mut self, waker: &Waker, bytes: usize) {
        let Some(mut task) = self.0.take() else {
            return;
        };
        let state = State::Polled(waker.clone());
        let State::New(site) = task.state else {
            // The wakers so far keep what has polled the task until now.
            self.0 = Some(Arc::new(WatchedTask {
                registry: Arc::clone(&task.registry),
                entry: task.entry,
                state,
            }));
            return;
        };
        let entry = first_poll(&task.registry, task.entry, site, bytes);
        if entry.is_none() {
            return;
        }
        // It has no wakers yet, so nobody else has it.
        if let Some(new) = Arc::get_mut(&mut task) {
            new.entry = entry;
            new.state = state;
            self.0 = Some(task);
        }
    }

    /// The future is dropped: the task has ended.
    pub(super) fn end(&mut self) {
        if let Some(task) = self.0.take()
            && let Some(entry) = task.entry
            && entry.is_own
        {
            task.registry.finish(entry.place, entry.number);
        }
    }
}

impl Entry {
    fn add(registry: &Registry, number: u64, site: SiteNumber, bytes: usize) -> Option<Self> {
        let added = registry.add(&Spawn {
            number,
            site,
            lineage: Lineage {
                parent: current::task(),
                has_wakers: true,
                ..Lineage::default()
            },
            size: saturated(bytes),
            ..Spawn::default()
        });
        added.map(|(place, _)| Self {
            place,
            number,
            is_own: true,
        })
    }
}

fn saturated(bytes: usize) -> u32 {
    u32::try_from(bytes).unwrap_or(u32::MAX)
}

/// The entry of a task that is polled for the first time, given the one that it has so far. None
/// if the task is seen in another way that reports its wakers, or cannot be seen.
fn first_poll(
    registry: &Registry,
    own: Option<Entry>,
    site: SiteNumber,
    bytes: usize,
) -> Option<Entry> {
    let tokio_number = tokio::task::try_id().map(task_number);
    let seen = tokio_number.and_then(|number| seen_as(registry, number));
    if let Some((place, number)) = seen {
        if let Some(own) = own {
            registry.retract(own.place, own.number);
        }
        return registry
            .watch_wakers(place, number, saturated(bytes))
            .then_some(Entry {
                place,
                number,
                is_own: false,
            });
    }
    match (own, tokio_number) {
        (None, number) => {
            let number = number.unwrap_or_else(own_number);
            Entry::add(registry, number, site, bytes)
        }
        (Some(own), Some(number)) => {
            own.place.renumber(own.number, number);
            Some(Entry { number, ..own })
        }
        (own, None) => own,
    }
}

/// The task of this number, if another future or another way sees it already.
fn seen_as(registry: &Registry, number: u64) -> Option<(Place, u64)> {
    if let Some(current) = current::innermost()
        && current.registry == registry.address()
        && current.place.holds(number)
    {
        return Some((current.place, number));
    }
    let other = registry.has_other_ways();
    let place = other.then(|| registry.table.find(number))??;
    Some((place, number))
}

impl fmt::Debug for Watch {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self.0.as_deref().map(|task| &task.state) {
            Some(State::New(_)) => "New",
            Some(State::Polled(_)) => "Watched",
            None => "Unwatched",
        })
    }
}

impl WatchedTask {
    #[inline]
    fn is_polled_by(&self, waker: &Waker) -> bool {
        matches!(&self.state, State::Polled(inner) if inner.will_wake(waker))
    }

    /// A poll begins on the stack of the caller, which noted its stack pointer.
    #[inline]
    pub(super) fn begin_poll(&self, until: usize) -> Option<Poll<'_>> {
        let entry = self.entry?;
        if entry.is_own {
            self.registry
                .begin_poll(entry.place, until, current::NO_SPAN);
        } else {
            self.registry
                .begin_watch(entry.place, until, current::NO_SPAN);
        }
        Some(Poll(self, entry.place))
    }

    #[inline]
    pub(super) fn is_cloned(&self) {
        if let Some(entry) = self.entry {
            self.registry.waker_cloned(entry.place, entry.number);
        }
    }

    #[inline]
    pub(super) fn is_dropped(&self) {
        if let Some(entry) = self.entry {
            self.registry.waker_dropped(entry.place, entry.number);
        }
    }

    #[inline]
    pub(super) fn is_woken(&self) {
        if let Some(entry) = self.entry {
            self.registry.woken(entry.place, entry.number);
        }
        self.wake();
    }

    #[inline]
    pub(super) fn is_woken_by_ref(&self) {
        if let Some(entry) = self.entry {
            self.registry.woken_by_ref(entry.place, entry.number);
        }
        self.wake();
    }

    #[inline]
    fn wake(&self) {
        if let State::Polled(inner) = &self.state {
            inner.wake_by_ref();
        }
    }
}

impl Drop for Poll<'_> {
    #[inline]
    fn drop(&mut self) {
        let Self(task, place) = self;
        if task.entry.is_some_and(|entry| entry.is_own) {
            task.registry.end_poll(*place);
        } else {
            task.registry.end_watch(*place);
        }
    }
}

/// A number that no task of Tokio has.
fn own_number() -> u64 {
    static NEXT: AtomicU64 = AtomicU64::new(1);
    OWN_NUMBER | NEXT.fetch_add(1, Ordering::Relaxed)
}
