//! `pileup run`: a scenario in the foreground.

use std::process::ExitCode;

use tokio::process::Command;

use crate::arguments::Run;
use crate::error::Error;
use crate::workspace;

pub async fn execute(run: Run) -> Result<ExitCode, Error> {
    let program = workspace::build(&run.scenario)?;
    let status = Command::new(&program)
        .args(&run.flags)
        .kill_on_drop(true)
        .status()
        .await
        .map_err(|source| Error::Start {
            program: program.display().to_string(),
            source,
        })?;
    let code = status.code().and_then(|code| u8::try_from(code).ok());
    Ok(code.map_or(ExitCode::FAILURE, ExitCode::from))
}
