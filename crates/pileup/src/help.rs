//! What to do about an error, in the words of the command line.

use pileup_console::ConsoleError;
use pileup_investigate::Error as WatchError;
use pileup_investigate::watch::ProbeError;
use pileup_recording::RecordingError;
use pileup_workshop::Error as WorkshopError;

use crate::error::Error;

/// What to do about an error, where there is more to say than the error does.
pub fn help(error: &Error) -> Option<String> {
    let help = match error {
        Error::Watch(error) => return of_watch(error),
        Error::Workshop(error) => return of_workshop(error),
        Error::Runtime(_) | Error::Print(_) => return None,
        Error::StateWithheld { .. } => {
            "the report is incomplete, and a program that leaks can look clean in it. Restart the \
             program and attach pileup before its tasks pile up, or lower console-subscriber's \
             retention (TOKIO_CONSOLE_RETENTION=10s); `pileup doctor` looks for the cause"
        }
        Error::Blind { .. } => {
            "the report is incomplete, and a program that leaks can look clean in it. Watch for \
             longer (--for), give the program more of the machine, or attach from its start"
        }
        Error::NothingMatches { .. } => "`pileup top` shows those that did",
        Error::NoCode { codes, .. } => return Some(format!("there are {codes}")),
        Error::NotWritten { .. } => ROOM,
        Error::WriteFile { .. } => {
            "is the folder there, and may you write there? a file that is there is not \
             overwritten: remove it, or choose another name"
        }
    };
    Some(help.to_owned())
}

fn of_watch(error: &WatchError) -> Option<String> {
    let help = match error {
        WatchError::Interrupted => "a report is about the watch until then",
        WatchError::Console(error) | WatchError::DuringWatch(error) => console_help(error),
        WatchError::Probe(error) | WatchError::ProbeDuringWatch(error) => probe_help(error),
        WatchError::Recording { source, .. } | WatchError::NotRecorded { source, .. } => {
            recording_help(source)
        }
        WatchError::NothingSeen { .. } => {
            "a recording that ends before its first snapshot shows nothing"
        }
        WatchError::ReadFile { .. } => READ,
        WatchError::AllowList { .. } => {
            "an entry is [[allow]] with site = \"src/server.rs:40\", a reason, and the code of the \
             finding if only that is allowed"
        }
        WatchError::NotAReport { .. } => {
            return Some(format!(
                "a report is what `pileup diagnose --format json` prints, in the form {}; \
                 `pileup diff` takes recordings as well",
                pileup_diagnosis::SCHEMA
            ));
        }
        WatchError::SourceRoot { .. } => "it is the folder in which cargo built the program",
        _ => return None,
    };
    Some(help.to_owned())
}

fn of_workshop(error: &WorkshopError) -> Option<String> {
    let help = match error {
        WorkshopError::NoWorkspace(_) => {
            "run it in a clone of pileup; to watch a program of your own, use `pileup diagnose ADDR`"
        }
        WorkshopError::NoScenario { similar, .. } => {
            return Some(one_of(similar, "`list-scenarios`"));
        }
        WorkshopError::BadManifest { .. } => {
            "give it summary, family, minutes and work in [package.metadata.pileup]"
        }
        WorkshopError::Build { .. } => "the compiler's own messages stand above",
        WorkshopError::ScenarioEnded { .. } => "what it printed stands above",
        WorkshopError::NoExerciseBegun => "`cargo pileup workshop start` begins the first one",
        WorkshopError::NoExercise { similar, .. } => {
            return Some(one_of(similar, "`cargo pileup workshop list`"));
        }
        WorkshopError::NoPlace { .. } => {
            "name a function of it, a line, or a Location as tokio-console shows it, such as \
             leaky.rs:17"
        }
        WorkshopError::PredictedTooLate { .. } => {
            "a prediction is about the original program. `cargo pileup workshop reset` puts that \
             back, and keeps what you wrote; or go on without one: `check`"
        }
        WorkshopError::NothingToPredict { .. } => {
            "is the machine busy? end what else runs, and answer again. `everything` runs the \
             other exercises as you have left them: when all are fixed, there is nothing to find"
        }
        WorkshopError::BadCurriculum { .. } => {
            "it names the exercises of each arc, and the text at the end"
        }
        WorkshopError::BadProgress { .. } => {
            "it was changed by hand: fix it, or remove it, and the exercises count as not begun; \
             what you wrote stays as it is"
        }
        WorkshopError::ReadFile { .. } => READ,
        WorkshopError::NotWritten { .. } => ROOM,
        _ => return None,
    };
    Some(help.to_owned())
}

