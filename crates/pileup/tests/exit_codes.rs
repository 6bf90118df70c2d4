//! The exit codes that the command line promises.

#[path = "support/recorded.rs"]
mod recorded;

use std::fs::File;
use std::path::Path;
use std::process::{Command, Stdio};

use recorded::{record, snapshot, task};
use tempfile::TempDir;

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
