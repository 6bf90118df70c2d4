//! `pileup diagnose` as a process, and what came of it.

use std::io::Read;
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use pileup::Report;

/// No watch of these tests may take longer: it would be a hang.
const LONGEST: Duration = Duration::from_secs(90);

pub struct Watcher(Child);

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
        let child = Command::new(env!("CARGO_BIN_EXE_pileup"))
            .args(["diagnose", "--format", "json"])
            .args(target)
            .args(["--for", &format!("{seconds}s")])
            .stdout(stdout)
            .stderr(Stdio::piped())
            .spawn();
        Self(child.expect("pileup runs"))
    }

    /// Sends a signal, such as `INT`, which is what Ctrl-C sends.
    pub fn signal(&self, name: &str) {
        let sent = Command::new("sh")
            .args(["-c", &format!("kill -{name} {}", self.0.id())])
            .status();
        assert!(sent.expect("there is a shell").success());
    }

    /// Waits for the end.
    pub fn verdict(mut self) -> Verdict {
        let stdout = self.0.stdout.take();
        let mut stderr = self.0.stderr.take().expect("it is piped");
        let printed = thread::spawn(move || {
            let mut text = String::new();
            match stdout {
                Some(mut stdout) => stdout.read_to_string(&mut text).map(|_| text),
                None => Ok(text),
            }
        });
        let told = thread::spawn(move || {
            let mut text = String::new();
            stderr.read_to_string(&mut text).map(|_| text)
        });
        let started = Instant::now();
        let status = loop {
            if let Some(status) = self.0.try_wait().expect("it was ours") {
                break status;
            }
            assert!(started.elapsed() < LONGEST, "pileup hangs");
            thread::sleep(Duration::from_millis(20));
        };
        let printed = printed.join().expect("it reads").expect("text");
        let told = told.join().expect("it reads").expect("text");
        Verdict {
            code: status.code(),
            report: serde_json::from_str(&printed).ok(),
            said: told.split_whitespace().collect::<Vec<_>>().join(" "),
        }
    }
}

impl Drop for Watcher {
    fn drop(&mut self) {
        // It has ended, unless the test has failed.
        let _ = self.0.kill();
        let _ = self.0.wait();
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

pub fn diagnose(console: &str, seconds: u32) -> Verdict {
    Watcher::start(console, seconds).verdict()
}
