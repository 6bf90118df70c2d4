//! Reads a recording.

use std::fs::File;
use std::io::{BufReader, ErrorKind, Read};
use std::path::Path;

use jiff::Timestamp;
use pileup_model::{AsyncOp, Coverage, Resource, Scheduling, Snapshot, Task};

use crate::changes::{Live, read_finished, read_live};
use crate::decoder::{Decoder, Tables};
use crate::entry::Entry;
use crate::error::Malformed;
use crate::error::RecordingError;
use crate::frame::{NoFrame, Unpacker};
use crate::limits::{Budget, MOST_KEPT};
use crate::process::read_process;
use crate::recorder::{END, Ending, SNAPSHOT, TARGET};
use crate::turnover::read_turnover;
use crate::{MAGIC, VERSION};

/// Whether bytes begin as a recording does.
#[must_use]
pub fn is_recording(bytes: &[u8]) -> bool {
    bytes.starts_with(&MAGIC)
}

/// The snapshots of one watch, in their order.
///
/// The last item is an error if the recording ends early or is damaged: what came before
/// holds.
#[derive(Debug)]
pub struct Recording<R> {
    input: R,
    unpacker: Unpacker,
    target: String,
    state: State,
    snapshots: u64,
    ending: Option<Ending>,
    over: bool,
}

/// What the frames so far have defined.
#[derive(Debug)]
struct State {
    tables: Tables,
    at: Timestamp,
    tasks: Live<Task>,
    resources: Live<Resource>,
    async_ops: Live<AsyncOp>,
    budget: Budget,
}

enum Told {
    Target(String),
    Snapshot(Box<Snapshot>),
    End(Ending),
}

impl Recording<BufReader<File>> {
    /// Opens a recording, and reads of what target it is.
    pub fn open(path: &Path) -> Result<Self, RecordingError> {
        let file = File::open(path).map_err(RecordingError::Read)?;
        Self::new(BufReader::new(file))
    }
}

impl<R: Read> Recording<R> {
    /// Reads from bytes of any origin, and first which target they are of.
    pub fn new(mut input: R) -> Result<Self, RecordingError> {
        read_header(&mut input)?;
        let mut recording = Self {
            input,
            unpacker: Unpacker::new(),
            target: String::new(),
            state: State::new(),
            snapshots: 0,
            ending: None,
            over: false,
        };
        match recording.read_frame()? {
            Told::Target(target) => recording.target = target,
            _ => return Err(recording.damaged("it does not say of what")),
        }
        Ok(recording)
    }

    /// What was watched.
    #[must_use]
    pub fn target(&self) -> &str {
        &self.target
    }

    /// How the watch ended; known after the last snapshot, unless the recording ends early.
    #[must_use]
    pub fn ending(&self) -> Option<&Ending> {
        self.ending.as_ref()
    }

    fn read_frame(&mut self) -> Result<Told, RecordingError> {
        let snapshots = self.snapshots;
        let content = self
            .unpacker
            .unpack(&mut self.input)
            .map_err(|none| match none {
                NoFrame::EndsEarly => RecordingError::EndsEarly { snapshots },
                NoFrame::Damaged(reason) => RecordingError::Damaged { snapshots, reason },
                NoFrame::Read(error) => RecordingError::Read(error),
            })?;
        let snapshot = self.state.take_in(&content);
        snapshot.map_err(|reason| self.damaged(reason))
    }

    fn damaged(&self, reason: Malformed) -> RecordingError {
        RecordingError::Damaged {
            snapshots: self.snapshots,
            reason,
        }
    }
}

impl<R: Read> Iterator for Recording<R> {
    type Item = Result<Snapshot, RecordingError>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.over {
            return None;
        }
        let error = match self.read_frame() {
            Ok(Told::Snapshot(snapshot)) => {
                self.snapshots += 1;
                return Some(Ok(*snapshot));
            }
            Ok(Told::End(ending)) => {
                self.ending = Some(ending);
                self.over = true;
                return None;
            }
            Ok(Told::Target(_)) => self.damaged("it says of what it is a second time"),
            Err(error) => error,
        };
        self.over = true;
        Some(Err(error))
    }
}

