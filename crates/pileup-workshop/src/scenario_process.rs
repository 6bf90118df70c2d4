//! A scenario that runs as our child, and ends with us.

use std::path::Path;
use std::process::Stdio;

use pileup_investigate::{Address, watch::Remark};
use tokio::io::{AsyncBufReadExt, BufReader, Lines};
use tokio::process::{Child, ChildStderr, ChildStdout, Command};
use tokio::sync::watch;

use crate::Error;

/// What a scenario prints before the address on which it can be attached to.
const CONSOLE_LINE: &str = "console: ";
/// And before that of its probe, which the console announces as well.
const PROBE_LINE: &str = "probe: ";

/// A running scenario. It is killed when this is dropped.
pub struct ScenarioProcess {
    _child: Child,
    /// Where its console is.
    pub address: Address,
    counts: watch::Receiver<Counts>,
}

/// How much work has come to a scenario, and how much of it was done.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct WorkDone {
    /// Arrivals of work.
    pub arrived: u64,
    /// Pieces of work that were done.
    pub done: u64,
}

/// What a scenario counted at first, and what it counted last.
type Counts = Option<(WorkDone, WorkDone)>;

impl ScenarioProcess {
    /// Starts the program of a scenario on free ports, with its probe or without, and waits until
    /// it can be attached to.
    pub async fn start(
        name: &str,
        program: &Path,
        flags: &[String],
        has_probe: bool,
        remark: Remark,
    ) -> Result<ScenarioProcess, Error> {
        let start = |source| Error::Start {
            program: program.display().to_string(),
            source,
        };
        let mut child = Command::new(program)
            .args(flags)
            .args(["--console", "127.0.0.1:0"])
            .args(["--probe", if has_probe { "127.0.0.1:0" } else { "none" }])
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .map_err(start)?;
        let (counted, counts) = watch::channel(None);
        if let Some(stdout) = child.stdout.take() {
            tokio::spawn(count(BufReader::new(stdout).lines(), counted));
        }
        if let Some(stderr) = child.stderr.take() {
            let mut lines = BufReader::new(stderr).lines();
            if let Some(address) = console_address(&mut lines, remark).await.map_err(start)? {
                tokio::spawn(pass_on(lines, remark));
                return Ok(ScenarioProcess {
                    _child: child,
                    address: address
                        .parse()
                        .map_err(pileup_investigate::Error::Console)?,
                    counts,
                });
            }
        }
        let status = child.wait().await.map_err(start)?;
        Err(Error::ScenarioEnded {
            name: name.to_owned(),
            status,
        })
    }

    /// The work between the first time and the last time that the scenario has counted it.
    pub fn work_done(&self) -> WorkDone {
        let counts = *self.counts.borrow();
        let (first, last) = counts.unwrap_or_default();
        WorkDone {
            arrived: last.arrived.saturating_sub(first.arrived),
            done: last.done.saturating_sub(first.done),
        }
    }
}

/// Follows what a scenario counts, until it ends.
async fn count(mut lines: Lines<BufReader<ChildStdout>>, counted: watch::Sender<Counts>) {
    while let Ok(Some(line)) = lines.next_line().await {
        if let Some(last) = WorkDone::read(&line) {
            counted.send_modify(|counts| {
                let (first, _) = counts.unwrap_or((last, last));
                *counts = Some((first, last));
            });
        }
    }
}

impl WorkDone {
    /// Reads what a scenario prints every two seconds.
    fn read(line: &str) -> Option<Self> {
        let counts = line.strip_prefix("tasks alive: ")?;
        let (_, counts) = counts.split_once(", arrived: ")?;
        let (arrived, done) = counts.split_once(", work done: ")?;
        Some(Self {
            arrived: arrived.parse().ok()?,
            done: done.parse().ok()?,
        })
    }
}

async fn console_address(
    lines: &mut Lines<BufReader<ChildStderr>>,
    remark: Remark,
) -> std::io::Result<Option<String>> {
    while let Some(line) = lines.next_line().await? {
        match line.strip_prefix(CONSOLE_LINE) {
            Some(address) => return Ok(Some(address.to_owned())),
            None => remark(&line),
        }
    }
    Ok(None)
}

async fn pass_on(mut lines: Lines<BufReader<ChildStderr>>, remark: Remark) {
    while let Ok(Some(line)) = lines.next_line().await {
        if !line.starts_with(PROBE_LINE) {
            remark(&line);
        }
    }
}
