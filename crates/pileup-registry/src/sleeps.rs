//! How much longer a thread sleeps than it wants to: a sign that the program gets too little
//! processor time.

use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;
use std::time::{Duration, Instant};

/// The sleeps of a thread that has next to nothing to do, added up.
#[derive(Debug, Default)]
pub struct Sleeps {
    /// Microseconds.
    wanted: AtomicU64,
    /// Microseconds.
    beyond: AtomicU64,
}

impl Sleeps {
    /// Sleeps for a while, and counts for how long.
    pub fn sleep(&self, wanted: Duration) {
        let began = Instant::now();
        thread::sleep(wanted);
        let add = |sum: &AtomicU64, time: Duration| {
            let microseconds = u64::try_from(time.as_micros()).unwrap_or(u64::MAX);
            sum.fetch_add(microseconds, Ordering::Relaxed);
        };
        add(&self.wanted, wanted);
        add(&self.beyond, began.elapsed().saturating_sub(wanted));
    }

    /// For how long the thread wanted to sleep.
    #[must_use]
    pub fn wanted(&self) -> Duration {
        Duration::from_micros(self.wanted.load(Ordering::Relaxed))
    }

    /// How much longer than that it slept.
    #[must_use]
    pub fn beyond(&self) -> Duration {
        Duration::from_micros(self.beyond.load(Ordering::Relaxed))
    }
}
