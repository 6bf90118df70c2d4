//! `pileup workshop hint`: one tier more each time.

use std::process::ExitCode;

use super::say;
use crate::arguments::workshop::Chosen;
use crate::error::Error;
use pileup_workshop::Workshop;

pub fn execute(workshop: &mut Workshop, chosen: &Chosen) -> Result<ExitCode, Error> {
    let exercise = workshop.exercise(chosen.exercise.as_deref())?.clone();
    let page = exercise.page()?;
    let hints = page.hints();
    let shown = workshop.progress.standing(&exercise.name).hints;
    let now = hints.len().min(shown + 1);
    for (number, hint) in (1..).zip(&hints[..now]) {
        say(&format!("Hint {number} of {}: {hint}\n", hints.len()))?;
    }
    if shown >= hints.len() {
        say(&format!(
            "These are all. `cargo pileup workshop solution {}` shows how we have fixed it.",
            exercise.name
        ))?;
    }
    workshop
        .progress
        .note(&exercise.name, |standing| standing.hints = now)?;
    Ok(ExitCode::SUCCESS)
}
