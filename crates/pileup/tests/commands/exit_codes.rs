//! The exit codes that the command line promises.

use std::fs::File;
use std::path::Path;
use std::process::{Command, Output, Stdio};

use pileup_investigate::{Report, Snapshot};
use tempfile::TempDir;

use crate::recorded::{pile, record, snapshot, task};

fn pileup(arguments: &[&str], output: Stdio) -> (Option<i32>, String) {
    let output = Command::new(env!("CARGO_BIN_EXE_pileup"))
        .args(arguments)
        .stdout(output)
        .stderr(Stdio::piped())
        .output()
        .expect("pileup runs");
    let errors = String::from_utf8(output.stderr).expect("text");
    (output.status.code(), errors)
}

fn recording(folder: &TempDir) -> String {
    let tasks = || vec![task(1, "src/main.rs", 7)];
    let snapshots: Vec<_> = (1..5).map(|second| snapshot(second, tasks())).collect();
    text(&record(folder.path(), &snapshots))
}

fn text(path: &Path) -> String {
    path.to_str().expect("a plain name").to_owned()
}

#[test]
#[cfg(target_os = "linux")]
fn a_full_disk_behind_standard_output_is_a_failure_of_our_own() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let from = recording(&folder);
    for arguments in [
        &["explain", "PU01"][..],
        &["diagnose", "--from", &from],
        &["diagnose", "--from", &from, "--format", "html"],
        &["diagnose", "--from", &from, "--format", "json"],
        &["diff", &from, &from],
        &["graph", "--from", &from],
        &["graph", "--stacks", "--format", "svg", "--from", &from],
        &["tasks", "--from", &from],
        &["top", "--from", &from],
        &["list", ".", "--from", &from],
    ] {
        let full = File::options()
            .write(true)
            .open("/dev/full")
            .expect("Linux has it");
        let (code, errors) = pileup(arguments, full.into());
        assert_eq!(code, Some(5), "{arguments:?}: {errors}");
        assert!(
            errors.contains("failed to print"),
            "{arguments:?}: {errors}"
        );
    }
}

#[test]
#[cfg(target_os = "linux")]
fn a_standard_error_that_takes_nothing_changes_no_exit_code() {
    let full = File::options()
        .write(true)
        .open("/dev/full")
        .expect("Linux has it");
    let status = Command::new(env!("CARGO_BIN_EXE_pileup"))
        .args(["explain", "PU99"])
        .stderr(full)
        .status()
        .expect("pileup runs");
    assert_eq!(status.code(), Some(2));
}

#[test]
fn files_that_the_user_named_wrongly_are_wrong_usage() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let missing = text(&folder.path().join("missing"));
    let there = recording(&folder);
    for arguments in [
        &["diagnose", "--from", &missing][..],
        &["diff", &missing, &missing],
        &["diagnose", "--from", &there, "--allow", &missing],
        &["diagnose", "--from", &there, "--record", &there],
        &["profile", "--from", &there, "--output", &there],
        &["explain", "PU99"],
    ] {
        let (code, errors) = pileup(arguments, Stdio::null());
        assert_eq!(code, Some(2), "{arguments:?}: {errors}");
    }
}

#[test]
fn a_target_that_is_not_there_is_unreachable() {
    for arguments in [
        &["top", "http://127.0.0.1:1"][..],
        &["top", "--probe", "http://127.0.0.1:1"],
        &["doctor", "http://127.0.0.1:1"],
    ] {
        let (code, errors) = pileup(arguments, Stdio::null());
        assert_eq!(code, Some(3), "{arguments:?}: {errors}");
    }
}

/// The report that was printed, and the rest of the output.
fn diagnose(arguments: &[&str]) -> (Report, Output) {
    let output = Command::new(env!("CARGO_BIN_EXE_pileup"))
        .args(["diagnose", "--format", "json"])
        .args(arguments)
        .output()
        .expect("pileup runs");
    let errors = String::from_utf8_lossy(&output.stderr);
    let report = serde_json::from_slice(&output.stdout);
    let report = report.unwrap_or_else(|error| panic!("{arguments:?}: {error}: {errors}"));
    (report, output)
}

