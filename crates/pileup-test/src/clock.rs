//! Real time, and Tokio's clock, which may be paused.

use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll, Waker};
use std::thread;
use std::time::{Duration, Instant};

/// Whether the clock of the current runtime is paused: then it stands still.
pub(crate) fn is_paused() -> bool {
    let before = tokio::time::Instant::now();
    let started = Instant::now();
    // The finest clock of a system may have steps of some nanoseconds, or of 100.
    while started.elapsed() < Duration::from_micros(20) {
        std::hint::spin_loop();
    }
    tokio::time::Instant::now() == before
}

/// Waits for some real time. It needs no timer of the runtime, which may have none, or a paused
/// one.
pub(crate) fn real_sleep(time: Duration) -> RealSleep {
    let shared = Arc::new(Mutex::new(Shared::default()));
    let of_thread = Arc::clone(&shared);
    let thread = thread::Builder::new().name("pileup-test".to_owned());
    let started = thread.spawn(move || {
        thread::sleep(time);
        is_over(&of_thread);
    });
    if started.is_err() {
        thread::sleep(time);
        is_over(&shared);
    }
    RealSleep(shared)
}

/// A wait for real time.
pub(crate) struct RealSleep(Arc<Mutex<Shared>>);

#[derive(Default)]
struct Shared {
    is_over: bool,
    waker: Option<Waker>,
}

fn is_over(shared: &Mutex<Shared>) {
    let mut shared = shared.lock().unwrap_or_else(PoisonError::into_inner);
    shared.is_over = true;
    if let Some(waker) = shared.waker.take() {
        waker.wake();
    }
}

impl Future for RealSleep {
    type Output = ();

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<()> {
        let mut shared = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if shared.is_over {
            return Poll::Ready(());
        }
        shared.waker = Some(context.waker().clone());
        Poll::Pending
    }
}

/// Lets a paused clock run until this is dropped.
///
/// A paused clock jumps to the next timer whenever its runtime has nothing to do: it would run
/// away while real time is waited for.
#[must_use]
pub(crate) struct Running {
    was_paused: bool,
}

impl Running {
    pub(crate) fn if_paused() -> Self {
        let was_paused = is_paused();
        if was_paused {
            tokio::time::resume();
        }
        Self { was_paused }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        if self.was_paused {
            tokio::time::pause();
        }
    }
}
