//! What a scenario counts: it prints `tasks alive: 5, arrived: 7, work done: 2` every two
//! seconds.

use std::io::{BufRead, BufReader, Read};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
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
pub struct Counts(Arc<(Mutex<Printed>, Condvar)>);

/// What has been read of the output.
#[derive(Default)]
struct Printed {
    counts: Vec<Count>,
    has_ended: bool,
}

impl Counts {
    /// Reads what a scenario prints, to its end.
    pub fn read(output: impl Read + Send + 'static) -> Self {
        let counts = Self::default();
        let shared = counts.clone();
        thread::spawn(move || {
            let (_, changed) = &*shared.0;
            for line in BufReader::new(output).lines().map_while(Result::ok) {
                if let Some(arrived) = arrived(&line) {
                    let read_at = Timestamp::now();
                    shared.printed().counts.push(Count { read_at, arrived });
                    changed.notify_all();
                }
            }
            shared.printed().has_ended = true;
            changed.notify_all();
        });
        counts
    }

    /// Waits until as many have arrived.
    pub fn wait_for(&self, arrived: u64) -> Result<(), String> {
        self.wait(|count| count.arrived >= arrived).map(drop)
    }

    /// How many had arrived for certain at some time: the last count that was read before.
    pub fn arrived_before(&self, at: Timestamp) -> u64 {
        let printed = self.printed();
        let mut latest_first = printed.counts.iter().rev();
        let before = latest_first.find(|count| count.read_at <= at);
        before.map_or(0, |count| count.arrived)
    }

    /// How many had arrived soon after some time: waits for the first count that is read then.
    pub fn arrived_after(&self, at: Timestamp) -> Result<u64, String> {
        let count = self.wait(|count| count.read_at > at)?;
        Ok(count.arrived)
    }

    /// Waits for the first count of this kind.
    fn wait(&self, is_meant: impl Fn(&Count) -> bool) -> Result<Count, String> {
        let (_, changed) = &*self.0;
        let goes_on =
            |printed: &mut Printed| !printed.has_ended && !printed.counts.iter().any(&is_meant);
        let (printed, _) = changed
            .wait_timeout_while(self.printed(), PATIENCE, goes_on)
            .unwrap_or_else(PoisonError::into_inner);
        let counts = &printed.counts;
        let count = counts.iter().find(|count| is_meant(count));
        count.copied().ok_or_else(|| {
            let last = counts.last();
            if printed.has_ended {
                format!("the program ended before what is waited for arrived: {last:?}")
            } else {
                format!("what is waited for did not arrive in {PATIENCE:?}: {last:?}")
            }
        })
    }

    fn printed(&self) -> MutexGuard<'_, Printed> {
        let (printed, _) = &*self.0;
        printed.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn arrived(line: &str) -> Option<u64> {
    let (_, counts) = line.split_once(", arrived: ")?;
    counts.split(',').next()?.parse().ok()
}
