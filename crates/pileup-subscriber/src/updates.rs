//! What one client gets: the whole state, and then whatever has changed, at its own pace.
//!
//! A client is a cursor into the table of tasks and one into the tasks that have finished.
//! Nothing is made before the client has taken what it was given.

use std::collections::{HashMap, VecDeque};
use std::sync::Arc;

use console_api::instrument::Update;
use console_api::tasks::{Stats, Task, TaskUpdate};
use futures_util::{Stream, stream};
use pileup_registry::{LiveTask, Part, Tick};
use prost::Message;
use tokio::sync::watch;
use tokio::time::{Interval, MissedTickBehavior, interval};
use tonic::Status;

use crate::connection::Connection;
use crate::instrument::{Attached, Service};
use crate::task_messages;
use crate::waits::Sayings;

/// Bytes of a message after which the next one begins. A message grows by one part of the table
/// at a time, of at most 256 tasks: it stays below 1 MiB.
const ENOUGH: usize = 512 << 10;
/// Tasks that are looked at before others have their turn.
const IN_ONE_TURN: usize = 4096;
/// Ticks that two looks overlap by: a task that changes while it is looked at is looked at again.
const OVERLAP: Tick = 100;

/// A client and what it has seen.
struct Client {
    service: Arc<Service>,
    connection: Arc<Connection>,
    paused: watch::Receiver<bool>,
    pace: Interval,
    /// When the last look began: what has changed since is news. 0 before the first.
    since: Tick,
    /// The next task that has finished.
    finished: u64,
    /// What is left of a look.
    look: Option<Look>,
    /// Whether the first state is not whole yet.
    is_first: bool,
    has_metadata: bool,
    ready: VecDeque<Update>,
    _attached: Attached,
}

/// A look at all tasks, part by part.
struct Look {
    began: Tick,
    part: Option<Part>,
}

/// Tasks on their way into a message.
#[derive(Default)]
struct Batch {
    tasks: Vec<Task>,
    stats: HashMap<u64, Stats>,
    bytes: usize,
    dropped: u64,
}

/// The messages to a client, which are made as it takes them.
pub(crate) fn updates(
    service: Arc<Service>,
    connection: Arc<Connection>,
    attached: Attached,
) -> impl Stream<Item = Result<Update, Status>> + Send {
    let mut pace = interval(service.publish_interval);
    pace.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let client = Client {
        paused: connection.paused(),
        finished: service.registry.finished_start(),
        service,
        connection,
        pace,
        since: 0,
        look: None,
        is_first: true,
        has_metadata: false,
        ready: VecDeque::new(),
        _attached: attached,
    };
    stream::unfold(client, |mut client| async {
        let update = client.next().await;
        Some((Ok(update), client))
    })
}

impl Client {
    async fn next(&mut self) -> Update {
        loop {
            if let Some(update) = self.ready.pop_front() {
                return update;
            }
            if self.look.is_none() {
                self.wait().await;
                self.look = Some(Look {
                    began: self.service.registry.tick(),
                    part: Some(Part::default()),
                });
            }
            self.go_on().await;
        }
    }

    /// Waits until the next look is due, and while the client has paused.
    async fn wait(&mut self) {
        self.pace.tick().await;
        // It fails when the connection is gone, and this with it.
        let _ = self.paused.wait_for(|is_paused| !is_paused).await;
    }

    /// Goes on with the look, until there is a message or it is done.
    async fn go_on(&mut self) {
        let mut batch = Batch::default();
        let mut in_this_turn = 0;
        while let Some(look) = &mut self.look
            && let Some(part) = look.part
        {
            let mut tasks = Vec::new();
            look.part = self.service.registry.look_at(part, &mut tasks);
            in_this_turn += 256;
            let since = self.since;
            tasks.retain(|task| has_changed_since(task, since));
            if !tasks.is_empty() {
                self.take_in(tasks, &mut batch).await;
            }
            if batch.bytes >= ENOUGH {
                self.send(batch);
                return;
            }
            if in_this_turn >= IN_ONE_TURN {
                in_this_turn = 0;
                tokio::task::yield_now().await;
            }
        }
        if self.take_in_finished(&mut batch) {
            self.send(batch);
            return;
        }
        self.end_look(batch);
    }

