//! The registry's own time: coarse, so that a poll can afford to read it.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use jiff::Timestamp;

/// Milliseconds since the registry was made.
pub type Tick = u64;

/// Nanoseconds: a length of time, or a point in time since the registry was made.
pub type Nanos = u64;

/// A clock that somebody else moves: reading it is one load from memory that is hardly ever
/// written, where asking the system costs as much as a tenth of a poll.
#[derive(Debug)]
#[repr(align(128))]
pub(crate) struct Clock {
    now: AtomicU64,
    started: Instant,
    started_at: Timestamp,
}

impl Clock {
    pub(crate) fn start() -> Self {
        Self {
            now: AtomicU64::new(0),
            started: Instant::now(),
            started_at: Timestamp::now(),
        }
    }

    /// The time when the clock was last moved.
    pub(crate) fn tick(&self) -> Tick {
        self.now.load(Ordering::Relaxed)
    }

    /// Moves the clock to the present, and gives it.
    pub(crate) fn advance(&self) -> Tick {
        let now = u64::try_from(self.started.elapsed().as_millis()).unwrap_or(u64::MAX);
        self.now.fetch_max(now, Ordering::Relaxed).max(now)
    }

    /// The time now, exactly: it asks the system. Never 0.
    #[inline]
    pub(crate) fn nanos(&self) -> Nanos {
        self.started.elapsed().as_nanos() as u64 | 1
    }

    /// A point in time of [`nanos`](Self::nanos).
    pub(crate) fn exact_time(&self, nanos: Nanos) -> Timestamp {
        self.started_at
            .checked_add(Duration::from_nanos(nanos))
            .unwrap_or(Timestamp::MAX)
    }

    /// A tick as a point in time.
    pub(crate) fn time(&self, tick: Tick) -> Timestamp {
        self.started_at
            .checked_add(Duration::from_millis(tick))
            .unwrap_or(Timestamp::MAX)
    }
}
