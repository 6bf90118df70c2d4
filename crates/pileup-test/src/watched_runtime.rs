//! The runtime of a test.

use std::ops::Deref;
use std::sync::Arc;
use std::time::Duration;

use tokio::runtime::{self, Builder};

use crate::seen::Seen;
use crate::watch::Watched;

/// How long a runtime may take to cancel its tasks. One whose worker is blocked takes all of it.
const SHUTDOWN: Duration = Duration::from_secs(1);

/// Which runtime a test wants.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Shape {
    pub(crate) is_multi_thread: bool,
    pub(crate) worker_threads: Option<usize>,
    pub(crate) start_paused: bool,
}

impl Shape {
    /// A builder of such a runtime, with everything enabled that Tokio has.
    pub(crate) fn builder(self) -> Builder {
        let mut builder = if self.is_multi_thread {
            Builder::new_multi_thread()
        } else {
            Builder::new_current_thread()
        };
        if let Some(threads) = self.worker_threads {
            builder.worker_threads(threads);
        }
        if self.start_paused {
            builder.start_paused(true);
        }
        builder.enable_all();
        builder
    }

    /// Builds such a runtime, and has it watched.
    ///
    /// # Panics
    ///
    /// When the system gives no thread, or no file for its events.
    #[track_caller]
    pub(crate) fn build(self) -> WatchedRuntime {
        let watched = Watched::of_own_runtime();
        let mut builder = self.builder();
        watched.instrument(&mut builder);
        let runtime = builder
            .build()
            .unwrap_or_else(|error| panic!("failed to build the runtime of the test: {error}"));
        WatchedRuntime {
            runtime: Some(runtime),
            watched,
        }
    }
}

/// A runtime whose tasks are seen, and whose drop takes at most [`SHUTDOWN`].
///
/// The drop of Tokio's own runtime waits without a limit for closures of `spawn_blocking`, and for
/// workers that a task blocks.
pub(crate) struct WatchedRuntime {
    /// None while it is dropped.
    runtime: Option<runtime::Runtime>,
    watched: Arc<Watched>,
}

impl WatchedRuntime {
    pub(crate) fn watched(&self) -> &Watched {
        &self.watched
    }

    /// All tasks of the runtime.
    pub(crate) fn seen(&self) -> Arc<Seen> {
        Arc::new(Seen::all(Arc::clone(&self.watched), self.handle()))
    }
}

impl Deref for WatchedRuntime {
    type Target = runtime::Runtime;

    fn deref(&self) -> &runtime::Runtime {
        match &self.runtime {
            Some(runtime) => runtime,
            None => unreachable!("it is there until it is dropped"),
        }
    }
}

impl Drop for WatchedRuntime {
    fn drop(&mut self) {
        let Some(runtime) = self.runtime.take() else {
            return;
        };
        if self.watched.has_closures() {
            // Nothing can cancel them.
            runtime.shutdown_background();
        } else if runtime.metrics().num_alive_tasks() > 0 {
            runtime.shutdown_timeout(SHUTDOWN);
        }
    }
}
