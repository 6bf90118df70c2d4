//! What can go wrong with a recording.

use std::io;

use thiserror::Error;

/// What is wrong with bytes that no recorder wrote.
pub type Malformed = &'static str;

/// Why a recording cannot be written, or not be read any further.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum RecordingError {
    /// Something is there that a recording would replace.
    #[error("there is a file already, and it is not empty")]
    Exists,
    /// The file cannot be created or written.
    #[error("failed to write")]
    Write(#[source] io::Error),
    /// The file cannot be opened or read.
    #[error("failed to read")]
    Read(#[source] io::Error),
    /// A snapshot that no reader would take.
    #[error("the snapshot is too large for a recording")]
    TooLarge,
    /// A snapshot whose tasks, resources or async ops are not in the order of their ids.
    #[error("the snapshot is not in the order of its ids")]
    Unordered,
    /// An earlier snapshot could not be written: what follows it would have no base.
    #[error("nothing can be recorded after a failure")]
    Failed,
    /// It begins otherwise than recordings do.
    #[error("it is not a recording of pileup")]
    NotARecording,
    /// It was written by an earlier version.
    #[error("its format has version {version}, and this pileup reads version {needed}")]
    Older {
        /// The version of the recording.
        version: u16,
        /// The version that can be read.
        needed: u16,
    },
    /// It was written by a later version.
    #[error("its format has version {version}, and this pileup reads none after {newest}")]
    Newer {
        /// The version of the recording.
        version: u16,
        /// The newest version that can be read.
        newest: u16,
    },
    /// The recorder was killed, or the file was cut.
    #[error("it ends early, after {snapshots} snapshots")]
    EndsEarly {
        /// Snapshots up to there.
        snapshots: u64,
    },
    /// The bytes are not what a recorder wrote.
    #[error("it is damaged after {snapshots} snapshots: {reason}")]
    Damaged {
        /// Snapshots up to there.
        snapshots: u64,
        /// What is wrong with them.
        reason: &'static str,
    },
}
