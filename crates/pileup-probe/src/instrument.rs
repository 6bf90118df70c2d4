//! Runtimes that report their tasks by hooks.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use tokio::runtime::{Builder, TaskMeta};

use crate::Probe;
use crate::callbacks::{Callback, Callbacks};

impl Probe {
    /// Has the probe see every task of the runtime that `builder` builds. `name` tells it
    /// from other runtimes of the process.
    ///
    /// It takes the builder's four task hooks. For a service that uses them itself there is
    /// [`instrument_with`](Self::instrument_with).
    pub fn instrument<'a>(&self, name: &str, builder: &'a mut Builder) -> &'a mut Builder {
        self.instrument_with(name, builder, Callbacks::new())
    }

    /// Like [`instrument`](Self::instrument), with the service's own callbacks after the
    /// probe's.
    pub fn instrument_with<'a>(
        &self,
        name: &str,
        builder: &'a mut Builder,
        callbacks: Callbacks,
    ) -> &'a mut Builder {
        self.inner.registry.expect_hooks();
        let (number, runtime) = self.inner.runtimes.add(name);
        // The probe has the runtime's handle, and that the hooks: they must not have the
        // probe in turn.
        let runtime = Arc::downgrade(&runtime);
        let entered = AtomicBool::new(false);

        #[cfg(feature = "schedule-latency")]
        builder.track_task_schedule_latency();
        let registry = Arc::clone(&self.inner.registry);
        let spawned = move |task: &TaskMeta<'_>| registry.on_task_spawn(task, number);
        builder.on_task_spawn(chained(spawned, callbacks.task_spawn));
        let registry = Arc::clone(&self.inner.registry);
        let waits = Arc::clone(&self.inner.waits);
        let poll_begins = move |task: &TaskMeta<'_>| {
            if !entered.load(Ordering::Relaxed) {
                entered.store(true, Ordering::Relaxed);
                if let Some(runtime) = runtime.upgrade() {
                    runtime.is_entered();
                }
            }
            waits.poll_begins(task);
            registry.on_before_task_poll(task);
        };
        builder.on_before_task_poll(chained(poll_begins, callbacks.before_task_poll));
        let registry = Arc::clone(&self.inner.registry);
        let waits = Arc::clone(&self.inner.waits);
        let poll_ends = move |task: &TaskMeta<'_>| {
            registry.on_after_task_poll(task);
            waits.poll_ends();
        };
        builder.on_after_task_poll(chained(poll_ends, callbacks.after_task_poll));
        let registry = Arc::clone(&self.inner.registry);
        let terminated = move |task: &TaskMeta<'_>| registry.on_task_terminate(task);
        builder.on_task_terminate(chained(terminated, callbacks.task_terminate))
    }
}

/// One hook for both: the probe's own first, whatever the service's does.
fn chained(own: impl Fn(&TaskMeta<'_>), theirs: Option<Callback>) -> impl Fn(&TaskMeta<'_>) {
    move |task| {
        own(task);
        if let Some(callback) = &theirs {
            callback(task);
        }
    }
}
