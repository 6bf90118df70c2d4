//! The recording of a watch that goes on, if one is asked for.

use crate::{Ending, Error, Recorder, RecordingError, Snapshot};
use std::path::{Path, PathBuf};

/// Records a watch. A watch goes on that can no longer be recorded: what is seen is worth its
/// report.
pub struct WatchRecorder {
    file: PathBuf,
    recorder: Option<Recorder>,
    written: Result<(), RecordingError>,
}

impl WatchRecorder {
    /// Begins the recording of a target, if there is a file for it.
    pub fn create(file: Option<&Path>, target: &str) -> Result<Self, Error> {
        let recorder = file.map(|file| Recorder::create(file, target)).transpose();
        let file = file.unwrap_or(Path::new("")).to_owned();
        match recorder {
            Ok(recorder) => Ok(Self {
                file,
                recorder,
                written: Ok(()),
            }),
            Err(source) => Err(Error::NotRecorded { file, source }),
        }
    }

    pub fn take_in(&mut self, next: &Result<Snapshot, Error>) {
        if let (Ok(snapshot), Some(recorder), Ok(())) = (next, &mut self.recorder, &self.written) {
            self.written = recorder.record(snapshot);
        }
    }

    /// Ends the recording. Returns why it does not have all of the watch, if so.
    pub fn finish(self, cut_short: Option<&Error>) -> Option<Error> {
        let mut written = self.written;
        if let (Some(recorder), Ok(())) = (self.recorder, &written) {
            let ending = cut_short.map_or(Ending::Complete, |error| {
                Ending::CutShort(error.to_string())
            });
            written = recorder.finish(&ending);
        }
        let file = self.file;
        written
            .map_err(|source| Error::NotRecorded { file, source })
            .err()
    }
}
