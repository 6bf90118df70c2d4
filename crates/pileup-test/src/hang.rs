//! Tests that run now, and what they wait for: for a test that hangs.

use std::panic::Location;
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use pileup_diagnosis::{Expected, History, diagnose_expecting};
use pileup_model::{Task, Wait};

use crate::seen::Seen;
use crate::verdict::{Outcome, Verdict};

/// Between two looks at the tasks.
const BETWEEN_LOOKS: Duration = Duration::from_millis(2);

static RUNNING: Mutex<Vec<Arc<RunningTest>>> = Mutex::new(Vec::new());

/// A test that runs now.
pub(crate) struct RunningTest {
    name: String,
    at: &'static Location<'static>,
    seen: Arc<Seen>,
    started: Instant,
}

/// A test is among those that run, until this is dropped.
pub(crate) struct Registered(pub(crate) Arc<RunningTest>);

impl Registered {
    pub(crate) fn new(name: &str, at: &'static Location<'static>, seen: Arc<Seen>) -> Self {
        let test = Arc::new(RunningTest::new(name, at, seen));
        with_running(|running| running.push(Arc::clone(&test)));
        Self(test)
    }
}

impl Drop for Registered {
    fn drop(&mut self) {
        with_running(|running| running.retain(|test| !Arc::ptr_eq(test, &self.0)));
    }
}

/// The tests that run now.
pub(crate) fn running() -> Vec<Arc<RunningTest>> {
    with_running(|running| running.clone())
}

/// Whether SIGTERM will print what the tests that run then wait for.
#[cfg(unix)]
pub(crate) fn expects_sigterm() -> bool {
    let is_expected = crate::sigterm::is_expected();
    if is_expected {
        crate::sigterm::expect();
    }
    is_expected
}

#[cfg(not(unix))]
pub(crate) fn expects_sigterm() -> bool {
    false
}

fn with_running<T>(use_it: impl FnOnce(&mut Vec<Arc<RunningTest>>) -> T) -> T {
    use_it(&mut RUNNING.lock().unwrap_or_else(PoisonError::into_inner))
}

impl RunningTest {
    pub(crate) fn new(name: &str, at: &'static Location<'static>, seen: Arc<Seen>) -> Self {
        Self {
            name: name.to_owned(),
            at,
            seen,
            started: Instant::now(),
        }
    }

    /// What the test and its tasks wait for now. The first time it reads the program's debug
    /// information. It may be called on any thread.
    pub(crate) fn verdict(&self) -> Verdict {
        let outcome = Outcome::Hangs {
            after: self.started.elapsed(),
            waits: self.own_waits(),
        };
        self.verdict_of(outcome)
    }

    /// What is alive of a test that is done and whose thread is blocked. It may be called on any
    /// thread.
    pub(crate) fn blocked_verdict(&self) -> Verdict {
        let mut verdict = self.verdict_of(Outcome::BlocksThread {
            unlisted: self.seen.alive().unlisted,
        });
        verdict.failing = verdict.report.findings.len();
        verdict
    }

    fn verdict_of(&self, outcome: Outcome) -> Verdict {
        let mut history = History::default();
        history.observe(self.seen.first_snapshot());
        thread::sleep(BETWEEN_LOOKS);
        history.observe(self.seen.snapshot());
        let expected = Expected {
            none_alive: true,
            ..Expected::default()
        };
        Verdict {
            report: diagnose_expecting(&history, &self.name, &expected),
            outcome,
            failing: 0,
            fails: true,
            name: self.name.clone(),
            at: self.at,
        }
    }

    /// Where the test's own future waits.
    fn own_waits(&self) -> Vec<Wait> {
        let own = self.seen.spawned_at(self.at);
        let waits = own.iter().filter_map(|task: &Task| task.waits.as_deref());
        waits.flatten().map(|wait| Wait::clone(wait)).collect()
    }
}
