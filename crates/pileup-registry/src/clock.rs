//! The registry's own time: coarse, so that a poll can afford to read it; and exact where a registry
//! keeps times.

mod cycles;

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use cycles::Cycles;
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
    cycles: Cycles,
}

impl Clock {
    pub(crate) fn start() -> Self {
        let started = Instant::now();
        Self {
            now: AtomicU64::new(0),
            started,
            started_at: Timestamp::now(),
            cycles: Cycles::start(|| nanos_since(started)),
        }
    }

    /// The time when the clock was last moved.
    pub(crate) fn tick(&self) -> Tick {
        self.now.load(Ordering::Relaxed)
    }

    /// Moves the clock to the present, and gives it.
    pub(crate) fn advance(&self) -> Tick {
        self.cycles.adjust(|| nanos_since(self.started));
        let now = u64::try_from(self.started.elapsed().as_millis()).unwrap_or(u64::MAX);
        self.now.fetch_max(now, Ordering::Relaxed).max(now)
    }

    /// The time now, exactly: by the processor's counter, or by asking the system. Never 0. It is
    /// that of the system to within what the two drift apart between two calls of
    /// [`advance`](Self::advance).
    #[inline]
    pub(crate) fn nanos(&self) -> Nanos {
        let cycles = self.cycles.now();
        cycles.unwrap_or_else(|| nanos_since(self.started)) | 1
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

#[inline(never)]
fn nanos_since(started: Instant) -> Nanos {
    started.elapsed().as_nanos() as u64
}
