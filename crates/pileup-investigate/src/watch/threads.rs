//! A source whose program runs on this machine: its snapshots have the threads of the process.

mod listener;
mod proc_fs;
mod stops;

use std::time::{Duration, Instant};

use futures_util::stream::{BoxStream, StreamExt};

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
            let is_due = looked_at.is_none_or(|at| at.elapsed() >= PERIOD);
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
