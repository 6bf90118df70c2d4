//! What a recording gives back, whole, cut, damaged, and made up.

mod any_bytes;
mod files;
mod round_trip;
mod snapshots;

use std::path::PathBuf;

use pileup_model::Snapshot;
use pileup_recording::{Ending, Recorder, Recording, RecordingError};

const TARGET: &str = "http://127.0.0.1:6669";

/// A path for one recording, in a folder of its own.
struct Place {
    _folder: tempfile::TempDir,
    path: PathBuf,
}

impl Place {
    fn new() -> Self {
        let folder = tempfile::tempdir().expect("a folder can be made");
        let path = folder.path().join("watch.pileup");
        Self {
            _folder: folder,
            path,
        }
    }
}

/// The bytes of a recording of these snapshots that was finished.
fn recorded(snapshots: &[Snapshot]) -> Vec<u8> {
    let place = Place::new();
    let mut recorder = Recorder::create(&place.path, TARGET).expect("a recorder");
    for snapshot in snapshots {
        recorder.record(snapshot).expect("it can be recorded");
    }
    recorder.finish(&Ending::Complete).expect("it can be ended");
    std::fs::read(&place.path).expect("it is there")
}

/// What can be read of a recording, and why it was not more.
fn read(bytes: &[u8]) -> (Vec<Snapshot>, Option<RecordingError>) {
    let mut snapshots = Vec::new();
    match Recording::new(bytes) {
        Err(error) => return (snapshots, Some(error)),
        Ok(recording) => {
            for snapshot in recording {
                match snapshot {
                    Ok(snapshot) => snapshots.push(snapshot),
                    Err(error) => return (snapshots, Some(error)),
                }
            }
        }
    }
    (snapshots, None)
}
