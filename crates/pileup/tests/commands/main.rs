//! The commands of pileup, run as their users run them. One binary has all of these tests: most of
//! them wait for a program, and so they wait at once.

#[path = "../support/attempts.rs"]
mod attempts;
#[path = "../support/machine.rs"]
mod machine;
#[path = "../../../pileup-test/tests/leaks/process.rs"]
#[allow(dead_code, reason = "here no test runs another one")]
mod one_test;
#[path = "../support/process.rs"]
mod process;
#[path = "../support/recorded.rs"]
mod recorded;
#[path = "../scenarios/truth.rs"]
#[allow(dead_code, reason = "other tests use more of it")]
mod truth;
#[path = "../support/unanswered.rs"]
mod unanswered;

mod counts_agree;
mod doctor;
mod exit_codes;
mod guarded;
mod printed;
mod readme;
mod recorded_views;
mod recording;
mod room;
mod schema;
mod selection;
mod shell;
mod sources;
mod starved;
mod subscriber_alone;
mod terminal;
mod views;

use std::process::Command;

/// The command, in the workspace.
fn pileup() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_pileup"));
    command.current_dir(process::programs::workspace());
    command
}
