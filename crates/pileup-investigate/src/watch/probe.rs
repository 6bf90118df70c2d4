//! A service that carries a probe, asked now and then for a while.

use std::collections::{HashMap, HashSet};
use std::time::{Duration, Instant};

use futures_util::stream::{self, BoxStream, Stream, StreamExt, TryStreamExt};
use jiff::Timestamp;
use pileup_model::elapsed;
use tokio::time::sleep;

use super::Source;
use super::probe_client::{ProbeAddress, ProbeClient, ProbeError};
use super::starting::once_started;
use crate::{Error, Site, Snapshot, TaskId};

/// Snapshots follow each other at this distance, or at four times what one takes: a service
/// with many tasks has more to do than to send them.
const SOONEST: Duration = Duration::from_millis(500);
const SHARE: u32 = 4;
/// A probe that cannot be reached for so long does not come back.
const RETURN: Duration = Duration::from_secs(5);
const AGAIN: Duration = Duration::from_millis(200);

/// A probe that has answered.
pub struct Probe {
    client: Box<ProbeClient>,
    duration: Duration,
    /// What it answered, until the watch begins with it.
    first: Option<Snapshot>,
}

impl Probe {
    /// Asks a probe for the first time, also one that is just starting. As an attach does, that
    /// fails before there is anything to report on.
    pub async fn ask(
        address: ProbeAddress,
        token: Option<String>,
        duration: Duration,
    ) -> Result<Self, Error> {
        let client = ProbeClient::new(address, token)?;
        let is_starting = |error: &_| matches!(error, ProbeError::Unreachable { .. });
        let first = once_started(is_starting, || client.snapshot());
        Ok(Self {
            first: Some(first.await?),
            client: Box::new(client),
            duration,
        })
    }

    /// Where it was asked.
    pub(super) fn address(&self) -> &ProbeAddress {
        self.client.address()
    }

    /// A snapshot now and then, until the watch is over. How long the first one took says nothing
    /// of the next: a probe reads its program's debug information once, for the names.
    fn watch(&mut self) -> impl Stream<Item = Result<Snapshot, ProbeError>> + Send + '_ {
        let watch = self.first.take().map(|first| {
            let watch = Watch {
                client: &self.client,
                end: Instant::now() + self.duration,
                seen: Seen::of(&first),
                reconnects: 0,
                unwatched: Duration::ZERO,
            };
            let later = stream::unfold(Some((watch, SOONEST)), |state| async move {
                let (watch, pause) = state?;
                watch.next(pause).await
            });
            stream::iter([Ok(first)]).chain(later)
        });
        stream::iter(watch).flatten()
    }
}

impl Source for Probe {
    fn target(&self) -> String {
        self.address().to_string()
    }

    fn duration(&self) -> Option<Duration> {
        Some(self.duration)
    }

    fn snapshots(&mut self) -> BoxStream<'_, Result<Snapshot, Error>> {
        self.watch().map_err(Error::ProbeDuringWatch).boxed()
    }
}

/// A watch that goes on.
struct Watch<'a> {
    client: &'a ProbeClient,
    end: Instant,
    seen: Seen,
    reconnects: u32,
    unwatched: Duration,
}

/// The watch and the pause before the next snapshot; none when the watch is over.
type Rest<'a> = Option<(Watch<'a>, Duration)>;

impl<'a> Watch<'a> {
    async fn next(
        mut self,
        pause_before: Duration,
    ) -> Option<(Result<Snapshot, ProbeError>, Rest<'a>)> {
        let left = self.end.saturating_duration_since(Instant::now());
        if left.is_zero() {
            return None;
        }
        sleep(pause_before.min(left)).await;
        let asked = Instant::now();
        match self.snapshot().await {
            Ok(snapshot) => Some((Ok(snapshot), Some((self, pause(asked.elapsed()))))),
            Err(error) => Some((Err(error), None)),
        }
    }

