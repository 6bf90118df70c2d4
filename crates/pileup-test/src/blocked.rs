//! A thread that is blocked: nothing can end its test but the end of the process.

use std::io::Write;
use std::pin::pin;
use std::process;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{self, RecvTimeoutError};
use std::thread;
use std::time::Duration;

use crate::hang::RunningTest;
use crate::verdict::Verdict;
use crate::{files, text};

/// A look at the tasks that is not polled between two times that are this far apart has its thread
/// blocked by a task. Long, as a machine that is overloaded may not get to it for seconds.
const BLOCKED: Duration = Duration::from_secs(10);
/// What a test harness exits with when tests have failed.
const FAILED: i32 = 101;

/// Runs a look at the tasks that a test has left. Where one of them blocks the thread of the
/// look, a report is printed and the process ends.
pub(crate) async fn unless_blocked<F: Future>(test: RunningTest, look: F) -> F::Output {
    // How often a poll of the look has begun or ended: it is in one where the number is odd. Then
    // it is at work, and reads debug information, say.
    let steps = Arc::new(AtomicU64::new(0));
    let counted = Arc::clone(&steps);
    // Dropped when the look is over.
    let (_is_over, over) = mpsc::channel::<()>();
    let thread = thread::Builder::new().name("pileup-test-blocked".to_owned());
    let started = thread.spawn(move || {
        let mut before = 0;
        while over.recv_timeout(BLOCKED) == Err(RecvTimeoutError::Timeout) {
            let now = counted.load(Ordering::Relaxed);
            if now == before && now.is_multiple_of(2) {
                end_process(
                    &test.blocked_verdict(),
                    "nothing can interrupt a task that reaches no .await: the process ends",
                );
            }
            before = now;
        }
    });
    // Without the thread, the test hangs as it does under #[tokio::test].
    drop(started);
    let mut look = pin!(look);
    std::future::poll_fn(|context| {
        steps.fetch_add(1, Ordering::Relaxed);
        let polled = look.as_mut().poll(context);
        steps.fetch_add(1, Ordering::Relaxed);
        polled
    })
    .await
}

/// Prints a report, and ends the process with it.
pub(crate) fn end_process(verdict: &Verdict, why: &str) -> ! {
    let report = text::write(verdict, false);
    // The harness would keep what is printed by eprintln! to itself.
    let block = format!("\n{report}\n{why}\n");
    let _ = std::io::stderr().write_all(block.as_bytes());
    if let Err(error) = files::write(verdict) {
        let _ = writeln!(std::io::stderr(), "{error}");
    }
    process::exit(FAILED);
}
