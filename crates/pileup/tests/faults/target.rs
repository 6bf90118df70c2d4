//! A target whose life the test decides on, always reaped.

use std::io::{BufRead, BufReader, Read};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::thread;
use std::time::Duration;

use crate::process::LIFETIME;
use crate::process::programs::programs;

/// For a program to get ready, on a machine that is busy.
const PATIENCE: Duration = Duration::from_secs(60);

pub struct Target {
    child: Child,
    /// Where its console is.
    pub console: String,
    printed: Receiver<String>,
}

impl Target {
    /// Starts a program on a free port.
    pub fn start(program: &str, arguments: &[&str]) -> Self {
        Self::start_at("127.0.0.1:0", program, arguments, &[])
    }

    /// Starts a program with its console there, and with variables in its environment.
    pub fn start_at(
        address: &str,
        program: &str,
        arguments: &[&str],
        variables: &[(&str, &str)],
    ) -> Self {
        let mut child = Command::new(programs().expect("the programs build").join(program))
            .args(arguments)
            .args(["--for", LIFETIME, "--probe", "none", "--console", address])
            .envs(variables.iter().copied())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("it was built");
        let printed = lines(child.stdout.take().expect("it is piped"));
        let said = lines(child.stderr.take().expect("it is piped"));
        let mut target = Self {
            child,
            console: String::new(),
            printed,
        };
        while target.console.is_empty() {
            let line = said.recv_timeout(PATIENCE).expect("it prints its address");
            if let Some(address) = line.strip_prefix("console: ") {
                address.clone_into(&mut target.console);
            }
        }
        target
    }

    /// A crowd of idle tasks, all of which are there.
    pub fn crowd(count: usize) -> Self {
        let target = Self::start("crowd", &[&count.to_string()]);
        let there = format!("tasks alive: {count},");
        let mut line = String::new();
        while !line.starts_with(&there) {
            line = target.printed.recv_timeout(PATIENCE).expect("it counts");
        }
        target
    }

    /// Its address without the scheme, for another process to listen on.
    pub fn host_and_port(&self) -> &str {
        self.console.trim_start_matches("http://")
    }

    /// Stops the process without ending it.
    pub fn freeze(&self) {
        let stopped = Command::new("sh")
            .args(["-c", &format!("kill -STOP {}", self.child.id())])
            .status();
        assert!(stopped.expect("there is a shell").success());
    }

    pub fn kill(&mut self) {
        self.child.kill().expect("it runs");
        self.child.wait().expect("it was ours");
    }
}

impl Drop for Target {
    fn drop(&mut self) {
        // It may have been ended before.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// The lines of an output as they come. All are read, so that nobody waits for a reader.
fn lines(output: impl Read + Send + 'static) -> Receiver<String> {
    let (sender, receiver) = channel();
    thread::spawn(move || {
        for line in BufReader::new(output).lines().map_while(Result::ok) {
            // Whoever waited for it may have seen enough.
            let _ = sender.send(line);
        }
    });
    receiver
}
