//! `pileup run`: a scenario in the foreground.

use std::process::{ExitCode, ExitStatus};

use tokio::process::Command;

use crate::arguments::Run;
use crate::error::Error;
use crate::exit::Exit;
use pileup_workshop::Error as WorkshopError;
use pileup_workshop::workspace;

pub async fn execute(run: Run) -> Result<ExitCode, Error> {
    let program = workspace::build(&run.scenario)?;
    let status = Command::new(&program)
        .args(&run.flags)
        .kill_on_drop(true)
        .status()
        .await
        .map_err(|source| WorkshopError::Start {
            program: program.display().to_string(),
            source,
        })?;
    Ok(code(status))
}

/// The scenario's own exit code; for one that a signal ended, the code that a shell reports.
fn code(status: ExitStatus) -> ExitCode {
    #[cfg(unix)]
    let signalled =
        std::os::unix::process::ExitStatusExt::signal(&status).map(|signal| 128 + signal);
    #[cfg(not(unix))]
    let signalled = None;
    let code = status.code().or(signalled);
    let code = code.and_then(|code| u8::try_from(code).ok());
    code.map_or(Exit::Internal.into(), ExitCode::from)
}

#[cfg(all(test, unix))]
mod tests {
    use std::os::unix::process::ExitStatusExt;

    use super::*;

    #[test]
    fn a_scenario_that_a_signal_ended_is_reported_as_a_shell_does() {
        assert_eq!(code(ExitStatus::from_raw(9)), ExitCode::from(137));
        assert_eq!(code(ExitStatus::from_raw(2 << 8)), ExitCode::from(2));
    }
}
