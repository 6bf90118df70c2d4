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
    /// Where the stack of the poll begins: a bound for captures.
    pub(crate) until: usize,
    /// Whether a stack was noted in this poll.
    pub(crate) has_cloned: bool,
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
pub(crate) fn begin(place: Place, until: usize) {
    POLLS.with(|polls| {
        let depth = polls.depth.get();
        if let Some(poll) = polls.nested.get(depth) {
            poll.set(Some(Current {
                place,
                until,
                has_cloned: false,
            }));
        }
        polls.depth.set(depth + 1);
    });
}

/// The poll of the task at this place ends, if it is the innermost.
#[inline]
pub(crate) fn end(place: Place) {
    POLLS.with(|polls| {
        let Some(depth) = polls.depth.get().checked_sub(1) else {
            return;
        };
        let poll = polls.nested.get(depth).and_then(Cell::get);
        if depth >= DEPTH || poll.is_some_and(|poll| poll.place.is(place)) {
            polls.depth.set(depth);
        }
    });
}

/// The innermost poll of this thread.
#[inline]
pub(crate) fn innermost() -> Option<Current> {
    POLLS.with(|polls| {
        let depth = polls.depth.get().checked_sub(1)?;
        polls.nested.get(depth)?.get()
    })
}

/// Notes that the innermost poll, which is `current`, has cloned a waker.
#[inline]
pub(crate) fn has_cloned(current: Current) {
    POLLS.with(|polls| {
        let depth = polls.depth.get().saturating_sub(1);
        if let Some(poll) = polls.nested.get(depth) {
            poll.set(Some(Current {
                has_cloned: true,
                ..current
            }));
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