    /// The next answer of the same program, also after a while without any.
    async fn snapshot(&mut self) -> Result<Snapshot, ProbeError> {
        let mut failed: Option<Instant> = None;
        let mut snapshot = loop {
            match self.client.snapshot().await {
                Err(error) if is_away(&error) => {
                    let since = *failed.get_or_insert_with(Instant::now);
                    if since.elapsed() >= RETURN {
                        return Err(error);
                    }
                    sleep(AGAIN).await;
                }
                answer => break answer?,
            }
        };
        if !self.seen.is_same_program(&snapshot, failed.is_some()) {
            let address = self.client.address().clone();
            return Err(ProbeError::Restarted { address });
        }
        if failed.is_some() {
            self.reconnects += 1;
            self.unwatched += elapsed(self.seen.at, snapshot.at);
        }
        self.seen = Seen::of(&snapshot);
        snapshot.coverage.reconnects = self.reconnects;
        snapshot.coverage.unwatched = self.unwatched;
        Ok(snapshot)
    }
}

/// What is kept of a snapshot to know the program again.
struct Seen {
    at: Timestamp,
    spawned: HashMap<Site, u64>,
    tasks: HashSet<(TaskId, Timestamp)>,
}

impl Seen {
    fn of(snapshot: &Snapshot) -> Self {
        let counts = snapshot.turnover.iter();
        let tasks = snapshot.tasks.iter();
        Self {
            at: snapshot.at,
            spawned: counts
                .map(|count| (count.site.clone(), count.spawned))
                .collect(),
            tasks: tasks.map(|task| (task.id, task.created_at)).collect(),
        }
    }

    /// Whether a later answer comes from the same process: what was spawned is counted since its
    /// start, and of the tasks that lived some still do, where there was not a moment's pause.
    fn is_same_program(&self, later: &Snapshot, was_away: bool) -> bool {
        let counts_go_on = later.turnover.iter().all(|count| {
            let before = self.spawned.get(&count.site);
            before.is_none_or(|before| count.spawned >= *before)
        });
        let all_new = || {
            let mut tasks = later.tasks.iter();
            tasks.all(|task| task.created_at > self.at)
        };
        counts_go_on && !(was_away && !self.tasks.is_empty() && all_new())
    }
}

/// Whether the service, which has answered before, may come back: nobody listens, the connection
/// broke, or the answer did not end.
pub(super) fn is_away(error: &ProbeError) -> bool {
    matches!(
        error,
        ProbeError::Unreachable { .. }
            | ProbeError::Foreign { .. }
            | ProbeError::BrokenOff { .. }
            | ProbeError::Unfinished { .. }
    )
}

/// The time between two snapshots of which one takes so long.
pub(super) fn pause(took: Duration) -> Duration {
    SOONEST.max(took * SHARE)
}

#[cfg(test)]
mod tests {
    use std::io::{Read, Write};
    use std::net::TcpListener;
    use std::thread;

    use super::*;

    /// For the first answer.
    const NAMING: Duration = Duration::from_secs(1);

    /// A probe that takes a while for its first answer.
    fn probe() -> ProbeAddress {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
        let address = listener.local_addr().expect("its port");
        let snapshot = Snapshot::new(Timestamp::UNIX_EPOCH);
        let body = serde_json::to_vec(&snapshot).expect("it is JSON");
        thread::spawn(move || {
            let mut takes = NAMING;
            for client in listener.incoming() {
                let mut client = client.expect("a client");
                let _ = client.read(&mut [0; 1024]);
                thread::sleep(std::mem::take(&mut takes));
                let head = "HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n";
                let _ = client.write_all(&[head.as_bytes(), &body].concat());
            }
        });
        address.to_string().parse().expect("an address")
    }

    #[tokio::test]
    async fn a_first_answer_that_takes_long_does_not_put_off_the_next() {
        let longer_than_a_share_of_it = NAMING * SHARE * 10;
        let probe = Probe::ask(probe(), None, longer_than_a_share_of_it);
        let mut probe = probe.await.expect("it answers");
        let asked = Instant::now();
        let mut snapshots = probe.snapshots();
        for _ in 0..2 {
            let snapshot = snapshots.next().await.expect("it goes on");
            snapshot.expect("it answers");
        }
        assert!(asked.elapsed() < NAMING * SHARE, "{:?}", asked.elapsed());
    }
}
