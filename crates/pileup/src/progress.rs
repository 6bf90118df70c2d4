//! How far a watch is, on standard error, where that is a terminal.

use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressFinish, ProgressStyle};
use pileup_investigate::History;

/// A bar that goes when it is dropped.
pub struct Progress {
    bar: ProgressBar,
    started: Instant,
    duration: Duration,
}

impl Progress {
    pub fn start(duration: Duration) -> Self {
        let style = ProgressStyle::with_template("watching {wide_bar} {msg}{prefix}")
            .unwrap_or_else(|_| ProgressStyle::default_bar());
        Self {
            bar: ProgressBar::new(milliseconds(duration))
                .with_style(style)
                .with_finish(ProgressFinish::AndClear),
            started: Instant::now(),
            duration,
        }
    }

    /// Shows the time that is left, and what is known after the latest snapshot.
    pub fn show(&self, history: &History) {
        let elapsed = self.started.elapsed();
        let tasks = history
            .latest()
            .map_or(0, |latest| latest.live_tasks().count());
        self.bar
            .set_message(message(tasks, self.duration.saturating_sub(elapsed)));
        self.bar.set_position(milliseconds(elapsed));
    }

    /// Shows what is not decided yet.
    pub fn show_undecided(&self, what: Option<&str>) {
        self.bar
            .set_prefix(what.map_or_else(String::new, |what| format!("; {what}")));
    }
}

fn message(tasks: usize, left: Duration) -> String {
    format!("{tasks} tasks, {} left", clock(left))
}

/// A time as a clock shows it: `0:07`, `2:30`, `1:00:00`.
fn clock(time: Duration) -> String {
    // A second that has begun is still left.
    let seconds = time.as_secs() + u64::from(time.subsec_nanos() > 0);
    let (hours, minutes, seconds) = (seconds / 3_600, seconds / 60 % 60, seconds % 60);
    match hours {
        0 => format!("{minutes}:{seconds:02}"),
        _ => format!("{hours}:{minutes:02}:{seconds:02}"),
    }
}

fn milliseconds(time: Duration) -> u64 {
    u64::try_from(time.as_millis()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_time_that_is_left_is_shown_as_a_clock() {
        for (left, shown) in [
            (Duration::ZERO, "0:00"),
            (Duration::from_millis(6_100), "0:07"),
            (Duration::from_secs(150), "2:30"),
            (Duration::from_secs(3_600), "1:00:00"),
        ] {
            assert_eq!(clock(left), shown);
        }
        assert_eq!(message(3, Duration::from_secs(9)), "3 tasks, 0:09 left");
    }
}
