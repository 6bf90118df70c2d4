//! How fast the machine is, measured: tests run as many programs at once as it has room for,
//! and know afterwards whether it kept up.

use std::fmt::Display;
use std::hint::black_box;
use std::io::{self, Write};
use std::num::NonZero;
use std::sync::{LazyLock, Mutex, Once, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

/// Rounds of [`compute`] that one core of an ordinary machine does in a millisecond.
const ROUNDS_A_MILLISECOND: u32 = if cfg!(debug_assertions) {
    120_000
} else {
    1_800_000
};
/// How much each thread computes to measure the power, in milliseconds of an ordinary core.
const SAMPLE: u32 = 200;
/// Trials at once for each core, however slow: they wait more than they work.
const FEWEST_A_CORE: f64 = 3.0;
/// The most trials at once, on a machine of any size.
const MOST_AT_ONCE: f64 = 64.0;
/// A watch is not made longer than by this factor.
const SLOWEST: f64 = 6.0;

/// The meter works in rounds, as the programs under test do: it sleeps for a while
const SLEEPING: Duration = Duration::from_millis(95);
/// and computes a little, for milliseconds of an ordinary core.
const COMPUTING: u32 = 5;
/// How long both take on an ordinary machine that is otherwise idle.
const ROUND: Duration = Duration::from_millis(100);
/// From this factor on the machine counts as too slow to hold a program to a figure.
const SLOW: f64 = 1.15;
/// A single round that took this long makes the machine count as too slow as well.
const STALL: Duration = Duration::from_secs(1);
/// So does one round in this many that took twice its time: pileup calls a program starved when
/// one of ten polls begins late in a quarter of the watch.
const LATE_ONE_IN: usize = 40;

/// How many trials may run at once, if each takes this share of an ordinary core.
pub fn trials_at_once(cores_each: f64) -> usize {
    let least = FEWEST_A_CORE * cores() as f64;
    let trials = (*POWER / cores_each).clamp(least, MOST_AT_ONCE.max(least));
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss)]
    let trials = trials as usize;
    trials
}

/// How many seconds a watch needs here to see what takes this many on an ordinary machine.
pub fn seconds(on_an_ordinary_machine: u32) -> u32 {
    let slowness = (cores() as f64 / *POWER).clamp(1.0, SLOWEST);
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss)]
    let seconds = (f64::from(on_an_ordinary_machine) * slowness).ceil() as u32;
    seconds
}

/// The cores that this process may use, by its affinity and the quota of its cgroup.
fn cores() -> usize {
    thread::available_parallelism().map_or(1, NonZero::get)
}

/// What this process can compute, in cores of an ordinary machine: a thread for each core
/// computes for a moment.
static POWER: LazyLock<f64> = LazyLock::new(|| {
    let threads = cores();
    let started = Instant::now();
    thread::scope(|scope| {
        for _ in 0..threads {
            scope.spawn(|| compute(SAMPLE));
        }
    });
    threads as f64 * f64::from(SAMPLE) / (started.elapsed().as_secs_f64() * 1_000.0)
});

/// Measures how slow the machine is from now on.
pub struct Meter {
    started: Instant,
}

/// How slow the machine was over some time.
pub struct Slowness {
    /// How much longer the rounds of the meter took than on an ordinary machine.
    pub factor: f64,
    longest: Duration,
    rounds: usize,
    /// The rounds that took twice their time.
    late: usize,
}

/// The rounds of the meter: when each ended, and how long it took.
static ROUNDS: Mutex<Vec<(Instant, Duration)>> = Mutex::new(Vec::new());

impl Meter {
    pub fn start() -> Self {
        static RUNS: Once = Once::new();
        RUNS.call_once(|| {
            thread::spawn(|| {
                loop {
                    let started = Instant::now();
                    thread::sleep(SLEEPING);
                    compute(COMPUTING);
                    let ended = Instant::now();
                    let mut rounds = ROUNDS.lock().unwrap_or_else(PoisonError::into_inner);
                    rounds.push((ended, ended - started));
                }
            });
        });
        Self {
            started: Instant::now(),
        }
    }

    pub fn slowness(&self) -> Slowness {
        let rounds = ROUNDS.lock().unwrap_or_else(PoisonError::into_inner);
        let rounds = rounds.iter().filter(|(ended, _)| *ended > self.started);
        let took: Vec<Duration> = rounds.map(|(_, took)| *took).collect();
        let total: Duration = took.iter().sum();
        let rounds = took.len().max(1);
        Slowness {
            factor: total.as_secs_f64() / (ROUND.as_secs_f64() * rounds as f64),
            rounds,
            late: took.iter().filter(|took| **took >= ROUND * 2).count(),
            longest: took.into_iter().max().unwrap_or_default(),
        }
    }
}

impl Slowness {
    /// Whether the machine was too slow to hold a program to a figure.
    pub fn is_too_slow(&self) -> bool {
        let is_late = self.late * LATE_ONE_IN >= self.rounds;
        self.factor >= SLOW || self.longest >= STALL || is_late
    }
}

/// Says that a test has decided nothing.
pub fn was_too_slow(why: impl Display) {
    // What is printed by a macro is seen only if the test fails.
    let _ = writeln!(io::stderr(), "the machine was too slow to decide: {why}");
}

/// Computes for some milliseconds of an ordinary core.
fn compute(milliseconds: u32) {
    let mut state = 1_u64;
    for round in 0..milliseconds * ROUNDS_A_MILLISECOND {
        state = black_box(state.rotate_left(7) ^ u64::from(round));
    }
    black_box(state);
}
