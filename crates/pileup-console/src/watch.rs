//! A watch of a certain length, as a stream.

use std::time::{Duration, Instant};

use futures_util::stream::{Stream, unfold};
use pileup_model::Snapshot;

use crate::{Connection, ConsoleError};

/// Between two snapshots.
const PERIOD: Duration = Duration::from_millis(500);

impl Connection {
    /// Follows the target for `duration`: gives a snapshot at once, then two a second, and
    /// the last at the end.
    ///
    /// An error is the last item: what came before it holds. It occurs when the target
    /// stays silent for ten seconds, or goes away.
    pub fn watch(
        &mut self,
        duration: Duration,
    ) -> impl Stream<Item = Result<Snapshot, ConsoleError>> + Send {
        let started: Option<Instant> = None;
        unfold(Some((self, started)), move |watch| async move {
            let (connection, started) = watch?;
            let period = match started.map(|started| started.elapsed()) {
                None => Duration::ZERO,
                Some(elapsed) if elapsed >= duration => return None,
                Some(elapsed) => PERIOD.min(duration.saturating_sub(elapsed)),
            };
            let started = started.unwrap_or_else(Instant::now);
            let next = connection.next_snapshot(period).await;
            let rest = next.is_ok().then_some((connection, Some(started)));
            Some((next, rest))
        })
    }
}
