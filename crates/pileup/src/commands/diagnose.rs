//! `pileup diagnose`: attach to a running program, watch it, and report.

use std::process::ExitCode;

use pileup_console::Address;
use pileup_diagnosis::diagnose;

use crate::arguments::{Diagnose, Watch};
use crate::error::Error;
use crate::render;
use crate::watch::watch;

pub async fn execute(diagnose: Diagnose) -> Result<ExitCode, Error> {
    report_on(diagnose.address, &diagnose.watch).await
}

/// Watches a target, prints the report, and says with what code to exit.
pub async fn report_on(address: Address, flags: &Watch) -> Result<ExitCode, Error> {
    let watched = watch(address, flags.duration).await?;
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
        Some(error) => Err(error.into()),
        None => Ok(ExitCode::from(u8::from(fails))),
    }
}
