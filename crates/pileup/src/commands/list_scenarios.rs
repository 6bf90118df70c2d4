//! `pileup list-scenarios`.

use std::io::Write;
use std::process::ExitCode;

use comfy_table::{Table, presets};

use crate::error::Error;
use crate::output::print;
use crate::workspace::Workspace;

pub fn execute() -> Result<ExitCode, Error> {
    let mut table = Table::new();
    table.load_style(presets::NOTHING);
    table.set_header(["scenario", "family", "minutes", "what goes wrong", "in Go"]);
    for scenario in Workspace::open()?.scenarios {
        let about = scenario.about;
        table.add_row([
            scenario.name,
            about.family,
            about.minutes.to_string(),
            about.summary,
            about.seed.unwrap_or_default(),
        ]);
    }
    print(|out| writeln!(out, "{}", table.trim_fmt()))?;
    Ok(ExitCode::SUCCESS)
}
