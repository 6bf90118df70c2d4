//! A runtime under guard, for a synchronous test.

use std::fmt;
use std::ops::Deref;
use std::panic::Location;
use std::thread;

use tokio::runtime::{self, Handle};

use crate::check::check;
use crate::hang::{Registered, expects_sigterm};
use crate::rules::Rules;
use crate::switch::Switch;
use crate::watched_runtime::{Shape, WatchedRuntime};

/// A runtime for a synchronous test. Made by [`runtime()`].
///
/// When it is dropped, tasks that are still alive fail the test.
pub struct Runtime {
    inner: WatchedRuntime<runtime::Runtime>,
    rules: Option<Rules>,
    made_at: &'static Location<'static>,
    /// Where SIGTERM is to print what the test waits for.
    _registered: Option<Registered>,
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
/// Inside another runtime, when the runtime cannot be built, and where `PILEUP_TEST` or the allow
/// list is wrong.
#[track_caller]
#[must_use]
pub fn runtime() -> Runtime {
    assert!(
        Handle::try_current().is_err(),
        "pileup_test::runtime() was called inside a Tokio runtime, where nothing can block on \
         another one: await the code there, and check it with pileup_test::Guard::current()"
    );
    let switch = Switch::of_environment().unwrap_or_else(|error| panic!("{error}"));
    let rules = Rules::read(switch, &[]).unwrap_or_else(|error| panic!("{error}"));
    let inner: WatchedRuntime<_> = Shape::CURRENT_THREAD.build();
    let made_at = Location::caller();
    let is_on = switch != Switch::Off;
    Runtime {
        _registered: (is_on && expects_sigterm())
            .then(|| Registered::new(&test_name(), made_at, inner.seen())),
        inner,
        rules: is_on.then_some(rules),
        made_at,
    }
}

impl Runtime {
    /// Runs a future, as [`tokio::runtime::Runtime::block_on`] does. Tasks may stay alive until
    /// the next call: they are checked when the runtime is dropped.
    pub fn block_on<F: Future>(&self, future: F) -> F::Output {
        let _entered = self.inner.watched().enter();
        self.inner.tokio().block_on(future)
    }
}

impl Deref for Runtime {
    type Target = runtime::Runtime;

    fn deref(&self) -> &runtime::Runtime {
        self.inner.tokio()
    }
}

impl Drop for Runtime {
    fn drop(&mut self) {
        let rules = self.rules.take().filter(|_| !thread::panicking());
        let Some(rules) = rules else {
            return;
        };
        let verdict = {
            let _entered = self.inner.watched().enter();
            let seen = self.inner.seen();
            let name = test_name();
            self.inner
                .tokio()
                .block_on(check(&seen, &rules, &name, self.made_at))
        };
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

/// The name of the test that this thread runs: the test harness names its threads so.
pub(crate) fn test_name() -> String {
    thread::current().name().unwrap_or("a test").to_owned()
}
