//! The timeout of a test, in real time.

use std::pin::pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::task::{Poll, Waker};
use std::thread;
use std::time::Duration;

use crate::blocked;
use crate::hang::RunningTest;

/// A test that does not notice its timeout for this long has blocked its thread.
const GRACE: Duration = Duration::from_secs(2);

/// Ends a test that takes too long.
pub(crate) struct Watchdog(Arc<Shared>);

struct Shared {
    state: Mutex<State>,
    changed: Condvar,
    is_over: AtomicBool,
}

#[derive(Default)]
struct State {
    is_done: bool,
    waker: Option<Waker>,
}

impl Watchdog {
    /// Watches a test from now on.
    pub(crate) fn start(test: &Arc<RunningTest>, timeout: Duration) -> Self {
        let shared = Arc::new(Shared {
            state: Mutex::default(),
            changed: Condvar::new(),
            is_over: AtomicBool::new(false),
        });
        let of_thread = Arc::clone(&shared);
        let test = Arc::clone(test);
        let thread = thread::Builder::new().name("pileup-test-timeout".to_owned());
        let started = thread.spawn(move || {
            if of_thread.is_done_within(timeout) {
                return;
            }
            of_thread.is_over.store(true, Ordering::Release);
            of_thread.wake();
            if !of_thread.is_done_within(GRACE) {
                blocked::end_process(
                    &test.verdict(),
                    "the test blocks its thread and reaches no .await, so that it cannot be ended \
                     alone: the process ends",
                );
            }
        });
        if let Err(error) = started {
            eprintln!("the test runs without its timeout, as there is no thread for it: {error}");
        }
        Self(shared)
    }

    /// The output of the test; none where its time is over before. Either way the watch is over
    /// then: to look for tasks and to write a report may take longer than the grace.
    pub(crate) async fn race<F: Future>(&self, test: F) -> Option<F::Output> {
        let mut test = pin!(test);
        let output = std::future::poll_fn(|context| {
            if self.0.is_over.load(Ordering::Acquire) {
                return Poll::Ready(None);
            }
            self.0.state().waker = Some(context.waker().clone());
            if let Poll::Ready(output) = test.as_mut().poll(context) {
                return Poll::Ready(Some(output));
            }
            // The time may have been over before the waker was there.
            if self.0.is_over.load(Ordering::Acquire) {
                return Poll::Ready(None);
            }
            Poll::Pending
        })
        .await;
        self.0.end();
        output
    }
}

impl Drop for Watchdog {
    fn drop(&mut self) {
        self.0.end();
    }
}

impl Shared {
    fn state(&self) -> std::sync::MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn end(&self) {
        self.state().is_done = true;
        self.changed.notify_all();
    }

    fn is_done_within(&self, time: Duration) -> bool {
        let state = self.state();
        let waited = self
            .changed
            .wait_timeout_while(state, time, |state| !state.is_done);
        waited.unwrap_or_else(PoisonError::into_inner).0.is_done
    }

    fn wake(&self) {
        let waker = self.state().waker.take();
        if let Some(waker) = waker {
            waker.wake();
        }
    }
}
