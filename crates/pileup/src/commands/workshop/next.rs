//! `pileup workshop next`: on to an exercise that is not solved.

use std::process::ExitCode;

use super::{say, start};
use crate::error::Error;
use pileup_workshop::Workshop;

pub fn execute(workshop: &mut Workshop) -> Result<ExitCode, Error> {
    let current = workshop.exercise(None).ok();
    let open = current.filter(|current| !workshop.progress.standing(&current.name).is_solved());
    if let Some(current) = open {
        say(&format!(
            "{} is not solved yet; it stays open, and `start {}` comes back to it.\n",
            current.label(),
            current.name
        ))?;
    }
    let next = workshop.unsolved_after(current).cloned();
    if let Some(next) = next {
        return start::begin(workshop, &next);
    }
    say(&workshop.curriculum.ending.text)?;
    Ok(ExitCode::SUCCESS)
}
