//! Programs that stand still, run for real: pileup must find what stops each, and nothing else.
//!
//! `pileup-stuck` has the programs. Each is watched from the moment at which it stands still, as
//! people do, and not from its start.

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
use pileup_investigate::{Finding, Grade, Report};
use serde_json::Value;

use self::attempts::{Shown, until_all_is_shown};
use self::ending::{Sight, sight};
use self::process::Process;
use self::process::programs::workspace;

/// What a program takes of an ordinary core, with the one that watches it.
const CORES_EACH: f64 = 0.1;
const WATCHES: [Duration; 3] = [
    Duration::from_secs(24),
    Duration::from_secs(36),
    Duration::from_secs(60),
];
/// After this time each program stands still.
const STANDS_STILL_AFTER: Duration = Duration::from_secs(6);

/// What is true of a program.
#[derive(Clone, Copy)]
struct Truth {
    program: &'static str,
    /// Workers of its runtime.
    workers: &'static str,
    /// Further flags of `pileup diagnose`.
    flags: &'static [&'static str],
    code: &'static str,
    least: Grade,
    /// The function that spawns the tasks at fault.
    spawned_in: &'static str,
    /// What the evidence must say.
    says: &'static str,
    /// What it must say of the threads, where the machine shows them.
    threads: &'static str,
}

const TRUTHS: [Truth; 8] = [
    Truth {
        code: "PU12",
        least: Grade::Certain,
        threads: "none computes; ",
        ..truth("blocking-flush", "checkpoint")
    },
    Truth {
        code: "PU04",
        least: Grade::Probable,
        says: "3 tasks wait in a cycle",
        ..truth("cycle-of-three-locks", "book")
    },
    Truth {
        code: "PU14",
        flags: &["--shutdown"],
        ..truth("drain-without-end", "start_worker")
    },
    Truth {
        code: "PU13",
        ..truth("exhausted-pool", "request")
    },
    Truth {
        code: "PU07",
        says: "wait for what 6 tasks of this site hold",
        ..truth("holders-of-a-pool", "subscribe")
    },
    Truth {
        code: "PU12",
        workers: "1",
        least: Grade::Certain,
        threads: "1 computes (tokio-rt-worker), with ",
        ..truth("stream-after-its-end", "ask")
    },
    Truth {
        code: "PU02",
        threads: "none computes; ",
        ..truth("two-locks-of-std", "transfer")
    },
    Truth {
        code: "PU04",
        least: Grade::Certain,
        says: "1 task waits for a lock that it holds itself",
        ..truth("upgraded-read-lock", "reload")
    },
];

const fn truth(program: &'static str, spawned_in: &'static str) -> Truth {
    Truth {
        program,
        workers: "4",
        flags: &[],
        code: "",
        least: Grade::Probable,
        spawned_in,
        says: "",
        threads: "",
    }
}

fn main() {
    let mut arguments = Arguments::from_args();
    if arguments.test_threads.is_none() {
        arguments.test_threads = Some(machine::trials_at_once(CORES_EACH));
    }
    let trials = TRUTHS.map(|truth| {
        let name = format!("{}::is-found", truth.program);
        Trial::ignorable_test(name, move || truth.is_found().map_err(Into::into))
    });
    libtest_mimic::run(&arguments, trials.into()).exit();
}

fn says(finding: &Finding, words: &str) -> bool {
    finding.evidence.iter().any(|fact| fact.contains(words))
}

/// Whether this machine shows for how long threads run, and in what they sleep.
fn threads_are_shown() -> bool {
    let is_shown = |file: &str| fs::read_to_string(file).is_ok_and(|text| !text.is_empty());
    is_shown("/proc/self/schedstat") && is_shown("/proc/self/wchan")
}

impl Truth {
    fn is_found(&self) -> Result<Completion, String> {
        let flags = [self.program, "--every", "50ms"];
        let workers = ["--worker-threads", self.workers];
        let process = Process::start("stuck", &[&flags[..], &workers].concat())?;
        thread::sleep(STANDS_STILL_AFTER);
        let watch = |duration| self.is_found_in(duration, &process);
        until_all_is_shown(&WATCHES, watch).map(Completion::from)
    }

    fn is_found_in(&self, watch: Duration, process: &Process) -> Result<Shown, String> {
        let output = Command::new(env!("CARGO_BIN_EXE_pileup"))
            .args(["diagnose", &process.console, "--console-only"])
            .args(["--for", &format!("{}s", watch.as_secs())])
            .args(["--format", "json"])
            .args(self.flags)
            .output()
            .map_err(|error| error.to_string())?;
        let said = String::from_utf8_lossy(&output.stderr);
        let is_no_report = |error| format!("not a report: {error}\n{said}");
        let fields: Value = serde_json::from_slice(&output.stdout).map_err(is_no_report)?;
        let report: Report = serde_json::from_slice(&output.stdout).map_err(is_no_report)?;
        let accusations: Vec<_> = report
            .findings
            .iter()
            .filter(|finding| finding.grade > Grade::Suspicious)
            .collect();
        let sight = sight(&output, &fields, !accusations.is_empty());
        let sight = sight.map_err(|wrong| format!("{wrong}\n{said}\n{report:#?}"))?;
        let finding = match (&accusations[..], sight) {
            ([finding], _) => finding,
            ([], Sight::Blind) => {
                return Ok(Shown::Incomplete(format!("it is blind: {report:#?}")));
            }
            ([], Sight::Clear) => {
                return Ok(Shown::CalledClean(format!(
                    "it is called clean: {report:#?}"
                )));
            }
            _ => return Err(format!("more than one accusation: {accusations:#?}")),
        };
        let is_right = finding.code.number() == self.code
            && finding.grade >= self.least
            && says(finding, self.says)
            && finding.site.as_ref().is_some_and(|site| {
                let lines = self.lines_at_fault();
                lines.is_ok_and(|(file, lines)| *site.file == *file && lines.contains(&site.line))
            });
        if !is_right {
            return Err(format!("not what is at fault: {finding:#?}"));
        }
        if threads_are_shown() && !says(finding, self.threads) {
            return Ok(Shown::Incomplete(format!(
                "{:?} is not said of the threads: {finding:#?}",
                self.threads
            )));
        }
        Ok(Shown::All)
    }

    /// The file of the program, and the lines of the function that spawns the tasks at fault.
    fn lines_at_fault(&self) -> Result<(String, std::ops::Range<u32>), String> {
        let name = self.program.replace('-', "_");
        let file = format!("crates/pileup-stuck/src/programs/{name}.rs");
        let source = fs::read_to_string(workspace().join(&file)).map_err(|e| e.to_string())?;
        let signature = format!("fn {}(", self.spawned_in);
        let lines = || (1_u32..).zip(source.lines());
        let (first, _) = lines()
            .find(|(_, line)| line.starts_with(&signature))
            .ok_or("no such function")?;
        let (last, _) = lines()
            .find(|(number, line)| *number > first && *line == "}")
            .ok_or("it does not end")?;
        Ok((file, first..last))
    }
}
