//! Watches a program: live, or from a recording. Each kind of source is one file, and implements
//! [`Source`].

mod announced;
mod asked;
mod await_stacks;
mod both;
mod console;
mod join;
mod probe;
mod probe_client;
mod recorder;
mod recording;
mod starting;
mod threads;
mod with_stacks;

use std::fmt::Display;
use std::path::Path;
use std::pin::pin;
use std::time::Duration;

use futures_util::future::{Either, select};
use futures_util::stream::{BoxStream, StreamExt};

pub use self::both::Both;
pub use self::console::Console;
pub use self::probe::Probe;
pub use self::probe_client::{ProbeAddress, ProbeError};
use self::recorder::WatchRecorder;
pub use self::recording::Recorded;
pub use self::threads::WithThreads;
pub use self::with_stacks::WithStacks;
use crate::{EndedEarly, Error, Expected, History, Report, Snapshot, diagnose_expecting, observe};

/// Where snapshots come from.
pub trait Source: Send {
    /// What is watched.
    fn target(&self) -> String;

    /// For how long it is watched; none where that is over already.
    fn duration(&self) -> Option<Duration>;

    /// All snapshots of the watch. If it ends early, the last item says why.
    fn snapshots(&mut self) -> BoxStream<'_, Result<Snapshot, Error>>;
}

/// Shows a person what a report does not say, such as that await stacks are missing, and why.
pub type Remark = fn(&dyn Display);

/// A watch that is over.
#[derive(Debug)]
pub struct Watched {
    /// What was watched.
    pub target: String,
    /// What was seen of it.
    pub history: History,
    /// Why the watch ended before its time, if it did.
    pub cut_short: Option<Error>,
    /// Why the recording does not have all of it, if so.
    pub not_recorded: Option<Error>,
}

/// Watches a source until it ends, until `stop` is ready, or until `is_enough` says so of what is
/// known after a snapshot. Records the watch in a file if one is named.
///
/// Fails if the file cannot be created. A source that fails during the watch cuts it short.
pub async fn watch(
    source: &mut dyn Source,
    record: Option<&Path>,
    stop: impl Future<Output = ()>,
    is_enough: impl FnMut(&History) -> bool,
) -> Result<Watched, Error> {
    let target = source.target();
    let mut recorder = WatchRecorder::create(record, &target)?;
    let mut history = History::default();
    let snapshots = source.snapshots().inspect(|next| recorder.take_in(next));
    let watched = observe(snapshots, &mut history, is_enough);
    let cut_short = match select(pin!(stop), pin!(watched)).await {
        Either::Left(_) => Some(Error::Interrupted),
        Either::Right((ended, _)) => ended.err(),
    };
    Ok(Watched {
        target,
        history,
        not_recorded: recorder.finish(cut_short.as_ref()),
        cut_short,
    })
}

impl Watched {
    /// What was there in the end.
    ///
    /// Fails if there was no snapshot.
    pub fn latest(&self) -> Result<&Snapshot, Error> {
        self.history.latest().ok_or_else(|| Error::NothingSeen {
            target: self.target.clone(),
        })
    }

    /// The report, which says so if the watch ended early.
    #[must_use]
    pub fn report(&self, expected: &Expected) -> Report {
        let mut report = diagnose_expecting(&self.history, &self.target, expected);
        report.coverage.ended_early = self.cut_short.as_ref().map(|error| EndedEarly {
            reason: error.to_string(),
            after_seconds: report.window_seconds,
        });
        report
    }
}
