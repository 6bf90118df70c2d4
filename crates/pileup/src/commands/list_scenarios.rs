//! `pileup list-scenarios`.

use std::io::Write;
use std::process::ExitCode;

use comfy_table::{Table, presets};

use crate::arguments::ListScenarios;
use crate::error::Error;
use crate::output::print;
use pileup_workshop::workspace::Workspace;

pub fn execute(arguments: &ListScenarios) -> Result<ExitCode, Error> {
    let mut table = Table::new();
    table.load_style(presets::NOTHING);
    let header = ["scenario", "family", "minutes", "what goes wrong", "in Go"];
    let columns = if arguments.spoilers { header.len() } else { 3 };
    table.set_header(header.into_iter().take(columns));
    for scenario in Workspace::open()?.scenarios {
        let about = scenario.about;
        let row = [
            scenario.name,
            about.family,
            about.minutes.to_string(),
            about.summary,
            about.seed.unwrap_or_default(),
        ];
        table.add_row(row.into_iter().take(columns));
    }
    print(|out| writeln!(out, "{}", table.trim_fmt()))?;
    Ok(ExitCode::SUCCESS)
}
