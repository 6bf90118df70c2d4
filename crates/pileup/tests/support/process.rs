//! A program of the workspace as a child of the test, always reaped.

#[path = "counts.rs"]
#[allow(dead_code, reason = "not every test counts")]
pub mod counts;
#[path = "programs.rs"]
pub mod programs;

use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};

use self::counts::Counts;
use self::programs::programs;

pub struct Process {
    child: Child,
    /// Where its console is.
    pub console: String,
    /// Where its probe is.
    pub probe: String,
    /// What has arrived so far.
    #[allow(dead_code, reason = "not every test counts")]
    pub counts: Counts,
}

impl Process {
    /// Starts a program that `pileup_scenario` runs, and waits for its console and its probe.
    pub fn start(name: &str, arguments: &[&str]) -> Result<Self, String> {
        let mut child = Command::new(programs()?.join(name))
            .args(arguments)
            .args(["--for", "120s"])
            .args(["--console", "127.0.0.1:0", "--probe", "127.0.0.1:0"])
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .map_err(|error| format!("{name}: {error}"))?;
        let stdout = child.stdout.take().ok_or("no standard output")?;
        let stderr = child.stderr.take().ok_or("no standard error")?;
        let mut process = Self {
            child,
            console: String::new(),
            probe: String::new(),
            counts: Counts::read(stdout),
        };
        for line in BufReader::new(stderr).lines() {
            let line = line.map_err(|error| error.to_string())?;
            if let Some(address) = line.strip_prefix("console: ") {
                address.clone_into(&mut process.console);
            }
            if let Some(address) = line.strip_prefix("probe: ") {
                address.clone_into(&mut process.probe);
                return Ok(process);
            }
        }
        Err(format!("{name} ended without the address of its probe"))
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
