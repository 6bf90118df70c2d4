//! Who is asked for await stacks beside a console: the probe of the same program, or
//! pileup-subscriber itself.

use std::fmt;
use std::sync::Arc;
use std::time::{Duration, Instant};

use futures_util::stream::StreamExt;
use pileup::{Address, AwaitStacksClient, AwaitStacksError, ConsoleError, Snapshot};
use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio::time::sleep;

use super::await_stacks::Answer;
use super::probe::{RETURN, is_away, pause};
use super::{Probe, Source};
use crate::error::Error;
use crate::output::remark;
use crate::probe::ProbeAddress;

/// Before a source is asked again that has not answered yet. It may need a while for its first
/// answer on a machine that is busy, as it reads its program's debug information for that.
const AGAIN: Duration = Duration::from_millis(500);

/// What a source has answered last, or why it has failed; none before its first answer.
type Latest = Option<Result<Arc<Answer>, String>>;

/// A source of await stacks that is asked now and then, for as long as this lives.
pub struct Asked {
    address: String,
    latest: watch::Receiver<Latest>,
    _asking: JoinSet<()>,
    /// Whether it is known to be of the console's process.
    is_confirmed: bool,
}

impl Asked {
    /// Asks a probe.
    pub fn probe(address: ProbeAddress, token: Option<String>, duration: Duration) -> Self {
        let name = address.to_string();
        Self::start(name, |latest| ask_probe(address, token, duration, latest))
    }

    /// Asks the pileup-subscriber that serves this console.
    pub fn subscriber(console: Address) -> Self {
        Self::start(console.to_string(), |latest| {
            ask_subscriber(console, latest)
        })
    }

    fn start<F: Future<Output = ()> + Send + 'static>(
        address: String,
        ask: impl FnOnce(watch::Sender<Latest>) -> F,
    ) -> Self {
        let (sender, latest) = watch::channel(None);
        let mut asking = JoinSet::new();
        asking.spawn(ask(sender));
        Self {
            address,
            latest,
            _asking: asking,
            is_confirmed: false,
        }
    }

    /// The latest answer, if it is known to be of the process of the console; or why the source
    /// is of no use.
    pub fn answer_for(&mut self, console: &Snapshot) -> Result<Option<Arc<Answer>>, String> {
        let Some(latest) = self.latest.borrow().clone().transpose()? else {
            return Ok(None);
        };
        if !self.is_confirmed {
            match latest.is_of_process(console) {
                Some(true) => self.is_confirmed = true,
                Some(false) => return Err("it is of another process".to_owned()),
                None => {}
            }
        }
        Ok(self.is_confirmed.then_some(latest))
    }

    /// The watch is over: reports a source that has not answered.
    pub fn end(&self) {
        let has_answered = self.latest.borrow().is_some();
        if !has_answered {
            self.report_failure("it has not answered in time");
        }
    }

    /// Reports why there are no await stacks from this source.
    pub fn report_failure(&self, reason: impl fmt::Display) {
        remark(format_args!(
            "the report has no await stacks from {}: {reason}",
            self.address
        ));
    }
}

/// An error with its causes.
fn chain(error: &Error) -> String {
    let causes = std::iter::successors(Some(error as &dyn std::error::Error), |error| {
        error.source()
    });
    let causes: Vec<String> = causes.map(ToString::to_string).collect();
    causes.join(": ")
}

/// Asks a probe now and then, until that fails.
async fn ask_probe(
    address: ProbeAddress,
    token: Option<String>,
    duration: Duration,
    latest: watch::Sender<Latest>,
) {
    let mut probe = loop {
        match Probe::ask(address.clone(), token.clone(), duration).await {
            Ok(probe) => break probe,
            Err(Error::Probe(error)) if is_away(&error) => sleep(AGAIN).await,
            Err(error) => {
                latest.send_replace(Some(Err(chain(&error))));
                return;
            }
        }
    };
    let mut snapshots = probe.snapshots();
    let mut answer = Arc::<Answer>::default();
    while let Some(snapshot) = snapshots.next().await {
        let next = snapshot.map(|snapshot| {
            answer = Arc::new(answer.next(&snapshot));
            Arc::clone(&answer)
        });
        latest.send_replace(Some(next.map_err(|error| chain(&error))));
    }
}

/// Asks pileup-subscriber now and then, until that fails. The console ends the watch if the
/// program is another one by then.
async fn ask_subscriber(console: Address, latest: watch::Sender<Latest>) {
    let mut answer = Arc::<Answer>::default();
    let mut connected = None;
    let mut failed: Option<Instant> = None;
    loop {
        let asked = Instant::now();
        match ask_once(&console, &mut connected).await {
            Ok(snapshot) => {
                failed = None;
                answer = Arc::new(answer.next(&snapshot));
                latest.send_replace(Some(Ok(Arc::clone(&answer))));
                sleep(pause(asked.elapsed())).await;
            }
            Err(error) if may_return(&error) && failed.get_or_insert(asked).elapsed() < RETURN => {
                connected = None;
                sleep(AGAIN).await;
            }
            Err(error) => {
                latest.send_replace(Some(Err(error.to_string())));
                return;
            }
        }
    }
}

async fn ask_once(
    console: &Address,
    connected: &mut Option<AwaitStacksClient>,
) -> Result<Snapshot, AwaitStacksError> {
    let stacks = match connected {
        Some(stacks) => stacks,
        None => connected.insert(AwaitStacksClient::connect(console).await?),
    };
    stacks.snapshot().await
}

/// Whether the connection broke, and may be made again.
fn may_return(error: &AwaitStacksError) -> bool {
    matches!(
        error,
        AwaitStacksError::Unreachable(ConsoleError::Unreachable { .. })
            | AwaitStacksError::BrokenOff(_)
            | AwaitStacksError::Stuck
    )
}
