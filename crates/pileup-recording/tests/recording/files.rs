//! Files that are there already, of other versions, of other things.

use std::io::Read;

use jiff::Timestamp;
use pileup_model::{Snapshot, Task, TaskId, TaskKind, Wakers};
use pileup_recording::{Ending, Recorder, Recording, RecordingError, is_recording};

use crate::{Place, TARGET, read, recorded};

/// A program in which one task lives.
fn snapshot(ids: &[u64]) -> Snapshot {
    let task = |id: &u64| {
        let task = Task {
            wakers: Some(Wakers::default()),
            ..Task::new(TaskId(*id), TaskKind::Async, Timestamp::UNIX_EPOCH)
        };
        task.into()
    };
    Snapshot {
        tasks: ids.iter().map(task).collect(),
        ..Snapshot::new(Timestamp::UNIX_EPOCH)
    }
}

#[test]
fn nothing_is_overwritten() {
    let place = Place::new();
    std::fs::write(&place.path, "dear diary").expect("it can be written");
    let error = Recorder::create(&place.path, TARGET).expect_err("it is not empty");
    assert_eq!(
        error.to_string(),
        "there is a file already, and it is not empty"
    );
    let kept = std::fs::read_to_string(&place.path).expect("it is there");
    assert_eq!(kept, "dear diary");
}

#[test]
fn nothing_is_written_before_the_first_snapshot() {
    let place = Place::new();
    drop(Recorder::create(&place.path, TARGET).expect("a recorder"));
    assert!(std::fs::read(&place.path).expect("it is there").is_empty());
    Recorder::create(&place.path, TARGET).expect("it is empty: it can be tried again");
}

#[test]
fn each_snapshot_can_be_read_while_more_are_recorded() {
    let place = Place::new();
    let mut recorder = Recorder::create(&place.path, TARGET).expect("a recorder");
    for ids in [&[1][..], &[1, 2], &[2]] {
        recorder.record(&snapshot(ids)).expect("it can be recorded");
        let last = Recording::open(&place.path)
            .expect("it can be read already")
            .map_while(Result::ok)
            .last();
        assert_eq!(last, Some(snapshot(ids)));
    }
}

#[test]
fn the_ending_is_told() {
    let place = Place::new();
    let mut recorder = Recorder::create(&place.path, TARGET).expect("a recorder");
    recorder
        .record(&snapshot(&[1]))
        .expect("it can be recorded");
    let ending = Ending::CutShort("it went away".to_owned());
    recorder.finish(&ending).expect("it can be ended");
    let mut recording = Recording::open(&place.path).expect("a recording");
    assert_eq!(recording.ending(), None);
    assert_eq!(recording.by_ref().count(), 1);
    assert_eq!(recording.ending(), Some(&ending));
}

#[test]
fn a_snapshot_out_of_order_is_refused_and_ends_the_recording() {
    let place = Place::new();
    let mut recorder = Recorder::create(&place.path, TARGET).expect("a recorder");
    recorder
        .record(&snapshot(&[1]))
        .expect("it can be recorded");
    let error = recorder
        .record(&snapshot(&[2, 1]))
        .expect_err("out of order");
    assert!(matches!(error, RecordingError::Unordered), "{error}");
    let error = recorder.record(&snapshot(&[1])).expect_err("it has failed");
    assert!(matches!(error, RecordingError::Failed), "{error}");
    let (read, error) = read(&std::fs::read(&place.path).expect("it is there"));
    assert_eq!(read, [snapshot(&[1])]);
    assert!(matches!(
        error,
        Some(RecordingError::EndsEarly { snapshots: 1 })
    ));
}

#[test]
fn another_version_is_refused_by_its_number() {
    let mut bytes = recorded(&[]);
    assert!(is_recording(&bytes));
    bytes[8] = 7;
    let error = Recording::new(&bytes[..]).expect_err("it is newer");
    assert_eq!(
        error.to_string(),
        "its format has version 7, and this pileup reads none after 6"
    );
    bytes[8] = 2;
    let error = Recording::new(&bytes[..]).expect_err("it is older");
    assert_eq!(
        error.to_string(),
        "its format has version 2, and this pileup reads version 6"
    );
}

#[test]
fn other_files_are_refused() {
    for other in [
        "{\"schema\": \"pileup.report/1\"}",
        "pileup\n",
        "\u{89}pileup\n",
    ] {
        assert!(!is_recording(other.as_bytes()));
        let error = Recording::new(other.as_bytes()).expect_err("it is not one");
        assert_eq!(error.to_string(), "it is not a recording of pileup");
    }
}

#[test]
fn a_failure_to_read_is_not_taken_for_the_end() {
    struct Broken;
    impl Read for Broken {
        fn read(&mut self, _: &mut [u8]) -> std::io::Result<usize> {
            Err(std::io::Error::other("the disk is on fire"))
        }
    }
    let whole = recorded(&[snapshot(&[1])]);
    for length in 0..whole.len() {
        let input = whole[..length].chain(Broken);
        let error = match Recording::new(input) {
            Err(error) => Some(error),
            Ok(recording) => recording.last().and_then(Result::err),
        };
        assert!(matches!(error, Some(RecordingError::Read(_))), "{error:?}");
    }
}
