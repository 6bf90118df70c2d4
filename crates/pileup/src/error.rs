//! What the command fails with: `help.rs` says what to do about it, and `exit.rs` with which code
//! it ends.

use std::io;
use std::path::PathBuf;

use pileup_investigate::Error as WatchError;
use pileup_workshop::Error as WorkshopError;
use thiserror::Error;

#[derive(Debug, Error)]
pub enum Error {
    #[error("failed to start the runtime of pileup itself")]
    Runtime(#[source] io::Error),

    #[error(transparent)]
    Watch(Box<WatchError>),

    #[error(transparent)]
    Workshop(WorkshopError),

    #[error(
        "{target} withheld the tasks that lived before pileup attached: its state is larger than console-subscriber sends to a late client, or a filter keeps its tasks from being recorded"
    )]
    StateWithheld { target: String },

    #[error("the watch of {target} could not have seen a leak: {reason}")]
    Blind { target: String, reason: String },

    #[error("{pattern:?} matches no function or file that spawned a live task")]
    NothingMatches { pattern: String },

    #[error("there is no finding {name:?}")]
    NoCode { name: String, codes: String },

    #[error("failed to write {}", file.display())]
    WriteFile { file: PathBuf, source: io::Error },

    #[error("failed to write {}", file.display())]
    NotWritten { file: PathBuf, source: io::Error },

    #[error("failed to print the report")]
    Print(#[source] io::Error),
}

impl From<WatchError> for Error {
    fn from(error: WatchError) -> Self {
        Self::Watch(Box::new(error))
    }
}

impl From<WorkshopError> for Error {
    fn from(error: WorkshopError) -> Self {
        match error {
            WorkshopError::Watch(error) => Self::Watch(error),
            error => Self::Workshop(error),
        }
    }
}
