//! What `#[pileup_test::test]` expands to. Not for use by hand.

use std::time::Duration;

use tokio::runtime::{Handle, LocalRuntime, Runtime};

use crate::rules::Rules;
use crate::switch::Switch;
use crate::test_run;
use crate::watched_runtime::Shape;

/// Which runtime a test runs on, as in `#[tokio::test(flavor = "…")]`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Flavor {
    /// `current_thread`
    CurrentThread,
    /// `multi_thread`
    MultiThread,
    /// `local`: a [`tokio::runtime::LocalRuntime`]
    Local,
}

/// The arguments of the attribute, and the name of the test.
pub struct Settings {
    /// The path of the test's function.
    pub name: &'static str,
    /// Which runtime it runs on.
    pub flavor: Flavor,
    /// How many workers it has; as many as there are processors if it is none.
    pub worker_threads: Option<usize>,
    /// Whether the clock of the runtime is paused at the start.
    pub start_paused: bool,
    /// Patterns of spawn sites whose tasks may outlive the test, each with its reason.
    pub allow: &'static [(&'static str, Option<&'static str>)],
    /// The real time that the test may take.
    pub timeout: Option<Duration>,
}

/// The output of a test.
pub struct Ended<'a, T>(pub &'a T);

impl<T, E> Ended<'_, Result<T, E>> {
    /// Whether the test has failed by itself.
    #[must_use]
    pub fn has_failed(&self) -> bool {
        self.0.is_err()
    }
}

/// For outputs that are no `Result`.
pub trait Otherwise {
    /// Whether the test has failed by itself.
    fn has_failed(&self) -> bool;
}

impl<T> Otherwise for Ended<'_, T> {
    fn has_failed(&self) -> bool {
        false
    }
}

/// Runs the future of a test on a runtime of its own, and panics if tasks are left.
///
/// # Panics
///
/// Where tasks are left, where the test takes longer than its timeout, inside another runtime,
/// and where `PILEUP_TEST` or the allow list is wrong.
#[track_caller]
pub fn run<T>(
    settings: &Settings,
    body: impl Future<Output = T>,
    has_failed: impl FnOnce(&T) -> bool,
) -> T {
    assert!(
        Handle::try_current().is_err(),
        "{} was called inside a Tokio runtime, and a #[pileup_test::test] starts its own. Call \
         the test's code by an async function of its own instead",
        settings.name
    );
    let shape = Shape {
        flavor: settings.flavor,
        worker_threads: settings.worker_threads,
        start_paused: settings.start_paused,
    };
    let switch = Switch::of_environment().unwrap_or_else(|error| panic!("{error}"));
    if switch == Switch::Off {
        return match shape.flavor {
            Flavor::Local => shape.build_unwatched::<LocalRuntime>().block_on(body),
            Flavor::CurrentThread | Flavor::MultiThread => {
                shape.build_unwatched::<Runtime>().block_on(body)
            }
        };
    }
    let rules = Rules::read(switch, settings.allow).unwrap_or_else(|error| panic!("{error}"));
    let (value, verdict) = test_run::run(settings, shape, &rules, body, has_failed);
    if let Some(verdict) = verdict {
        verdict.deliver();
    }
    value.unwrap_or_else(|| unreachable!("a test without a value has failed"))
}
