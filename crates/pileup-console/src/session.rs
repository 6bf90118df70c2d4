//! One connection to a target: its updates, and the requests that keep them coming.

use std::error::Error as _;
use std::time::Duration;

use console_api::instrument::instrument_client::InstrumentClient;
use console_api::instrument::{InstrumentRequest, Update};
#[cfg(unix)]
use hyper_util::rt::TokioIo;
use jiff::Timestamp;
use pileup_model::{Task, TaskId};
#[cfg(unix)]
use tokio::net::UnixStream;
use tokio::time::{Instant, timeout, timeout_at};
#[cfg(unix)]
use tonic::transport::Uri;
use tonic::transport::{Channel, Endpoint};
use tonic::{Code, Status, Streaming};

use crate::first_state::{self, NoState};
use crate::last_poll::{Questions, details};
use crate::pump::{Pump, VOLLEY, wake};
use crate::{Address, ConsoleError};

/// For the target to accept.
const PATIENCE: Duration = Duration::from_secs(10);
/// For the target to answer anything at all.
const ANSWER_PATIENCE: Duration = Duration::from_secs(20);
/// For the first message of a target that does answer. console-subscriber puts it together
/// from all that lives in the program, several times where that is too large, and a busy
/// program needs long for it.
const FIRST_PATIENCE: Duration = Duration::from_secs(60);
/// For the next message of a target that answers: longer than any publish interval in use.
const LONGEST_SILENCE: Duration = Duration::from_secs(10);
/// For any answer of a target that was there before. It may be busy with the first message
/// for another client.
const LONGEST_BUSY: Duration = Duration::from_secs(30);
/// How often a silent target is looked at.
const LOOK_EVERY: Duration = Duration::from_millis(500);
/// A target that takes longer to answer a request has no time for more of them.
const BUSY: Duration = Duration::from_millis(100);

/// The largest message that is read: 256 MiB, which is the state of about 300,000 tasks that each
/// wait for a lock, or of a million that do not. What listens there may be no console, or one that
/// means harm, and memory is reserved for a message before it has come.
const LARGEST_MESSAGE: usize = 256 << 20;

/// The largest first state that is kept where it comes in many messages: 1 GiB, which is that of
/// two million tasks.
const LARGEST_STATE: usize = 1 << 30;

/// A connection to a target that sends its updates.
#[derive(Debug)]
pub(crate) struct Session {
    address: Address,
    updates: Streaming<Update>,
    client: InstrumentClient<Channel>,
    pump: Pump,
    questions: Questions,
}

impl Session {
    /// Attaches, and gives the first message, which has all that lives in the target.
    pub(crate) async fn open(address: &Address) -> Result<(Self, Update), ConsoleError> {
        let channel = connect(address).await?;
        let mut client = InstrumentClient::new(channel).max_decoding_message_size(LARGEST_MESSAGE);
        let not_a_console = |reason: String| ConsoleError::NotAConsole {
            address: address.clone(),
            reason,
        };
        let silent = |silence| ConsoleError::Silent {
            address: address.clone(),
            silence,
        };
        if timeout(ANSWER_PATIENCE, wake_up(&client)).await.is_err() {
            return Err(silent(ANSWER_PATIENCE));
        }
        // Whatever else listens there says so in answer to this.
        match timeout(FIRST_PATIENCE, subscribe(&mut client)).await {
            Err(_) => Err(silent(FIRST_PATIENCE)),
            Ok(Err(NoState::TooLarge)) => Err(too_large(address, LARGEST_STATE)),
            Ok(Err(NoState::Broken(status))) if is_too_large(&status) => {
                Err(too_large(address, LARGEST_MESSAGE))
            }
            Ok(Err(NoState::Broken(status))) => Err(not_a_console(reason(&status))),
            Ok(Ok((_, None))) => Err(not_a_console("it closed at once".to_owned())),
            Ok(Ok((updates, Some(first)))) => {
                let session = Self {
                    address: address.clone(),
                    updates,
                    pump: Pump::start(client.clone()),
                    client,
                    questions: Questions::default(),
                };
                Ok((session, first))
            }
        }
    }

    /// Notes whether the target has events that it has not taken in yet.
    pub(crate) fn hurry(&self, has_backlog: bool) {
        self.pump.hurry(has_backlog);
    }

    /// The next message, if it comes before `end`. A target that always has one more to give
    /// does not hold up the end.
    pub(crate) async fn message_before(
        &mut self,
        end: Instant,
    ) -> Option<Result<Update, ConsoleError>> {
        if Instant::now() >= end {
            return None;
        }
        let message = timeout_at(end, self.updates.message()).await.ok()?;
        Some(self.received(message))
    }

