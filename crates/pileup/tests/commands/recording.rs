//! A watch that was recorded gives the report that it gave live, also when the recorder
//! was killed.

use std::fs;
use std::path::Path;
use std::process::{Command, Output, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

use crate::machine::{self, Meter};
use crate::process::Process;
use crate::room::room;

fn pileup(arguments: &[&str]) -> Command {
    let mut command = crate::pileup();
    command.args(arguments);
    command
}

fn replay(file: &Path) -> Output {
    let file = file.to_str().expect("a temporary file has a plain name");
    pileup(&[
        "diagnose",
        "--format",
        "json",
        "--from",
        file,
        "--max-lifetime",
        "5s",
    ])
    .output()
    .expect("pileup runs")
}

#[test]
fn a_recording_gives_the_report_of_the_live_watch_byte_for_byte() {
    let _room = room();
    let folder = tempfile::tempdir().expect("a temporary folder");
    let file = folder.path().join("watch.pileup");
    let name = file.to_str().expect("a temporary file has a plain name");
    let meter = Meter::start();
    let live = pileup(&["investigate", "lock-never-released", "--every", "100ms"])
        .args(["--for", &format!("{}s", machine::seconds(6))])
        .args(["--format", "json", "--record", name])
        .args(["--max-lifetime", "5s"])
        .output()
        .expect("pileup runs");
    let is_too_slow = meter.slowness().is_too_slow();
    let replayed = replay(&file);
    assert_eq!(
        String::from_utf8_lossy(&live.stdout),
        String::from_utf8_lossy(&replayed.stdout)
    );
    assert_eq!(replayed.status.code(), live.status.code());
    // On a slow machine the watch may be blind, or too short to prove the leak: what it has seen
    // is replayed all the same.
    let is_unproven = is_too_slow && matches!(live.status.code(), Some(0 | 3));
    let is_found = live.status.code() == Some(1);
    let report = String::from_utf8_lossy(&live.stdout);
    assert!(is_found || is_unproven, "{}: {report}", live.status);
}

#[test]
fn what_a_killed_recorder_has_written_is_read_and_said_to_end_early() {
    let _room = room();
    let folder = tempfile::tempdir().expect("a temporary folder");
    let file = folder.path().join("watch.pileup");
    let name = file.to_str().expect("a temporary file has a plain name");
    let scenario = Process::start("unclosed-channel", &["--every", "50ms"]).expect("it starts");
    let mut recorder = pileup(&[
        "diagnose",
        &scenario.console,
        "--for",
        "60s",
        "--record",
        name,
    ])
    .stdout(Stdio::null())
    .stderr(Stdio::null())
    .spawn()
    .expect("pileup runs");
    let started = Instant::now();
    let written = || fs::metadata(&file).map_or(0, |metadata| metadata.len());
    while written() < 2_000 && started.elapsed() < Duration::from_secs(50) {
        sleep(Duration::from_millis(50));
    }
    recorder.kill().expect("it still runs");
    recorder.wait().expect("it was ours");

    let replayed = replay(&file);
    let report: serde_json::Value = serde_json::from_slice(&replayed.stdout).expect("a report");
    assert!(
        report["coverage"]["tasks_seen"].as_u64() > Some(5),
        "{report}"
    );
    let said = String::from_utf8_lossy(&replayed.stderr);
    assert!(said.contains("ends early"), "{said}");
}

#[test]
fn a_file_that_is_no_recording_is_refused_and_one_that_is_there_is_not_overwritten() {
    let _room = room();
    let folder = tempfile::tempdir().expect("a temporary folder");
    let file = folder.path().join("notes.txt");
    fs::write(&file, "not a recording").expect("it can be written");
    assert_eq!(replay(&file).status.code(), Some(2));

    let name = file.to_str().expect("a temporary file has a plain name");
    let scenario = Process::start("unclosed-channel", &["--variant", "fixed"]).expect("it starts");
    let recorder = pileup(&[
        "diagnose",
        &scenario.console,
        "--for",
        "2s",
        "--record",
        name,
    ])
    .output()
    .expect("pileup runs");
    assert_eq!(recorder.status.code(), Some(2));
    assert_eq!(
        fs::read_to_string(&file).expect("it is there"),
        "not a recording"
    );
}
