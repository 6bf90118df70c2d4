//! A watch on the command line: which source its arguments name, the progress bar, and how the
//! user ends it.

use std::path::Path;
use std::process::ExitCode;
use std::time::Duration;

use pileup_investigate::watch::{
    self, Both, Console, Probe, Recorded, Source, Watched, WithStacks, WithThreads,
};
use pileup_investigate::{Error as WatchError, History};

use crate::arguments::Target;
use crate::error::Error;
use crate::interrupt::Interruptible;
use crate::output::remark;
use crate::progress::Progress;

/// Opens the source that the command line names. Its snapshots have the threads of the program, if
/// that runs on this machine.
pub async fn open(target: Target, duration: Duration) -> Result<Box<dyn Source>, Error> {
    if let Some(file) = target.from {
        return Ok(Box::new(Recorded::open(file)?));
    }
    let token = target.probe_token;
    let Some(probe) = target.probe else {
        let console = Console::attach(target.address.unwrap_or_default(), duration).await?;
        return Ok(of_console(console, target.console_only, token));
    };
    let probe = Probe::ask(probe, token, duration).await?;
    Ok(Box::new(match target.address {
        None => WithThreads::of_probe(probe),
        Some(address) => {
            let console = Console::attach(address.clone(), duration).await?;
            WithThreads::of_console(Box::new(Both::new(console, probe)), &address)
        }
    }))
}

/// A console with await stacks, from pileup-subscriber or from the probe that its program
/// announces, unless `console_only`; and with the threads of the program, if it runs on this
/// machine.
pub fn of_console(console: Console, console_only: bool, token: Option<String>) -> Box<dyn Source> {
    let address = console.address().clone();
    let source: Box<dyn Source> = if console_only {
        Box::new(console)
    } else {
        Box::new(WithStacks::new(console, token, |reason| remark(reason)))
    };
    Box::new(WithThreads::of_console(source, &address))
}

/// Watches a source until `is_enough` says so, or until the user ends it, and records it if asked
/// to. The progress is none where the watch is over already.
pub async fn observe(
    mut source: Box<dyn Source>,
    record: Option<&Path>,
    mut is_enough: impl FnMut(&History, Option<&Progress>) -> bool,
) -> Result<Watched, WatchError> {
    let progress = source.duration().map(Progress::start);
    let interrupt = Interruptible::start();
    watch::watch(&mut *source, record, interrupt.requested(), |history| {
        if let Some(progress) = &progress {
            progress.show(history);
        }
        is_enough(history, progress.as_ref())
    })
    .await
}

/// How a command ends that has shown what was there.
pub fn ended(watched: Watched) -> Result<ExitCode, Error> {
    watched
        .cut_short
        .map_or(Ok(ExitCode::SUCCESS), |error| Err(error.into()))
}
