//! A program that is attached to, and the attaching.

use std::io::{BufRead, BufReader};
use std::process::{Child, ChildStdout, Command, Stdio};
use std::{env, fs};

use anyhow::Context;
use console_api::instrument::instrument_client::InstrumentClient;
use console_api::instrument::{InstrumentRequest, Update};
use tonic::Streaming;
use tonic::transport::Channel;

use crate::program::PROGRAM;

/// A program in a process of its own, which ends with this.
pub struct Target {
    pub child: Running,
    pub output: BufReader<ChildStdout>,
    pub address: String,
}

/// A process that is ended and waited for.
pub struct Running(pub Child);

impl Target {
    pub fn start(by: &str, work: &str, count: u64) -> anyhow::Result<Self> {
        Self::start_with(by, work, count, "0")
    }

    pub fn start_with(by: &str, work: &str, count: u64, poll_ops: &str) -> anyhow::Result<Self> {
        let mut child = Command::new(env::current_exe()?)
            .args([PROGRAM, by, work, &count.to_string()])
            .env("PILEUP_POLL_OPS", poll_ops)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()?;
        let output = child.stdout.take().context("no standard output")?;
        let child = Running(child);
        let mut output = BufReader::new(output);
        let mut address = String::new();
        output.read_line(&mut address)?;
        Ok(Self {
            child,
            output,
            address: address.trim().to_owned(),
        })
    }

    /// The bytes of memory that it has.
    pub fn memory(&self) -> anyhow::Result<u64> {
        let status = fs::read_to_string(format!("/proc/{}/status", self.child.0.id()))?;
        let line = status.lines().find(|line| line.starts_with("VmRSS:"));
        let kilobytes = line.and_then(|line| line.split_whitespace().nth(1));
        Ok(kilobytes.context("no memory is reported")?.parse::<u64>()? * 1024)
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// Attaches as tokio-console does, and reads messages of any size.
pub async fn attach(address: &str) -> anyhow::Result<Streaming<Update>> {
    let channel = Channel::from_shared(format!("http://{address}"))?;
    let mut calls =
        InstrumentClient::new(channel.connect().await?).max_decoding_message_size(usize::MAX);
    Ok(calls
        .watch_updates(InstrumentRequest {})
        .await?
        .into_inner())
}
