//! The resources and async ops whose spans the current thread has entered.
//!
//! Tokio opens most of these spans without a parent: which resource an event is of, and which
//! async op is a part of which other, is known by what was entered around it.

use std::cell::Cell;

use pileup_registry::Nanos;

use super::span_id::Kind;

/// Spans that may be entered within each other: Tokio nests about six. What is deeper is not
/// known.
const DEPTH: usize = 16;

/// A resource or an async op.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Handle {
    /// The address of the table that it is in.
    pub(super) table: usize,
    pub(super) kind: Kind,
    pub(super) index: u32,
    pub(super) number: u64,
}

/// A span that was entered.
#[derive(Clone, Copy)]
struct Span {
    handle: Handle,
    /// Whether it was polled since it was entered: that of an async op is also entered when the
    /// op is made.
    is_polled: bool,
    at: Nanos,
}

struct Entered {
    depth: Cell<usize>,
    spans: [Cell<Option<Span>>; DEPTH],
    /// The async op that was made last, and when, if nothing has happened since.
    just_made: Cell<Option<(Handle, Nanos)>>,
}

thread_local! {
    static ENTERED: Entered = const {
        Entered {
            depth: Cell::new(0),
            spans: [const { Cell::new(None) }; DEPTH],
            just_made: Cell::new(None),
        }
    };
}

impl Entered {
    /// The innermost span that `is_it` holds of, and its index.
    fn innermost(&self, is_it: impl Fn(&Span) -> bool) -> Option<(usize, Span)> {
        let known = self.spans.iter().take(self.depth.get()).enumerate();
        known
            .rev()
            .find_map(|(index, span)| Some((index, span.get().filter(|span| is_it(span))?)))
    }
}

/// An async op is made.
pub(super) fn note_made(op: Handle, at: Nanos) {
    ENTERED.with(|entered| entered.just_made.set(Some((op, at))));
}

/// A span is entered. `now` is asked for the time where it is not known yet: most async ops are
/// entered as soon as they are made, and asking takes as long as all the rest.
#[inline]
pub(super) fn push(handle: Handle, now: impl FnOnce() -> Nanos) {
    ENTERED.with(|entered| {
        let made = entered.just_made.take();
        let at = match (handle.kind, made) {
            (Kind::Resource, _) => 0,
            (Kind::AsyncOp, Some((made, at))) if made == handle => at,
            (Kind::AsyncOp, _) => now(),
        };
        let depth = entered.depth.get();
        if let Some(place) = entered.spans.get(depth) {
            place.set(Some(Span {
                handle,
                is_polled: false,
                at,
            }));
        }
        entered.depth.set(depth + 1);
    });
}

/// A span is left. Says whether it was polled.
#[inline]
pub(super) fn pop(handle: Handle) -> bool {
    ENTERED.with(|entered| {
        entered.just_made.set(None);
        let depth = entered.depth.get();
        let Some((index, span)) = entered.innermost(|span| span.handle == handle) else {
            // It was too deep, or it was entered before the table was made.
            entered
                .depth
                .set(depth.saturating_sub(usize::from(depth > DEPTH)));
            return false;
        };
        for (place, next) in entered.spans[index..]
            .iter()
            .zip(&entered.spans[index + 1..])
        {
            place.set(next.get());
        }
        entered.depth.set(depth - 1);
        span.is_polled
    })
}

/// The innermost resource or async op of the table at this address.
#[inline]
pub(super) fn innermost(table: usize, kind: Kind) -> Option<Handle> {
    ENTERED.with(|entered| {
        let is_it = |span: &Span| span.handle.kind == kind && span.handle.table == table;
        Some(entered.innermost(is_it)?.1.handle)
    })
}

/// The innermost async op of the table at this address is polled. Gives it, and when it was
/// entered, for the first time since then.
#[inline]
pub(super) fn note_poll(table: usize) -> Option<(Handle, Nanos)> {
    ENTERED.with(|entered| {
        let is_op = |span: &Span| span.handle.kind == Kind::AsyncOp && span.handle.table == table;
        let (index, span) = entered.innermost(is_op)?;
        let is_first = !span.is_polled;
        entered.spans[index].set(Some(Span {
            is_polled: true,
            ..span
        }));
        is_first.then_some((span.handle, span.at))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn handle(kind: Kind, number: u64) -> Handle {
        Handle {
            table: 1,
            kind,
            index: 1,
            number,
        }
    }

    #[test]
    fn the_innermost_of_each_kind_is_known() {
        let (outer, inner) = (handle(Kind::Resource, 1), handle(Kind::Resource, 2));
        let op = handle(Kind::AsyncOp, 3);
        push(outer, || 0);
        push(op, || 50);
        push(inner, || 0);
        assert_eq!(innermost(1, Kind::Resource), Some(inner));
        assert_eq!(innermost(1, Kind::AsyncOp), Some(op));
        assert_eq!(innermost(2, Kind::AsyncOp), None, "it is another table's");
        assert_eq!(note_poll(1), Some((op, 50)));
        assert_eq!(note_poll(1), None, "it is known already");
        // They need not be left in order.
        assert!(!pop(outer));
        assert_eq!(innermost(1, Kind::Resource), Some(inner));
        assert!(pop(op));
        assert!(!pop(inner));
        assert_eq!(innermost(1, Kind::Resource), None);
    }

    #[test]
    fn an_op_that_is_entered_at_once_was_entered_when_it_was_made() {
        let op = handle(Kind::AsyncOp, 1);
        note_made(op, 20);
        push(op, || 30);
        assert_eq!(note_poll(1), Some((op, 20)));
        pop(op);
        push(op, || 30);
        assert_eq!(note_poll(1), Some((op, 30)));
        pop(op);
        note_made(op, 40);
        let resource = handle(Kind::Resource, 2);
        push(resource, || 0);
        push(op, || 50);
        assert_eq!(note_poll(1), Some((op, 50)), "something was in between");
        pop(op);
        pop(resource);
    }

    #[test]
    fn what_is_too_deep_leaves_the_rest_as_it_was() {
        let resource = |number: usize| handle(Kind::Resource, number as u64);
        for number in 0..DEPTH + 3 {
            push(resource(number), || 0);
        }
        assert_eq!(innermost(1, Kind::Resource), Some(resource(DEPTH - 1)));
        for number in (0..DEPTH + 3).rev() {
            pop(resource(number));
        }
        assert_eq!(innermost(1, Kind::Resource), None);
        push(resource(7), || 0);
        assert_eq!(innermost(1, Kind::Resource), Some(resource(7)));
        pop(resource(7));
    }
}
