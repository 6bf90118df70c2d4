//! What the views show of recordings that are made up.

use std::process::Command;

use jiff::Timestamp;
use pileup_investigate::{Snapshot, Task};
use pileup_model::{Polls, Wakers};

use crate::recorded::{record, snapshot, task};

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

/// Three live tasks of one line; in the second snapshot five more that have finished and are
/// still on the console.
fn with_ghosts() -> Vec<Snapshot> {
    let polled = |id: u64, polls: u64| Task {
        polls: Polls {
            count: polls,
            last_started: Some(Timestamp::from_second(1).expect("in range")),
            last_ended: Some(Timestamp::from_second(2).expect("in range")),
            ..Polls::default()
        },
        wakers: Some(Wakers {
            wakes: 1,
            clones: u64::from(polls == 2),
            ..Wakers::default()
        }),
        ..task(id, "src/main.rs", 7)
    };
    // Spawned, woken once, and dropped: a live task has two polls at most.
    let live: Vec<Task> = (1..=3).map(|id| polled(id, 2)).collect();
    let ghosts = (4..=8).map(|id| Task {
        created_at: Timestamp::from_second(10).expect("in range"),
        ..polled(id, 3)
    });
    let all = live.iter().cloned().chain(ghosts).collect();
    vec![snapshot(3, live), snapshot(63, all)]
}

#[test]
fn tasks_that_have_finished_are_not_counted_as_live() {
    let snapshots = with_ghosts();
    for arguments in [
        &["top"][..],
        &["list", "."],
        &["tasks"],
        &["tasks", "--each"],
    ] {
        let shown = view(arguments, &snapshots);
        assert!(shown.starts_with("3 live tasks"), "{arguments:?}: {shown}");
    }
    let top = view(&["top"], &snapshots);
    assert!(top.contains(" 0/min  src/main.rs:7"), "{top}");
    let each = view(&["tasks", "--each"], &snapshots);
    assert_eq!(each.matches("\ntask ").count(), 3, "{each}");
    assert!(each.contains("5 more have finished"), "{each}");
}

#[test]
fn a_task_is_called_a_task() {
    let snapshots = [snapshot(75, vec![born(1, 0), born(2, 15), born(3, 45)])];
    let alike = "3 live tasks\n\n\
                 3 tasks, idle, 55 s old on average, the oldest 75 s\n  \
                 spawned at src/main.rs:7\n";
    assert_eq!(view(&["tasks"], &snapshots), alike);
    let each = view(&["tasks", "--each"], &snapshots[..1]);
    let first = "3 live tasks\n\n\
                 task 1, idle for 75 s, 75 s old, 0 polls\n  spawned at src/main.rs:7\n";
    assert!(each.starts_with(first), "{each}");
}
