//! What it costs to keep poll ops.

use std::io::{BufRead, Write};

use anyhow::Context;

use crate::OURS;
use crate::figures::Figure;
use crate::target::{Target, attach};

const ROUNDS: usize = 9;
/// Permits that are taken in each.
const PERMITS: u64 = 300_000;
/// How many poll ops are kept.
const KEPT: [&str; 2] = ["0", "10000"];

pub async fn measure() -> anyhow::Result<()> {
    println!(
        "\nProcessor time of taking a permit of a semaphore and giving it back, with a client \
         attached"
    );
    let mut rounds = Vec::new();
    for round in 0..ROUNDS {
        let mut nanos = [0.0; 2];
        for index in [round % 2, (round + 1) % 2] {
            nanos[index] = permits(KEPT[index]).await?;
        }
        rounds.push(nanos);
    }
    let without = Figure::of(rounds.iter().map(|nanos| nanos[0]));
    let with = Figure::of(rounds.iter().map(|nanos| nanos[1]));
    let ratio = Figure::of(rounds.iter().map(|nanos| nanos[1] / nanos[0]));
    println!("{without:.0} ns without poll ops, {with:.0} ns with them: {ratio:.3}");
    Ok(())
}

/// How many nanoseconds it takes to take a permit, while a client is attached and this many poll
/// ops are kept.
async fn permits(kept: &str) -> anyhow::Result<f64> {
    let mut target = Target::start_with(OURS, "permits", PERMITS, kept)?;
    let mut updates = attach(&target.address).await?;
    updates.message().await?.context("the stream ends")?;
    let reading = tokio::spawn(async move { while let Ok(Some(_)) = updates.message().await {} });
    let mut input = target.child.0.stdin.take().context("no standard input")?;
    writeln!(input, "go")?;
    let mut output = target.output;
    let nanos = tokio::task::spawn_blocking(move || -> anyhow::Result<f64> {
        let mut line = String::new();
        output.read_line(&mut line)?;
        Ok(line.trim().parse()?)
    });
    let nanos = nanos.await??;
    reading.abort();
    Ok(nanos)
}
