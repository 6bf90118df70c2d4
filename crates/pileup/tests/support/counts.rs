//! What a scenario counts: it prints `tasks alive: 5, arrived: 7, work done: 2` every two
//! seconds.

use std::io::{BufRead, BufReader, Read};
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::thread;
use std::time::Duration;

use jiff::Timestamp;

/// For the next count to come, on a machine that is very busy.
const PATIENCE: Duration = Duration::from_secs(60);

/// The arrivals of work up to some time.
#[derive(Debug, Clone, Copy)]
pub struct Count {
    /// When the count was read: it was made before that.
    pub read_at: Timestamp,
    pub arrived: u64,
}

/// All counts of a scenario so far, in their order.
#[derive(Clone, Default)]
pub struct Counts(Arc<(Mutex<Vec<Count>>, Condvar)>);

impl Counts {
    /// Reads what a scenario prints, to its end.
    pub fn read(output: impl Read + Send + 'static) -> Self {
        let counts = Self::default();
        let shared = counts.clone();
        thread::spawn(move || {
            for line in BufReader::new(output).lines().map_while(Result::ok) {
                if let Some(arrived) = arrived(&line) {
                    let (counts, changed) = &*shared.0;
                    let mut counts = counts.lock().unwrap_or_else(PoisonError::into_inner);
                    let read_at = Timestamp::now();
                    counts.push(Count { read_at, arrived });
                    changed.notify_all();
                }
            }
        });
        counts
    }

    /// Waits until as many have arrived.
    pub fn wait_for(&self, arrived: u64) -> Result<(), String> {
        self.wait(|count| count.arrived >= arrived).map(drop)
    }

    /// How many had arrived for certain at some time: the last count that was read before.
    pub fn arrived_before(&self, at: Timestamp) -> u64 {
        let counts = self.0.0.lock().unwrap_or_else(PoisonError::into_inner);
        let before = counts.iter().rev().find(|count| count.read_at <= at);
        before.map_or(0, |count| count.arrived)
    }

    /// How many had arrived soon after some time: waits for the first count that is read then.
    pub fn arrived_after(&self, at: Timestamp) -> Result<u64, String> {
        let count = self.wait(|count| count.read_at > at)?;
        Ok(count.arrived)
    }

    /// Waits for the first count of this kind.
    fn wait(&self, is_meant: impl Fn(&Count) -> bool) -> Result<Count, String> {
        let (counts, changed) = &*self.0;
        let counts = counts.lock().unwrap_or_else(PoisonError::into_inner);
        let (counts, _) = changed
            .wait_timeout_while(counts, PATIENCE, |counts| !counts.iter().any(&is_meant))
            .unwrap_or_else(PoisonError::into_inner);
        let count = counts.iter().find(|count| is_meant(count));
        count.copied().ok_or_else(|| {
            format!(
                "what is waited for did not arrive in {PATIENCE:?}: {:?}",
                counts.last()
            )
        })
    }
}

fn arrived(line: &str) -> Option<u64> {
    let (_, counts) = line.split_once(", arrived: ")?;
    counts.split(',').next()?.parse().ok()
}