impl State {
    fn new() -> Self {
        Self {
            tables: Tables::default(),
            at: Timestamp::UNIX_EPOCH,
            tasks: Live::new(),
            resources: Live::new(),
            async_ops: Live::new(),
            budget: Budget::new(MOST_KEPT),
        }
    }

    fn take_in(&mut self, content: &[u8]) -> Result<Told, Malformed> {
        let mut decoder = Decoder::new(content, &mut self.tables, self.at);
        let snapshot = match decoder.byte()? {
            TARGET => Told::Target(decoder.text()?.to_string()),
            SNAPSHOT => {
                self.at = decoder.turn()?;
                let coverage = Coverage {
                    dropped_events: decoder.number()?,
                    state_withheld: decoder.flag()?,
                    waits_unseen: decoder.flag()?,
                    workers_unseen: decoder.flag()?,
                    lag: decoder.duration()?,
                    keeps_ended_for: decoder.optional(Decoder::duration)?,
                    reconnects: decoder.small()?,
                    unwatched: decoder.duration()?,
                    scheduling: decoder.optional(|decoder| {
                        Ok(Scheduling {
                            polls: decoder.number()?,
                            late_polls: decoder.number()?,
                            long_polls: decoder.number()?,
                            slept: decoder.duration()?,
                            overslept: decoder.duration()?,
                        })
                    })?,
                };
                let (at, budget) = (self.at, &mut self.budget);
                let finished = read_finished(&mut decoder, &self.tasks, at, budget)?;
                read_live(&mut decoder, &mut self.tasks, at, budget)?;
                read_live(&mut decoder, &mut self.resources, at, budget)?;
                read_live(&mut decoder, &mut self.async_ops, at, budget)?;
                let turnover = read_turnover(&mut decoder, budget)?;
                let process = read_process(&mut decoder, budget)?;
                budget.release(finished.iter().map(|task| task.size()).sum());
                Told::Snapshot(Box::new(Snapshot {
                    at,
                    tasks: self.tasks.values().cloned().collect(),
                    finished,
                    resources: self.resources.values().cloned().collect(),
                    async_ops: self.async_ops.values().cloned().collect(),
                    turnover,
                    process,
                    coverage,
                }))
            }
            END => {
                let reason = decoder.optional(Decoder::text)?;
                Told::End(reason.map_or(Ending::Complete, |reason| {
                    Ending::CutShort(reason.to_string())
                }))
            }
            _ => return Err("an unknown kind of frame"),
        };
        decoder.end()?;
        Ok(snapshot)
    }
}

fn read_header(input: &mut impl Read) -> Result<(), RecordingError> {
    let mut magic = Vec::new();
    let length = MAGIC.len() as u64;
    let read = input.by_ref().take(length).read_to_end(&mut magic);
    read.map_err(RecordingError::Read)?;
    if !MAGIC.starts_with(&magic) {
        return Err(RecordingError::NotARecording);
    }
    if magic.len() < MAGIC.len() {
        return Err(RecordingError::EndsEarly { snapshots: 0 });
    }
    let mut version = [0; 2];
    input
        .read_exact(&mut version)
        .map_err(|error| match error.kind() {
            ErrorKind::UnexpectedEof => RecordingError::EndsEarly { snapshots: 0 },
            _ => RecordingError::Read(error),
        })?;
    match u16::from_le_bytes(version) {
        VERSION => Ok(()),
        version if version > VERSION => Err(RecordingError::Newer {
            version,
            newest: VERSION,
        }),
        0 => Err(RecordingError::NotARecording),
        version => Err(RecordingError::Older {
            version,
            needed: VERSION,
        }),
    }
}
