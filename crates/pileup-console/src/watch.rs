//! A watch of a certain length, as a stream.

use std::time::{Duration, Instant};

use futures_util::stream::{Stream, unfold};
use pileup_model::Snapshot;
use tokio::time::sleep;

use crate::{Connection, ConsoleError};

/// Between two snapshots.
const PERIOD: Duration = Duration::from_millis(500);
/// Before a connection that broke is made again, so that no target is asked for all its state
/// again and again without a pause.
const BEFORE_ATTACH: Duration = Duration::from_millis(200);

impl Connection {
    /// Follows the target for `duration`: gives a snapshot at once, then two a second, and
    /// the last at the end.
    ///
    /// A connection that breaks is made again, and the coverage of the snapshots that follow
    /// counts the gap. An error is the last item: what came before it holds. It occurs when the
    /// target stays silent, when it goes away and does not come back, or when another program
    /// is there by then.
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
            let next = connection.next_after_break(period).await;
            let rest = next.is_ok().then_some((connection, Some(started)));
            Some((next, rest))
        })
    }

    /// The next snapshot, of a new connection if the old one breaks.
    async fn next_after_break(&mut self, period: Duration) -> Result<Snapshot, ConsoleError> {
        loop {
            let gone = match self.next_snapshot(period).await {
                Err(gone @ ConsoleError::Gone { .. }) => gone,
                next => return next,
            };
            sleep(BEFORE_ATTACH).await;
            self.attach_again().await.map_err(|error| match error {
                // What happened first says more.
                ConsoleError::Unreachable { .. } | ConsoleError::NotAConsole { .. } => gone,
                error => error,
            })?;
        }
    }
}
