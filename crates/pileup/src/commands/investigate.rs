//! `pileup investigate`: run a scenario as a child, watch it, report, and end it.

use std::process::ExitCode;
use std::time::Duration;

use crate::arguments::Investigate;
use crate::commands::diagnose::{prepare, report_on};
use crate::error::Error;
use crate::output::remark;
use crate::watching::of_console;
use pileup_investigate::watch::Console;
use pileup_workshop::scenario_process::ScenarioProcess;
use pileup_workshop::workspace;

/// The scenario ends by itself so long after the watch, should we be killed before that.
const MARGIN: Duration = Duration::from_secs(60);

pub async fn execute(investigate: Investigate) -> Result<ExitCode, Error> {
    let selector = prepare(&investigate.watch)?;
    let name = investigate.scenario;
    let program = workspace::build(&name)?;
    let lifetime = investigate.watch.duration.saturating_add(MARGIN);
    let mut flags = vec![
        format!("--every={}", investigate.every),
        format!("--for={}s", lifetime.as_secs()),
    ];
    flags.extend(
        investigate
            .variant
            .map(|variant| format!("--variant={variant}")),
    );
    flags.extend(
        investigate
            .worker_threads
            .map(|count| format!("--worker-threads={count}")),
    );
    let with_probe = !investigate.console_only;
    let scenario =
        ScenarioProcess::start(&name, &program, &flags, with_probe, |line| remark(line)).await?;
    let flags = &investigate.watch;
    let source = Console::attach(scenario.address.clone(), flags.duration).await?;
    let source = of_console(source, investigate.console_only, None);
    report_on(source, flags, &selector).await
}
