//! How long tasks wait for a worker, and a thread of the probe for a processor.
//!
//! A poll is counted in memory that few threads write to. Its length is taken from a clock that
//! the probe's thread moves: that is one load, and exact enough to know a long poll.

use std::cell::Cell;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::time::Duration;

use pileup_model::Scheduling;
use pileup_registry::Sleeps;
#[cfg(tokio_unstable)]
use tokio::runtime::TaskMeta;

/// A power of two.
const STRIPES: usize = 16;

thread_local! {
    /// When the poll began that runs on this thread.
    static POLL_BEGAN: Cell<u64> = const { Cell::new(0) };
    /// The stripe in which this thread counts.
    static STRIPE: usize = {
        static NEXT: AtomicUsize = AtomicUsize::new(0);
        NEXT.fetch_add(1, Ordering::Relaxed) % STRIPES
    };
}

/// What was counted since the probe was started.
#[derive(Default)]
pub(crate) struct Waits {
    /// Milliseconds that the probe's thread has lived.
    now: AtomicU64,
    sleeps: Sleeps,
    stripes: [Stripe; STRIPES],
}

#[derive(Default)]
#[repr(align(128))]
struct Stripe {
    polls: AtomicU64,
    late_polls: AtomicU64,
    long_polls: AtomicU64,
}

impl Waits {
    /// Has the probe's thread sleep.
    pub(crate) fn sleep(&self, wanted: Duration) {
        self.sleeps.sleep(wanted);
        let all = self.sleeps.wanted() + self.sleeps.beyond();
        let all = u64::try_from(all.as_millis()).unwrap_or(u64::MAX);
        self.now.store(all, Ordering::Relaxed);
    }

    /// A poll begins. Its wait is known where the runtime measures it.
    #[cfg(tokio_unstable)]
    #[inline]
    pub(crate) fn poll_begins(&self, task: &TaskMeta<'_>) {
        POLL_BEGAN.set(self.now.load(Ordering::Relaxed));
        if let Some(wait) = schedule_latency(task) {
            let stripe = self.stripe();
            stripe.polls.fetch_add(1, Ordering::Relaxed);
            if wait >= Scheduling::LATE {
                stripe.late_polls.fetch_add(1, Ordering::Relaxed);
            }
        }
    }

    /// A poll ends.
    #[inline]
    pub(crate) fn poll_ends(&self) {
        let took = self
            .now
            .load(Ordering::Relaxed)
            .saturating_sub(POLL_BEGAN.get());
        if u128::from(took) >= Scheduling::LATE.as_millis() {
            self.stripe().long_polls.fetch_add(1, Ordering::Relaxed);
        }
    }

    /// What was counted until now.
    pub(crate) fn counted(&self) -> Scheduling {
        let sum = |count: fn(&Stripe) -> &AtomicU64| {
            let counts = self.stripes.iter();
            counts
                .map(|stripe| count(stripe).load(Ordering::Relaxed))
                .sum()
        };
        Scheduling {
            polls: sum(|stripe| &stripe.polls),
            late_polls: sum(|stripe| &stripe.late_polls),
            long_polls: sum(|stripe| &stripe.long_polls),
            slept: self.sleeps.wanted(),
            overslept: self.sleeps.beyond(),
        }
    }

    fn stripe(&self) -> &Stripe {
        &self.stripes[STRIPE.with(|stripe| *stripe)]
    }
}

/// How long a task waited for its worker, where the runtime measures it.
#[cfg(all(tokio_unstable, feature = "schedule-latency"))]
#[inline]
fn schedule_latency(task: &TaskMeta<'_>) -> Option<Duration> {
    task.schedule_latency()
}

#[cfg(all(tokio_unstable, not(feature = "schedule-latency")))]
#[inline]
fn schedule_latency(_: &TaskMeta<'_>) -> Option<Duration> {
    None
}
