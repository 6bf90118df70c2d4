//! `pileup workshop prepare`: all that the day needs, while there is a network.

use std::env;
use std::ffi::OsString;
use std::process::{Command, ExitCode, Stdio};
use std::time::Instant;

use super::say;
use crate::error::Error;
use pileup_workshop::Error as WorkshopError;
use pileup_workshop::Workshop;

pub fn execute(workshop: &Workshop) -> Result<ExitCode, Error> {
    let exercises = workshop.exercises.len();
    say(&format!(
        "Building {exercises} programs, which takes some minutes the first time and seconds later."
    ))?;
    let began = Instant::now();
    let cargo = env::var_os("CARGO").unwrap_or_else(|| OsString::from("cargo"));
    let status = Command::new(&cargo)
        // As each exercise is built later: then there is nothing left to do.
        .args(["build", "--workspace", "--bins"])
        .status()
        .map_err(|source| WorkshopError::Start {
            program: cargo.to_string_lossy().into_owned(),
            source,
        })?;
    if !status.success() {
        let name = "the workshop".to_owned();
        return Err(WorkshopError::Build { name }.into());
    }
    say(&format!("Built in {} s.", began.elapsed().as_secs()))?;
    if !tokio_console_is_there() {
        say(
            "tokio-console is missing, which has to be built once as well:\n\n  cargo install --locked tokio-console",
        )?;
        return Ok(ExitCode::FAILURE);
    }
    say("tokio-console is there. From here on, no exercise needs a network.")?;
    Ok(ExitCode::SUCCESS)
}

fn tokio_console_is_there() -> bool {
    let status = Command::new("tokio-console")
        .arg("--version")
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status();
    status.is_ok_and(|status| status.success())
}
