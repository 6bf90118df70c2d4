//! Which task the current thread polls.

use std::cell::Cell;

use crate::table::{Parent, Place};

/// Polls that may be nested within each other: a `LocalSet` in a task, a runtime in a
/// `block_in_place`. What is nested deeper has no await stacks and is nobody's parent.
const DEPTH: usize = 8;

/// One poll that goes on.
#[derive(Clone, Copy)]
pub(crate) struct Current {
    pub(crate) place: Place,
    /// The address of the registry that the place is of.
    pub(crate) registry: usize,
    /// Where the stack of the poll begins: a bound for captures.
    pub(crate) until: usize,
    /// The record in which the poll has noted a stack; 0 if it has noted none.
    pub(crate) noted_in: u32,
    /// Clones without drops of the task's waker in this poll, once it has noted a stack.
    pub(crate) kept: i32,
}

struct Polls {
    depth: Cell<usize>,
    nested: [Cell<Option<Current>>; DEPTH],
    /// Whether nothing of this thread is to be seen.
    is_hidden: Cell<bool>,
}

thread_local! {
    static POLLS: Polls = const {
        Polls {
            depth: Cell::new(0),
            nested: [const { Cell::new(None) }; DEPTH],
            is_hidden: Cell::new(false),
        }
    };
}

/// A poll of the task at this place begins.
#[inline]
pub(crate) fn begin(place: Place, registry: usize, until: usize) {
    POLLS.with(|polls| {
        let depth = polls.depth.get();
        if let Some(poll) = polls.nested.get(depth) {
            poll.set(Some(Current {
                place,
                registry,
                until,
                noted_in: 0,
                kept: 0,
            }));
        }
        polls.depth.set(depth + 1);
    });
}

/// The poll of the task at this place ends, if it is the innermost, and is given back.
#[inline]
pub(crate) fn end(place: Place) -> Option<Current> {
    POLLS.with(|polls| {
        let depth = polls.depth.get().checked_sub(1)?;
        let poll = polls.nested.get(depth).and_then(Cell::get);
        let poll = poll.filter(|poll| poll.place.is(place));
        if depth >= DEPTH || poll.is_some() {
            polls.depth.set(depth);
        }
        poll
    })
}

/// The innermost poll of this thread.
#[inline]
pub(crate) fn innermost() -> Option<Current> {
    POLLS.with(|polls| {
        let depth = polls.depth.get().checked_sub(1)?;
        polls.nested.get(depth)?.get()
    })
}

/// Changes the innermost poll, which must be there.
#[inline]
pub(crate) fn change(current: Current) {
    POLLS.with(|polls| {
        let depth = polls.depth.get().saturating_sub(1);
        if let Some(poll) = polls.nested.get(depth) {
            poll.set(Some(current));
        }
    });
}

/// The task that this thread polls.
#[inline]
pub(crate) fn task() -> Option<Parent> {
    let place = innermost()?.place;
    Some(Parent {
        number: place.held()?,
        site: place.origin().site,
    })
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
