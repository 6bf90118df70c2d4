//! The program that is watched, as a child of the benchmark.

use std::env;
use std::process::Stdio;
use std::time::Duration;

use anyhow::Context;
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader, Lines};
use tokio::process::{Child, ChildStdin, ChildStdout, Command};

/// The first argument of the benchmark when it is to be the target.
pub const PROGRAM: &str = "target";

/// A running target. It is killed when this is dropped.
pub struct Target {
    _child: Child,
    requests: ChildStdin,
    answers: Lines<BufReader<ChildStdout>>,
    /// Where its console is.
    pub address: String,
}

impl Target {
    /// Starts it, and waits until it can be attached to.
    pub async fn start() -> anyhow::Result<Self> {
        let mut child = Command::new(env::current_exe()?)
            .arg(PROGRAM)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .kill_on_drop(true)
            .spawn()?;
        let requests = child.stdin.take().context("no standard input")?;
        let output = child.stdout.take().context("no standard output")?;
        let mut answers = BufReader::new(output).lines();
        let address = answers.next_line().await?.context("the target ended")?;
        Ok(Self {
            _child: child,
            requests,
            answers,
            address,
        })
    }

    /// Asks the target to do something, and waits for it. Returns how long it took, as the
    /// target measured it.
    pub async fn ask(&mut self, request: &str) -> anyhow::Result<Duration> {
        self.requests
            .write_all(format!("{request}\n").as_bytes())
            .await?;
        let answer = self.answers.next_line().await?;
        let nanoseconds = answer.context("the target ended")?.parse()?;
        Ok(Duration::from_nanos(nanoseconds))
    }
}
