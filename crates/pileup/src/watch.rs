//! Watches a target for a while, live or from a recording.

use std::fs::File;
use std::io::BufReader;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressStyle};
use pileup_console::{Address, Connection};
use pileup_diagnosis::History;
use pileup_model::Snapshot;
use pileup_recording::{Ending, Recorder, Recording};

use crate::error::Error;

/// Between two snapshots.
const PERIOD: Duration = Duration::from_millis(500);

/// A watch that is over, and why if that was before its time.
pub struct Watched {
    pub target: String,
    pub history: History,
    pub cut_short: Option<Error>,
}

/// Where snapshots come from.
pub enum Source {
    /// A target, followed for a while, with a progress bar if standard error is a terminal.
    Live {
        connection: Box<Connection>,
        duration: Duration,
        started: Option<Instant>,
        progress: ProgressBar,
    },
    /// A watch of before.
    Recorded {
        file: PathBuf,
        recording: Box<Recording<BufReader<File>>>,
    },
}

/// Attaches to a target and follows it for `duration`.
pub async fn watch(address: Address, duration: Duration) -> Result<Watched, Error> {
    let source = Source::attach(address, duration).await?;
    observe(source, None).await
}

/// Takes in all that a source gives, and records it if asked to.
pub async fn observe(mut source: Source, record: Option<&Path>) -> Result<Watched, Error> {
    let target = source.target();
    let failed = |source| Error::Recording {
        file: record.unwrap_or(Path::new("")).to_owned(),
        source,
    };
    let mut recorder = record
        .map(|file| Recorder::create(file, &target).map_err(failed))
        .transpose()?;
    let mut history = History::default();
    let mut cut_short = None;
    while let Some(next) = source.next().await {
        match next {
            Ok(snapshot) => {
                if let Some(recorder) = &mut recorder {
                    recorder.record(&snapshot).map_err(failed)?;
                }
                history.observe(snapshot);
            }
            Err(error) => {
                cut_short = Some(error);
                break;
            }
        }
    }
    if let Some(recorder) = recorder {
        let ending = cut_short.as_ref().map_or(Ending::Complete, |error| {
            Ending::CutShort(error.to_string())
        });
        recorder.finish(&ending).map_err(failed)?;
    }
    Ok(Watched {
        target,
        history,
        cut_short,
    })
}

impl Source {
    pub async fn attach(address: Address, duration: Duration) -> Result<Self, Error> {
        Ok(Self::Live {
            connection: Box::new(Connection::attach(address).await?),
            duration,
            started: None,
            progress: progress(duration),
        })
    }

    pub fn open(file: PathBuf) -> Result<Self, Error> {
        match Recording::open(&file) {
            Ok(recording) => Ok(Self::Recorded {
                file,
                recording: Box::new(recording),
            }),
            Err(source) => Err(Error::Recording { file, source }),
        }
    }

    fn target(&self) -> String {
        match self {
            Self::Live { connection, .. } => connection.address().to_string(),
            Self::Recorded { recording, .. } => recording.target().to_owned(),
        }
    }

    /// The next snapshot; none when the watch is over.
    async fn next(&mut self) -> Option<Result<Snapshot, Error>> {
        match self {
            Self::Live {
                connection,
                duration,
                started,
                progress,
            } => {
                let elapsed = started.map(|started| started.elapsed());
                let period = match elapsed {
                    None => Duration::ZERO,
                    Some(elapsed) if elapsed >= *duration => {
                        progress.finish_and_clear();
                        return None;
                    }
                    Some(elapsed) => PERIOD.min(duration.saturating_sub(elapsed)),
                };
                let started = *started.get_or_insert_with(Instant::now);
                let next = connection.next_snapshot(period).await;
                if let Ok(snapshot) = &next {
                    progress.set_message(format!("{} tasks", snapshot.tasks.len()));
                }
                let elapsed = started.elapsed().as_millis();
                progress.set_position(u64::try_from(elapsed).unwrap_or(u64::MAX));
                Some(next.map_err(Error::from))
            }
            Self::Recorded { file, recording } => match recording.next() {
                Some(next) => Some(next.map_err(|source| Error::Recording {
                    file: file.clone(),
                    source,
                })),
                None => match recording.ending() {
                    Some(Ending::CutShort(reason)) => Some(Err(Error::CutShort(reason.clone()))),
                    _ => None,
                },
            },
        }
    }
}

fn progress(duration: Duration) -> ProgressBar {
    let length = u64::try_from(duration.as_millis()).unwrap_or(u64::MAX);
    let style = ProgressStyle::with_template("watching {wide_bar} {msg}")
        .unwrap_or_else(|_| ProgressStyle::default_bar());
    ProgressBar::new(length).with_style(style)
}
