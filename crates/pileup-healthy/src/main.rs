//! Healthy programs that look as if they leaked: `healthy PROGRAM` runs one of them.
//!
//! Each has the counts, the ages or the waits of a leak, and none of its tasks stays for
//! good unless it was meant to. Each file says how they differ from leaks.

mod programs;

use clap::Parser;
use pileup_scenario::Arguments;

use crate::programs::Program;

/// A healthy program that looks as if it leaked
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
