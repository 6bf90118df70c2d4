//! The processor's counter of time, which costs less than half of what asking the system does.
//!
//! It is read only where Linux itself keeps time by it: there, all processors count alike and at a
//! constant rate. Each [`adjust`](Cycles::adjust) compares it with the system's clock, so that it
//! never differs for longer than between two adjustments.

use std::fs;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use super::Nanos;

/// What Linux keeps time by.
const CLOCK_SOURCE: &str = "/sys/devices/system/clocksource/clocksource0/current_clocksource";
/// The rate of the counter is measured over at least this long.
const MEASURED_OVER: Nanos = 100_000_000;
/// How long reading both clocks may take: a ten-thousandth of the measurement, and usually a
/// hundredth of that. Where it takes longer, the thread was interrupted, and reads them again.
const AT_ONCE: Nanos = 10_000;
const TRIES: usize = 100;
/// How far the counter may be off at an adjustment. Where it is further, the system was suspended
/// or moved to another machine, and the counter is not used any more.
const FAR_OFF: Nanos = 1_000_000;
/// Bits of a rate after its point.
const POINT: u32 = 32;

/// The processor's counter as a clock, once its rate is known.
#[derive(Debug, Default)]
pub(super) struct Cycles {
    /// Where the measurement of the rate began: the system's clock and the counter.
    began: (Nanos, u64),
    /// Nanoseconds for each cycle, with [`POINT`] bits after the point; 0 while it is not known.
    rate: AtomicU64,
    /// What is added to the counter's nanoseconds to make them those of the system's clock.
    offset: AtomicU64,
    /// Whether the counter cannot be relied on.
    is_off: AtomicBool,
}

impl Cycles {
    /// Begins to measure the rate, if the counter can be relied on. `now` asks the system.
    pub(super) fn start(now: impl Fn() -> Nanos) -> Self {
        let both = is_reliable().then(|| read_both(now)).flatten();
        Self {
            began: both.unwrap_or_default(),
            is_off: AtomicBool::new(both.is_none()),
            ..Self::default()
        }
    }

    /// The time by the counter; none where that is not known.
    #[inline]
    pub(super) fn now(&self) -> Option<Nanos> {
        // Whoever sees the rate sees the first offset.
        let rate = self.rate.load(Ordering::Acquire);
        if rate == 0 {
            return None;
        }
        let offset = self.offset.load(Ordering::Relaxed);
        Some(self.scaled(read(), rate).wrapping_add(offset))
    }

    /// Compares the counter with the system's clock, which `now` asks.
    pub(super) fn adjust(&self, now: impl Fn() -> Nanos) {
        if self.is_off.load(Ordering::Relaxed) {
            return;
        }
        let Some((nanos, cycles)) = read_both(now) else {
            return;
        };
        self.adjust_to(nanos, cycles);
    }

    fn adjust_to(&self, nanos: Nanos, cycles: u64) {
        let rate = self.rate.load(Ordering::Relaxed);
        if rate == 0 {
            self.measure(nanos, cycles);
            return;
        }
        let offset = nanos.wrapping_sub(self.scaled(cycles, rate));
        let before = self.offset.load(Ordering::Relaxed);
        // Of two that differ by little, either may be the larger one.
        let off_by = offset.wrapping_sub(before).cast_signed();
        if off_by.unsigned_abs() > FAR_OFF {
            self.is_off.store(true, Ordering::Relaxed);
            self.rate.store(0, Ordering::Relaxed);
        } else {
            self.offset.store(offset, Ordering::Relaxed);
        }
    }

