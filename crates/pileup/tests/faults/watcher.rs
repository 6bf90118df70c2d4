//! `pileup diagnose` as a process, and what came of it.

use std::io::Read;
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use pileup_investigate::{Recording, Report};
use tempfile::TempDir;

/// No watch of these tests may take longer: it would be a hang.
const LONGEST: Duration = Duration::from_secs(600);
/// For a watch to begin, on a machine that is busy.
const PATIENCE: Duration = Duration::from_secs(60);
/// The file of a recording in its folder.
const RECORDING: &str = "watch.pileup";

pub struct Watcher {
    child: Child,
    /// Where the watch is recorded, if it is.
    recording: Option<TempDir>,
}

pub struct Verdict {
    pub code: Option<i32>,
    /// None where nothing was printed.
    pub report: Option<Report>,
    /// What was said on standard error, on one line.
    pub said: String,
}

impl Watcher {
    pub fn start(console: &str, seconds: u32) -> Self {
        Self::start_with(&[console], seconds, Stdio::piped())
    }

    /// Watches what the arguments name, and prints the report there.
    pub fn start_with(target: &[&str], seconds: u32, stdout: Stdio) -> Self {
        let folder = tempfile::tempdir().expect("a temporary folder");
        Self::spawn(target, seconds, stdout, Some(folder))
    }

    pub fn spawn(target: &[&str], seconds: u32, stdout: Stdio, recording: Option<TempDir>) -> Self {
        let mut command = Command::new(env!("CARGO_BIN_EXE_pileup"));
        command.args(["diagnose", "--format", "json"]).args(target);
        if let Some(folder) = &recording {
            command.arg("--record").arg(folder.path().join(RECORDING));
        }
        let child = command
            .args(["--for", &format!("{seconds}s")])
            .stdout(stdout)
            .stderr(Stdio::piped())
            .spawn();
        Self {
            child: child.expect("pileup runs"),
            recording,
        }
    }

    /// Waits until the watch has seen a task: what it has seen so far is in its recording.
    pub fn has_seen_a_task(&self) {
        let folder = self.recording.as_ref().expect("this watch is recorded");
        let file = folder.path().join(RECORDING);
        let started = Instant::now();
        let is_seen = || {
            let recording = Recording::open(&file);
            recording.is_ok_and(|recording| {
                let mut snapshots = recording.map_while(Result::ok);
                snapshots.any(|snapshot| !snapshot.tasks.is_empty())
            })
        };
        while !is_seen() {
            assert!(started.elapsed() < PATIENCE, "no task was seen");
            thread::sleep(Duration::from_millis(50));
        }
    }

    /// Sends a signal, such as `INT`, which is what Ctrl-C sends.
    pub fn signal(&self, name: &str) {
        let sent = Command::new("sh")
            .args(["-c", &format!("kill -{name} {}", self.child.id())])
            .status();
        assert!(sent.expect("there is a shell").success());
    }

    /// Waits for the end.
    pub fn verdict(mut self) -> Verdict {
        let stdout = self.child.stdout.take();
        let mut stderr = self.child.stderr.take().expect("it is piped");
        let printed = thread::spawn(move || {
            let mut text = String::new();
            match stdout {
                Some(mut stdout) => stdout.read_to_string(&mut text).map(|_| text),
                None => Ok(text),
            }
        });
        let said = thread::spawn(move || {
            let mut text = String::new();
            stderr.read_to_string(&mut text).map(|_| text)
        });
        let started = Instant::now();
        let status = loop {
            if let Some(status) = self.child.try_wait().expect("it was ours") {
                break status;
            }
            assert!(started.elapsed() < LONGEST, "pileup hangs");
            thread::sleep(Duration::from_millis(20));
        };
        let printed = printed.join().expect("it reads").expect("text");
        let said = said.join().expect("it reads").expect("text");
        Verdict {
            code: status.code(),
            report: serde_json::from_str(&printed).ok(),
            said: unwrapped(&said),
        }
    }
}

impl Drop for Watcher {
    fn drop(&mut self) {
        // It has ended, unless the test has failed.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Verdict {
    /// The report, which must be there.
    pub fn report(&self) -> &Report {
        let Some(report) = &self.report else {
            panic!("no report; exit code {:?}: {}", self.code, self.said);
        };
        report
    }

    /// Nothing was called clean: an exit code, a sentence, and no finding.
    pub fn says(&self, code: i32, sentence: &str) {
        assert_eq!(self.code, Some(code), "{}", self.said);
        assert!(self.said.contains(sentence), "{}", self.said);
    }
}

/// A message on one line, without the bar at which each of its lines begins.
fn unwrapped(message: &str) -> String {
    let words = message.split_whitespace().filter(|word| *word != "│");
    words.collect::<Vec<_>>().join(" ")
}

pub fn diagnose(console: &str, seconds: u32) -> Verdict {
    Watcher::spawn(&[console], seconds, Stdio::piped(), None).verdict()
}