    async fn take_in(&mut self, tasks: Vec<LiveTask>, batch: &mut Batch) {
        let (tasks, sayings) = self.service.say(tasks).await;
        let registry = &self.service.registry;
        let now = registry.tick();
        for (live, says) in tasks.iter().zip(&sayings) {
            let is_new = live.born >= self.since;
            let is_news = self
                .service
                .said
                .is_news(live.number, says, now, self.since);
            // tokio-console goes on showing the task as it was when its details were opened.
            let is_said = is_news && !self.connection.is_looked_at(live.number);
            if is_new || is_said {
                let task = task_messages::task(registry, self.service.metadata, live, says);
                batch.add_task(task);
            }
            batch.add_stats(live.number, task_messages::stats(registry, live, None));
        }
    }

    /// Takes in tasks that have finished, and says whether there may be more.
    fn take_in_finished(&mut self, batch: &mut Batch) -> bool {
        let registry = &self.service.registry;
        let now = registry.now();
        let start = registry.finished_start();
        // Whoever attaches now has missed nothing.
        if start > self.finished {
            batch.dropped += start - self.finished;
            self.finished = start;
        }
        let retention = u64::try_from(self.service.retention.as_nanos()).unwrap_or(u64::MAX);
        while self.finished < registry.finished_end() {
            let finished = registry.finished_at(self.finished);
            self.finished += 1;
            let Some(finished) = finished else {
                batch.dropped += 1;
                continue;
            };
            let live = &finished.task;
            self.service.said.forget(live.number);
            if self.is_first && now.saturating_sub(finished.ended) > retention {
                continue;
            }
            let says = Sayings::default();
            // A client that has the task need not learn again what it is.
            if self.is_first || live.born >= self.since {
                let task = task_messages::task(registry, self.service.metadata, live, &says);
                batch.add_task(task);
            }
            let stats = task_messages::stats(registry, live, Some(finished.ended));
            batch.add_stats(live.number, stats);
            if batch.bytes >= ENOUGH {
                return true;
            }
        }
        false
    }

    /// The look is done. The first state ends with an empty message, by which clients know that
    /// it is whole.
    fn end_look(&mut self, batch: Batch) {
        let Some(look) = self.look.take() else { return };
        let is_first = std::mem::take(&mut self.is_first);
        self.since = look.began.saturating_sub(OVERLAP);
        if !is_first || !batch.is_empty() || self.ready.is_empty() {
            self.send(batch);
        }
        if is_first {
            self.send(Batch::default());
        }
    }

    fn send(&mut self, batch: Batch) {
        let registry = &self.service.registry;
        let is_first = !self.has_metadata;
        self.has_metadata = true;
        self.ready.push_back(Update {
            now: Some(task_messages::timestamp(
                registry.exact_time(registry.now()),
            )),
            task_update: Some(TaskUpdate {
                new_tasks: batch.tasks,
                stats_update: batch.stats,
                dropped_events: batch.dropped,
            }),
            new_metadata: is_first.then(|| self.service.metadata.all()),
            ..Update::default()
        });
    }
}

impl Batch {
    fn add_task(&mut self, task: Task) {
        self.bytes += task.encoded_len() + 4;
        self.tasks.push(task);
    }

    fn add_stats(&mut self, task: u64, stats: Stats) {
        // The key, and the lengths of both.
        self.bytes += stats.encoded_len() + 16;
        self.stats.insert(task, stats);
    }

    fn is_empty(&self) -> bool {
        self.tasks.is_empty() && self.stats.is_empty() && self.dropped == 0
    }
}

/// Whether something happened to a task since then.
fn has_changed_since(task: &LiveTask, since: Tick) -> bool {
    let changed = task.times.map_or(0, |times| times.changed);
    task.running || task.born >= since || task.last_poll >= since || changed >= since
}
