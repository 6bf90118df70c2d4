//! The resources and async ops whose spans the current thread has entered.
//!
//! Tokio opens most of these spans without a parent: which resource an event is of, and which
//! async op is a part of which other, is known by what was entered around it.

use std::cell::RefCell;
use std::sync::Arc;

use pileup_registry::Nanos;

use super::{AsyncOp, Resource};

/// A span that was entered.
pub(super) enum Entered {
    Resource(Arc<Resource>),
    Op {
        op: Arc<AsyncOp>,
        /// Whether it was polled since it was entered: it is also entered when it is made.
        is_polled: bool,
        at: Nanos,
    },
}

thread_local! {
    static ENTERED: RefCell<Vec<Entered>> = const { RefCell::new(Vec::new()) };
}

/// Nothing where the thread ends, or where this is called by what it calls.
fn with<T>(use_it: impl FnOnce(&mut Vec<Entered>) -> Option<T>) -> Option<T> {
    ENTERED
        .try_with(|entered| use_it(&mut *entered.try_borrow_mut().ok()?))
        .ok()?
}

pub(super) fn push(span: Entered) {
    with(|entered| {
        entered.push(span);
        Some(())
    });
}

/// The resource is left.
pub(super) fn pop_resource(resource: &Arc<Resource>) {
    with(|entered| {
        let is_it =
            |span: &Entered| matches!(span, Entered::Resource(it) if Arc::ptr_eq(it, resource));
        let index = entered.iter().rposition(is_it)?;
        entered.remove(index);
        Some(())
    });
}

/// The async op is left. Says whether it was polled.
pub(super) fn pop_op(op: &Arc<AsyncOp>) -> bool {
    let polled = with(|entered| {
        let is_it =
            |span: &Entered| matches!(span, Entered::Op { op: it, .. } if Arc::ptr_eq(it, op));
        let index = entered.iter().rposition(is_it)?;
        match entered.remove(index) {
            Entered::Op { is_polled, .. } => Some(is_polled),
            Entered::Resource(_) => None,
        }
    });
    polled.unwrap_or(false)
}

/// The innermost resource.
pub(super) fn resource() -> Option<Arc<Resource>> {
    with(|entered| {
        entered.iter().rev().find_map(|span| match span {
            Entered::Resource(resource) => Some(Arc::clone(resource)),
            Entered::Op { .. } => None,
        })
    })
}

/// The innermost async op.
pub(super) fn op() -> Option<Arc<AsyncOp>> {
    with(|entered| {
        entered.iter().rev().find_map(|span| match span {
            Entered::Op { op, .. } => Some(Arc::clone(op)),
            Entered::Resource(_) => None,
        })
    })
}

/// The ids of the innermost resource and of the innermost async op.
pub(super) fn ids() -> Option<(u64, u64)> {
    with(|entered| {
        let resource = entered.iter().rev().find_map(|span| match span {
            Entered::Resource(resource) => Some(resource.id),
            Entered::Op { .. } => None,
        })?;
        let op = entered.iter().rev().find_map(|span| match span {
            Entered::Op { op, .. } => Some(op.id),
            Entered::Resource(_) => None,
        })?;
        Some((resource, op))
    })
}

/// The innermost async op is polled. Gives it, and when it was entered, for the first time
/// since then.
pub(super) fn note_poll() -> Option<(Arc<AsyncOp>, Nanos)> {
    with(|entered| {
        entered
            .iter_mut()
            .rev()
            .find_map(|span| match span {
                Entered::Op { op, is_polled, at } => Some((op, is_polled, *at)),
                Entered::Resource(_) => None,
            })
            .filter(|(_, is_polled, _)| !**is_polled)
            .map(|(op, is_polled, at)| {
                *is_polled = true;
                (Arc::clone(op), at)
            })
    })
}
