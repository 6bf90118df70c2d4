//! A console whose tasks have await stacks: from pileup-subscriber, where that serves it, or from
//! the probe of the same program, if it announces one.

use std::time::Duration;

use futures_util::stream::{self, BoxStream, StreamExt};

use super::announced::announced_probe;
use super::asked::Asked;
use super::await_stacks::AwaitStacks;
use super::{Console, Remark, Source};
use crate::{Address, Error, ServedBy, Snapshot};

/// A console whose tasks have what another source knows of them. Without such a source, and
/// when it fails, the console's tasks are as they are.
pub struct WithStacks {
    console: Console,
    finder: Finder,
}

/// Finds a source of await stacks, asks it beside the console, and adds what it answers.
struct Finder {
    console: Address,
    served_by: ServedBy,
    token: Option<String>,
    duration: Duration,
    remark: Remark,
    state: State,
    stacks: AwaitStacks,
}

enum State {
    /// There is no source yet: the console has announced no probe.
    NotFound,
    Asked(Asked),
    /// It failed, or is of another process.
    GivenUp,
}

impl WithStacks {
    /// Adds await stacks to a console. `token` is that of the probe, if it asks for one; `remark`
    /// is given the reason why there are none.
    #[must_use]
    pub fn new(console: Console, token: Option<String>, remark: Remark) -> Self {
        let finder = Finder {
            console: console.address().clone(),
            served_by: console.served_by(),
            token,
            remark,
            duration: console.duration().unwrap_or_default(),
            state: State::NotFound,
            stacks: AwaitStacks::default(),
        };
        Self { console, finder }
    }
}

impl Source for WithStacks {
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
        if matches!(self.state, State::NotFound)
            && let Some(asked) = self.find(console)
        {
            self.state = State::Asked(asked);
        }
        let State::Asked(asked) = &mut self.state else {
            return;
        };
        match asked.answer_for(console) {
            Ok(Some(answer)) => self.stacks.add(console, &answer),
            Ok(None) => {}
            Err(reason) => {
                asked.report_failure(reason, self.remark);
                self.state = State::GivenUp;
            }
        }
    }

    fn find(&self, console: &Snapshot) -> Option<Asked> {
        if self.served_by == ServedBy::PileupSubscriber {
            return Some(Asked::subscriber(self.console.clone()));
        }
        let probe = announced_probe(console, &self.console)?;
        Some(Asked::probe(probe, self.token.clone(), self.duration))
    }

    fn end(&self) {
        if let State::Asked(asked) = &self.state {
            asked.end(self.remark);
        }
    }
}
