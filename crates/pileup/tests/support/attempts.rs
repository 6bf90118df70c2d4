//! Tests that wait for what must happen, for as long as the machine needs for it.

use std::time::Duration;

use libtest_mimic::Completion;

use crate::machine::Meter;

/// What one watch of a program has shown. What is wrong on any machine is an error instead.
pub enum Shown {
    /// All that was expected.
    All,
    /// Not all of it yet, and what is missing: wrong only if the machine kept up.
    Incomplete(String),
    /// A program that leaks is called clean. That is wrong on any machine, unless a longer watch
    /// follows.
    #[allow(dead_code, reason = "not every test watches a program that leaks")]
    CalledClean(String),
}

/// How the watches of a program ended.
pub enum Outcome {
    /// All that was expected was shown.
    Passed,
    /// The machine was too slow to decide, and how slow.
    Undecided(String),
}

impl From<Outcome> for Completion {
    fn from(outcome: Outcome) -> Self {
        match outcome {
            Outcome::Passed => Self::Completed,
            Outcome::Undecided(reason) => Self::ignored_with(reason),
        }
    }
}

/// Watches a program until all that is expected is shown: each time anew and for longer.
///
/// What is wrong is an error at once. What is missing is one if the machine kept up in the last
/// watch; if it did not, the test is undecided. A leak that is called clean in the last watch is
/// an error on any machine.
pub fn until_all_is_shown(
    watches: &[Duration],
    watch: impl Fn(Duration) -> Result<Shown, String>,
) -> Result<Outcome, String> {
    let mut reason = String::new();
    for (number, duration) in (1..).zip(watches) {
        let meter = Meter::start();
        let (missing, is_wrong) = match watch(*duration)? {
            Shown::All => return Ok(Outcome::Passed),
            Shown::Incomplete(missing) => (missing, false),
            Shown::CalledClean(missing) => (missing, true),
        };
        let slowness = meter.slowness();
        if number == watches.len() && (is_wrong || !slowness.is_too_slow()) {
            return Err(missing);
        }
        let missing = missing.lines().next().unwrap_or_default();
        reason = format!(
            "the machine was too slow to decide: in a watch of {duration:?}, {missing}; its work \
             took {:.1} times as long as on an ordinary machine",
            slowness.factor
        );
    }
    Ok(Outcome::Undecided(reason))
}
