//! Runs tests that are ignored, in a process of their own.

use std::fmt;
use std::io::Read;
use std::process::{Command, Stdio};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

/// A program that has not ended by then hangs.
const LIMIT: Duration = Duration::from_secs(600);

#[derive(Debug)]
pub struct Ended {
    pub has_passed: bool,
    pub output: String,
}

impl fmt::Display for Ended {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.output)
    }
}

/// Runs one test of this program.
pub fn run(test: &str, environment: &[(&str, &str)]) -> Ended {
    let program = std::env::current_exe().expect("a test has a program");
    let mut command = Command::new(program);
    command
        .args(["--exact", test, "--ignored", "--show-output"])
        .env_remove("PILEUP_TEST")
        .env_remove("PILEUP_TEST_ALLOW")
        .env_remove("PILEUP_TEST_REPORT")
        .envs(environment.iter().copied());
    let ended = end(command);
    assert!(ended.output.contains("running 1 test"), "{ended}");
    ended
}

/// Runs a command to its end.
///
/// # Panics
///
/// If it has not ended after [`LIMIT`].
pub fn end(mut command: Command) -> Ended {
    let mut child = command
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("the program can be run");
    let stdout = read(child.stdout.take());
    let stderr = read(child.stderr.take());
    let started = Instant::now();
    let mut has_hung = false;
    let status = loop {
        if let Some(status) = child.try_wait().expect("it can be waited for") {
            break status;
        }
        if started.elapsed() > LIMIT {
            has_hung = true;
            child.kill().expect("it can be ended");
        }
        thread::sleep(Duration::from_millis(5));
    };
    let printed = |reader: JoinHandle<String>| reader.join().expect("it does not panic");
    let output = Ended {
        has_passed: status.success(),
        output: printed(stdout) + &printed(stderr),
    };
    assert!(
        !has_hung,
        "{command:?} has not ended after {LIMIT:?}: {output}"
    );
    output
}

fn read(pipe: Option<impl Read + Send + 'static>) -> JoinHandle<String> {
    let mut pipe = pipe.expect("it is piped");
    thread::spawn(move || {
        let mut bytes = Vec::new();
        pipe.read_to_end(&mut bytes).expect("it can be read");
        String::from_utf8_lossy(&bytes).into_owned()
    })
}