    /// The next message, whenever it comes, unless the target is silent for too long.
    pub(crate) async fn message(&mut self) -> Result<Update, ConsoleError> {
        let started = Instant::now();
        let mut answered = None;
        loop {
            if let Some(message) = self.message_before(Instant::now() + LOOK_EVERY).await {
                return message;
            }
            if answered.is_none() && self.pump.has_answer_since(started) {
                answered = Some(Instant::now());
            }
            let (since, longest) = match answered {
                Some(answered) => (answered, LONGEST_SILENCE),
                None => (started, LONGEST_BUSY),
            };
            if since.elapsed() >= longest {
                return Err(ConsoleError::Silent {
                    address: self.address.clone(),
                    silence: longest,
                });
            }
        }
    }

    /// Asks about tasks that may have finished, and gives the answers that are there.
    pub(crate) async fn ask<'a>(
        &mut self,
        unclear: impl Iterator<Item = &'a Task>,
    ) -> Vec<(TaskId, Timestamp, bool)> {
        self.questions.ask(&self.client, unclear).await
    }

    /// Asks whether the target still has a task, which may have ended. False where it does not
    /// answer.
    pub(crate) fn has_task(&self, task: TaskId) -> impl Future<Output = bool> + Send + use<> {
        let client = self.client.clone();
        async move { details(client, task).await.is_some() }
    }

    fn received(&self, message: Result<Option<Update>, Status>) -> Result<Update, ConsoleError> {
        let reason = match message {
            Ok(Some(update)) => return Ok(update),
            Ok(None) => "it closed the connection".to_owned(),
            Err(status) if is_too_large(&status) => {
                return Err(too_large(&self.address, LARGEST_MESSAGE));
            }
            Err(status) => reason(&status),
        };
        Err(ConsoleError::Gone {
            address: self.address.clone(),
            reason,
        })
    }
}

/// Whether a message was larger than the largest that is read: nothing else makes the client give
/// this code by itself, and console-subscriber never does.
fn is_too_large(status: &Status) -> bool {
    status.code() == Code::OutOfRange
}

fn too_large(address: &Address, limit: usize) -> ConsoleError {
    ConsoleError::TooLarge {
        address: address.clone(),
        limit,
    }
}

/// Has the target take in what it has not yet, so that its first message has all. A busy
/// target is asked for less: the pump goes on with it.
async fn wake_up(client: &InstrumentClient<Channel>) {
    let started = Instant::now();
    if wake(client, 1).await && started.elapsed() < BUSY {
        wake(client, VOLLEY - 1).await;
    }
}

/// Asks for the updates, and waits for the first state.
async fn subscribe(
    client: &mut InstrumentClient<Channel>,
) -> Result<(Streaming<Update>, Option<Update>), NoState> {
    let mut updates = client
        .watch_updates(InstrumentRequest {})
        .await?
        .into_inner();
    let first = match updates.message().await? {
        Some(first) => Some(first_state::whole(first, &mut updates, LARGEST_STATE).await?),
        None => None,
    };
    Ok((updates, first))
}

/// Connects to a target.
pub(crate) async fn connect(address: &Address) -> Result<Channel, ConsoleError> {
    let connected = match address {
        Address::Http(uri) => {
            Endpoint::from(uri.clone())
                .connect_timeout(PATIENCE)
                .connect()
                .await
        }
        #[cfg(unix)]
        Address::UnixSocket(path) => {
            let path = path.clone();
            let connect = move |_: Uri| {
                let path = path.clone();
                async move { UnixStream::connect(path).await.map(TokioIo::new) }
            };
            // The connector knows the way: the name is never looked up.
            Endpoint::from(Uri::from_static("http://localhost"))
                .connect_timeout(PATIENCE)
                .connect_with_connector(tower::service_fn(connect))
                .await
        }
        #[cfg(not(unix))]
        Address::UnixSocket(_) => {
            return Err(ConsoleError::BadAddress {
                text: address.to_string(),
                reason: "this system has no Unix sockets".to_owned(),
            });
        }
    };
    connected.map_err(|source| ConsoleError::Unreachable {
        address: address.clone(),
        source: source.into(),
    })
}

/// The first cause, which names what happened; what wraps it says only that something did.
pub(crate) fn reason(status: &Status) -> String {
    let mut reason = if status.message().is_empty() {
        status.code().to_string()
    } else {
        status.message().to_owned()
    };
    let mut cause = status.source();
    while let Some(error) = cause {
        reason = error.to_string();
        cause = error.source();
    }
    reason
}
