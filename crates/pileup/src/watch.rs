//! Watches a target for a while, live or from a recording.

use std::fs::File;
use std::io::BufReader;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::{Duration, Instant};

use futures_util::stream::{self, BoxStream, Stream, StreamExt, TryStreamExt};
use indicatif::{ProgressBar, ProgressFinish, ProgressStyle};
use pileup::{Address, Connection, ConsoleError, Ending, History, Recorder, Recording, Snapshot};

use tokio::time::sleep;

use crate::arguments::Target;
use crate::error::Error;
use crate::join::join;
use crate::probe::{ProbeClient, ProbeError};

/// A program that was started just before may need so long until it listens.
const STARTING: Duration = Duration::from_secs(5);
const AGAIN: Duration = Duration::from_millis(100);

/// A watch that is over, and why if that was before its time.
pub struct Watched {
    pub target: String,
    pub history: History,
    pub cut_short: Option<Error>,
    /// Why the recording does not have all of it.
    pub not_recorded: Option<Error>,
}

/// Where snapshots come from.
pub enum Source {
    /// A target, followed for a while, with a progress bar if standard error is a terminal.
    Live {
        connection: Box<Connection>,
        duration: Duration,
    },
    /// A service that carries a probe, asked now and then for a while.
    Probed { probe: Probe, duration: Duration },
    /// Both at once, of one program.
    Joined {
        connection: Box<Connection>,
        probe: Probe,
        duration: Duration,
    },
    /// A watch of before.
    Recorded {
        file: PathBuf,
        recording: Box<Recording<BufReader<File>>>,
    },
}

/// A probe that has answered.
pub struct Probe {
    client: Box<ProbeClient>,
    /// What it answered, and in what time, until the watch begins with it.
    first: Option<(Snapshot, Duration)>,
}

/// Takes in what a source gives until that is enough, and records it if asked to.
pub async fn observe(
    mut source: Source,
    record: Option<&Path>,
    is_enough: impl FnMut(&History) -> bool,
) -> Result<Watched, Error> {
    let target = source.target();
    let file = record.unwrap_or(Path::new("")).to_owned();
    let not_recorded = |source| Error::NotRecorded { file, source };
    let created = record.map(|file| Recorder::create(file, &target));
    let (mut recorder, mut written) = match created.transpose() {
        Ok(recorder) => (recorder, Ok(())),
        Err(source) => return Err(not_recorded(source)),
    };
    // A watch goes on that can no longer be recorded: what is seen is worth its report.
    let snapshots = source.snapshots().inspect(|next| {
        if let (Ok(snapshot), Some(recorder), Ok(())) = (next, &mut recorder, &written) {
            written = recorder.record(snapshot);
        }
    });
    let mut history = History::default();
    let ended = pileup::observe(snapshots, &mut history, is_enough).await;
    let cut_short = ended.err();
    if let (Some(recorder), Ok(())) = (recorder, &written) {
        let ending = cut_short.as_ref().map_or(Ending::Complete, |error| {
            Ending::CutShort(error.to_string())
        });
        written = recorder.finish(&ending);
    }
    Ok(Watched {
        target,
        history,
        cut_short,
        not_recorded: written.map_err(not_recorded).err(),
    })
}

impl Watched {
    /// What was there in the end.
    pub fn latest(&self) -> Result<&Snapshot, Error> {
        self.history.latest().ok_or_else(|| Error::NothingSeen {
            target: self.target.clone(),
        })
    }

    /// How a command ends that has shown what was there.
    pub fn ended(self) -> Result<ExitCode, Error> {
        self.cut_short.map_or(Ok(ExitCode::SUCCESS), Err)
    }
}

impl Source {
    /// The source that the command line names, which is there.
    pub async fn of(target: Target, duration: Duration) -> Result<Self, Error> {
        match target {
            Target {
                from: Some(file), ..
            } => Self::open(file),
            Target {
                probe: Some(probe),
                probe_token,
                address,
                ..
            } => {
                let probe = Probe::ask(ProbeClient::new(probe, probe_token)?).await?;
                Ok(match address {
                    None => Self::Probed { probe, duration },
                    Some(address) => Self::Joined {
                        connection: Box::new(attach(address).await?),
                        probe,
                        duration,
                    },
                })
            }
            Target { address, .. } => Self::attach(address.unwrap_or_default(), duration).await,
        }
    }

