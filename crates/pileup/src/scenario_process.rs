//! A scenario that runs as our child, and ends with us.

use std::path::Path;
use std::process::Stdio;

use pileup_console::Address;
use tokio::io::{AsyncBufReadExt, BufReader, Lines};
use tokio::process::{Child, ChildStderr, Command};

use crate::error::Error;

/// What a scenario prints before the address on which it can be attached to.
const CONSOLE_LINE: &str = "console: ";

/// A running scenario. It is killed when this is dropped.
pub struct ScenarioProcess {
    _child: Child,
    pub address: Address,
}

impl ScenarioProcess {
    /// Starts the program of a scenario on a free port, and waits until it can be attached to.
    pub async fn start(
        name: &str,
        program: &Path,
        flags: &[String],
    ) -> Result<ScenarioProcess, Error> {
        let start = |source| Error::Start {
            program: program.display().to_string(),
            source,
        };
        let mut child = Command::new(program)
            .args(flags)
            .args(["--console", "127.0.0.1:0", "--probe", "none"])
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .map_err(start)?;
        if let Some(stderr) = child.stderr.take() {
            let mut lines = BufReader::new(stderr).lines();
            if let Some(address) = console_address(&mut lines).await.map_err(start)? {
                tokio::spawn(pass_on(lines));
                return Ok(ScenarioProcess {
                    _child: child,
                    address: address.parse()?,
                });
            }
        }
        let status = child.wait().await.map_err(start)?;
        Err(Error::ScenarioEnded {
            name: name.to_owned(),
            status,
        })
    }
}

async fn console_address(
    lines: &mut Lines<BufReader<ChildStderr>>,
) -> std::io::Result<Option<String>> {
    while let Some(line) = lines.next_line().await? {
        match line.strip_prefix(CONSOLE_LINE) {
            Some(address) => return Ok(Some(address.to_owned())),
            None => eprintln!("{line}"),
        }
    }
    Ok(None)
}

async fn pass_on(mut lines: Lines<BufReader<ChildStderr>>) {
    while let Ok(Some(line)) = lines.next_line().await {
        eprintln!("{line}");
    }
}
