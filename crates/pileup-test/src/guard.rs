//! A guard without the attribute.

use std::fmt;
use std::panic::Location;
use std::sync::Arc;

use tokio::runtime::Handle;

use crate::check::check;
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
#[must_use = "a guard fails the test when it is checked: guard.check().await"]
pub struct Guard {
    seen: Arc<Seen>,
    rules: Option<Rules>,
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
        Self {
            seen: Arc::new(Seen::from_now_on(watched, &handle)),
            rules: (switch != Switch::Off).then_some(rules),
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
    pub fn check(self) -> impl Future<Output = ()> {
        let at = Location::caller();
        async move {
            let Some(rules) = self.rules.as_ref() else {
                return;
            };
            let verdict = check(&self.seen, rules, &test_name(), at).await;
            drop(self);
            if let Some(verdict) = verdict {
                verdict.deliver();
            }
        }
    }
}

impl fmt::Debug for Guard {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Guard").finish_non_exhaustive()
    }
}
