//! Which task the current thread polls.

use std::cell::Cell;

use crate::table::{Parent, Place};

/// Polls that may be nested within each other: a `LocalSet` in a task, a runtime in a
/// `block_in_place`. What is nested deeper has no await stacks and is nobody's parent.
const DEPTH: usize = 8;

/// The span of a poll that no span reports.
pub(crate) const NO_SPAN: u64 = 0;

/// One poll that goes on.
#[derive(Clone, Copy)]
pub(crate) struct Current {
    pub(crate) place: Place,
    /// The address of the registry that the place is of.
    pub(crate) registry: usize,
    /// Where the stack of the poll begins: a bound for captures.
    pub(crate) until: usize,
    /// The span that reports the poll, where that leads to the place; else [`NO_SPAN`].
    pub(crate) span: u64,
}

/// What a poll has noted of its wakers when it ends.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) struct Noted {
    /// The record in which the poll has noted a stack; 0 if it has noted none.
    pub(crate) record: u32,
    /// Clones without drops of the task's waker in this poll, once it has noted a stack.
    pub(crate) kept: i32,
}

struct Poll {
    current: Cell<Option<Current>>,
    noted: Cell<Noted>,
}

struct Polls {
    depth: Cell<usize>,
    nested: [Poll; DEPTH],
    /// Whether nothing of this thread is to be seen.
    is_hidden: Cell<bool>,
}

thread_local! {
    static POLLS: Polls = const {
        Polls {
            depth: Cell::new(0),
            nested: [const { Poll::new() }; DEPTH],
            is_hidden: Cell::new(false),
        }
    };
}

impl Poll {
    const fn new() -> Self {
        Self {
            current: Cell::new(None),
            noted: Cell::new(Noted::NOTHING),
        }
    }
}

impl Noted {
    const NOTHING: Self = Self { record: 0, kept: 0 };
}

impl Polls {
    #[inline]
    fn innermost(&self) -> Option<&Poll> {
        self.nested.get(self.depth.get().wrapping_sub(1))
    }

    /// Ends the innermost poll, if it is the one.
    #[inline]
    fn end_if(&self, is_it: impl FnOnce(&Current) -> bool) -> Option<(Place, Noted)> {
        let poll = self.innermost()?;
        let current = poll.current.get().filter(is_it)?;
        self.depth.set(self.depth.get() - 1);
        Some((current.place, poll.noted.get()))
    }
}

/// A poll begins.
#[inline]
pub(crate) fn begin(current: Current) {
    POLLS.with(|polls| {
        let depth = polls.depth.get();
        if let Some(poll) = polls.nested.get(depth) {
            poll.current.set(Some(current));
            poll.noted.set(Noted::NOTHING);
        }
        polls.depth.set(depth + 1);
    });
}

/// The poll of the task at this place ends, if it is the innermost. Gives what it has noted.
#[inline]
pub(crate) fn end(place: Place) -> Option<Noted> {
    POLLS.with(|polls| {
        let depth = polls.depth.get();
        if depth > DEPTH {
            polls.depth.set(depth - 1);
            return None;
        }
        let (_, noted) = polls.end_if(|current| current.place.is(place))?;
        Some(noted)
    })
}

/// The poll that this span reports ends, if it is the innermost and not nested too deep. Gives the
/// place of its task, and what it has noted.
#[inline]
pub(crate) fn end_of_span(span: u64) -> Option<(Place, Noted)> {
    POLLS.with(|polls| polls.end_if(|current| current.span == span))
}

/// The innermost poll of this thread.
#[inline]
pub(crate) fn innermost() -> Option<Current> {
    POLLS.with(|polls| polls.innermost()?.current.get())
}

/// The place of the task that this thread polls, if this span reports the poll.
#[inline]
pub(crate) fn place_of_span(span: u64) -> Option<Place> {
    let current = innermost().filter(|current| current.span == span)?;
    Some(current.place)
}

/// Notes that the innermost poll has cloned a waker, and its stack in this record.
#[inline]
pub(crate) fn note_clone(record: u32) {
    POLLS.with(|polls| {
        if let Some(poll) = polls.innermost() {
            let kept = poll.noted.get().kept + 1;
            poll.noted.set(Noted { record, kept });
        }
    });
}

/// Notes that a waker of the task at this place is dropped, if the innermost poll is its own and
/// has noted a stack.
#[inline]
pub(crate) fn note_drop(place: Place) {
    POLLS.with(|polls| {
        if let Some(poll) = polls.innermost()
            && poll.noted.get().record != 0
            && poll
                .current
                .get()
                .is_some_and(|current| current.place.is(place))
        {
            let noted = poll.noted.get();
            poll.noted.set(Noted {
                kept: noted.kept - 1,
                ..noted
            });
        }
    });
}

/// The task that this thread polls.
#[inline]
pub(crate) fn task() -> Option<Parent> {
    innermost()?.place.task()
}

/// The task that this thread polls for the registry at this address.
#[inline]
pub(crate) fn innermost_of(registry: usize) -> Option<Parent> {
    let current = innermost().filter(|current| current.registry == registry)?;
    Some(Parent {
        number: current.place.held()?,
        site: current.place.origin().site,
    })
}

/// Whether nothing of this thread is to be seen.
#[inline]
pub(crate) fn is_hidden() -> bool {
    POLLS.with(|polls| polls.is_hidden.get())
}

/// Hides what the calling thread spawns from now on, until it ends: for threads that serve
/// what the registry knows, and are no part of the service.
///
/// It has an effect on what [`subscriber`](crate::Registry::subscriber) and
/// [`layer`](crate::Registry::layer) see.
pub fn hide_this_thread() {
    POLLS.with(|polls| polls.is_hidden.set(true));
}
