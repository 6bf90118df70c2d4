//! Recordings that a test makes up.

use std::path::{Path, PathBuf};

use jiff::Timestamp;
use pileup_investigate::{Ending, Recorder, Site, Snapshot, Task, TaskId};
use pileup_model::{Polls, TaskKind};

/// A task that was spawned at second 0 and never polled.
pub fn task(id: u64, file: &str, line: u32) -> Task {
    Task {
        site: Some(Site {
            file: file.into(),
            line,
            column: 1,
        }),
        ..Task::new(TaskId(id), TaskKind::Async, Timestamp::UNIX_EPOCH)
    }
}

/// A task that was polled once, when it was spawned.
#[allow(dead_code, reason = "not every test needs a pile")]
pub fn polled_once(id: u64, file: &str, line: u32, spawned_at: i64) -> Task {
    let at = Timestamp::from_second(spawned_at).expect("in range");
    Task {
        created_at: at,
        polls: Polls {
            count: 1,
            last_started: Some(at),
            last_ended: Some(at),
            ..Polls::default()
        },
        ..task(id, file, line)
    }
}

/// What was there at a second.
pub fn snapshot(second: i64, tasks: Vec<Task>) -> Snapshot {
    Snapshot {
        tasks: tasks.into_iter().map(Into::into).collect(),
        ..Snapshot::new(Timestamp::from_second(second).expect("in range"))
    }
}

/// Writes a recording of these snapshots.
pub fn record(folder: &Path, snapshots: &[Snapshot]) -> PathBuf {
    let file = folder.join("watch.pileup");
    let mut recorder = Recorder::create(&file, "http://127.0.0.1:6669").expect("it is new");
    for snapshot in snapshots {
        recorder.record(snapshot).expect("it is written");
    }
    recorder.finish(&Ending::Complete).expect("it is written");
    file
}

/// A watch of ten minutes in which a line spawns a task each second, and none ever finishes:
/// long enough to exclude that the program has only just started.
#[allow(dead_code, reason = "not every test needs a pile")]
pub fn pile(file: &str) -> Vec<Snapshot> {
    let spawned = |second: i64| polled_once(second.unsigned_abs() + 1, file, 7, second);
    let at = |second| snapshot(second, (0..=second).map(spawned).collect());
    (0..=600).step_by(10).map(at).collect()
}
