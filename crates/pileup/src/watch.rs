//! Watches a target for a while, live or from a recording.

mod announced;
mod asked;
mod await_stacks;
mod both;
mod console;
mod join;
mod probe;
mod progress;
mod recorder;
mod recording;
mod starting;
mod threads;
mod with_stacks;

use std::path::Path;
use std::process::ExitCode;
use std::time::Duration;

use futures_util::stream::{BoxStream, StreamExt};
use pileup::{EndedEarly, Expected, History, Report, Snapshot, diagnose_expecting};

use self::both::Both;
pub use self::console::Console;
use self::probe::Probe;
pub use self::progress::Progress;
use self::recorder::WatchRecorder;
use self::recording::Recorded;
use self::threads::WithThreads;
use self::with_stacks::WithStacks;
use crate::arguments::Target;
use crate::error::Error;
use crate::interrupt::Interruptible;

/// Where snapshots come from.
pub trait Source: Send {
    /// What is watched.
    fn target(&self) -> String;

    /// For how long it is watched; none where that is over already.
    fn duration(&self) -> Option<Duration>;

    /// All snapshots of the watch. If it ends early, the last item says why.
    fn snapshots(&mut self) -> BoxStream<'_, Result<Snapshot, Error>>;
}

/// A watch that is over, and why if that was before its time.
pub struct Watched {
    pub target: String,
    pub history: History,
    pub cut_short: Option<Error>,
    /// Why the recording does not have all of it.
    pub not_recorded: Option<Error>,
}

/// The source that the command line names, which is there.
pub async fn open(target: Target, duration: Duration) -> Result<Box<dyn Source>, Error> {
    if let Some(file) = target.from {
        return Ok(Box::new(Recorded::open(file)?));
    }
    let token = target.probe_token;
    let Some(probe) = target.probe else {
        let console = Console::attach(target.address.unwrap_or_default(), duration).await?;
        return Ok(of_console(console, target.no_probe, token));
    };
    let probe = Probe::ask(probe, token, duration).await?;
    Ok(match target.address {
        None => Box::new(probe),
        Some(address) => Box::new(Both::new(Console::attach(address, duration).await?, probe)),
    })
}

/// A console with await stacks, from pileup-subscriber or from the probe that its program
/// announces, unless they are not wanted; and with the threads of the program, if it runs on this
/// machine.
pub fn of_console(console: Console, no_probe: bool, token: Option<String>) -> Box<dyn Source> {
    let address = console.address().clone();
    let source: Box<dyn Source> = if no_probe {
        Box::new(console)
    } else {
        Box::new(WithStacks::new(console, token))
    };
    Box::new(WithThreads::new(source, &address))
}

/// Takes in what a source gives until that is enough, or until the user ends it, and records
/// it if asked to. The progress is none where the watch is over already.
pub async fn observe(
    mut source: Box<dyn Source>,
    record: Option<&Path>,
    mut is_enough: impl FnMut(&History, Option<&Progress>) -> bool,
) -> Result<Watched, Error> {
    let target = source.target();
    let mut recorder = WatchRecorder::create(record, &target)?;
    let progress = source.duration().map(Progress::start);
    let mut history = History::default();
    let snapshots = source.snapshots().inspect(|next| recorder.take_in(next));
    let watch = pileup::observe(snapshots, &mut history, |history| {
        if let Some(progress) = &progress {
            progress.show(history);
        }
        is_enough(history, progress.as_ref())
    });
    let cut_short = match Interruptible::start().run(watch).await {
        Some(ended) => ended.err(),
        None => Some(Error::Interrupted),
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
    pub fn latest(&self) -> Result<&Snapshot, Error> {
        self.history.latest().ok_or_else(|| Error::NothingSeen {
            target: self.target.clone(),
        })
    }

    /// The report, which says so where the watch ended early.
    pub fn report(&self, expected: &Expected) -> Report {
        let mut report = diagnose_expecting(&self.history, &self.target, expected);
        report.coverage.ended_early = self.cut_short.as_ref().map(|error| EndedEarly {
            reason: error.to_string(),
            after_seconds: report.window_seconds,
        });
        report
    }

    /// How a command ends that has shown what was there.
    pub fn ended(self) -> Result<ExitCode, Error> {
        self.cut_short.map_or(Ok(ExitCode::SUCCESS), Err)
    }
}
