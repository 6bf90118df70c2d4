//! A runtime under guard.

use std::fmt;
use std::ops::Deref;
use std::panic::Location;
use std::sync::Arc;
use std::thread;

use tokio::runtime::{self, Builder};

use crate::check::check;
use crate::rules::Rules;
use crate::seen::Seen;
use crate::switch::Switch;
use crate::watch::Watched;

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
    pub(crate) fn build(self) -> (runtime::Runtime, Arc<Watched>) {
        let watched = Watched::of_own_runtime();
        let mut builder = self.builder();
        watched.instrument(&mut builder);
        let runtime = builder
            .build()
            .unwrap_or_else(|error| panic!("failed to build the runtime of the test: {error}"));
        (runtime, watched)
    }
}

/// A runtime for a synchronous test. Made by [`runtime()`].
///
/// When it is dropped, tasks that are still alive fail the test.
pub struct Runtime {
    /// None while it is dropped.
    inner: Option<runtime::Runtime>,
    watched: Arc<Watched>,
    rules: Option<Rules>,
    made_at: &'static Location<'static>,
}

/// A current-thread runtime whose drop fails the test if tasks are left.
///
/// ```
/// let runtime = pileup_test::runtime();
/// let answer = runtime.block_on(async { tokio::spawn(async { 42 }).await });
/// assert_eq!(answer.unwrap(), 42);
/// ```
///
/// # Panics
///
/// When the runtime cannot be built, or `PILEUP_TEST` or the allow list is wrong.
#[track_caller]
#[must_use]
pub fn runtime() -> Runtime {
    let switch = Switch::of_environment().unwrap_or_else(|error| panic!("{error}"));
    let rules = Rules::read(switch, &[]).unwrap_or_else(|error| panic!("{error}"));
    let (runtime, watched) = Shape::default().build();
    Runtime {
        inner: Some(runtime),
        watched,
        rules: (switch != Switch::Off).then_some(rules),
        made_at: Location::caller(),
    }
}

impl Runtime {
    /// Runs a future, as [`tokio::runtime::Runtime::block_on`] does. Tasks may stay alive until
    /// the next call: they are checked when the runtime is dropped.
    pub fn block_on<F: Future>(&self, future: F) -> F::Output {
        let _entered = self.watched.enter();
        self.deref().block_on(future)
    }
}

impl Deref for Runtime {
    type Target = runtime::Runtime;

    fn deref(&self) -> &runtime::Runtime {
        match &self.inner {
            Some(runtime) => runtime,
            None => unreachable!("it is there until it is dropped"),
        }
    }
}

impl Drop for Runtime {
    fn drop(&mut self) {
        let Some(runtime) = self.inner.take() else {
            return;
        };
        let rules = self.rules.take().filter(|_| !thread::panicking());
        let Some(rules) = rules else {
            return;
        };
        let seen = Seen::all(Arc::clone(&self.watched), runtime.handle());
        let name = test_name();
        let verdict = {
            let _entered = self.watched.enter();
            runtime.block_on(check(&seen, &rules, &name, self.made_at))
        };
        end(runtime, &self.watched);
        if let Some(verdict) = verdict {
            verdict.deliver();
        }
    }
}

impl fmt::Debug for Runtime {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Runtime").finish_non_exhaustive()
    }
}

/// Drops a runtime. One whose blocking closures still run is left behind, as its drop would
/// wait for them.
pub(crate) fn end(runtime: runtime::Runtime, watched: &Watched) {
    if watched.has_closures() {
        runtime.shutdown_background();
    }
}

/// The name of the test that this thread runs: the test harness names its threads so.
pub(crate) fn test_name() -> String {
    thread::current().name().unwrap_or("a test").to_owned()
}
