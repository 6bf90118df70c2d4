//! What it costs to watch a program, for the watcher and for the program, in one run.
//!
//! `docs/benchmark.md` says what is measured and how.

mod asked;
mod capture;
mod figures;
mod intake;
mod load;
mod program;
mod slowdown;
mod target;

use anyhow::bail;
use peak_alloc::PeakAlloc;

use crate::asked::asked;
use crate::load::{Kind, Load};

/// Counts what is allocated. It makes every allocation a little slower.
#[global_allocator]
static MEMORY: PeakAlloc = PeakAlloc;

fn main() -> anyhow::Result<()> {
    let asked = asked();
    match asked.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        [target::PROGRAM] => program::run(),
        ["intake"] => intake::measure(&loads()),
        ["slowdown"] => slowdown::measure(),
        [] => {
            intake::measure(&loads())?;
            slowdown::measure()
        }
        _ => bail!("what to measure is `intake` or `slowdown`; nothing is both"),
    }
}

fn loads() -> [Load; 8] {
    [
        Load::pile(Kind::Idle, 1_000),
        Load::pile(Kind::Idle, 10_000),
        Load::pile(Kind::Idle, 40_000),
        Load::pile(Kind::Lost, 40_000),
        Load::pile(Kind::Locked, 1_000),
        Load::pile(Kind::Locked, 10_000),
        Load::pile(Kind::Locked, 40_000),
        Load::churn(1_000),
    ]
}
