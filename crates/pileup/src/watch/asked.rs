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
use super::probe::{is_away, pause};
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

/// Asks pileup-subscriber now and then. The console ends the watch when the program has gone or is
/// another one: until then a connection that breaks is made again.
async fn ask_subscriber(console: Address, latest: watch::Sender<Latest>) {
    let mut connected = None;
    ask_until_refused(async || ask_once(&console, &mut connected).await, latest).await;
}

/// Asks now and then, until that fails for good.
async fn ask_until_refused(
    mut ask: impl AsyncFnMut() -> Result<Snapshot, AwaitStacksError>,
    latest: watch::Sender<Latest>,
) {
    let mut answer = Arc::<Answer>::default();
    // How long the first answer takes says nothing of the next: see `AGAIN`.
    let mut is_first = true;
    loop {
        let asked = Instant::now();
        match ask().await {
            Ok(snapshot) => {
                answer = Arc::new(answer.next(&snapshot));
                latest.send_replace(Some(Ok(Arc::clone(&answer))));
                let took = if std::mem::take(&mut is_first) {
                    Duration::ZERO
                } else {
                    asked.elapsed()
                };
                sleep(pause(took)).await;
            }
            Err(error) if may_return(&error) => sleep(AGAIN).await,
            Err(error) => {
                latest.send_replace(Some(Err(error.to_string())));
                return;
            }
        }
    }
}

/// Asks once, by a connection that is kept for the next time unless it fails.
async fn ask_once(
    console: &Address,
    connected: &mut Option<AwaitStacksClient>,
) -> Result<Snapshot, AwaitStacksError> {
    let stacks = match connected.take() {
        Some(stacks) => stacks,
        None => AwaitStacksClient::connect(console).await?,
    };
    let snapshot = stacks.snapshot().await?;
    *connected = Some(stacks);
    Ok(snapshot)
}

/// Whether the program may answer when it is asked again: the connection broke, or the answer did
/// not come in time.
fn may_return(error: &AwaitStacksError) -> bool {
    matches!(
        error,
        AwaitStacksError::Unreachable(ConsoleError::Unreachable { .. })
            | AwaitStacksError::BrokenOff(_)
            | AwaitStacksError::Stuck
    )
}

#[cfg(test)]
mod tests {
    use jiff::Timestamp;

    use super::*;

    /// Longer than any answer takes.
    const PATIENCE: Duration = Duration::from_secs(10);
    /// How long the first answer takes.
    const NAMING: Duration = Duration::from_secs(1);

    #[tokio::test]
    async fn an_answer_that_comes_late_or_breaks_off_is_asked_for_again() {
        let (sender, mut latest) = watch::channel(None);
        let mut failures = vec![
            AwaitStacksError::BrokenOff("the connection was reset".to_owned()),
            AwaitStacksError::Stuck,
        ];
        let ask = async || match failures.pop() {
            Some(failure) => Err(failure),
            None => Ok(Snapshot::new(Timestamp::UNIX_EPOCH)),
        };
        let answered = latest.wait_for(|latest| latest.as_ref().is_some_and(Result::is_ok));
        tokio::select! {
            () = ask_until_refused(ask, sender) => panic!("it is not asked again"),
            answered = tokio::time::timeout(PATIENCE, answered) => {
                let answered = answered.expect("it is asked again in time");
                drop(answered.expect("it is still asked"));
            }
        }
    }

    #[tokio::test]
    async fn a_first_answer_that_takes_long_does_not_put_off_the_next() {
        let (sender, _latest) = watch::channel(None);
        let (answers, mut answered) = tokio::sync::mpsc::unbounded_channel();
        let mut takes = NAMING;
        let ask = async || {
            sleep(std::mem::take(&mut takes)).await;
            let _ = answers.send(Instant::now());
            Ok(Snapshot::new(Timestamp::UNIX_EPOCH))
        };
        let two = async { (answered.recv().await, answered.recv().await) };
        tokio::select! {
            () = ask_until_refused(ask, sender) => panic!("it is not asked again"),
            two = tokio::time::timeout(PATIENCE, two) => {
                let (Some(first), Some(second)) = two.expect("it is asked again in time") else {
                    panic!("it is still asked");
                };
                assert!(second - first < 3 * NAMING, "{:?}", second - first);
            }
        }
    }

    #[tokio::test]
    async fn a_program_without_await_stacks_is_asked_once() {
        let (sender, latest) = watch::channel(None);
        let ask = async || Err(AwaitStacksError::NotServed);
        ask_until_refused(ask, sender).await;
        assert!(matches!(*latest.borrow(), Some(Err(_))));
    }
}