const READ: &str = "is it there, and may you read it?";
const ROOM: &str = "is there room on the disk, and may you write there?";

fn one_of(names: &[String], list: &str) -> String {
    match names {
        [] => format!("{list} shows those that there are"),
        names => format!("did you mean {}?", names.join(" or ")),
    }
}

fn recording_help(error: &RecordingError) -> &'static str {
    match error {
        RecordingError::Exists => "nothing is overwritten: remove it, or choose another name",
        RecordingError::Older { .. } => "read it with the pileup that wrote it, or record again",
        RecordingError::Newer { .. } => "read it with the pileup that wrote it, or a newer one",
        RecordingError::NotARecording => "`pileup diagnose --record FILE` makes one",
        RecordingError::EndsEarly { .. } => "pileup was ended while it recorded",
        RecordingError::Damaged { .. } => "the file was changed after it was recorded",
        RecordingError::Write(_) => ROOM,
        RecordingError::Read(_) => READ,
        _ => "the snapshots that were recorded before can be read",
    }
}

fn probe_help(error: &ProbeError) -> &'static str {
    match error {
        ProbeError::Client(_) => "this is not the program's fault, but the machine's",
        ProbeError::Unreachable { .. } => {
            "is the program running, and does it serve a probe there (pileup_probe::Probe::serve)?"
        }
        ProbeError::Unauthorized { .. } => "give it by --probe-token, or as PILEUP_PROBE_TOKEN",
        ProbeError::Forbidden { .. } => {
            "name it by `localhost` or by its IP address, or have the probe ask for a token"
        }
        ProbeError::TooLarge { .. } => {
            "is it a probe that listens there? this is more than four million tasks give"
        }
        ProbeError::Foreign { .. } | ProbeError::NotAProbe { .. } => {
            "is it a probe that listens there, and not another server of the program?"
        }
        ProbeError::BrokenOff { .. } => "the program ended, and did not come back",
        ProbeError::Unfinished { .. } => {
            "the program is stopped, or too busy to finish; the first answer takes longest, as the \
             probe looks up the names of all places: try again"
        }
        ProbeError::Restarted { .. } => RESTARTED,
        _ => "use the pileup of the probe's own version",
    }
}

fn console_help(error: &ConsoleError) -> &'static str {
    match error {
        ConsoleError::BadAddress { .. } => "give it as http://HOST:PORT or file:///PATH",
        ConsoleError::Unreachable { .. } => {
            "is the program running, does it call console_subscriber::init(), and is this the \
             address it listens on (TOKIO_CONSOLE_BIND, http://127.0.0.1:6669 by default)?"
        }
        ConsoleError::NotAConsole { .. } => {
            "is it console-subscriber that listens there, and not another server of the program?"
        }
        ConsoleError::TooLarge { .. } => {
            "is it console-subscriber that listens there? If it is, have it keep less: lower its \
             retention (TOKIO_CONSOLE_RETENTION=10s), attach soon after the start, or watch the \
             program's probe instead, which has no such message"
        }
        ConsoleError::Silent { .. } => {
            "another tokio-console may have paused it (space resumes), the program may be \
             stopped, its publish interval may be longer than that \
             (TOKIO_CONSOLE_PUBLISH_INTERVAL), or something else listens there"
        }
        ConsoleError::Gone { .. } => "the program ended, and did not come back",
        ConsoleError::Restarted { .. } => RESTARTED,
        ConsoleError::Withheld { .. } => {
            "the connection broke, and nobody knows which tasks ended until it was made again. Its \
             state is larger than console-subscriber sends to a late client: restart the program, \
             or lower its retention (TOKIO_CONSOLE_RETENTION=10s)"
        }
        _ => "`pileup doctor ADDR` checks the program's instrumentation",
    }
}

const RESTARTED: &str = "a watch is of one process: the report is about the one that ended. \
                         Watch the new one from its start";
