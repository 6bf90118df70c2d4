//! Whether tasks are left, and which.

use std::panic::Location;
use std::sync::Arc;
use std::time::Duration;

use pileup_diagnosis::{Code, Expected, Grade, History, Report, diagnose_expecting};
use pileup_model::Task;

use crate::blocked::unless_blocked;
use crate::clock::{Running, real_sleep};
use crate::hang::RunningTest;
use crate::rules::Rules;
use crate::seen::{Alive, Seen};
use crate::settle::settle;
use crate::verdict::{Outcome, Verdict};

/// Between two looks at the tasks, where a second one only confirms the first.
const BETWEEN_LOOKS: Duration = Duration::from_millis(2);
/// For how long a task must have been without a waker to be called so.
const WITHOUT_WAKER: Duration = Duration::from_millis(1050);

/// Checks a runtime whose test is done: none where nothing is to be said.
pub(crate) async fn check(
    seen: &Arc<Seen>,
    rules: &Rules,
    name: &str,
    at: &'static Location<'static>,
) -> Option<Verdict> {
    if seen.alive().is_nothing() {
        return None;
    }
    let test = RunningTest::new(name, at, Arc::clone(seen));
    unless_blocked(test, check_tasks(seen, rules, name, at)).await
}

async fn check_tasks(
    seen: &Seen,
    rules: &Rules,
    name: &str,
    at: &'static Location<'static>,
) -> Option<Verdict> {
    let would_fail = |alive: &Alive| {
        let mut tasks = alive.tasks.iter();
        alive.unlisted > 0
            || tasks.any(|task| rules.would_fail(task.site.as_ref()) || task.has_no_waker())
    };
    let _running = if would_fail(&seen.alive()) {
        settle(|| !would_fail(&seen.alive())).await
    } else {
        tokio::task::yield_now().await;
        Running::if_paused()
    };
    let alive = seen.alive();
    if alive.is_nothing() {
        return None;
    }
    let (report, unlisted) = look(seen, rules, name).await;
    let outcome = Outcome::LeftTasks {
        unlisted,
        allows_here: rules.allows_here(),
    };
    Verdict::of(outcome, report, rules, name, at)
}

/// Looks at what is alive, for as long as it takes to see which of it cannot be woken.
async fn look(seen: &Seen, rules: &Rules, name: &str) -> (Report, usize) {
    let mut history = History::default();
    history.observe(seen.first_snapshot());
    let alive = seen.alive();
    let unwakeable = alive.tasks.iter().any(Task::has_no_waker);
    real_sleep(if unwakeable {
        WITHOUT_WAKER
    } else {
        BETWEEN_LOOKS
    })
    .await;
    history.observe(seen.snapshot());
    let unlisted = seen.alive().unlisted;
    (report(&history, rules, name), unlisted)
}

/// What a history of a test that is done shows: what outlives it, and the findings that explain
/// why. Suspicions need a longer watch.
fn report(history: &History, rules: &Rules, name: &str) -> Report {
    let expected = Expected {
        none_alive: true,
        ..Expected::default()
    };
    let mut report = diagnose_expecting(history, name, &expected);
    report
        .findings
        .retain(|finding| finding.code == Code::OutlivesTest || finding.grade > Grade::Suspicious);
    rules.set_aside(&mut report, history);
    report
}
