//! Healthy programs that look as if they leaked, run for real: pileup must accuse none.
//!
//! The tests are made from the files under `pileup-healthy/src/programs/`: a new program is
//! tested without a change here.

#[path = "support/attempts.rs"]
mod attempts;
#[path = "support/ending.rs"]
mod ending;
#[path = "support/machine.rs"]
#[allow(dead_code, reason = "each test uses a part of it")]
mod machine;
#[path = "support/process.rs"]
mod process;

use std::fs;
use std::process::Command;
use std::thread;
use std::time::Duration;

use libtest_mimic::{Arguments, Completion, Trial};
use serde_json::Value;

use self::attempts::{Outcome, Shown, until_all_is_shown};
use self::ending::{Sight, sight};
use self::process::Process;
use self::process::programs::workspace;

/// What a program takes of an ordinary core, with those that watch it.
const CORES_EACH: f64 = 0.14;
/// For how many seconds a program is watched on an ordinary machine. A watch is longer on a slow
/// machine, because some programs stop growing only after a number of arrivals. The second watch is
/// for a program that was starved in the first one.
const WATCHES: [u32; 2] = [30, 60];
/// Its tasks live for longer than it has run, each under a timer: what a console shows, and
/// a probe does not.
const NEEDS_A_CONSOLE: &str = "reservations";

fn main() {
    let mut arguments = Arguments::from_args();
    if arguments.test_threads.is_none() {
        arguments.test_threads = Some(machine::trials_at_once(CORES_EACH));
    }
    let programs = programs().expect("the folder of the programs can be read");
    assert!(!programs.is_empty(), "there are no programs");
    let mut trials = Vec::new();
    for program in programs {
        let of_run = program.clone();
        let name = format!("{program}::is-not-accused");
        trials.push(Trial::ignorable_test(name, move || {
            is_not_accused(&of_run, &[]).map_err(Into::into)
        }));
        // Takes minutes: run with `-- --ignored by-pileup-subscriber`.
        let name = format!("{program}::is-not-accused::by-pileup-subscriber");
        let by_pileup = Trial::ignorable_test(name, move || {
            is_not_accused(&program, &["--instrument", "pileup"]).map_err(Into::into)
        });
        trials.push(by_pileup.with_ignored_flag(true));
    }
    libtest_mimic::run(&arguments, trials).exit();
}

/// The names of the programs: those of their files.
fn programs() -> std::io::Result<Vec<String>> {
    let folder = workspace().join("crates/pileup-healthy/src/programs");
    let mut programs = Vec::new();
    for file in fs::read_dir(folder)? {
        let file = file?.path();
        let name = file.file_stem().map(|name| name.to_string_lossy());
        programs.extend(name.map(|name| name.replace('_', "-")));
    }
    programs.sort_unstable();
    Ok(programs)
}

fn is_not_accused(program: &str, instrument: &[&str]) -> Result<Completion, String> {
    let flags = [&[program, "--every", "100ms"], instrument].concat();
    let process = Process::start("healthy", &flags)?;
    let watches = WATCHES.map(|seconds| Duration::from_secs(machine::seconds(seconds).into()));
    let is_clean =
        |target: &[&str]| until_all_is_shown(&watches, |duration| is_clean_in(duration, target));
    let (by_console, by_probe) = thread::scope(|scope| {
        let by_probe = scope.spawn(|| match program {
            NEEDS_A_CONSOLE => Ok(Outcome::Passed),
            _ => is_clean(&["--probe", &process.probe]),
        });
        let by_console = is_clean(&[&process.console]);
        let by_probe = by_probe.join().unwrap_or(Err("it panicked".to_owned()));
        (by_console, by_probe)
    });
    let by_probe = by_probe.map_err(|error| format!("by its probe: {error}"))?;
    Ok(match by_console? {
        Outcome::Passed => by_probe.into(),
        undecided @ Outcome::Undecided(_) => undecided.into(),
    })
}

fn is_clean_in(watch: Duration, target: &[&str]) -> Result<Shown, String> {
    let output = Command::new(env!("CARGO_BIN_EXE_pileup"))
        .arg("diagnose")
        .args(target)
        .args(["--for", &format!("{}s", watch.as_secs())])
        .args(["--format", "json"])
        .output()
        .map_err(|error| error.to_string())?;
    let said = String::from_utf8_lossy(&output.stderr);
    let report: Value = serde_json::from_slice(&output.stdout)
        .map_err(|error| format!("not a report: {error}\n{said}"))?;
    let findings = report["findings"].as_array().ok_or("no findings")?;
    if findings
        .iter()
        .any(|finding| finding["grade"] != "suspicious")
    {
        return Err(format!("{report:#}"));
    }
    match sight(&output, &report, false).map_err(|wrong| format!("{wrong}\n{said}\n{report:#}"))? {
        Sight::Clear => Ok(Shown::All),
        Sight::Blind => Ok(Shown::Incomplete(said.into_owned())),
    }
}
