//! A source whose program runs on this machine: its snapshots have the threads of the process.

mod listener;
mod proc_fs;
mod stops;

use std::time::{Duration, Instant};

use futures_util::stream::{BoxStream, StreamExt};
use jiff::Timestamp;
use pileup_model::elapsed;

use self::listener::listener;
use self::proc_fs::look_at;
use self::stops::LooksForStops;
use super::Source;
use crate::{Address, Error, Snapshot};

/// Between two looks at the threads.
const PERIOD: Duration = Duration::from_secs(1);
/// What a console or a runtime of Tokio calls its threads. A process that listens at the address
/// and has none of them passes the connection on: ssh, or the proxy of a container.
const NAMES: [&str; 4] = ["tokio-r", "console", "pileup", "actix"];

/// A source with the threads of its program, where this machine shows them.
pub struct WithThreads {
    source: Box<dyn Source>,
    /// The process that listens at the address of the source.
    process: Option<u32>,
    /// When it was looked at last, or when the first snapshot came.
    looked_at: Option<Instant>,
}

impl WithThreads {
    /// Finds the process that listens at an address. Without one, the snapshots are as they were.
    #[must_use]
    pub fn new(source: Box<dyn Source>, address: &Address) -> Self {
        let is_program = |process: &u32| {
            look_at(*process).is_some_and(|process| {
                let mut names = process.threads.iter().map(|thread| &thread.name);
                names.any(|name| NAMES.iter().any(|known| name.starts_with(known)))
            })
        };
        Self {
            source,
            process: listener(address).filter(is_program),
            looked_at: None,
        }
    }
}

impl Source for WithThreads {
    fn target(&self) -> String {
        self.source.target()
    }

    fn duration(&self) -> Option<Duration> {
        self.source.duration()
    }

    fn snapshots(&mut self) -> BoxStream<'_, Result<Snapshot, Error>> {
        let Self {
            source,
            process,
            looked_at,
        } = self;
        let stops = process.map(LooksForStops::start);
        let snapshots = source.snapshots().map(move |next| {
            let mut snapshot = next?;
            let is_due = match *looked_at {
                // The first answer of a probe may be old: it waits for the names of all places.
                None => elapsed(snapshot.at, Timestamp::now()) < PERIOD,
                Some(at) => at.elapsed() >= PERIOD,
            };
            looked_at.get_or_insert_with(Instant::now);
            if let Some(process) = process.filter(|_| is_due) {
                *looked_at = Some(Instant::now());
                snapshot.process = look_at(process);
                if let (Some(seen), Some(stops)) = (&mut snapshot.process, &stops) {
                    seen.stops = stops.seen();
                }
            }
            Ok(snapshot)
        });
        snapshots.boxed()
    }
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use std::collections::VecDeque;

    use futures_util::stream::iter;

    use super::*;

    /// Snapshots that were made before.
    struct Made(VecDeque<Snapshot>);

    impl Source for Made {
        fn target(&self) -> String {
            "made".to_owned()
        }

        fn duration(&self) -> Option<Duration> {
            None
        }

        fn snapshots(&mut self) -> BoxStream<'_, Result<Snapshot, Error>> {
            iter(self.0.drain(..).map(Ok)).boxed()
        }
    }

    #[tokio::test]
    async fn the_threads_are_not_those_of_a_moment_long_ago() {
        let now = Timestamp::now();
        for (at, is_looked_at) in [(now, true), (now - PERIOD * 5, false)] {
            let mut source = WithThreads {
                source: Box::new(Made([Snapshot::new(at)].into())),
                process: Some(std::process::id()),
                looked_at: None,
            };
            let first = source.snapshots().next().await.expect("a snapshot");
            let first = first.expect("a snapshot");
            assert_eq!(first.process.is_some(), is_looked_at);
        }
    }
}
