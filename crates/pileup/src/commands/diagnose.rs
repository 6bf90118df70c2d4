//! `pileup diagnose`: attach to a running program, watch it, and report.

use std::process::ExitCode;

use pileup_diagnosis::diagnose;

use crate::arguments::{Diagnose, Watch};
use crate::error::Error;
use crate::render;
use crate::watch::{Source, observe};

pub async fn execute(diagnose: Diagnose) -> Result<ExitCode, Error> {
    let flags = &diagnose.watch;
    let source = match diagnose.from {
        Some(file) => Source::open(file)?,
        None => Source::attach(diagnose.address, flags.duration).await?,
    };
    report_on(source, flags).await
}

/// Watches a target, prints the report, and says with what code to exit.
pub async fn report_on(source: Source, flags: &Watch) -> Result<ExitCode, Error> {
    let watched = observe(source, flags.record.as_deref()).await?;
    let report = diagnose(&watched.history, &watched.target);
    let fails = report
        .worst()
        .is_some_and(|grade| flags.fail_on.fails(grade));
    if report.coverage.state_withheld && !fails {
        return Err(Error::StateWithheld {
            target: watched.target,
        });
    }
    render::print(&report, flags.format).map_err(Error::Print)?;
    match watched.cut_short {
        // What there is of a recording is worth its report, with a warning.
        Some(error @ Error::Recording { .. }) if watched.history.latest().is_some() => {
            anstream::eprintln!("{:?}", miette::Report::new(error));
            Ok(ExitCode::from(u8::from(fails)))
        }
        Some(error) => Err(error),
        None => Ok(ExitCode::from(u8::from(fails))),
    }
}