    /// Sets the rate, once the measurement is long enough.
    fn measure(&self, nanos: Nanos, cycles: u64) {
        let (began, first) = self.began;
        let took = nanos.saturating_sub(began);
        if took < MEASURED_OVER {
            return;
        }
        let counted = cycles.saturating_sub(first);
        let rate = (u128::from(took) << POINT).checked_div(u128::from(counted));
        let Some(rate) = rate.and_then(|rate| u64::try_from(rate).ok()) else {
            return;
        };
        let offset = nanos.wrapping_sub(self.scaled(cycles, rate));
        self.offset.store(offset, Ordering::Relaxed);
        // Of two threads that have measured at once, the first one sets it: the rate never changes.
        let _ = self
            .rate
            .compare_exchange(0, rate, Ordering::Release, Ordering::Relaxed);
    }

    /// The nanoseconds from the begin of the measurement to this count.
    #[inline]
    fn scaled(&self, cycles: u64, rate: u64) -> Nanos {
        let (_, first) = self.began;
        let cycles = u128::from(cycles.wrapping_sub(first));
        ((cycles * u128::from(rate)) >> POINT) as u64
    }
}

/// The system's clock and the counter at the same moment; none where that did not succeed.
fn read_both(now: impl Fn() -> Nanos) -> Option<(Nanos, u64)> {
    (0..TRIES).find_map(|_| {
        let (first, cycles, last) = (now(), read(), now());
        (last.saturating_sub(first) <= AT_ONCE).then_some((first.midpoint(last), cycles))
    })
}

/// Whether Linux keeps time by the counter.
fn is_reliable() -> bool {
    cfg!(all(target_arch = "x86_64", target_os = "linux", not(miri)))
        && fs::read_to_string(CLOCK_SOURCE).is_ok_and(|source| source.trim() == "tsc")
}

/// The counter.
#[cfg(target_arch = "x86_64")]
#[expect(
    unsafe_code,
    reason = "the standard library has it as an unsafe function alone"
)]
#[inline]
fn read() -> u64 {
    // SAFETY: the instruction reads a counter into two registers, and does nothing else. Each
    // x86-64 processor has it. A system may forbid it to a program: `is_reliable` has found that
    // Linux's own clock executes it in this one.
    unsafe { std::arch::x86_64::_rdtsc() }
}

/// There is none that is known here.
#[cfg(not(target_arch = "x86_64"))]
fn read() -> u64 {
    0
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Nanos = 1_000_000_000;

    /// Three cycles a nanosecond, from a measurement over one second that began at 5 s.
    fn measured() -> Cycles {
        let cycles = Cycles {
            began: (5 * SECOND, 1_000),
            ..Cycles::default()
        };
        cycles.adjust_to(5 * SECOND + MEASURED_OVER / 2, 1_000);
        assert_eq!(cycles.now(), None, "the measurement is too short");
        cycles.adjust_to(6 * SECOND, 1_000 + 3 * SECOND);
        cycles
    }

    fn at(clock: &Cycles, cycles: u64) -> Nanos {
        let rate = clock.rate.load(Ordering::Relaxed);
        clock
            .scaled(cycles, rate)
            .wrapping_add(clock.offset.load(Ordering::Relaxed))
    }

    #[test]
    fn the_counter_goes_on_at_the_rate_that_was_measured() {
        let clock = measured();
        let day = 86_400 * SECOND;
        let after = at(&clock, 1_000 + 3 * SECOND + 3 * day);
        // The rate has 32 bits after its point, and is rounded down.
        assert!(after.abs_diff(6 * SECOND + day) < day / 1_000_000_000);
    }

    #[test]
    fn an_adjustment_sets_it_right() {
        let clock = measured();
        // The system's clock was slowed down by 10 µs.
        let (nanos, cycles) = (7 * SECOND - 10_000, 1_000 + 6 * SECOND);
        clock.adjust_to(nanos, cycles);
        assert!(at(&clock, cycles).abs_diff(nanos) <= 1);
    }

    #[test]
    fn a_counter_that_is_far_off_is_not_used_any_more() {
        let clock = measured();
        clock.adjust_to(7 * SECOND, 1_000 + 60 * SECOND);
        assert_eq!(clock.now(), None);
        clock.adjust(|| 8 * SECOND);
        assert_eq!(clock.now(), None);
    }
}
