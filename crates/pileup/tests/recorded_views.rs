//! What the views show of recordings that are made up.

#[path = "support/recorded.rs"]
mod recorded;

use std::process::Command;

use jiff::Timestamp;
use pileup::{Snapshot, Task};
use recorded::{record, snapshot, task};

/// What a view shows of these snapshots.
fn view(arguments: &[&str], snapshots: &[Snapshot]) -> String {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let from = record(folder.path(), snapshots);
    let output = Command::new(env!("CARGO_BIN_EXE_pileup"))
        .args(arguments)
        .arg("--from")
        .arg(from)
        .output()
        .expect("pileup runs");
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{errors}");
    String::from_utf8(output.stdout).expect("text")
}

fn born(id: u64, second: i64) -> Task {
    Task {
        created_at: Timestamp::from_second(second).expect("in range"),
        ..task(id, "src/main.rs", 7)
    }
}

#[test]
fn a_slow_leak_has_a_rate_of_its_own_unit() {
    let hours = |number: i64| number * 3600;
    let tasks = |number: i64| (0..=number).map(|hour| born(hour.unsigned_abs(), hours(hour)));
    let snapshots: Vec<Snapshot> = (0..5)
        .map(|hour| snapshot(hours(hour), tasks(hour).collect()))
        .collect();
    let top = view(&["top"], &snapshots);
    assert!(top.contains("+1/h"), "{top}");
}
