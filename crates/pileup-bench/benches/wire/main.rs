//! What pileup-subscriber sends to a client that attaches late, how late new tasks are, and what
//! poll ops cost, beside console-subscriber.
//!
//! Each program is a process of its own. `docs/benchmark.md` says what is measured.

#[path = "../cost/asked.rs"]
mod asked;
#[path = "../cost/figures.rs"]
mod figures;
mod lag;
mod late;
mod poll_ops;
mod program;
mod target;

use std::fs;

use anyhow::bail;

use crate::asked::asked;
use crate::program::PROGRAM;

const OURS: &str = "pileup-subscriber";
const BOTH: [&str; 2] = ["console-subscriber", OURS];

fn main() -> anyhow::Result<()> {
    let asked = asked();
    let asked: Vec<&str> = asked.iter().map(String::as_str).collect();
    if let [PROGRAM, by, work, count] = asked[..] {
        return program::run(by, work, count.parse()?);
    }
    measure(&asked)
}

#[tokio::main]
async fn measure(asked: &[&str]) -> anyhow::Result<()> {
    println!("load of the machine before: {}", load()?);
    match asked {
        ["late"] => late::measure(None).await?,
        ["late", count] => late::measure(Some(count.parse()?)).await?,
        ["lag"] => lag::measure().await?,
        ["poll-ops"] => poll_ops::measure().await?,
        [] => {
            late::measure(None).await?;
            lag::measure().await?;
            poll_ops::measure().await?;
        }
        _ => bail!("what to measure is `late`, with a number of tasks, `lag` or `poll-ops`"),
    }
    println!("\nload of the machine after: {}", load()?);
    Ok(())
}

/// How many processes want to run, on average over one, five and fifteen minutes.
fn load() -> anyhow::Result<String> {
    let load = fs::read_to_string("/proc/loadavg")?;
    let averages = load.split_whitespace().take(3);
    Ok(averages.collect::<Vec<_>>().join(", "))
}

/// Who is measured in a round, in which order: each round begins with another one.
fn order(served_by: &[&'static str], round: usize) -> Vec<&'static str> {
    let mut order = served_by.to_vec();
    order.rotate_left(round % served_by.len());
    order
}
