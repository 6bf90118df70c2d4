//! A guard without the attribute.

use std::fmt;
use std::panic::Location;
use std::sync::Arc;
use std::thread;

use tokio::runtime::Handle;

use crate::check::check;
use crate::foreign_drop;
use crate::hang::{Registered, expects_sigterm};
use crate::rules::Rules;
use crate::runtime::test_name;
use crate::seen::Seen;
use crate::switch::Switch;
use crate::watch::{Entered, Watched};

/// Checks that no task which was spawned since then is alive.
///
/// For tests whose runtime is made by somebody else: by `#[tokio::test]`, with `rstest` and
/// `test-log`, or by hand.
///
/// ```
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() {
/// let guard = pileup_test::Guard::current();
/// tokio::spawn(async { 42 }).await.unwrap();
/// guard.check().await;
/// # }
/// ```
///
/// On a runtime that is not made by this crate, the guard sees the tasks that the thread of
/// [`current`](Self::current) spawns: on a current-thread runtime these are all. Of others it
/// counts how many are alive.
///
/// The drop of a runtime that is not made by this crate waits for closures of `spawn_blocking`
/// and for tasks that block their thread, however long they take. Where the guard has failed the
/// test and its thread still waits for one of them 10 seconds later, the report is printed and
/// the process ends.
#[must_use = "a guard fails the test when it is checked: guard.check().await"]
pub struct Guard {
    seen: Arc<Seen>,
    rules: Option<Rules>,
    made_at: &'static Location<'static>,
    is_checked: bool,
    /// Where SIGTERM is to print what the test waits for.
    _registered: Option<Registered>,
    // The thread's own state is put back when this is dropped.
    _entered: Entered,
}

impl Guard {
    /// Guards the current runtime from now on.
    ///
    /// # Panics
    ///
    /// Outside of a runtime, and where `PILEUP_TEST` or the allow list is wrong.
    #[track_caller]
    pub fn current() -> Self {
        let handle = Handle::try_current().unwrap_or_else(|_| {
            panic!(
                "there is no Tokio runtime here: call Guard::current() in the async part of the \
                 test, or make a runtime with pileup_test::runtime()"
            )
        });
        let switch = Switch::of_environment().unwrap_or_else(|error| panic!("{error}"));
        let rules = Rules::read(switch, &[]).unwrap_or_else(|error| panic!("{error}"));
        let watched = Watched::of_current();
        let entered = watched.enter();
        let made_at = Location::caller();
        let seen = Arc::new(Seen::from_now_on(watched, &handle));
        let is_on = switch != Switch::Off;
        // The runtimes of this crate have registered their tests already.
        let registered = (is_on && !seen.sees_all() && expects_sigterm())
            .then(|| Registered::new(&test_name(), made_at, Arc::clone(&seen)));
        Self {
            seen,
            rules: is_on.then_some(rules),
            made_at,
            is_checked: false,
            _registered: registered,
            _entered: entered,
        }
    }

    /// Allows tasks that are spawned at sites that match to outlive the test, as
    /// `#[pileup_test::test(allow = "…", reason = "…")]` does.
    ///
    /// # Panics
    ///
    /// When the pattern is none.
    #[track_caller]
    pub fn allow(mut self, pattern: &str, reason: &str) -> Self {
        if let Some(rules) = &mut self.rules {
            rules
                .allow(pattern, reason)
                .unwrap_or_else(|error| panic!("{error}"));
        }
        self
    }

    /// Fails the test if tasks that were spawned since [`current`](Self::current) are alive.
    /// Those that are about to end get up to 250 ms for that.
    ///
    /// # Panics
    ///
    /// If such tasks are alive.
    #[track_caller]
    pub fn check(mut self) -> impl Future<Output = ()> {
        let at = Location::caller();
        async move {
            self.is_checked = true;
            let Some(rules) = self.rules.as_ref() else {
                return;
            };
            let verdict = check(&self.seen, rules, &test_name(), at).await;
            let seen = Arc::clone(&self.seen);
            drop(self);
            if let Some(verdict) = verdict {
                if verdict.fails && !seen.sees_all() {
                    foreign_drop::watch(verdict.clone(), seen);
                }
                verdict.deliver();
            }
        }
    }
}

impl Drop for Guard {
    fn drop(&mut self) {
        // A test that has failed by itself does not come to its check, and its own failure is
        // what counts.
        if !self.is_checked && self.rules.is_some() && !thread::panicking() {
            eprintln!(
                "the Guard made at {}:{} was dropped without a check: it fails no test. End the \
                 test with guard.check().await",
                self.made_at.file(),
                self.made_at.line()
            );
        }
    }
}

impl fmt::Debug for Guard {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Guard").finish_non_exhaustive()
    }
}
