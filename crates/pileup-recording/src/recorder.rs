//! Writes a recording.

use std::fs::{File, OpenOptions};
use std::io::Write;
use std::path::Path;
use std::sync::Arc;

use pileup_model::Snapshot;

use crate::changes::{write_finished, write_live};
use crate::encoder::Encoder;
use crate::entry::Entry;
use crate::error::RecordingError;
use crate::frame::Packer;
use crate::limits::{Budget, MOST_RECORDED};
use crate::process::write_process;
use crate::turnover::write_turnover;
use crate::{MAGIC, VERSION};

/// The first byte of a frame says what it holds.
pub(crate) const TARGET: u8 = 0;
pub(crate) const SNAPSHOT: u8 = 1;
pub(crate) const END: u8 = 2;

/// How a watch ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Ending {
    /// After its time.
    Complete,
    /// Before its time, and why.
    CutShort(String),
}

/// Writes the snapshots of one watch, each at once.
///
/// It keeps one snapshot and a bounded table of texts, however long it writes.
#[derive(Debug)]
pub struct Recorder {
    file: File,
    /// What is not yet in the file: at first the header, which goes with the first snapshot.
    unwritten: Vec<u8>,
    packer: Packer,
    encoder: Encoder,
    last: Option<Snapshot>,
    failed: bool,
}

impl Recorder {
    /// Opens a file for the watch of `target`. One that exists must be empty: nothing is
    /// overwritten. Nothing is written before the first snapshot.
    pub fn create(path: &Path, target: &str) -> Result<Self, RecordingError> {
        let mut options = OpenOptions::new();
        options.write(true).create(true).truncate(false);
        let file = options.open(path).map_err(RecordingError::Write)?;
        if file.metadata().map_err(RecordingError::Write)?.len() > 0 {
            return Err(RecordingError::Exists);
        }
        let mut recorder = Self {
            file,
            unwritten: MAGIC.to_vec(),
            packer: Packer::new(),
            encoder: Encoder::new(),
            last: None,
            failed: false,
        };
        recorder.unwritten.extend_from_slice(&VERSION.to_le_bytes());
        recorder.encoder.byte(TARGET);
        recorder.encoder.text(&Arc::from(target));
        recorder.pack()?;
        Ok(recorder)
    }

    /// Writes the next snapshot: what in it differs from the one before.
    ///
    /// After a failure nothing more can be recorded; the snapshots before it can be read.
    pub fn record(&mut self, snapshot: &Snapshot) -> Result<(), RecordingError> {
        self.guarded(|recorder| {
            check_size(snapshot)?;
            recorder.encode(snapshot)?;
            recorder.pack()?;
            recorder.write()?;
            recorder.last = Some(snapshot.clone());
            Ok(())
        })
    }

    /// Writes how the watch ended. Without it, a recording counts as cut.
    pub fn finish(mut self, ending: &Ending) -> Result<(), RecordingError> {
        self.guarded(|recorder| {
            recorder.encoder.byte(END);
            let reason = match ending {
                Ending::Complete => None,
                Ending::CutShort(reason) => Some(Arc::from(reason.as_str())),
            };
            recorder.encoder.optional(reason.as_ref(), Encoder::text);
            recorder.pack()?;
            recorder.write()
        })
    }

    fn guarded(
        &mut self,
        step: impl FnOnce(&mut Self) -> Result<(), RecordingError>,
    ) -> Result<(), RecordingError> {
        if self.failed {
            return Err(RecordingError::Failed);
        }
        let result = step(self);
        self.failed = result.is_err();
        result
    }

    fn encode(&mut self, snapshot: &Snapshot) -> Result<(), RecordingError> {
        let before = self.last.take();
        let encoder = &mut self.encoder;
        encoder.byte(SNAPSHOT);
        encoder.turn_to(snapshot.at);
        encoder.number(snapshot.coverage.dropped_events);
        encoder.flag(snapshot.coverage.state_withheld);
        encoder.flag(snapshot.coverage.waits_unseen);
        encoder.flag(snapshot.coverage.workers_unseen);
        encoder.duration(&snapshot.coverage.lag);
        encoder.optional(
            snapshot.coverage.keeps_ended_for.as_ref(),
            Encoder::duration,
        );
        encoder.number(snapshot.coverage.reconnects);
        encoder.duration(&snapshot.coverage.unwatched);
        encoder.optional(
            snapshot.coverage.scheduling.as_ref(),
            |encoder, scheduling| {
                encoder.number(scheduling.polls);
                encoder.number(scheduling.late_polls);
                encoder.number(scheduling.long_polls);
                encoder.duration(&scheduling.slept);
                encoder.duration(&scheduling.overslept);
            },
        );

        let at = snapshot.at;
        let before = before.as_ref();
        let tasks = before.map_or(&[][..], |before| &before.tasks);
        write_finished(encoder, tasks, &snapshot.finished, at);
        write_live(encoder, tasks, &snapshot.tasks, at)?;
        let resources = before.map_or(&[][..], |before| &before.resources);
        write_live(encoder, resources, &snapshot.resources, at)?;
        let async_ops = before.map_or(&[][..], |before| &before.async_ops);
        write_live(encoder, async_ops, &snapshot.async_ops, at)?;
        write_turnover(encoder, &snapshot.turnover);
        write_process(encoder, snapshot.process.as_ref());
        Ok(())
    }

    fn pack(&mut self) -> Result<(), RecordingError> {
        let Self {
            packer,
            encoder,
            unwritten,
            ..
        } = self;
        packer.pack(&encoder.bytes, unwritten)?;
        encoder.bytes.clear();
        Ok(())
    }

    fn write(&mut self) -> Result<(), RecordingError> {
        let written = self.file.write_all(&self.unwritten);
        self.unwritten.clear();
        written.map_err(RecordingError::Write)
    }
}

fn check_size(snapshot: &Snapshot) -> Result<(), RecordingError> {
    let tasks = snapshot.tasks.iter().chain(&snapshot.finished);
    let resources = snapshot.resources.iter();
    let async_ops = snapshot.async_ops.iter();
    let sizes = tasks
        .map(|task| task.size())
        .chain(resources.map(|resource| resource.size()))
        .chain(async_ops.map(|op| op.size()));
    let mut budget = Budget::new(MOST_RECORDED);
    for size in sizes {
        budget.keep(size).map_err(|_| RecordingError::TooLarge)?;
    }
    Ok(())
}
