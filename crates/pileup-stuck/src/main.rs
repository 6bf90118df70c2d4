//! Programs that stand still: `stuck PROGRAM` runs one of them.
//!
//! Each is at fault, and in none of them is the number of live tasks the proof: the runtime is
//! frozen, locks are held, a pool is exhausted, or a shutdown waits. The test
//! `pileup/tests/stuck.rs` says what pileup must find in each.

mod programs;

use clap::Parser;
use pileup_scenario::Arguments;

use crate::programs::Program;

/// A program that stands still
#[derive(Debug, Parser)]
struct CommandLine {
    #[arg(value_enum)]
    program: Program,
    #[command(flatten)]
    arguments: Arguments,
}

fn main() -> anyhow::Result<()> {
    let CommandLine { program, arguments } = CommandLine::parse();
    program.scenario().run(&arguments)
}
