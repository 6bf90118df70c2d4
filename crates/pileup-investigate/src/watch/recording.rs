//! A watch that was recorded.

use std::fs::File;
use std::io::BufReader;
use std::iter;
use std::path::PathBuf;
use std::time::Duration;

use futures_util::stream::{self, BoxStream, StreamExt};

use super::Source;
use crate::{Ending, Error, Recording, Snapshot};

/// A recording that can be read.
pub struct Recorded {
    file: PathBuf,
    recording: Box<Recording<BufReader<File>>>,
}

impl Recorded {
    /// Opens a recording.
    ///
    /// Fails if it cannot be read.
    pub fn open(file: PathBuf) -> Result<Self, Error> {
        match Recording::open(&file) {
            Ok(recording) => Ok(Self {
                file,
                recording: Box::new(recording),
            }),
            Err(source) => Err(Error::Recording { file, source }),
        }
    }

    /// The next snapshot, and in the end why the watch ended early, if it did.
    fn next(&mut self) -> Option<Result<Snapshot, Error>> {
        let next = self.recording.next().map(|next| {
            next.map_err(|source| Error::Recording {
                file: self.file.clone(),
                source,
            })
        });
        next.or_else(|| match self.recording.ending() {
            Some(Ending::CutShort(reason)) => Some(Err(Error::CutShort(reason.clone()))),
            _ => None,
        })
    }
}

impl Source for Recorded {
    fn target(&self) -> String {
        self.recording.target().to_owned()
    }

    fn duration(&self) -> Option<Duration> {
        None
    }

    fn snapshots(&mut self) -> BoxStream<'_, Result<Snapshot, Error>> {
        stream::iter(iter::from_fn(|| self.next())).boxed()
    }
}
