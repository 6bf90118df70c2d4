//! The exit codes of the command, and which error ends with which.

use std::io;
use std::process::ExitCode;

use pileup_console::ConsoleError;
use pileup_investigate::Error as WatchError;
use pileup_investigate::watch::ProbeError;
use pileup_recording::RecordingError;
use pileup_workshop::Error as WorkshopError;

use crate::error::Error;

/// How the command ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Exit {
    /// No finding counts.
    Clean = 0,
    /// A finding counts, or an exercise is not solved yet.
    Findings = 1,
    /// The arguments, or a file that they name, are of no use.
    Usage = 2,
    /// The target could not be reached, withheld its state, or could not be watched well enough
    /// to see a leak.
    Unreachable = 3,
    /// The target went away during the watch, and did not come back.
    WentAway = 4,
    /// pileup itself failed: a full disk, a runtime that does not start.
    Internal = 5,
    /// A signal ended the command, as shells report SIGINT.
    Interrupted = 130,
    /// The reader of the output closed it, as shells report SIGPIPE.
    BrokenPipe = 141,
}

impl Exit {
    /// The exit of a command that looked for findings.
    pub fn found(any: bool) -> Self {
        if any { Self::Findings } else { Self::Clean }
    }
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(exit as u8)
    }
}

impl Error {
    /// How the command ends that fails with this error.
    pub fn exit(&self) -> Exit {
        match self {
            Self::Watch(error) => of_watch(error),
            Self::Workshop(error) => of_workshop(error),
            Self::NothingMatches { .. } | Self::NoCode { .. } => Exit::Usage,
            Self::StateWithheld { .. } | Self::Blind { .. } => Exit::Unreachable,
            Self::WriteFile { source, .. } => of_file(source),
            Self::Print(source) if source.kind() == io::ErrorKind::BrokenPipe => Exit::BrokenPipe,
            Self::Runtime(_) | Self::NotWritten { .. } | Self::Print(_) => Exit::Internal,
        }
    }
}

fn of_watch(error: &WatchError) -> Exit {
    match error {
        WatchError::Interrupted => Exit::Interrupted,
        WatchError::AllowList { .. } | WatchError::NotAReport { .. } => Exit::Usage,
        WatchError::NothingSeen { .. } => Exit::Unreachable,
        WatchError::DuringWatch(_) | WatchError::CutShort(_) => Exit::WentAway,
        WatchError::Console(error) => of_console(error),
        WatchError::Probe(error) => of_probe(error),
        WatchError::ProbeDuringWatch(error) => match of_probe(error) {
            Exit::Internal => Exit::Internal,
            _ => Exit::WentAway,
        },
        WatchError::Recording { source, .. } | WatchError::NotRecorded { source, .. } => {
            of_recording(source)
        }
        WatchError::ReadFile { source, .. } | WatchError::SourceRoot { source, .. } => {
            of_file(source)
        }
        _ => Exit::Internal,
    }
}

fn of_workshop(error: &WorkshopError) -> Exit {
    match error {
        WorkshopError::NoWorkspace(_)
        | WorkshopError::NoScenario { .. }
        | WorkshopError::BadManifest { .. }
        | WorkshopError::NoExerciseBegun
        | WorkshopError::NoExercise { .. }
        | WorkshopError::NoPlace { .. }
        | WorkshopError::PredictedTooLate { .. }
        | WorkshopError::BadCurriculum { .. }
        | WorkshopError::BadProgress { .. } => Exit::Usage,
        // A scenario that does not start cannot be watched.
        WorkshopError::Build { .. }
        | WorkshopError::ScenarioEnded { .. }
        | WorkshopError::NothingToPredict { .. } => Exit::Unreachable,
        WorkshopError::Watch(error) => of_watch(error),
        WorkshopError::ReadFile { source, .. } => of_file(source),
        _ => Exit::Internal,
    }
}

fn of_console(error: &ConsoleError) -> Exit {
    match error {
        ConsoleError::BadAddress { .. } => Exit::Usage,
        ConsoleError::Gone { .. }
        | ConsoleError::Restarted { .. }
        | ConsoleError::Withheld { .. } => Exit::WentAway,
        _ => Exit::Unreachable,
    }
}

fn of_probe(error: &ProbeError) -> Exit {
    match error {
        ProbeError::Client(_) => Exit::Internal,
        ProbeError::BrokenOff { .. } | ProbeError::Restarted { .. } => Exit::WentAway,
        _ => Exit::Unreachable,
    }
}

fn of_recording(error: &RecordingError) -> Exit {
    match error {
        RecordingError::Read(source) | RecordingError::Write(source) => of_file(source),
        RecordingError::Exists
        | RecordingError::NotARecording
        | RecordingError::Newer { .. }
        | RecordingError::Older { .. }
        | RecordingError::EndsEarly { .. }
        | RecordingError::Damaged { .. } => Exit::Usage,
        _ => Exit::Internal,
    }
}

/// A file that the user named is missing or forbidden; any other failure is the machine's.
fn of_file(error: &io::Error) -> Exit {
    match error.kind() {
        io::ErrorKind::NotFound
        | io::ErrorKind::PermissionDenied
        | io::ErrorKind::AlreadyExists
        | io::ErrorKind::IsADirectory
        | io::ErrorKind::NotADirectory
        | io::ErrorKind::InvalidData
        | io::ErrorKind::InvalidFilename => Exit::Usage,
        _ => Exit::Internal,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn write(kind: io::ErrorKind) -> Error {
        Error::WriteFile {
            file: "tasks.pb.gz".into(),
            source: kind.into(),
        }
    }

    fn record(kind: io::ErrorKind) -> Error {
        let error = WatchError::Recording {
            file: "watch.pileup".into(),
            source: RecordingError::Write(kind.into()),
        };
        error.into()
    }

    #[test]
    fn a_full_disk_is_our_own_failure_wherever_it_is_met() {
        for error in [
            write(io::ErrorKind::StorageFull),
            record(io::ErrorKind::StorageFull),
            Error::Print(io::ErrorKind::StorageFull.into()),
            Error::Workshop(WorkshopError::NotWritten {
                file: "progress.toml".into(),
                source: io::ErrorKind::StorageFull.into(),
            }),
        ] {
            assert_eq!(error.exit(), Exit::Internal, "{error}");
        }
    }

    #[test]
    fn a_file_that_was_named_wrongly_is_wrong_usage() {
        for kind in [
            io::ErrorKind::AlreadyExists,
            io::ErrorKind::NotFound,
            io::ErrorKind::PermissionDenied,
        ] {
            assert_eq!(write(kind).exit(), Exit::Usage, "{kind}");
            assert_eq!(record(kind).exit(), Exit::Usage, "{kind}");
        }
    }

    #[test]
    fn a_reader_that_has_seen_enough_is_no_failure_of_ours() {
        let error = Error::Print(io::ErrorKind::BrokenPipe.into());
        assert_eq!(error.exit(), Exit::BrokenPipe);
    }
}
