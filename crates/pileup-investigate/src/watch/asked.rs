//! Who is asked for await stacks beside a console: the probe of the same program, or
//! pileup-subscriber itself.

use std::fmt;
use std::sync::Arc;
use std::time::{Duration, Instant};

use futures_util::stream::StreamExt;
use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio::time::sleep;

use super::await_stacks::Answer;
use super::probe::{is_away, pause};
use super::probe_client::ProbeAddress;
use super::{Probe, Remark, Source};
use crate::{Address, AwaitStacksClient, AwaitStacksError, ConsoleError, Error, Snapshot};

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
        let name = console.to_string();
        let subscriber = Subscriber {
            console,
            connected: None,
        };
        Self::start(name, |latest| ask_subscriber(subscriber, latest))
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
    pub fn end(&self, remark: Remark) {
        let has_answered = self.latest.borrow().is_some();
        if !has_answered {
            self.report_failure("it has not answered in time", remark);
        }
    }

    /// Reports why there are no await stacks from this source.
    pub fn report_failure(&self, reason: impl fmt::Display, remark: Remark) {
        remark(&format_args!(
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

/// What is asked again and again.
trait Ask: Send {
    fn ask(&mut self) -> impl Future<Output = Result<Snapshot, AwaitStacksError>> + Send;
}

/// The pileup-subscriber that serves a console.
struct Subscriber {
    console: Address,
    /// Kept for the next time, unless it fails.
    connected: Option<AwaitStacksClient>,
}

impl Ask for Subscriber {
    async fn ask(&mut self) -> Result<Snapshot, AwaitStacksError> {
        let stacks = match self.connected.take() {
            Some(stacks) => stacks,
            None => AwaitStacksClient::connect(&self.console).await?,
        };
        let snapshot = stacks.snapshot().await?;
        self.connected = Some(stacks);
        Ok(snapshot)
    }
}

/// Asks pileup-subscriber now and then, until it refuses. The console ends the watch when the
/// program has gone or is another one: until then, a connection that breaks is made again.
async fn ask_subscriber(mut subscriber: impl Ask, latest: watch::Sender<Latest>) {
    let mut answer = Arc::<Answer>::default();
    // How long the first answer takes says nothing of the next: see `AGAIN`.
    let mut is_first = true;
    loop {
        let asked = Instant::now();
        match subscriber.ask().await {
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
    use std::collections::VecDeque;

    use jiff::Timestamp;
    use tokio::time::timeout;

    use super::*;

    /// Longer than any answer takes.
    const PATIENCE: Duration = Duration::from_secs(10);
    /// How long a first answer takes.
    const NAMING: Duration = Duration::from_secs(1);

    type Answered = Result<Snapshot, AwaitStacksError>;

    /// Gives these answers, each after so long, and then nothing.
    struct Scripted(VecDeque<(Duration, Answered)>);

    impl Ask for Scripted {
        async fn ask(&mut self) -> Answered {
            match self.0.pop_front() {
                Some((after, answer)) => {
                    sleep(after).await;
                    answer
                }
                None => std::future::pending().await,
            }
        }
    }

    fn at_second(second: i64) -> Snapshot {
        Snapshot::new(Timestamp::from_second(second).expect("a small number"))
    }

    /// Waits for the answer that was given at this second.
    async fn wait_for(second: i64, asked: &mut watch::Receiver<Latest>) {
        let is_it = |latest: &Latest| {
            let answer = latest.as_ref().and_then(|latest| latest.as_ref().ok());
            answer.is_some_and(|answer| answer.at().as_second() == second)
        };
        let found = timeout(PATIENCE, asked.wait_for(is_it)).await;
        let found = found.expect("it is asked in time");
        assert!(found.is_ok(), "it is not asked again");
    }

    fn start(answers: impl IntoIterator<Item = (Duration, Answered)>) -> Asked {
        let scripted = Scripted(answers.into_iter().collect());
        Asked::start("a program".to_owned(), |latest| {
            ask_subscriber(scripted, latest)
        })
    }

    #[tokio::test]
    async fn an_answer_that_breaks_off_or_does_not_come_in_time_is_asked_for_again() {
        let broken = AwaitStacksError::BrokenOff("the connection was reset".to_owned());
        let failures = [broken, AwaitStacksError::Stuck].map(Err);
        let answers = failures.into_iter().chain([Ok(at_second(1))]);
        let mut asked = start(answers.map(|answer| (Duration::ZERO, answer)));
        wait_for(1, &mut asked.latest).await;
    }

    #[tokio::test]
    async fn a_first_answer_that_takes_long_does_not_put_off_the_next() {
        let mut asked = start([
            (NAMING, Ok(at_second(1))),
            (Duration::ZERO, Ok(at_second(2))),
        ]);
        wait_for(1, &mut asked.latest).await;
        let first = Instant::now();
        wait_for(2, &mut asked.latest).await;
        assert!(first.elapsed() < 3 * NAMING, "{:?}", first.elapsed());
    }

    #[tokio::test]
    async fn a_program_without_await_stacks_is_asked_once() {
        let refused = Err(AwaitStacksError::NotServed);
        let answers = [refused, Ok(at_second(1))].map(|answer| (Duration::ZERO, answer));
        let mut asked = start(answers);
        let ended = async { while asked.latest.changed().await.is_ok() {} };
        timeout(PATIENCE, ended).await.expect("the asking ends");
        assert!(matches!(*asked.latest.borrow(), Some(Err(_))));
    }
}
