//! What the probe costs the service that carries it, in each of the ways in which it may see
//! tasks, and what a look at it costs; beside the bare runtime, console-subscriber and dial9,
//! paired in one run.
//!
//! Each figure is that of a process of its own. `docs/benchmark.md` says what is measured.

#[path = "../cost/asked.rs"]
mod asked;
#[path = "../cost/figures.rs"]
mod figures;
mod floor;
mod live;
mod looks;
mod process;
mod service;
mod work;
mod works;

use anyhow::bail;

use crate::asked::asked;

/// Rounds, where nothing else is asked for.
const ROUNDS: usize = 9;

fn main() -> anyhow::Result<()> {
    let asked = asked();
    match asked.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        [service::PROGRAM, carries, work, count] => service::run(carries, work, count.parse()?),
        ["works"] => works::measure(ROUNDS, &works::ALL),
        ["works", rounds] => works::measure(rounds.parse()?, &works::ALL),
        ["served"] => works::measure(ROUNDS, &works::SERVED),
        ["served", rounds] => works::measure(rounds.parse()?, &works::SERVED),
        ["looks"] => looks::measure(),
        [] => {
            works::measure(ROUNDS, &works::ALL)?;
            looks::measure()
        }
        _ => bail!("what to measure is `works` or `served`, with a number of rounds, or `looks`"),
    }
}
