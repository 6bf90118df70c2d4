//! The runtime of a test.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use tokio::runtime::{Builder, Handle, LocalOptions, LocalRuntime, Runtime};

use crate::attribute::Flavor;
use crate::seen::Seen;
use crate::watch::Watched;

/// How long a runtime may take to cancel its tasks. One whose worker is blocked takes all of it.
const SHUTDOWN: Duration = Duration::from_secs(1);

/// Which runtime a test wants.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Shape {
    pub(crate) flavor: Flavor,
    pub(crate) worker_threads: Option<usize>,
    pub(crate) start_paused: bool,
}

impl Shape {
    pub(crate) const CURRENT_THREAD: Self = Self {
        flavor: Flavor::CurrentThread,
        worker_threads: None,
        start_paused: false,
    };

    /// Builds such a runtime. `R` is the type of the flavor.
    ///
    /// # Panics
    ///
    /// When the system gives no thread, or no file for its events.
    #[track_caller]
    pub(crate) fn build_unwatched<R: TokioRuntime>(self) -> R {
        build(&mut self.builder())
    }

    /// Builds such a runtime, and has it watched. `R` is the type of the flavor.
    ///
    /// # Panics
    ///
    /// When the system gives no thread, or no file for its events.
    #[track_caller]
    pub(crate) fn build<R: TokioRuntime>(self) -> WatchedRuntime<R> {
        let watched = Watched::of_own_runtime();
        let mut builder = self.builder();
        watched.instrument(&mut builder);
        WatchedRuntime {
            runtime: Some(build(&mut builder)),
            watched,
        }
    }

    /// A builder of such a runtime, with everything enabled that Tokio has.
    fn builder(self) -> Builder {
        let mut builder = match self.flavor {
            Flavor::MultiThread => Builder::new_multi_thread(),
            Flavor::CurrentThread | Flavor::Local => Builder::new_current_thread(),
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
}

#[track_caller]
fn build<R: TokioRuntime>(builder: &mut Builder) -> R {
    R::build(builder)
        .unwrap_or_else(|error| panic!("failed to build the runtime of the test: {error}"))
}

/// What Tokio's two types of runtimes have in common.
pub(crate) trait TokioRuntime: Sized {
    fn build(builder: &mut Builder) -> io::Result<Self>;
    fn handle(&self) -> &Handle;
    #[track_caller]
    fn block_on<F: Future>(&self, future: F) -> F::Output;
    fn shutdown_timeout(self, timeout: Duration);
}

impl TokioRuntime for Runtime {
    fn build(builder: &mut Builder) -> io::Result<Self> {
        builder.build()
    }

    fn handle(&self) -> &Handle {
        self.handle()
    }

    fn block_on<F: Future>(&self, future: F) -> F::Output {
        self.block_on(future)
    }

    fn shutdown_timeout(self, timeout: Duration) {
        self.shutdown_timeout(timeout);
    }
}

impl TokioRuntime for LocalRuntime {
    fn build(builder: &mut Builder) -> io::Result<Self> {
        builder.build_local(LocalOptions::default())
    }

    fn handle(&self) -> &Handle {
        self.handle()
    }

    fn block_on<F: Future>(&self, future: F) -> F::Output {
        self.block_on(future)
    }

    fn shutdown_timeout(self, timeout: Duration) {
        self.shutdown_timeout(timeout);
    }
}

/// A runtime whose tasks are seen, and whose drop takes at most [`SHUTDOWN`].
///
/// The drop of Tokio's own runtime waits without a limit for closures of `spawn_blocking`, and for
/// workers that a task blocks.
pub(crate) struct WatchedRuntime<R: TokioRuntime> {
    /// None while it is dropped.
    runtime: Option<R>,
    watched: Arc<Watched>,
}

impl<R: TokioRuntime> WatchedRuntime<R> {
    pub(crate) fn watched(&self) -> &Watched {
        &self.watched
    }

    pub(crate) fn tokio(&self) -> &R {
        match &self.runtime {
            Some(runtime) => runtime,
            None => unreachable!("it is there until it is dropped"),
        }
    }

    /// All tasks of the runtime.
    pub(crate) fn seen(&self) -> Arc<Seen> {
        let watched = Arc::clone(&self.watched);
        Arc::new(Seen::all(watched, self.tokio().handle()))
    }
}

impl<R: TokioRuntime> Drop for WatchedRuntime<R> {
    fn drop(&mut self) {
        let Some(runtime) = self.runtime.take() else {
            return;
        };
        if self.watched.has_closures() {
            // Nothing can cancel them.
            runtime.shutdown_timeout(Duration::ZERO);
        } else if runtime.handle().metrics().num_alive_tasks() > 0 {
            runtime.shutdown_timeout(SHUTDOWN);
        }
    }
}
