//! Which runtime the current thread belongs to.

use std::cell::Cell;

use pileup_model::TaskKind;

use crate::table::NO_RUNTIME;

thread_local! {
    static RUNTIME: Cell<Option<ThreadRuntime>> = const { Cell::new(None) };
}

/// The runtime of a thread, for the tasks that no hook of a runtime reports.
///
/// Tokio calls no hook for the tasks of a `LocalSet`, nor for the spawn of a blocking closure:
/// such a task is counted to the runtime of the thread that spawns it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ThreadRuntime {
    /// The number of the runtime, as its hooks give it.
    pub number: u8,
    /// Whether the hooks of the runtime report its other tasks. Where they do not, all tasks
    /// that this thread spawns are counted to it.
    pub has_hooks: bool,
}

impl ThreadRuntime {
    /// Counts what the calling thread spawns from now on to this runtime, or to none. Gives
    /// what it was before.
    #[must_use = "it is what is to be set again later"]
    pub fn set(runtime: Option<Self>) -> Option<Self> {
        RUNTIME.replace(runtime)
    }

    /// The runtime of the calling thread.
    #[must_use]
    pub fn current() -> Option<Self> {
        RUNTIME.get()
    }
}

/// The number of the runtime of a task that the calling thread spawns, as far as its thread
/// shows it.
pub(crate) fn number_for(kind: TaskKind) -> u8 {
    match RUNTIME.get() {
        Some(runtime) if !(runtime.has_hooks && kind == TaskKind::Async) => runtime.number,
        _ => NO_RUNTIME,
    }
}
