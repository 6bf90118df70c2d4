//! `pileup completions`: the script by which a shell completes the command line.

use std::io::Write;
use std::process::ExitCode;

use clap::CommandFactory;

use crate::arguments::{Arguments, Completions};
use crate::error::Error;
use crate::output::print;

pub fn execute(completions: &Completions) -> Result<ExitCode, Error> {
    let mut script = Vec::new();
    clap_complete::generate(
        completions.shell,
        &mut Arguments::command(),
        "pileup",
        &mut script,
    );
    print(|out| out.write_all(&script))?;
    Ok(ExitCode::SUCCESS)
}
