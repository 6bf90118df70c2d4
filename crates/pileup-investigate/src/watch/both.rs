//! One program watched by its console and by its probe at the same time.

use std::time::Duration;

use crate::Snapshot;
use futures_util::stream::{self, BoxStream, StreamExt, TryStreamExt};

use super::await_stacks::{Answer, AwaitStacks};
use super::join::Join;
use super::{Console, Probe, Source};
use crate::Error;

/// The console and the probe of one program.
pub struct Both {
    console: Console,
    probe: Probe,
}

impl Both {
    /// Joins what both know of the program.
    #[must_use]
    pub fn new(console: Console, probe: Probe) -> Self {
        Self { console, probe }
    }
}

impl Source for Both {
    fn target(&self) -> String {
        self.console.target()
    }

    fn duration(&self) -> Option<Duration> {
        self.console.duration()
    }

    fn snapshots(&mut self) -> BoxStream<'_, Result<Snapshot, Error>> {
        enum From {
            Console(Snapshot),
            Probe(Snapshot),
        }
        let by_console = self.console.snapshots().map_ok(From::Console);
        let by_probe = self.probe.snapshots().map_ok(From::Probe);
        let mut join = Join::default();
        let mut stacks = AwaitStacks::default();
        let mut answer = Answer::default();
        let joined = stream::select(by_console, by_probe).filter_map(move |next| {
            let joined = match next {
                Ok(From::Console(mut snapshot)) => {
                    stacks.add(&mut snapshot, &answer);
                    join.by_console(snapshot).map(Ok)
                }
                Ok(From::Probe(snapshot)) => {
                    answer = answer.next(&snapshot);
                    join.by_probe(snapshot);
                    None
                }
                Err(error) => Some(Err(error)),
            };
            std::future::ready(joined)
        });
        joined.boxed()
    }
}
