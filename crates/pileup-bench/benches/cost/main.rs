//! What it costs to watch a program, for the watcher and for the program, in one run.
//!
//! `docs/benchmark.md` says what is measured and how.

mod capture;
mod figures;
mod intake;
mod load;
mod program;
mod slowdown;
mod target;

use std::env;

use peak_alloc::PeakAlloc;

use crate::load::{Kind, Load};

/// Counts what is allocated. It makes every allocation a little slower.
#[global_allocator]
static MEMORY: PeakAlloc = PeakAlloc;

fn main() -> anyhow::Result<()> {
    if env::args().nth(1).as_deref() == Some(target::PROGRAM) {
        return program::run();
    }
    intake::measure(&[
        Load::pile(Kind::Idle, 1_000),
        Load::pile(Kind::Idle, 10_000),
        Load::pile(Kind::Idle, 40_000),
        Load::pile(Kind::Lost, 40_000),
        Load::pile(Kind::Locked, 1_000),
        Load::pile(Kind::Locked, 10_000),
        Load::pile(Kind::Locked, 40_000),
        Load::churn(1_000),
    ])?;
    slowdown::measure()
}
