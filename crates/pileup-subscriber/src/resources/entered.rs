//! The resources and async ops whose spans the current thread has entered.
//!
//! Tokio opens most of these spans without a parent: which resource an event is of, and which
//! async op is a part of which other, is known by what was entered around it.

use std::cell::Cell;

use pileup_registry::Nanos;

use super::span_id::{Kind, SpanId};

/// Spans that may be entered within each other: Tokio nests about six. What is deeper is not
/// known.
const DEPTH: usize = 16;

/// A span that was entered.
struct Place {
    /// The address of the table that its resource or async op is in.
    table: Cell<usize>,
    span: Cell<Option<SpanId>>,
    /// Whether it was polled since it was entered: that of an async op is also entered when the
    /// op is made.
    is_polled: Cell<bool>,
    at: Cell<Nanos>,
}

struct Entered {
    depth: Cell<usize>,
    places: [Place; DEPTH],
    /// The async op that was made last, and when, if nothing has happened since.
    just_made: Cell<Option<SpanId>>,
    made_at: Cell<Nanos>,
}

thread_local! {
    static ENTERED: Entered = const {
        Entered {
            depth: Cell::new(0),
            places: [const { Place::new() }; DEPTH],
            just_made: Cell::new(None),
            made_at: Cell::new(0),
        }
    };
}

impl Place {
    const fn new() -> Self {
        Self {
            table: Cell::new(0),
            span: Cell::new(None),
            is_polled: Cell::new(false),
            at: Cell::new(0),
        }
    }

    fn take_over(&self, other: &Self) {
        self.table.set(other.table.get());
        self.span.set(other.span.get());
        self.is_polled.set(other.is_polled.get());
        self.at.set(other.at.get());
    }
}

impl Entered {
    /// The innermost span of this table that `is_it` holds of, and its index.
    #[inline]
    fn innermost(
        &self,
        table: usize,
        is_it: impl Fn(SpanId) -> bool,
    ) -> Option<(usize, SpanId, &Place)> {
        let known = self.places.get(..self.depth.get()).unwrap_or(&self.places);
        known.iter().enumerate().rev().find_map(|(index, place)| {
            let span = place.span.get().filter(|span| is_it(*span))?;
            (place.table.get() == table).then_some((index, span, place))
        })
    }
}

/// An async op is made.
#[inline]
pub(super) fn note_made(op: SpanId, at: Nanos) {
    ENTERED.with(|entered| {
        entered.just_made.set(Some(op));
        entered.made_at.set(at);
    });
}

/// A span of the table at this address is entered. `now` is asked for the time where it is not
/// known yet: most async ops are entered as soon as they are made, and asking takes as long as
/// all the rest.
#[inline]
pub(super) fn push(table: usize, span: SpanId, now: impl FnOnce() -> Nanos) {
    ENTERED.with(|entered| {
        let made = entered.just_made.take();
        let depth = entered.depth.get();
        entered.depth.set(depth + 1);
        let Some(place) = entered.places.get(depth) else {
            return;
        };
        place.table.set(table);
        place.span.set(Some(span));
        if span.kind() == Kind::AsyncOp {
            place.is_polled.set(false);
            place.at.set(if made == Some(span) {
                entered.made_at.get()
            } else {
                now()
            });
        }
    });
}

/// A span of the table at this address is left. Says whether it is an async op that was polled.
#[inline]
pub(super) fn pop(table: usize, span: SpanId) -> bool {
    ENTERED.with(|entered| {
        entered.just_made.set(None);
        let depth = entered.depth.get();
        let Some((index, _, place)) = entered.innermost(table, |it| it == span) else {
            // It was too deep.
            let is_too_deep = depth > DEPTH;
            entered.depth.set(depth - usize::from(is_too_deep));
            return false;
        };
        let is_polled = span.kind() == Kind::AsyncOp && place.is_polled.get();
        for outer in index..depth.min(DEPTH) - 1 {
            entered.places[outer].take_over(&entered.places[outer + 1]);
        }
        entered.depth.set(depth - 1);
        is_polled
    })
}

/// The innermost resource or async op of the table at this address.
#[inline]
pub(super) fn innermost(table: usize, kind: Kind) -> Option<SpanId> {
    ENTERED.with(|entered| {
        let (_, span, _) = entered.innermost(table, |span| span.kind() == kind)?;
        Some(span)
    })
}

/// The innermost async op of the table at this address is polled. Gives it, and when it was
/// entered, for the first time since then.
#[inline]
pub(super) fn note_poll(table: usize) -> Option<(SpanId, Nanos)> {
    ENTERED.with(|entered| {
        let (_, span, place) = entered.innermost(table, |span| span.kind() == Kind::AsyncOp)?;
        let is_first = !place.is_polled.replace(true);
        is_first.then_some((span, place.at.get()))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The address of the table.
    const TABLE: usize = 1;

    fn span(kind: Kind, number: u64) -> SpanId {
        SpanId::new(kind, 1, number)
    }

    #[test]
    fn the_innermost_of_each_kind_is_known() {
        let (outer, inner) = (span(Kind::Resource, 1), span(Kind::Resource, 2));
        let op = span(Kind::AsyncOp, 3);
        push(TABLE, outer, || 0);
        push(TABLE, op, || 50);
        push(TABLE, inner, || 0);
        assert_eq!(innermost(TABLE, Kind::Resource), Some(inner));
        assert_eq!(innermost(TABLE, Kind::AsyncOp), Some(op));
        assert_eq!(innermost(2, Kind::AsyncOp), None, "it is another table's");
        assert_eq!(note_poll(TABLE), Some((op, 50)));
        assert_eq!(note_poll(TABLE), None, "it is known already");
        // They need not be left in order.
        assert!(!pop(TABLE, outer));
        assert_eq!(innermost(TABLE, Kind::Resource), Some(inner));
        assert!(pop(TABLE, op));
        assert!(!pop(TABLE, inner));
        assert_eq!(innermost(TABLE, Kind::Resource), None);
    }

    #[test]
    fn an_op_that_is_entered_at_once_was_entered_when_it_was_made() {
        let op = span(Kind::AsyncOp, 1);
        note_made(op, 20);
        push(TABLE, op, || 30);
        assert_eq!(note_poll(TABLE), Some((op, 20)));
        pop(TABLE, op);
        push(TABLE, op, || 30);
        assert_eq!(note_poll(TABLE), Some((op, 30)));
        pop(TABLE, op);
        note_made(op, 40);
        let resource = span(Kind::Resource, 2);
        push(TABLE, resource, || 0);
        push(TABLE, op, || 50);
        let polled = note_poll(TABLE);
        assert_eq!(polled, Some((op, 50)), "something was in between");
        pop(TABLE, op);
        pop(TABLE, resource);
    }

    #[test]
    fn what_is_too_deep_leaves_the_rest_as_it_was() {
        let resource = |number: usize| span(Kind::Resource, number as u64);
        for number in 0..DEPTH + 3 {
            push(TABLE, resource(number), || 0);
        }
        let deepest = resource(DEPTH - 1);
        assert_eq!(innermost(TABLE, Kind::Resource), Some(deepest));
        for number in (0..DEPTH + 3).rev() {
            pop(TABLE, resource(number));
        }
        assert_eq!(innermost(TABLE, Kind::Resource), None);
        push(TABLE, resource(7), || 0);
        assert_eq!(innermost(TABLE, Kind::Resource), Some(resource(7)));
        pop(TABLE, resource(7));
    }
}
