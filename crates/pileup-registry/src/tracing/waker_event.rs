//! The events of wakers.

use std::fmt;

use tracing_core::Event;
use tracing_core::field::{Field, Visit};

/// What happens to a waker.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Op {
    Clone,
    Drop,
    /// It is used up.
    Wake,
    WakeByRef,
}

/// One event: what happens to a waker, and the id of its task's span.
#[derive(Default)]
pub(super) struct WakerEvent {
    op: Option<Op>,
    span: u64,
}

impl WakerEvent {
    /// What happens to a waker of which task's span. None for what this version does not know.
    #[inline]
    pub(super) fn read(event: &Event<'_>) -> Option<(Op, u64)> {
        let mut read = Self::default();
        event.record(&mut read);
        Some((read.op?, read.span))
    }
}

impl Visit for WakerEvent {
    #[inline]
    fn record_u64(&mut self, field: &Field, value: u64) {
        if field.name() == "task.id" {
            self.span = value;
        }
    }

    #[inline]
    fn record_str(&mut self, field: &Field, value: &str) {
        if field.name() == "op" {
            self.op = match value {
                "waker.clone" => Some(Op::Clone),
                "waker.drop" => Some(Op::Drop),
                "waker.wake" => Some(Op::Wake),
                "waker.wake_by_ref" => Some(Op::WakeByRef),
                _ => None,
            };
        }
    }

    fn record_debug(&mut self, _field: &Field, _value: &dyn fmt::Debug) {}
}