/// A pile in a program that withheld what lived before the attach.
fn withheld(folder: &TempDir) -> String {
    let mut snapshots: Vec<Snapshot> = pile("src/main.rs");
    for snapshot in &mut snapshots {
        snapshot.coverage.state_withheld = true;
    }
    text(&record(folder.path(), &snapshots))
}

#[test]
fn what_was_found_is_printed_although_the_target_withheld_its_state() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let from = withheld(&folder);
    let (report, output) = diagnose(&["--from", &from]);
    assert_eq!(output.status.code(), Some(1), "{report:#?}");

    let (report, output) = diagnose(&["--from", &from, "--fail-on", "never"]);
    assert_eq!(output.status.code(), Some(3), "{report:#?}");
    assert_eq!(report.findings.len(), 1, "{report:#?}");
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(errors.contains("withheld the tasks"), "{errors}");

    let output = Command::new(env!("CARGO_BIN_EXE_pileup"))
        .args(["diff", &from, &from])
        .output()
        .expect("pileup runs");
    assert_eq!(output.status.code(), Some(3));
    let printed = String::from_utf8_lossy(&output.stdout);
    assert!(printed.contains("src/main.rs:7"), "{printed}");
}

#[test]
fn a_report_that_found_nothing_does_not_look_clean_when_state_was_withheld() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let mut snapshot = snapshot(1, Vec::new());
    snapshot.coverage.state_withheld = true;
    let from = text(&record(folder.path(), &[snapshot]));
    for format in ["text", "markdown", "html", "junit"] {
        let output = Command::new(env!("CARGO_BIN_EXE_pileup"))
            .args(["diagnose", "--from", &from, "--format", format])
            .output()
            .expect("pileup runs");
        assert_eq!(output.status.code(), Some(3));
        let printed = String::from_utf8_lossy(&output.stdout);
        assert!(
            printed.contains("INCOMPLETE: the target withheld"),
            "{printed}"
        );
        assert!(!printed.contains("nothing piles up"), "{printed}");
    }
}

#[test]
#[cfg(target_os = "linux")]
fn what_was_seen_is_reported_although_it_could_not_be_recorded() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let from = text(&record(folder.path(), &pile("src/main.rs")));
    let (report, output) = diagnose(&["--from", &from, "--record", "/dev/full"]);
    assert_eq!(output.status.code(), Some(5), "{report:#?}");
    assert_eq!(report.findings.len(), 1, "{report:#?}");
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(
        errors.contains("failed to record the watch in /dev/full"),
        "{errors}"
    );
}

#[test]
fn no_error_names_a_cause_twice() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let missing = text(&folder.path().join("missing"));
    let other = text(&folder.path().join("notes.txt"));
    std::fs::write(&other, "no recording").expect("it can be written");
    for (arguments, last) in [
        (&["diagnose", "--from", &missing][..], "os error 2"),
        (&["diagnose", "--from", &other], "not a recording of pileup"),
        (&["top", "http://127.0.0.1:1"], "Connection refused"),
        (
            &["top", "--probe", "http://127.0.0.1:1"],
            "Connection refused",
        ),
    ] {
        let (_, errors) = pileup(arguments, Stdio::null());
        let causes = errors.lines().take_while(|line| !line.contains("help:"));
        let mut causes: Vec<&str> = causes
            .map(|line| line.trim_start_matches(|mark: char| !mark.is_alphanumeric()))
            .collect();
        assert!(
            causes.last().is_some_and(|cause| cause.contains(last)),
            "{errors}"
        );
        let all = causes.len();
        causes.sort_unstable();
        causes.dedup();
        assert_eq!(causes.len(), all, "{errors}");
        let failed = errors.matches("failed to read").count();
        assert!(failed <= 1, "{errors}");
    }
}
