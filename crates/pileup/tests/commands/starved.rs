//! Programs that get too little processor time: pileup accuses no healthy one, calls no leaky one
//! clean, and says with figures that the program is starved. It does so by the probe and by the
//! console, also where a program has no probe.
//!
//! The test starves the programs itself: it stops each for most of the time. So they are starved
//! on any machine, however fast and idle.
#![cfg(unix)]

use std::process::Command;
use std::thread;
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;

use crate::machine;
use crate::process::Process;
use crate::room::room;

/// Of every 200 ms, the program has 10.
const RUNS: Duration = Duration::from_millis(10);
const STOPS: Duration = Duration::from_millis(190);
const WATCH: &str = "8s";

/// How much of the time the program must have been stopped for the test to count.
const STOPPED_PART: f64 = 0.8;

/// Lets the program run for a twentieth of the time until `watch` returns. Returns none if it ran
/// for much longer, as it does where this thread has to wait for a processor.
fn starving<T: Send>(process: &Process, watch: impl FnOnce() -> T + Send) -> Option<T> {
    let id = i32::try_from(process.id()).ok().and_then(Pid::from_raw);
    let id = id.expect("the number of a process");
    let signal = |signal| kill_process(id, signal).expect("it is our child");
    let started = Instant::now();
    let mut stopped = Duration::ZERO;
    let seen = thread::scope(|scope| {
        let watch = scope.spawn(watch);
        while !watch.is_finished() {
            signal(Signal::STOP);
            let since = Instant::now();
            thread::sleep(STOPS);
            stopped += since.elapsed();
            signal(Signal::CONT);
            thread::sleep(RUNS);
        }
        watch.join().expect("no panic")
    });
    let stopped_part = stopped.as_secs_f64() / started.elapsed().as_secs_f64();
    if stopped_part < STOPPED_PART {
        let why = format!("the program was stopped for {stopped_part:.2} of the time");
        machine::was_too_slow(why);
    }
    (stopped_part >= STOPPED_PART).then_some(seen)
}

/// What a watch has reported.
struct Watched {
    code: Option<i32>,
    report: Value,
    errors: String,
}

fn watch(target: &[&str]) -> Watched {
    let output = Command::new(env!("CARGO_BIN_EXE_pileup"))
        .arg("diagnose")
        .args(target)
        .args(["--for", WATCH, "--format", "json"])
        .output()
        .expect("pileup runs");
    let errors = String::from_utf8_lossy(&output.stderr).into_owned();
    let report = serde_json::from_slice(&output.stdout);
    Watched {
        code: output.status.code(),
        report: report.unwrap_or_else(|error| panic!("not a report: {error}\n{errors}")),
        errors,
    }
}

impl Watched {
    fn has_accused(&self) -> bool {
        let findings = self.report["findings"].as_array().expect("findings");
        let mut grades = findings.iter().map(|finding| &finding["grade"]);
        grades.any(|grade| grade != "suspicious")
    }

    /// Why the report says that the watch could not have seen a leak.
    fn starved(&self) -> Option<&Value> {
        let blind = self.report["coverage"]["blind"].as_array()?;
        blind.iter().find(|blind| blind["because"] == "starved")
    }

    /// That the report and the message say that the program was starved.
    #[track_caller]
    fn says_starved(&self) {
        assert!(self.starved().is_some(), "{:#}", self.report);
        assert!(
            self.errors.contains("starved of processor"),
            "{}",
            self.errors
        );
        assert_eq!(self.code, Some(3));
    }

    /// The figure of this name by which the program is known to be starved.
    #[track_caller]
    fn figure(&self, name: &str) -> f64 {
        let figure = self.starved().and_then(|starved| starved[name].as_f64());
        figure.unwrap_or_else(|| panic!("no {name}: {:#}", self.report))
    }
}

/// For its first answer a probe reads the program's debug information. That takes minutes in a
/// program that is starved, and some time on any machine that is slow.
fn name_all(probe: &str) {
    for _ in 0..5 {
        let named = crate::pileup()
            .args(["tasks", "--probe", probe, "--for", "2s", "--format", "json"])
            .output()
            .expect("pileup runs");
        if named.status.success() {
            return;
        }
        let said = String::from_utf8_lossy(&named.stderr);
        assert!(said.contains("does not finish its answer"), "{said}");
    }
    panic!("the probe does not answer");
}

/// Starts a program, starves it, and watches it by its console and by its probe at once.
fn watched_starving(name: &str, arguments: &[&str]) -> Option<[Watched; 2]> {
    let process = Process::start(name, arguments).expect("it starts");
    name_all(&process.probe);
    starving(&process, || {
        thread::scope(|scope| {
            let by_probe = scope.spawn(|| watch(&["--probe", &process.probe]));
            let by_console = watch(&[&process.console]);
            let by_probe = by_probe.join().expect("no panic");
            [by_console, by_probe]
        })
    })
}

#[test]
fn a_starved_healthy_program_is_called_starved_and_not_accused() {
    let _room = room();
    let Some(watched) = watched_starving("healthy", &["tenants", "--every", "50ms"]) else {
        return;
    };
    for watched in &watched {
        assert!(!watched.has_accused(), "{:#}", watched.report);
        watched.says_starved();
    }
    let [by_console, by_probe] = watched;
    for watched in [&by_console, &by_probe] {
        assert!(watched.figure("stopped_part") >= 0.5);
    }
    assert!(by_probe.figure("overslept_times") >= 1.0);
}

#[test]
fn a_starved_program_that_leaks_is_not_called_clean() {
    let _room = room();
    let flags = ["--variant", "leaky", "--every", "50ms"];
    for watched in watched_starving("full-channel", &flags)
        .into_iter()
        .flatten()
    {
        // Its pile is no proof, and its tasks can all be woken.
        assert!(!watched.has_accused(), "{:#}", watched.report);
        watched.says_starved();
    }
}

#[test]
fn a_starved_program_without_a_probe_is_not_called_clean() {
    let _room = room();
    let flags = ["--variant", "leaky", "--every", "50ms"];
    let process = Process::start_without_probe("full-channel", &flags).expect("it starts");
    let Some(watched) = starving(&process, || watch(&[&process.console])) else {
        return;
    };
    watched.says_starved();
    assert!(watched.figure("stopped_part") >= 0.5);
}

#[test]
fn what_cannot_wake_is_certain_in_a_starved_program_too() {
    let _room = room();
    let flags = ["--variant", "leaky", "--every", "50ms"];
    let Some([by_console, by_probe]) = watched_starving("lock-order", &flags) else {
        return;
    };
    assert_eq!(by_console.report["findings"][0]["grade"], "certain");
    assert_eq!(by_console.code, Some(1));
    assert_ne!(by_probe.code, Some(0));
}
