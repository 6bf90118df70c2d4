//! The drop of a runtime that is not made by this crate waits without a limit for closures of
//! `spawn_blocking`, and for workers that a task blocks. The harness prints what it has captured
//! when the test ends, so nobody would see the report.

use std::cell::RefCell;
use std::sync::Arc;
use std::sync::mpsc::{self, RecvTimeoutError};
use std::thread;
use std::time::Duration;

use pileup_model::TaskKind;
use tokio::runtime::{Handle, RuntimeFlavor};

use crate::blocked;
use crate::seen::Seen;
use crate::verdict::Verdict;

/// A drop that takes this long does not end. Long, as a machine that is overloaded may not get to
/// it for seconds.
const NEVER_ENDS: Duration = Duration::from_secs(10);

thread_local! {
    /// Dropped when the thread ends, and the drop of the runtime with it.
    static THREAD_ENDS: RefCell<Vec<mpsc::Sender<()>>> = const { RefCell::new(Vec::new()) };
}

/// Watches the drop of the runtime of a test that is about to fail. If it does not end, the report
/// is printed and the process ends.
pub(crate) fn watch(verdict: Verdict, seen: Arc<Seen>) {
    let in_the_way = InTheWay::of(&seen);
    if in_the_way.is_nothing() {
        return;
    }
    let (ends, has_ended) = mpsc::channel();
    THREAD_ENDS.with_borrow_mut(|all| all.push(ends));
    let thread = thread::Builder::new().name("pileup-test-drop".to_owned());
    let started = thread.spawn(move || {
        let waited = has_ended.recv_timeout(NEVER_ENDS);
        let never_ends = waited == Err(RecvTimeoutError::Timeout);
        if never_ends && InTheWay::of(&seen).is_still(&in_the_way) {
            blocked::end_process(
                &verdict,
                "the drop of the test's runtime waits for a closure of spawn_blocking, or for a \
                 task that blocks its thread, and nothing can interrupt that: the process ends",
            );
        }
    });
    // Without the thread, the test hangs as it does without a guard.
    drop(started);
}

/// What the drop of a runtime waits for.
struct InTheWay {
    has_closures: bool,
    /// The workers that do not sleep, each with how often it has gone to sleep and woken.
    awake: Vec<(usize, u64)>,
}

impl InTheWay {
    fn of(seen: &Seen) -> Self {
        let alive = seen.alive().tasks;
        Self {
            has_closures: alive.iter().any(|task| task.kind == TaskKind::Blocking),
            awake: awake_workers(seen.handle()),
        }
    }

    fn is_nothing(&self) -> bool {
        !self.has_closures && self.awake.is_empty()
    }

    fn is_still(&self, before: &Self) -> bool {
        (self.has_closures && before.has_closures)
            || self
                .awake
                .iter()
                .any(|worker| before.awake.contains(worker))
    }
}

#[cfg(target_has_atomic = "64")]
fn awake_workers(handle: &Handle) -> Vec<(usize, u64)> {
    // The one worker of the other flavors is the test's own thread.
    if handle.runtime_flavor() != RuntimeFlavor::MultiThread {
        return Vec::new();
    }
    let metrics = handle.metrics();
    let workers = 0..metrics.num_workers();
    workers
        .map(|worker| (worker, metrics.worker_park_unpark_count(worker)))
        // By Tokio's documentation, the count is odd while the worker sleeps.
        .filter(|(_, count)| count % 2 == 0)
        .collect()
}

/// Tokio does not count this here.
#[cfg(not(target_has_atomic = "64"))]
fn awake_workers(_handle: &Handle) -> Vec<(usize, u64)> {
    Vec::new()
}
