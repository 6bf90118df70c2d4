//! One attach to one target.

use std::error::Error as _;
use std::path::PathBuf;
use std::time::Duration;

use console_api::instrument::instrument_client::InstrumentClient;
use console_api::instrument::{InstrumentRequest, Update};
use hyper_util::rt::TokioIo;
use pileup_model::Snapshot;
use tokio::net::UnixStream;
use tokio::time::{Instant, timeout, timeout_at};
use tonic::transport::{Channel, Endpoint, Uri};
use tonic::{Status, Streaming};

use crate::last_poll::Questions;
use crate::pump::{Pump, VOLLEY, wake};
use crate::{Address, ConsoleError, World};

/// For the target to accept.
const PATIENCE: Duration = Duration::from_secs(10);
/// For its first message, which has all that lives in it.
const FIRST_PATIENCE: Duration = Duration::from_secs(20);
/// Longer than any publish interval in use.
const LONGEST_SILENCE: Duration = Duration::from_secs(10);
/// For the target to take in what it has not yet.
const LONGEST_SETTLING: Duration = Duration::from_secs(3);

/// An attached target. Dropping it detaches.
#[derive(Debug)]
pub struct Connection {
    address: Address,
    updates: Streaming<Update>,
    world: World,
    client: InstrumentClient<Channel>,
    pump: Pump,
    questions: Questions,
    /// Why the target is not there any more, once all that it told has been given.
    ended: Option<ConsoleError>,
}

impl Connection {
    /// Attaches, and waits for the target to tell what lives in it: the next snapshot has
    /// all of it, unless the target needs longer than three seconds to take it in.
    ///
    /// It disturbs neither the target nor its other clients. Fails when nothing answers
    /// within twenty seconds, or something that is not console-subscriber.
    pub async fn attach(address: Address) -> Result<Self, ConsoleError> {
        let channel = open(&address)
            .await
            .map_err(|source| ConsoleError::Unreachable {
                address: address.clone(),
                source,
            })?;
        let mut client = InstrumentClient::new(channel).max_decoding_message_size(usize::MAX);
        let not_a_console = |reason: String| ConsoleError::NotAConsole {
            address: address.clone(),
            reason,
        };

        let (updates, first) = match timeout(FIRST_PATIENCE, subscribe(&mut client)).await {
            Err(_) => {
                return Err(ConsoleError::Silent {
                    address,
                    silence: FIRST_PATIENCE,
                });
            }
            Ok(Err(status)) => return Err(not_a_console(said(&status))),
            Ok(Ok((_, None))) => return Err(not_a_console("it closed at once".to_owned())),
            Ok(Ok((updates, Some(first)))) => (updates, first),
        };
        let mut connection = Self {
            address,
            updates,
            world: World::default(),
            pump: Pump::start(client.clone()),
            client,
            questions: Questions::default(),
            ended: None,
        };
        connection.apply(first);
        connection.settle().await?;
        Ok(connection)
    }

    /// The target.
    #[must_use]
    pub fn address(&self) -> &Address {
        &self.address
    }

    /// Follows the target for `period`, and gives what it looks like then.
    ///
    /// Waits longer when the target has told nothing new by then, and fails when it stays
    /// silent for ten seconds, or goes away: then what it told before that is given first.
    pub async fn next_snapshot(&mut self, period: Duration) -> Result<Snapshot, ConsoleError> {
        if let Some(error) = self.ended.take() {
            return Err(error);
        }
        let end = Instant::now() + period;
        while let Some(message) = self.message_before(end).await {
            match self.take(message) {
                Err(error) if self.world.has_news() => {
                    self.ended = Some(error);
                    break;
                }
                taken => taken?,
            }
        }
        if !self.world.has_news() {
            match timeout(LONGEST_SILENCE, self.updates.message()).await {
                Ok(message) => self.take(message)?,
                Err(_) => {
                    return Err(ConsoleError::Silent {
                        address: self.address.clone(),
                        silence: LONGEST_SILENCE,
                    });
                }
            }
        }
        self.ask_about_last_polls().await;
        Ok(self.world.snapshot())
    }

    /// Asks about tasks that nobody can wake: they may have finished.
    async fn ask_about_last_polls(&mut self) {
        let unclear = self.world.tasks_that_may_have_finished();
        for (task, born, followed_wake) in self.questions.ask(&self.client, unclear).await {
            self.world.note_last_poll(task, born, followed_wake);
        }
    }

    /// Reads on for as long as the target takes in what was there before the attach.
    async fn settle(&mut self) -> Result<(), ConsoleError> {
        let end = Instant::now() + LONGEST_SETTLING;
        while self.world.is_behind()
            && let Some(message) = self.message_before(end).await
        {
            self.take(message)?;
        }
        Ok(())
    }

    /// The next message, if it comes before `end`. A target that always has one more to
    /// give does not hold up the end.
    async fn message_before(&mut self, end: Instant) -> Option<Result<Option<Update>, Status>> {
        if Instant::now() >= end {
            return None;
        }
        timeout_at(end, self.updates.message()).await.ok()
    }

    fn take(&mut self, message: Result<Option<Update>, Status>) -> Result<(), ConsoleError> {
        let gone = |reason: String| ConsoleError::Gone {
            address: self.address.clone(),
            reason,
        };
        match message {
            Ok(Some(update)) => {
                self.apply(update);
                Ok(())
            }
            Ok(None) => Err(gone("it closed the connection".to_owned())),
            Err(status) => Err(gone(said(&status))),
        }
    }

    fn apply(&mut self, update: Update) {
        self.world.apply(update);
        self.pump.hurry(self.world.is_behind());
    }
}

/// Asks for the updates, and waits for the first.
async fn subscribe(
    client: &mut InstrumentClient<Channel>,
) -> Result<(Streaming<Update>, Option<Update>), Status> {
    // Whoever has little to tell after this has told all. Whoever did not wake up says why
    // below.
    wake(client, VOLLEY).await;
    let mut updates = client
        .watch_updates(InstrumentRequest {})
        .await?
        .into_inner();
    let first = updates.message().await?;
    Ok((updates, first))
}

async fn open(address: &Address) -> Result<Channel, tonic::transport::Error> {
    match address {
        Address::Http(uri) => {
            Endpoint::from(uri.clone())
                .connect_timeout(PATIENCE)
                .connect()
                .await
        }
        Address::UnixSocket(path) => {
            let path = path.clone();
            // The connector below knows the way: the name is never looked up.
            Endpoint::from(Uri::from_static("http://localhost"))
                .connect_timeout(PATIENCE)
                .connect_with_connector(tower::service_fn(move |_: Uri| connect(path.clone())))
                .await
        }
    }
}

async fn connect(path: PathBuf) -> std::io::Result<TokioIo<UnixStream>> {
    Ok(TokioIo::new(UnixStream::connect(path).await?))
}

/// The first cause, which names what happened; what wraps it says only that something did.
fn said(status: &Status) -> String {
    let mut said = if status.message().is_empty() {
        status.code().to_string()
    } else {
        status.message().to_owned()
    };
    let mut cause = status.source();
    while let Some(error) = cause {
        said = error.to_string();
        cause = error.source();
    }
    said
}
