//! What it costs to keep poll ops.

use std::io::{BufRead, Write};
use std::time::Duration;

use anyhow::Context;

use crate::OURS;
use crate::figures::Figure;
use crate::target::{Target, attach};

/// Pairs of rounds, without a client and with one.
const PAIRS: usize = 60;
/// Permits that are taken in each round: some milliseconds.
const PERMITS: u64 = 10_000;
const DETACH: Duration = Duration::from_millis(50);
/// How many poll ops are kept while a client is attached.
const KEPT: [&str; 2] = ["0", "10000"];

/// One program for each of [`KEPT`], side by side. Poll ops are kept only while a client is
/// attached: so each pair of rounds is of one process, a few milliseconds apart. What the program
/// without poll ops shows is what the client costs.
pub async fn measure() -> anyhow::Result<()> {
    println!(
        "\nProcessor time of taking a permit of a semaphore and giving it back, with two polls, \
         in {PAIRS} pairs of rounds: without a client, and with one"
    );
    let mut targets = Vec::new();
    for kept in KEPT {
        targets.push(Target::start_with(OURS, "permits", PERMITS, kept)?);
    }
    let mut pairs = [const { Vec::new() }; KEPT.len()];
    for number in 0..=PAIRS {
        for (target, pairs) in targets.iter_mut().zip(&mut pairs) {
            let pair = pair(target).await?;
            // The first one warms up.
            if number > 0 {
                pairs.push(pair);
            }
        }
    }
    let mut added = [const { Vec::new() }; KEPT.len()];
    for ((kept, pairs), added) in KEPT.iter().zip(&pairs).zip(&mut added) {
        let without = Figure::of(pairs.iter().map(|(without, _)| *without));
        let with = Figure::of(pairs.iter().map(|(_, with)| *with));
        let ratio = Figure::of(pairs.iter().map(|(without, with)| with / without));
        println!("{kept:>6} kept: {without:.0} ns alone, {with:.0} ns with a client: {ratio:.3}");
        added.extend(pairs.iter().map(|(without, with)| with - without));
    }
    let by_poll_ops = added[1]
        .iter()
        .zip(&added[0])
        .map(|(with, none)| with - none);
    let by_poll_ops = Figure::of(by_poll_ops);
    println!("keeping poll ops adds {by_poll_ops:.0} ns to each permit, beyond the client");
    Ok(())
}

/// The nanoseconds of a permit without a client and with one, right after each other.
async fn pair(target: &mut Target) -> anyhow::Result<(f64, f64)> {
    let alone = permits(target)?;
    let mut updates = attach(&target.address).await?;
    updates.message().await?.context("the stream ends")?;
    let with = permits(target)?;
    drop(updates);
    // Until the program knows that the client is gone.
    tokio::time::sleep(DETACH).await;
    Ok((alone, with))
}

/// How many nanoseconds it takes to take a permit now.
fn permits(target: &mut Target) -> anyhow::Result<f64> {
    let input = target.child.0.stdin.as_mut();
    writeln!(input.context("no standard input")?, "go")?;
    let mut line = String::new();
    target.output.read_line(&mut line)?;
    Ok(line.trim().parse()?)
}
