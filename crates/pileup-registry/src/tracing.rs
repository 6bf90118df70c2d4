//! Tasks as Tokio's `tracing` spans and events report them.
//!
//! With its feature `tracing` and `--cfg tokio_unstable`, Tokio opens a span `runtime.spawn` for
//! each task, enters it for each poll, and closes it when the future is dropped. Each clone,
//! drop and wake of the task's waker is an event with the id of that span.
//! Nothing else of Tokio is enabled: the spans of resources make a lock five times as slow.

mod callsite;
mod layer;
mod span_id;
mod spawn_fields;
mod subscriber;
mod waker_event;

use pileup_model::TaskKind;
use pileup_stacks::stack_pointer;
use std::sync::atomic::Ordering;

pub use layer::TaskLayer;
pub use subscriber::{TaskSubscriber, hides_threads};

use crate::current;
use crate::registry::{Registry, Spawn};
use crate::table::{Lineage, Place};
use crate::thread_runtime;
use spawn_fields::SpawnFields;
use waker_event::Op;

/// How far the frame that polls a task may be from the frame of the subscriber's `enter`, which
/// it has called before. The captures of the poll go on for as long; what is beyond the task's
/// own future is left out when the frames are named.
const ABOVE_ENTER: usize = if cfg!(debug_assertions) { 1024 } else { 512 };

impl Registry {
    /// Keeps the workers that take over when a task calls `block_in_place`, as tasks of kind
    /// [`Blocking`](TaskKind::Blocking) that this task has spawned: by them it is known that the
    /// task holds no worker. The first workers of a runtime are never kept.
    pub fn keep_workers(&self) {
        self.keeps_workers.store(true, Ordering::Relaxed);
    }

    /// Whether a worker that is spawned now is kept.
    fn keeps_worker(&self) -> bool {
        self.keeps_workers.load(Ordering::Relaxed) && current::task().is_some()
    }

    /// Adds the task of a span, unless it is none or is hidden, and gives its place, the index
    /// of its slot, and its number.
    fn span_opened(&self, fields: &SpawnFields) -> Option<(Place, usize, u64)> {
        let kind = fields.kind()?;
        if current::is_hidden() || fields.is_worker && !self.keeps_worker() {
            return None;
        }
        let number = fields.task_id;
        if !self.has_spans.load(Ordering::Relaxed) {
            self.has_spans.store(true, Ordering::Relaxed);
        }
        self.task_names.add(number, &fields.name);
        #[cfg(tokio_unstable)]
        crate::hooks::span_opened(number);
        let (place, index) = self.add(&Spawn {
            number,
            site: fields.site,
            lineage: Lineage {
                parent: current::task(),
                kind,
                has_span: true,
                has_wakers: matches!(kind, TaskKind::Async | TaskKind::Local),
            },
            size: u32::try_from(fields.size).unwrap_or(u32::MAX),
            runtime: thread_runtime::number_for(kind),
        })?;
        Some((place, index, number))
    }

    /// The span of a task is entered: a poll begins. `span` is its id if that leads to the place,
    /// and otherwise [`current::NO_SPAN`].
    #[inline]
    fn span_entered(&self, place: Place, span: u64) {
        let until = stack_pointer().saturating_add(ABOVE_ENTER);
        self.begin_poll(place, until, span);
    }

    /// The span of a task is closed: the task has ended.
    fn span_closed(&self, place: Place, number: u64) {
        #[cfg(tokio_unstable)]
        crate::hooks::span_closed(number);
        self.finish(place, number);
    }

    /// A waker of a task was used.
    #[inline]
    fn waker_used(&self, op: Op, place: Place, number: u64) {
        match op {
            Op::Clone => self.waker_cloned(place, number),
            Op::Drop => self.waker_dropped(place, number),
            Op::Wake => self.woken(place, number),
            Op::WakeByRef => self.woken_by_ref(place, number),
        }
    }
}
