//! A service in a process of its own, so that what one carries is no other's burden.

use std::env;
use std::io::{self, BufRead, Write};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

use anyhow::Context;

use crate::service::PROGRAM;

/// A service, which ends with this.
pub struct Service {
    child: Child,
    questions: Option<ChildStdin>,
    answers: io::Lines<io::BufReader<ChildStdout>>,
}

impl Service {
    /// Starts a service that carries something, to do some work `count` times.
    pub fn start(carries: &str, work: &str, count: u64) -> anyhow::Result<Self> {
        let mut child = Command::new(env::current_exe()?)
            .args([PROGRAM, carries, work, &count.to_string()])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()?;
        let answers = child.stdout.take().context("no standard output")?;
        Ok(Self {
            questions: child.stdin.take(),
            answers: io::BufReader::new(answers).lines(),
            child,
        })
    }

    /// The next line that it prints.
    pub fn line(&mut self) -> anyhow::Result<String> {
        Ok(self.answers.next().context("the service has ended")??)
    }

    /// The answer to a question.
    pub fn ask(&mut self, question: &str) -> anyhow::Result<String> {
        let questions = self.questions.as_mut().context("no standard input")?;
        writeln!(questions, "{question}")?;
        self.line()
    }
}

impl Drop for Service {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
