//! What the probe costs the service that carries it, in one run, beside the bare runtime and
//! beside console-subscriber.
//!
//! `docs/benchmark.md` says what is measured and how.

#[path = "../cost/figures.rs"]
mod figures;
mod looks;
mod service;
mod work;

use std::env;

use anyhow::bail;

fn main() -> anyhow::Result<()> {
    // Cargo adds `--bench`.
    let asked: Vec<String> = env::args()
        .skip(1)
        .filter(|asked| asked != "--bench")
        .collect();
    match asked.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        [service::PROGRAM, carries, work, count] => service::run(carries, work, count.parse()?),
        ["work"] => work::measure(),
        ["looks"] => looks::measure(),
        [] => {
            work::measure()?;
            looks::measure()
        }
        _ => bail!("what to measure is `work` or `looks`; nothing is both"),
    }
}
