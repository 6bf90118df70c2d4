//! `pileup workshop reset`: the program as it was before it was changed.

use std::io::Write;
use std::process::ExitCode;

use super::say;
use crate::arguments::workshop::Chosen;
use crate::error::Error;
use crate::output::print;
use pileup_workshop::Workshop;
use pileup_workshop::workbench::Workbench;

pub fn execute(workshop: &mut Workshop, chosen: &Chosen) -> Result<ExitCode, Error> {
    let exercise = workshop.exercise(chosen.exercise.as_deref())?.clone();
    let folder = workshop.progress.folder_of(&exercise.name);
    let kept = Workbench::of(&exercise, folder)?.put_back()?;
    let Some(file) = kept else {
        say(&format!(
            "The program of {} was not changed.",
            exercise.label()
        ))?;
        return Ok(ExitCode::SUCCESS);
    };
    say(&format!(
        "The program of {} is as it was at first. What you wrote is kept in",
        exercise.label()
    ))?;
    // A path that is broken cannot be copied.
    print(|out| writeln!(out, "  {}", file.display()))?;
    Ok(ExitCode::SUCCESS)
}
