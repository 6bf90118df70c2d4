//! What await stacks cost the service whose tasks are watched: beside the bare runtime, the
//! hooks, and console-subscriber, paired in one run.
//!
//! Each figure is that of a process of its own. `docs/benchmark.md` says what is measured.

#[path = "../cost/figures.rs"]
mod figures;
mod measure;
mod service;
mod work;

use std::env;

fn main() -> anyhow::Result<()> {
    // Cargo adds `--bench`.
    let asked: Vec<String> = env::args()
        .skip(1)
        .filter(|asked| asked != "--bench")
        .collect();
    match asked.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        [service::PROGRAM, carries, work, count] => service::run(carries, work, count.parse()?),
        [] => measure::all(9),
        ["rounds", rounds] => measure::all(rounds.parse()?),
        _ => anyhow::bail!("give nothing, or `rounds` and a number"),
    }
}
