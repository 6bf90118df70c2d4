//! What a watch, or reading a file for it, fails with.

use std::error::Error as StdError;
use std::io;
use std::path::PathBuf;

use pileup_console::ConsoleError;
use pileup_recording::RecordingError;
use thiserror::Error;

use crate::watch::ProbeError;

/// Why there is no report, or why it is about a part of the watch.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum Error {
    /// The caller ended the watch.
    #[error("interrupted")]
    Interrupted,

    /// The program's console could not be attached to.
    #[error(transparent)]
    Console(#[from] ConsoleError),

    /// The program's console failed during the watch.
    #[error(transparent)]
    DuringWatch(ConsoleError),

    /// The program's probe gave no first snapshot.
    #[error(transparent)]
    Probe(#[from] ProbeError),

    /// The program's probe failed during the watch.
    #[error(transparent)]
    ProbeDuringWatch(ProbeError),

    /// A recording could not be read.
    #[error("failed to read the recording {}", file.display())]
    Recording {
        /// The recording.
        file: PathBuf,
        /// What is wrong with it.
        source: RecordingError,
    },

    /// The recorded watch ended early, for this reason.
    #[error("the recorded watch was cut short: {0}")]
    CutShort(String),

    /// The watch could not be recorded.
    #[error("failed to record the watch in {}", file.display())]
    NotRecorded {
        /// The recording.
        file: PathBuf,
        /// Why it could not be written.
        source: RecordingError,
    },

    /// There was no snapshot.
    #[error("{target} reported nothing")]
    NothingSeen {
        /// What was watched.
        target: String,
    },

    /// A file could not be read.
    #[error("failed to read {}", file.display())]
    ReadFile {
        /// The file.
        file: PathBuf,
        /// Why it could not be read.
        source: io::Error,
    },

    /// A list of allowed findings could not be understood.
    #[error("{} is no list of what is allowed", file.display())]
    AllowList {
        /// The list.
        file: PathBuf,
        /// What is wrong with it.
        source: Box<dyn StdError + Send + Sync>,
    },

    /// A file is no report as JSON, or one of another version.
    #[error("{} is no report of pileup", file.display())]
    NotAReport {
        /// The file.
        file: PathBuf,
        /// What is wrong with it; none for another version.
        source: Option<Box<dyn StdError + Send + Sync>>,
    },

    /// A folder to read source files from could not be opened.
    #[error("failed to open the folder {} for --source-root", folder.display())]
    SourceRoot {
        /// The folder.
        folder: PathBuf,
        /// Why it could not be opened.
        source: io::Error,
    },
}
