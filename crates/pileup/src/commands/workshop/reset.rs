//! `pileup workshop reset`: the exercise as it was before it was begun.

use std::process::ExitCode;

use super::say;
use crate::arguments::workshop::Chosen;
use crate::error::Error;
use crate::workshop::Workshop;
use crate::workshop::progress::Standing;
use crate::workshop::workbench::Workbench;

pub fn execute(workshop: &mut Workshop, chosen: &Chosen) -> Result<ExitCode, Error> {
    let exercise = workshop.exercise(chosen.exercise.as_deref())?.clone();
    let folder = workshop.progress.folder_of(&exercise.name);
    let kept = Workbench::of(&exercise, folder)?.put_back()?;
    workshop
        .progress
        .note(&exercise.name, |standing| *standing = Standing::default())?;
    say(&match kept {
        Some(file) => format!(
            "{} is as it was at first. What you wrote is kept in {}.",
            exercise.label(),
            file.display()
        ),
        None => format!(
            "{} is as it was at first; its program was not changed.",
            exercise.label()
        ),
    })?;
    Ok(ExitCode::SUCCESS)
}
