//! Everything that the tool fails with.

use std::io;
use std::path::PathBuf;
use std::process::ExitStatus;

use miette::Diagnostic;
use pileup_console::ConsoleError;
use pileup_recording::RecordingError;
use thiserror::Error;

use crate::probe::ProbeError;

#[derive(Debug, Error, Diagnostic)]
pub enum Error {
    #[error("failed to start the runtime of pileup itself")]
    Runtime(#[source] io::Error),

    #[error("interrupted")]
    #[diagnostic(help("a report is about the watch until then"))]
    Interrupted,

    #[error("this is not a workspace with scenarios")]
    #[diagnostic(help(
        "run it in a clone of pileup; to watch a program of your own, use `pileup diagnose ADDR`"
    ))]
    NoWorkspace(#[source] Option<Box<cargo_metadata::Error>>),

    #[error("there is no scenario named {name:?}")]
    #[diagnostic(help("{}", one_of(similar, "`list-scenarios`")))]
    NoScenario { name: String, similar: Vec<String> },

    #[error("the manifest of {name} does not say what the scenario shows")]
    #[diagnostic(help("give it summary, family, minutes and work in [package.metadata.pileup]"))]
    BadManifest {
        name: String,
        source: serde_json::Error,
    },

    #[error("failed to run {program}")]
    Start { program: String, source: io::Error },

    #[error("{name} does not build")]
    #[diagnostic(help("the compiler's own messages stand above"))]
    Build { name: String },

    #[error("{name} ended before it could be watched: {status}")]
    #[diagnostic(help("what it printed stands above"))]
    ScenarioEnded { name: String, status: ExitStatus },

    #[error(transparent)]
    #[diagnostic(help("{}", console_help(.0)))]
    Console(#[from] ConsoleError),

    #[error(transparent)]
    #[diagnostic(help("{}", console_help(.0)))]
    DuringWatch(ConsoleError),

    #[error(
        "{target} withheld the tasks that lived before pileup attached: its state is larger than console-subscriber sends to a late client, or a filter keeps its tasks from being recorded"
    )]
    #[diagnostic(help(
        "the report is incomplete, and a program that leaks can look clean in it. Restart the \
         program and attach pileup before its tasks pile up, or lower console-subscriber's \
         retention (TOKIO_CONSOLE_RETENTION=10s); `pileup doctor` looks for the cause"
    ))]
    StateWithheld { target: String },

    #[error("the watch of {target} could not have seen a leak: {reason}")]
    #[diagnostic(help(
        "the report is incomplete, and a program that leaks can look clean in it. Watch for \
         longer (--for), give the program more of the machine, or attach from its start"
    ))]
    Blind { target: String, reason: String },

    #[error("failed to read the recording {}", file.display())]
    #[diagnostic(help("{}", recording_help(source)))]
    Recording {
        file: PathBuf,
        source: RecordingError,
    },

    #[error("failed to record the watch in {}", file.display())]
    #[diagnostic(help("{}", recording_help(source)))]
    NotRecorded {
        file: PathBuf,
        source: RecordingError,
    },

    #[error("failed to read {}", file.display())]
    #[diagnostic(help("is it there, and may you read it?"))]
    ReadFile { file: PathBuf, source: io::Error },

    #[error("{} is no list of what is allowed", file.display())]
    #[diagnostic(help(
        "an entry is [[allow]] with site = \"src/server.rs:40\", a reason, and the code of the \
         finding if only that is allowed"
    ))]
    AllowList {
        file: PathBuf,
        source: Box<toml::de::Error>,
    },

    #[error("{} is no report of pileup", file.display())]
    #[diagnostic(help(
        "a report is what `pileup diagnose --format json` prints, in the form {}; `pileup diff` \
         takes recordings as well",
        pileup_diagnosis::SCHEMA
    ))]
    NotAReport {
        file: PathBuf,
        source: Option<serde_json::Error>,
    },

    #[error(transparent)]
    #[diagnostic(help("{}", probe_help(.0)))]
    Probe(#[from] ProbeError),

    #[error(transparent)]
    #[diagnostic(help("{}", probe_help(.0)))]
    ProbeDuringWatch(ProbeError),

    #[error("{target} reported nothing")]
    #[diagnostic(help("a recording that ends before its first snapshot shows nothing"))]
    NothingSeen { target: String },

    #[error("failed to open the folder {} for --source-root", folder.display())]
    #[diagnostic(help("it is the folder in which cargo built the program"))]
    SourceRoot { folder: PathBuf, source: io::Error },

    #[error("no function and no file that spawned a living task matches {pattern:?}")]
    #[diagnostic(help("`pileup top` shows those that did"))]
    NothingMatches { pattern: String },

    #[error("failed to write {}", file.display())]
    #[diagnostic(help(
        "is the folder there, and may you write there? a file that is there is not overwritten: \
         remove it, or choose another name"
    ))]
    WriteFile { file: PathBuf, source: io::Error },

    #[error("the recorded watch was cut short: {0}")]
    CutShort(String),

    #[error("there is no finding {name:?}")]
    #[diagnostic(help("there are {codes}"))]
    NoCode { name: String, codes: String },

    #[error("no exercise is begun")]
    #[diagnostic(help("`cargo pileup workshop start` begins the first one"))]
    NoExerciseBegun,

    #[error("there is no exercise {name:?}")]
    #[diagnostic(help("{}", one_of(similar, "`cargo pileup workshop list`")))]
    NoExercise { name: String, similar: Vec<String> },

    #[error("there is no {place:?} in the program of {name}")]
    #[diagnostic(help(
        "name a function of it, a line, or a Location as tokio-console shows it, such as \
         leaky.rs:17"
    ))]
    NoPlace { name: String, place: String },

    #[error("{name} is predicted before it is changed")]
    #[diagnostic(help(
        "a prediction is about the original program. `cargo pileup workshop reset` puts that \
         back, and keeps what you wrote; or go on without one: `check`"
    ))]
    PredictedTooLate { name: String },

    #[error("{name} showed nothing in 12 seconds that an answer could be held against")]
    #[diagnostic(help(
        "is the machine busy? end what else runs, and answer again. `everything` runs the other \\
         exercises as you have left them: when all are fixed, there is nothing to find"
    ))]
    NothingToPredict { name: String },

    #[error("{} is no order of exercises", file.display())]
    #[diagnostic(help("it names the exercises of each arc, and the text at the end"))]
    BadCurriculum {
        file: PathBuf,
        source: Box<toml::de::Error>,
    },

    #[error("{} does not say how far you have come", file.display())]
    #[diagnostic(help(
        "it was changed by hand: fix it, or remove it, and the exercises count as not begun; \
         what you wrote stays as it is"
    ))]
    BadProgress {
        file: PathBuf,
        source: Box<toml::de::Error>,
    },

    #[error("failed to write {}", file.display())]
    #[diagnostic(help("is there room on the disk, and may you write there?"))]
    NotWritten { file: PathBuf, source: io::Error },

    #[error("failed to print the report")]
    Print(#[source] io::Error),
}

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
        RecordingError::Write(_) => "is there room on the disk, and may you write there?",
        RecordingError::Read(_) => "is it there, and may you read it?",
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
        ProbeError::Restarted { .. } => RESTARTED,
        ProbeError::Malformed { .. } => "use the pileup of the probe's own version",
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
