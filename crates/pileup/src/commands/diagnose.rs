//! `pileup diagnose`: attach to a running program, watch it, and report.

use std::fs;
use std::process::ExitCode;

use pileup_investigate::render::{Document, Page, words};
use pileup_investigate::selection::Selector;
use pileup_investigate::sources::Sources;
use pileup_investigate::watch::Source;
use pileup_investigate::{EarlyEnd, Error as WatchError, Expected, RecordingError, Report};

use crate::arguments::{Diagnose, Watch};
use crate::error::Error;
use crate::exit::Exit;
use crate::output::{complain, print, remark};
use crate::selection::remarks;
use crate::watching::{ended, observe, open};

pub async fn execute(diagnose: Diagnose) -> Result<ExitCode, Error> {
    let flags = &diagnose.watch;
    let selector = prepare(flags)?;
    let source = open(diagnose.target, flags.duration).await?;
    report_on(source, flags, &selector).await
}

/// Reads what the flags name, and finds out what would fail after a long watch.
pub fn prepare(flags: &Watch) -> Result<Selector, Error> {
    if let Some(file) = &flags.record
        && fs::metadata(file).is_ok_and(|file| file.len() > 0)
    {
        let file = file.clone();
        let source = RecordingError::Exists;
        return Err(WatchError::NotRecorded { file, source }.into());
    }
    flags.selection.read()
}

/// Watches a target, prints the report, and says with what code to exit.
pub async fn report_on(
    source: Box<dyn Source>,
    flags: &Watch,
    selector: &Selector,
) -> Result<ExitCode, Error> {
    let mut sources = Sources::below(&flags.sources.folders)?;
    let expected = Expected {
        max_lifetime: flags.max_lifetime,
        shutting_down: flags.shutdown,
        ..Expected::default()
    };
    let mut end = EarlyEnd::new(selector, expected.clone(), flags.duration)
        .until_certain(flags.until_certain)
        .until_decided(flags.until_decided);
    let record = flags.record.as_deref();
    let watched = observe(source, record, |history, progress| {
        let is_due = end.is_due(history, progress.is_some());
        if let Some(progress) = progress {
            progress.show_undecided(end.undecided());
        }
        is_due
    })
    .await?;
    if watched.history.latest().is_none() && watched.cut_short.is_some() {
        // There is nothing to report on, and a report would say that nothing piles up.
        return ended(watched);
    }
    let expected = selector.expected(&watched.history, &expected);
    let mut report = watched.report(&expected);
    let remarks = remarks(selector, &watched.history, &report.findings);
    selector.select(&mut report, &watched.history);
    remarks.iter().for_each(remark);
    if let Some(reason) = end.reason() {
        remark(format_args!(
            "the watch ended after {}: {reason}",
            words::seconds(report.window_seconds)
        ));
    }
    let fails = report
        .worst()
        .is_some_and(|grade| flags.fail_on.fails(grade));
    let counts = |grade| flags.fail_on.fails(grade);
    let mut document = Document::new(&report, &mut sources)
        .history(&watched.history)
        .page(Page::of_output())
        .fails(&counts);
    print(|out| flags.format.write(&mut document, out))?;
    match watched.cut_short {
        // What can be read of a recording is worth its report.
        Some(error @ WatchError::Recording { .. }) => complain(&error.into()),
        Some(error) => return Err(error.into()),
        None => {}
    }
    let unseen = unseen(&report, watched.target).filter(|_| !fails);
    match watched.not_recorded.map(Error::from).or(unseen) {
        Some(error) => Err(error),
        None => Ok(Exit::found(fails).into()),
    }
}

/// Why a report without findings does not mean that nothing leaks.
fn unseen(report: &Report, target: String) -> Option<Error> {
    if report.coverage.state_withheld {
        return Some(Error::StateWithheld { target });
    }
    let reason = report.coverage.blind.first()?.sentence();
    Some(Error::Blind { target, reason })
}
