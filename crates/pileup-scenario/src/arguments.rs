//! The command line that all scenarios have in common.

use std::num::NonZeroUsize;
use std::time::Duration;

use clap::{Parser, ValueEnum};
use jiff::SignedDuration;

/// How a scenario is run.
#[derive(Debug, Clone, Parser)]
#[command(version, about = "A Tokio program to investigate")]
pub struct Arguments {
    /// Which of the scenario's programs to run; without it the leaky one, if there is one
    #[arg(long, value_enum)]
    pub variant: Option<Variant>,

    /// Time between two arrivals of work, such as 2s or 100ms
    #[arg(long, value_name = "DURATION", default_value = "2s", value_parser = positive_duration)]
    pub every: Duration,

    /// End after this long; without it, run until Ctrl-C
    #[arg(long = "for", value_name = "DURATION", value_parser = positive_duration)]
    pub duration: Option<Duration>,

    /// Where tokio-console and pileup attach; port 0 takes a free one
    #[arg(
        long,
        value_name = "HOST:PORT",
        env = "TOKIO_CONSOLE_BIND",
        default_value = "127.0.0.1:6669"
    )]
    pub console: String,

    /// Where the probe is served: /debug/pprof/, /debug/tasks and /metrics; port 0 takes a
    /// free one, `none` leaves it out
    #[arg(long, value_name = "HOST:PORT", default_value = "127.0.0.1:6060")]
    pub probe: String,

    /// Which subscriber serves the tasks to tokio-console and pileup
    #[arg(long, value_enum, default_value = "console-subscriber")]
    pub instrument: Instrument,

    /// Run it as a test under pileup-test's guard: work arrives 20 times, and the tasks that are
    /// left fail the test
    #[arg(long, conflicts_with_all = ["every", "duration", "console", "probe", "instrument"])]
    pub as_test: bool,

    /// Worker threads of the runtime
    #[arg(long, value_name = "COUNT", default_value = "4")]
    pub worker_threads: NonZeroUsize,
}

/// What serves the tasks of a scenario over tokio-console's protocol.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Instrument {
    /// Tokio's own
    ConsoleSubscriber,
    /// pileup-subscriber
    Pileup,
}

/// The programs of a scenario.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Variant {
    /// The program under investigation
    Leaky,
    /// The same program with the leak fixed
    Fixed,
    /// A healthy program that differs from the leaky one in one fact
    Lookalike,
    /// A program with which nothing is wrong
    Healthy,
}

fn positive_duration(text: &str) -> Result<Duration, String> {
    let duration: SignedDuration = text
        .parse()
        .map_err(|error| format!("{error}; write it like 2s, 500ms or 1m"))?;
    match Duration::try_from(duration) {
        Ok(duration) if !duration.is_zero() => Ok(duration),
        _ => Err("it must be longer than zero".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_are_read_as_people_write_them() {
        assert_eq!(positive_duration("100ms"), Ok(Duration::from_millis(100)));
        assert_eq!(positive_duration("1m 30s"), Ok(Duration::from_secs(90)));
    }

    #[test]
    fn a_duration_without_unit_is_refused_with_an_example() {
        let error = positive_duration("2").expect_err("2 has no unit");
        assert!(error.contains("write it like 2s"), "{error}");
    }

    #[test]
    fn zero_and_negative_durations_are_refused() {
        assert!(positive_duration("0s").is_err());
        assert!(positive_duration("-2s").is_err());
    }
}
