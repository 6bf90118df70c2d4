//! Which of Tokio's spans and events are of tasks.

use tracing_core::Metadata;

/// Whether this is the span of a task, or of a closure of `spawn_blocking`.
#[inline]
pub(super) fn is_task_span(metadata: &Metadata<'_>) -> bool {
    metadata.name() == "runtime.spawn"
        && matches!(metadata.target(), "tokio::task" | "tokio::task::blocking")
}

/// Whether this is the event of a waker.
#[inline]
pub(super) fn is_waker_event(metadata: &Metadata<'_>) -> bool {
    metadata.target() == "tokio::task::waker"
}

/// Whether this is one of the two.
#[inline]
pub(super) fn is_of_tasks(metadata: &Metadata<'_>) -> bool {
    if metadata.is_span() {
        is_task_span(metadata)
    } else {
        is_waker_event(metadata)
    }
}
