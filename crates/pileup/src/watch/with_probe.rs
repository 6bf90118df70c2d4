//! A console, and the probe of the same program if it announces one: a probe shows where tasks
//! wait.

use std::sync::Arc;
use std::time::Duration;

use futures_util::stream::{self, BoxStream, StreamExt};
use pileup::{Address, Snapshot};
use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio::time::sleep;

use super::announced::announced_probe;
use super::await_stacks::{Answer, AwaitStacks};
use super::probe::is_away;
use super::{Console, Probe, Source};
use crate::error::Error;
use crate::output::remark;
use crate::probe::ProbeAddress;

/// Before a probe is asked again that has not answered yet. It may need a while for its first answer
/// on a machine that is busy, as it reads its program's debug information for that.
const AGAIN: Duration = Duration::from_millis(500);

/// A console whose tasks have what the program's probe knows of them. Without a probe, and
/// when it fails, the console's tasks are as they are.
pub struct WithProbe {
    console: Console,
    finder: Finder,
}

/// Finds the probe, asks it beside the console, and adds what it answers.
struct Finder {
    console: Address,
    token: Option<String>,
    duration: Duration,
    state: State,
    stacks: AwaitStacks,
}

enum State {
    /// The console has shown no probe yet.
    NotAnnounced,
    Asked(Asked),
    /// It failed, or is that of another process.
    GivenUp,
}

/// What a probe has answered last, or why it has failed; none before its first answer.
type Latest = Option<Result<Arc<Answer>, String>>;

/// A probe that is asked beside the console.
struct Asked {
    address: ProbeAddress,
    latest: watch::Receiver<Latest>,
    /// Ends with this.
    _asking: JoinSet<()>,
    /// Whether it is known to be the probe of the console's process.
    is_confirmed: bool,
}

impl WithProbe {
    pub fn new(console: Console, token: Option<String>) -> Self {
        let finder = Finder {
            console: console.address().clone(),
            token,
            duration: console.duration().unwrap_or_default(),
            state: State::NotAnnounced,
            stacks: AwaitStacks::default(),
        };
        Self { console, finder }
    }
}

impl Source for WithProbe {
    fn target(&self) -> String {
        self.console.target()
    }

    fn duration(&self) -> Option<Duration> {
        self.console.duration()
    }

    fn snapshots(&mut self) -> BoxStream<'_, Result<Snapshot, Error>> {
        let Self { console, finder } = self;
        let snapshots = console.snapshots().map(Some).chain(stream::iter([None]));
        let joined = snapshots.map(|next| {
            let Some(next) = next else {
                finder.end();
                return None;
            };
            Some(next.map(|mut snapshot| {
                finder.take_in(&mut snapshot);
                snapshot
            }))
        });
        joined.filter_map(std::future::ready).boxed()
    }
}

impl Finder {
    fn take_in(&mut self, console: &mut Snapshot) {
        if matches!(self.state, State::NotAnnounced)
            && let Some(address) = announced_probe(console, &self.console)
        {
            self.state = State::Asked(self.ask(address));
        }
        let State::Asked(asked) = &mut self.state else {
            return;
        };
        match asked.answer_for(console) {
            Ok(Some(answer)) => self.stacks.add(console, &answer),
            Ok(None) => {}
            Err(reason) => {
                asked.is_left_out(&reason);
                self.state = State::GivenUp;
            }
        }
    }

    /// The watch is over: says so where a probe was announced and has shown nothing.
    fn end(&self) {
        if let State::Asked(asked) = &self.state
            && !asked.is_confirmed
        {
            asked.is_left_out("it has not answered in time");
        }
    }

    fn ask(&self, address: ProbeAddress) -> Asked {
        let (sender, latest) = watch::channel(None);
        let mut asking = JoinSet::new();
        asking.spawn(ask(
            address.clone(),
            self.token.clone(),
            self.duration,
            sender,
        ));
        Asked {
            address,
            latest,
            _asking: asking,
            is_confirmed: false,
        }
    }
}

impl Asked {
    /// The latest answer, if it is known to be of the process of the console; or why the probe
    /// is of no use.
    fn answer_for(&mut self, console: &Snapshot) -> Result<Option<Arc<Answer>>, String> {
        let Some(latest) = self.latest.borrow().clone().transpose()? else {
            return Ok(None);
        };
        if !self.is_confirmed {
            match latest.is_of_process(console) {
                Some(true) => self.is_confirmed = true,
                Some(false) => return Err("it is the probe of another process".to_owned()),
                None => {}
            }
        }
        Ok(self.is_confirmed.then_some(latest))
    }

    fn is_left_out(&self, reason: &str) {
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
async fn ask(
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
