//! Watches a target for a while.

use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressStyle};
use pileup_console::{Address, Connection, ConsoleError};
use pileup_diagnosis::History;

/// Between two snapshots.
const PERIOD: Duration = Duration::from_millis(500);

/// A watch that is over, and why if that was before its time.
pub struct Watched {
    pub target: String,
    pub history: History,
    pub cut_short: Option<ConsoleError>,
}

/// Attaches to a target and follows it for `duration`, with a progress bar if standard
/// error is a terminal.
pub async fn watch(address: Address, duration: Duration) -> Result<Watched, ConsoleError> {
    let target = address.to_string();
    let mut connection = Connection::attach(address).await?;
    let progress = progress(duration);
    let started = Instant::now();
    let mut history = History::default();
    let mut cut_short = None;
    let mut period = Duration::ZERO;
    while period.is_zero() || started.elapsed() < duration {
        match connection.next_snapshot(period).await {
            Ok(snapshot) => {
                progress.set_message(format!("{} tasks", snapshot.tasks.len()));
                history.observe(snapshot);
            }
            Err(error) => {
                cut_short = Some(error);
                break;
            }
        }
        let elapsed = started.elapsed();
        progress.set_position(u64::try_from(elapsed.as_millis()).unwrap_or(u64::MAX));
        period = PERIOD
            .min(duration.saturating_sub(elapsed))
            .max(Duration::from_millis(1));
    }
    progress.finish_and_clear();
    Ok(Watched {
        target,
        history,
        cut_short,
    })
}

fn progress(duration: Duration) -> ProgressBar {
    let length = u64::try_from(duration.as_millis()).unwrap_or(u64::MAX);
    let style = ProgressStyle::with_template("watching {wide_bar} {msg}")
        .unwrap_or_else(|_| ProgressStyle::default_bar());
    ProgressBar::new(length).with_style(style)
}
