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
    pub(crate) name: String,
    pub(crate) at: &'static Location<'static>,
    pub(crate) seen: Seen,
    started: Instant,
}

/// A test is among those that run, until this is dropped.
pub(crate) struct Registered(pub(crate) Arc<RunningTest>);

impl Registered {
    pub(crate) fn new(name: &str, at: &'static Location<'static>, seen: Seen) -> Self {
        let test = Arc::new(RunningTest {
            name: name.to_owned(),
            at,
            seen,
            started: Instant::now(),
        });
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

fn with_running<T>(use_it: impl FnOnce(&mut Vec<Arc<RunningTest>>) -> T) -> T {
    use_it(&mut RUNNING.lock().unwrap_or_else(PoisonError::into_inner))
}

impl RunningTest {
    /// What the test and its tasks wait for now. The first time it reads the program's debug
    /// information. It may be called on any thread.
    pub(crate) fn verdict(&self) -> Verdict {
        let after = self.started.elapsed();
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
            outcome: Outcome::Hangs {
                after,
                waits: self.own_waits(),
            },
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
