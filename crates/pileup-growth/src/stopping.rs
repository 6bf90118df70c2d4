//! When a watch may end because it is decided.

use std::time::Duration;

use crate::Verdict;

/// A population that has not grown in this time is clear; a leak that is slower than one task
/// in three seconds needs a longer watch.
const SHORTEST: Duration = Duration::from_secs(20);
/// A population must have been clear for one part in this many of the watch.
const CLEAR_FOR: u32 = 4;
/// A watch that stops at the first look that accuses has many chances to be wrong. So each look may be
/// wrong only one time in this many of those in which the end of a watch of fixed length may be.
const SURER: f64 = 8.0;

/// Follows the verdicts on one population while a watch goes on.
///
/// A leak is decided once its ratio is well beyond the boundary. A population is clear only when
/// it has been so for a quarter of the watch: while a leak is young, births may pause by chance.
#[derive(Debug, Clone, Copy, Default)]
pub struct Stopping {
    undecided_at: Duration,
}

impl Stopping {
    /// Takes in the verdict after a time of the watch. Returns whether it is final.
    pub fn is_decided(&mut self, watched: Duration, verdict: &Verdict) -> bool {
        match verdict {
            Verdict::Leaks(evidence) if evidence.is_enough_by(SURER.ln()) => true,
            Verdict::Leaks(_) | Verdict::Undecided { .. } => {
                self.undecided_at = watched;
                false
            }
            Verdict::Clear => {
                let clear_for = watched.saturating_sub(self.undecided_at);
                watched >= SHORTEST && clear_for >= watched / CLEAR_FOR
            }
        }
    }
}
