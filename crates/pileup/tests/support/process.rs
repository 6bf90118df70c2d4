//! A program of the workspace as a child of the test, always reaped.

#[path = "counts.rs"]
#[allow(dead_code, reason = "not every test counts")]
pub mod counts;
#[path = "programs.rs"]
pub mod programs;

use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};
use std::thread;

use self::counts::Counts;
use self::programs::programs;

/// Longer than any test watches, on a machine of any speed. No program is left for longer than
/// this if the test is killed.
pub const LIFETIME: &str = "20m";

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
    #[allow(dead_code, reason = "not every test wants a probe")]
    pub fn start(name: &str, arguments: &[&str]) -> Result<Self, String> {
        Self::start_until("probe: ", name, arguments, "127.0.0.1:0")
    }

    /// Starts a program that `pileup_scenario` runs without a probe, and waits for its console.
    #[allow(dead_code, reason = "most tests want a probe")]
    pub fn start_without_probe(name: &str, arguments: &[&str]) -> Result<Self, String> {
        Self::start_until("console: ", name, arguments, "none")
    }

    /// Its process, by number.
    #[allow(dead_code, reason = "not every test sends signals")]
    pub fn id(&self) -> u32 {
        self.child.id()
    }

    /// Starts a program, and waits for the line of its standard error that begins with `last`.
    fn start_until(
        last: &str,
        name: &str,
        arguments: &[&str],
        probe: &str,
    ) -> Result<Self, String> {
        let mut child = Command::new(programs()?.join(name))
            .args(arguments)
            .args(["--for", LIFETIME])
            .args(["--console", "127.0.0.1:0", "--probe", probe])
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
        let mut said = BufReader::new(stderr).lines();
        while let Some(line) = said.next() {
            let line = line.map_err(|error| error.to_string())?;
            if let Some(address) = line.strip_prefix("console: ") {
                address.clone_into(&mut process.console);
            }
            if let Some(address) = line.strip_prefix("probe: ") {
                address.clone_into(&mut process.probe);
            }
            if line.starts_with(last) {
                // A program whose standard error nobody reads cannot say why it ends.
                let name = name.to_owned();
                thread::spawn(move || {
                    for line in said.map_while(Result::ok) {
                        eprintln!("{name}: {line}");
                    }
                });
                return Ok(process);
            }
        }
        Err(format!("{name} ended without the line {last}"))
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
