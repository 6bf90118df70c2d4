//! A program under observation, in a process of its own: this very test, run again.

use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};

use crate::program::{BY, PROGRAM};

/// Who serves the program's tasks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum By {
    ConsoleSubscriber,
    Pileup,
}

impl By {
    pub fn name(self) -> &'static str {
        match self {
            Self::ConsoleSubscriber => "console-subscriber",
            Self::Pileup => "pileup",
        }
    }
}

/// A running program. It ends with this.
pub struct Target {
    child: Child,
    pub address: String,
}

impl Target {
    /// Starts a program, and waits until it serves and has done its work.
    pub fn start(by: By, program: &str) -> Self {
        Self::start_with(by, program, &[])
    }

    pub fn start_with(by: By, program: &str, variables: &[(&str, &str)]) -> Self {
        let itself = std::env::current_exe().expect("a test has a file");
        let mut child = Command::new(itself)
            .args(["program::run", "--exact", "--ignored", "--nocapture"])
            .env(PROGRAM, program)
            .env(BY, by.name())
            .envs(variables.iter().copied())
            .stdout(Stdio::piped())
            .spawn()
            .expect("the test can run itself");
        let output = child.stdout.take().expect("it is piped");
        let mut lines = BufReader::new(output).lines();
        let address = lines.find_map(|line| {
            let line = line.expect("a program writes text");
            // With one test at a time, the name of this test comes before it.
            let (_, address) = line.split_once("ready at ")?;
            Some(address.to_owned())
        });
        let address = address.expect("the program says where it is served");
        // The pipe stays open, and empty.
        std::mem::forget(lines);
        Self { child, address }
    }

    pub fn id(&self) -> u32 {
        self.child.id()
    }

    /// Bytes of memory that the process has.
    #[cfg(target_os = "linux")]
    pub fn memory(&self) -> u64 {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.id()));
        let status = status.expect("the process lives");
        let line = status.lines().find(|line| line.starts_with("VmRSS:"));
        let kilobytes = line.and_then(|line| line.split_whitespace().nth(1)?.parse::<u64>().ok());
        kilobytes.expect("the system tells") * 1024
    }

    pub fn kill(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Drop for Target {
    fn drop(&mut self) {
        self.kill();
    }
}
