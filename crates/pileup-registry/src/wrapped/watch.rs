//! What a registry has of a wrapped future.

use std::fmt;
use std::mem;
use std::panic::Location;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::task::Waker;

use crate::current;
use crate::registry::{Registry, Spawn};
use crate::sites::{self, SiteNumber};
use crate::table::{Lineage, OWN_NUMBER, Place};
use crate::task_number::task_number;

/// How the registry sees a wrapped future.
pub(super) enum Watch {
    /// It was not polled yet.
    New(Arc<Registry>, NewTask),
    /// It is polled with a waker of its own.
    Watched(Arc<WatchedTask>),
    /// Another way sees it, or nobody.
    Unwatched,
}

pub(super) struct NewTask {
    site: SiteNumber,
    size: u32,
    entry: Option<Entry>,
}

/// The entry of a task in the registry.
#[derive(Clone, Copy)]
struct Entry {
    place: Place,
    /// Its number in the table.
    number: u64,
    /// The number by which its wakers are counted: the one that it was added with.
    counted_as: u64,
    /// Whether the wrapped future counts the polls and the end of the task.
    is_own: bool,
}

/// A task whose wakers report to the registry.
pub(super) struct WatchedTask {
    registry: Arc<Registry>,
    entry: Entry,
    /// What polls the task.
    inner: Waker,
}

/// A poll that goes on. It ends when this is dropped, also by a panic.
pub(super) struct Poll<'a>(&'a WatchedTask);

impl Watch {
    pub(super) fn new(
        registry: &Arc<Registry>,
        location: &'static Location<'static>,
        size: usize,
    ) -> Self {
        let mut new = NewTask {
            site: sites::number_of(location),
            size: u32::try_from(size).unwrap_or(u32::MAX),
            entry: None,
        };
        if !registry.has_other_ways() {
            new.add(registry, own_number());
        }
        Self::New(Arc::clone(registry), new)
    }

    /// The task, which is about to be polled with this waker; none if it is not watched.
    #[inline]
    pub(super) fn task(&mut self, waker: &Waker) -> Option<&Arc<WatchedTask>> {
        match self {
            Self::Watched(task) if task.inner.will_wake(waker) => {}
            Self::Unwatched => return None,
            _ => self.begin(waker),
        }
        match self {
            Self::Watched(task) => Some(task),
            _ => None,
        }
    }

    /// Begins to watch a task at its first poll, or goes on with another waker.
    #[cold]
    fn begin(&mut self, waker: &Waker) {
        let (registry, entry) = match mem::replace(self, Self::Unwatched) {
            Self::New(registry, new) => match new.first_poll(&registry) {
                Some(entry) => (registry, entry),
                None => return,
            },
            Self::Watched(task) => (Arc::clone(&task.registry), task.entry),
            Self::Unwatched => return,
        };
        *self = Self::Watched(Arc::new(WatchedTask {
            registry,
            entry,
            inner: waker.clone(),
        }));
    }

    /// The future is dropped: the task has ended.
    pub(super) fn end(&mut self) {
        let (registry, entry) = match self {
            Self::New(registry, new) => (&*registry, new.entry),
            Self::Watched(task) => (&task.registry, Some(task.entry)),
            Self::Unwatched => return,
        };
        if let Some(entry) = entry
            && entry.is_own
        {
            registry.finish(entry.place, entry.number);
        }
        *self = Self::Unwatched;
    }
}

impl NewTask {
    fn add(&mut self, registry: &Registry, number: u64) {
        let added = registry.add(&Spawn {
            number,
            site: self.site,
            lineage: Lineage {
                parent: current::task(),
                has_wakers: true,
                ..Lineage::default()
            },
            size: self.size,
            ..Spawn::default()
        });
        self.entry = added.map(|(place, _)| Entry {
            place,
            number,
            counted_as: number,
            is_own: true,
        });
    }

    /// The entry of the task that this is, now that it is polled. None if the task is seen in
    /// another way that reports its wakers, or cannot be seen.
    fn first_poll(mut self, registry: &Registry) -> Option<Entry> {
        let tokio_number = tokio::task::try_id().map(task_number);
        let seen = tokio_number.and_then(|number| seen_as(registry, number));
        if let Some((place, number)) = seen {
            if let Some(own) = self.entry.take() {
                registry.retract(own.place, own.number);
            }
            return registry
                .watch_wakers(place, number, self.size)
                .then_some(Entry {
                    place,
                    number,
                    counted_as: number,
                    is_own: false,
                });
        }
        match (self.entry, tokio_number) {
            (None, tokio_number) => self.add(registry, tokio_number.unwrap_or_else(own_number)),
            (Some(own), Some(number)) => {
                own.place.renumber(own.number, number);
                self.entry = Some(Entry { number, ..own });
            }
            (Some(_), None) => {}
        }
        self.entry.take()
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
        formatter.write_str(match self {
            Self::New(..) => "New",
            Self::Watched(_) => "Watched",
            Self::Unwatched => "Unwatched",
        })
    }
}

impl WatchedTask {
    /// A poll begins on the stack of the caller, which noted its stack pointer.
    #[inline]
    pub(super) fn begin_poll(&self, until: usize) -> Poll<'_> {
        if self.entry.is_own {
            self.registry
                .begin_poll(self.entry.place, until, current::NO_SPAN);
        } else {
            self.registry
                .begin_watch(self.entry.place, until, current::NO_SPAN);
        }
        Poll(self)
    }

    #[inline]
    pub(super) fn is_cloned(&self) {
        self.registry
            .waker_cloned(self.entry.place, self.entry.counted_as);
    }

    #[inline]
    pub(super) fn is_dropped(&self) {
        let entry = self.entry;
        self.registry.waker_dropped(entry.place, entry.counted_as);
    }

    #[inline]
    pub(super) fn is_woken(&self) {
        self.registry.woken(self.entry.place, self.entry.counted_as);
        self.inner.wake_by_ref();
    }

    #[inline]
    pub(super) fn is_woken_by_ref(&self) {
        self.registry
            .woken_by_ref(self.entry.place, self.entry.counted_as);
        self.inner.wake_by_ref();
    }
}

impl Drop for Poll<'_> {
    #[inline]
    fn drop(&mut self) {
        let entry = &self.0.entry;
        if entry.is_own {
            self.0.registry.end_poll(entry.place);
        } else {
            self.0.registry.end_watch(entry.place);
        }
    }
}

/// A number that no task of Tokio has.
fn own_number() -> u64 {
    static NEXT: AtomicU64 = AtomicU64::new(1);
    OWN_NUMBER | NEXT.fetch_add(1, Ordering::Relaxed)
}