    pub async fn attach(address: Address, duration: Duration) -> Result<Self, Error> {
        Ok(Self::Live {
            connection: Box::new(attach(address).await?),
            duration,
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
            Self::Live { connection, .. } | Self::Joined { connection, .. } => {
                connection.address().to_string()
            }
            Self::Probed { probe, .. } => probe.client.address().to_string(),
            Self::Recorded { recording, .. } => recording.target().to_owned(),
        }
    }

    /// All snapshots of the watch. If it is cut short, the last item says why.
    fn snapshots(&mut self) -> BoxStream<'_, Result<Snapshot, Error>> {
        match self {
            Self::Live {
                connection,
                duration,
            } => {
                let snapshots = connection.watch(*duration).map_err(Error::DuringWatch);
                shown(*duration, snapshots)
            }
            Self::Joined {
                connection,
                probe,
                duration,
            } => {
                let by_console = connection.watch(*duration).map_err(Error::DuringWatch);
                shown(*duration, joined(by_console, probe.watch(*duration)))
            }
            Self::Probed { probe, duration } => shown(*duration, probe.watch(*duration)),
            Self::Recorded { file, recording } => {
                let next = move || match recording.next() {
                    Some(next) => Some(next.map_err(|source| Error::Recording {
                        file: file.clone(),
                        source,
                    })),
                    None => match recording.ending() {
                        Some(Ending::CutShort(reason)) => {
                            Some(Err(Error::CutShort(reason.clone())))
                        }
                        _ => None,
                    },
                };
                stream::iter(std::iter::from_fn(next)).boxed()
            }
        }
    }
}

/// Snapshots, with a progress bar for as long as they come.
fn shown<'a>(
    duration: Duration,
    snapshots: impl Stream<Item = Result<Snapshot, Error>> + Send + 'a,
) -> BoxStream<'a, Result<Snapshot, Error>> {
    let progress = progress(duration);
    let started = Instant::now();
    let snapshots = snapshots.inspect(move |next| {
        if let Ok(snapshot) = next {
            progress.set_message(format!("{} tasks", snapshot.tasks.len()));
        }
        progress.set_position(milliseconds(started.elapsed()));
    });
    snapshots.boxed()
}

/// What the console tells, each with the latest that the probe has told.
fn joined<'a>(
    by_console: impl Stream<Item = Result<Snapshot, Error>> + Send + 'a,
    by_probe: impl Stream<Item = Result<Snapshot, Error>> + Send + 'a,
) -> impl Stream<Item = Result<Snapshot, Error>> + Send + 'a {
    let by_console = by_console.map_ok(|snapshot| (snapshot, true));
    let by_probe = by_probe.map_ok(|snapshot| (snapshot, false));
    let mut latest = None;
    stream::select(by_console, by_probe).filter_map(move |next| {
        let joined = match next {
            Ok((snapshot, true)) => latest.as_ref().map(|probe| Ok(join(snapshot, probe))),
            Ok((snapshot, false)) => {
                latest = Some(snapshot);
                None
            }
            Err(error) => Some(Err(error)),
        };
        std::future::ready(joined)
    })
}

impl Probe {
    /// Asks a probe for the first time. As an attach does, that fails before there is
    /// anything to report on.
    async fn ask(client: ProbeClient) -> Result<Self, ProbeError> {
        let is_starting = |error: &_| matches!(error, ProbeError::Unreachable { .. });
        let first = once_started(is_starting, async || {
            let asked = Instant::now();
            let snapshot = client.snapshot().await?;
            Ok((snapshot, asked.elapsed()))
        });
        Ok(Self {
            first: Some(first.await?),
            client: Box::new(client),
        })
    }

    fn watch(
        &mut self,
        duration: Duration,
    ) -> impl Stream<Item = Result<Snapshot, Error>> + Send + '_ {
        let client = &self.client;
        let watches = stream::iter(self.first.take());
        watches
            .flat_map(move |first| client.watch(first, duration))
            .map_err(Error::ProbeDuringWatch)
    }
}

async fn attach(address: Address) -> Result<Connection, ConsoleError> {
    let is_starting = |error: &_| matches!(error, ConsoleError::Unreachable { .. });
    once_started(is_starting, async || {
        Connection::attach(address.clone()).await
    })
    .await
}

/// Tries to reach a program that may still be starting.
async fn once_started<T, E>(
    is_starting: impl Fn(&E) -> bool,
    reach: impl AsyncFn() -> Result<T, E>,
) -> Result<T, E> {
    let started = Instant::now();
    loop {
        match reach().await {
            Err(error) if is_starting(&error) && started.elapsed() < STARTING => {
                sleep(AGAIN).await;
            }
            reached => return reached,
        }
    }
}

/// A bar that goes when it is dropped.
fn progress(duration: Duration) -> ProgressBar {
    let style = ProgressStyle::with_template("watching {wide_bar} {msg}")
        .unwrap_or_else(|_| ProgressStyle::default_bar());
    ProgressBar::new(milliseconds(duration))
        .with_style(style)
        .with_finish(ProgressFinish::AndClear)
}

fn milliseconds(time: Duration) -> u64 {
    u64::try_from(time.as_millis()).unwrap_or(u64::MAX)
}
