//! What one client gets: the whole state, and then whatever has changed, at its own pace.
//!
//! A client is a cursor into the table of tasks and one into the tasks that have finished.
//! Nothing is made before the client has taken what it was given.

mod batch;

use std::collections::VecDeque;
use std::sync::Arc;

use console_api::instrument::Update;
use futures_util::{Stream, stream};
use pileup_registry::{LiveTask, Part, Tick};
use tokio::sync::watch;
use tokio::time::{Interval, MissedTickBehavior, interval};
use tonic::Status;

use self::batch::Batch;
use crate::connection::Connection;
use crate::instrument::{Attached, Service};
use crate::resources::{self, AsyncOp, Changed, Drops, Life, Resource};
use crate::waits::Sayings;
use crate::{resource_messages, task_messages};

/// Tasks that are looked at before others have their turn, and those of one part.
const IN_ONE_TURN: usize = 4096;
const IN_PART: usize = 256;
/// Poll ops that are read at a time.
const POLL_OPS: usize = 1024;
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
    /// The resources and async ops that were dropped before the last look began.
    drops: Drops,
    /// The next poll op.
    poll_op: u64,
    /// What is left of a look.
    look: Option<Look>,
    /// What is left of one part.
    rest_of_resources: Option<Changed<Resource>>,
    rest_of_ops: Option<Changed<AsyncOp>>,
    /// Whether the first state is not whole yet.
    is_first: bool,
    has_metadata: bool,
    ready: VecDeque<Update>,
    _attached: Attached,
}

/// A look at all tasks, part by part.
struct Look {
    began: Tick,
    drops: Drops,
    at: Stage,
}

/// How far a look has come. Resources come before the async ops that name them. Each stage has an
/// end that does not move, so that a client which is slow gets to the next one as well.
#[derive(Clone, Copy)]
enum Stage {
    Tasks(Part),
    /// Up to the one of this number.
    Finished(u64),
    Resources(resources::Part),
    AsyncOps(resources::Part),
    /// Up to the one of this number.
    PollOps(u64),
    Done,
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
        // As console-subscriber has it, a client gets those that come after it.
        poll_op: service.resources.poll_ops.next(),
        drops: service.resources.drops(),
        service,
        connection,
        pace,
        since: 0,
        look: None,
        rest_of_resources: None,
        rest_of_ops: None,
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
                if self.is_first {
                    self.service.name_all().await;
                }
                self.look = Some(Look {
                    began: self.service.registry.tick(),
                    drops: self.service.resources.drops(),
                    at: Stage::Tasks(Part::default()),
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
        while let Some(look) = &self.look {
            let (began, at) = (look.began, look.at);
            let next = match at {
                Stage::Tasks(part) => {
                    in_this_turn += IN_PART;
                    let next = self.take_in_tasks(part, &mut batch).await;
                    let finished = || Stage::Finished(self.service.registry.finished_end());
                    next.map_or_else(finished, Stage::Tasks)
                }
                Stage::Finished(end) if self.finished < end => {
                    self.take_in_finished(end, &mut batch);
                    Stage::Finished(end)
                }
                Stage::Finished(_) => Stage::Resources(0),
                Stage::Resources(part) => {
                    in_this_turn += IN_PART;
                    self.take_in_resources(part, &mut batch)
                }
                Stage::AsyncOps(part) => {
                    in_this_turn += IN_PART;
                    self.take_in_ops(part, began, &mut batch)
                }
                Stage::PollOps(end) if self.poll_op < end => {
                    self.take_in_poll_ops(end, &mut batch);
                    Stage::PollOps(end)
                }
                Stage::PollOps(_) => Stage::Done,
                Stage::Done => {
                    self.end_look(batch);
                    return;
                }
            };
            if let Some(look) = &mut self.look {
                look.at = next;
            }
            if batch.is_full() {
                self.send(batch);
                return;
            }
            if in_this_turn >= IN_ONE_TURN {
                in_this_turn = 0;
                tokio::task::yield_now().await;
            }
        }
    }

    /// Takes in the tasks of a part, and gives the next part.
    async fn take_in_tasks(&self, part: Part, batch: &mut Batch) -> Option<Part> {
        let mut tasks = Vec::new();
        let next = self.service.registry.look_at(part, &mut tasks);
        tasks.retain(|task| has_changed_since(task, self.since));
        if !tasks.is_empty() {
            self.take_in(tasks, batch).await;
        }
        next
    }

    /// Takes in resources of a part, and gives where to go on.
    fn take_in_resources(&mut self, part: resources::Part, batch: &mut Batch) -> Stage {
        let rest = self.rest_of_resources.take();
        let resources = &self.service.resources;
        let mut changed = rest.unwrap_or_else(|| resources.changed_resources(part, self.since));
        while let Some(resource) = changed.items.pop() {
            if self.is_kept(&resource.life) {
                self.add_resource(&resource, batch);
            }
            if batch.is_full() {
                self.rest_of_resources = Some(changed);
                return Stage::Resources(part);
            }
        }
        changed.next.map_or(Stage::AsyncOps(0), Stage::Resources)
    }

    /// Takes in async ops of a part, and gives where to go on.
    fn take_in_ops(&mut self, part: resources::Part, began: Tick, batch: &mut Batch) -> Stage {
        let metadata = self.service.metadata;
        let resources = Arc::clone(&self.service.resources);
        let rest = self.rest_of_ops.take();
        let mut changed = rest.unwrap_or_else(|| resources.changed_ops(part, self.since));
        while let Some(op) = changed.items.pop() {
            if self.is_kept(&op.life) {
                // Its resource may be younger than the look at resources.
                if let Some(resource) = resources.resource_of(&op)
                    && resource.life.born >= began.saturating_sub(OVERLAP)
                {
                    self.add_resource(&resource, batch);
                }
                let names = &resources.names;
                let is_new = op.life.born >= self.since;
                let message = is_new.then(|| resource_messages::op(names, metadata, &op));
                let registry = &self.service.registry;
                let stats = resource_messages::op_stats(registry, names, metadata, &op);
                batch.add_op(op.id, message, stats);
            }
            if batch.is_full() {
                self.rest_of_ops = Some(changed);
                return Stage::AsyncOps(part);
            }
        }
        let poll_ops = || Stage::PollOps(resources.poll_ops.next());
        changed.next.map_or_else(poll_ops, Stage::AsyncOps)
    }

    /// Takes in some of the poll ops up to the one of this number.
    fn take_in_poll_ops(&mut self, end: u64, batch: &mut Batch) {
        let most = usize::try_from(end - self.poll_op).map_or(POLL_OPS, |left| left.min(POLL_OPS));
        let Service {
            resources,
            metadata,
            ..
        } = &*self.service;
        let new = resources.poll_ops.since(self.poll_op, most);
        self.poll_op = new.next;
        batch.resources.dropped_events += new.cut;
        for op in new.ops {
            batch.add_poll_op(resource_messages::poll_op(&resources.names, *metadata, op));
        }
    }

    fn add_resource(&self, resource: &Resource, batch: &mut Batch) {
        let Service {
            registry, metadata, ..
        } = &*self.service;
        let names = &self.service.resources.names;
        let is_new = resource.life.born >= self.since;
        let message = is_new.then(|| resource_messages::resource(names, *metadata, resource));
        let stats = resource_messages::resource_stats(registry, names, *metadata, resource);
        batch.add_resource(resource.id, message, stats);
    }

    /// Whether a client that attaches is still to get something that was dropped then.
    fn is_kept(&self, life: &Life) -> bool {
        !self.is_first
            || life
                .dropped
                .is_none_or(|at| !self.service.is_past_retention(at))
    }

    async fn take_in(&self, tasks: Vec<LiveTask>, batch: &mut Batch) {
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
            let task = (is_new || is_said)
                .then(|| task_messages::task(registry, self.service.metadata, live, says));
            let stats = task_messages::stats(registry, live, None);
            batch.add_task(live.number, task, stats);
        }
    }

    /// Takes in some of the finished tasks up to the one of this number.
    fn take_in_finished(&mut self, end: u64, batch: &mut Batch) {
        let registry = &self.service.registry;
        let start = registry.finished_start();
        if start > self.finished {
            batch.tasks.dropped_events += start - self.finished;
            self.finished = start;
        }
        while self.finished < end {
            let finished = registry.finished_at(self.finished);
            self.finished += 1;
            let Some(finished) = finished else {
                batch.tasks.dropped_events += 1;
                continue;
            };
            let live = &finished.task;
            self.service.said.forget(live.number);
            if self.is_first && self.service.is_past_retention(finished.ended) {
                continue;
            }
            let says = Sayings::default();
            // A client that has the task need not learn again what it is.
            let task = (self.is_first || live.born >= self.since)
                .then(|| task_messages::task(registry, self.service.metadata, live, &says));
            let stats = task_messages::stats(registry, live, Some(finished.ended));
            batch.add_task(live.number, task, stats);
            if batch.is_full() {
                return;
            }
        }
    }

    /// The look is done. The first state ends with an empty message, by which clients know that
    /// it is whole.
    fn end_look(&mut self, mut batch: Batch) {
        let Some(look) = self.look.take() else { return };
        let is_first = std::mem::take(&mut self.is_first);
        self.since = look.began.saturating_sub(OVERLAP);
        let (resources, ops) = self.service.resources.cut_since(self.drops);
        if !is_first {
            batch.resources.dropped_events += resources;
            batch.ops.dropped_events += ops;
        }
        self.drops = look.drops;
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
            task_update: Some(batch.tasks),
            resource_update: Some(batch.resources),
            async_op_update: Some(batch.ops),
            new_metadata: is_first.then(|| self.service.metadata.all()),
        });
    }
}

/// Whether something happened to a task since then.
fn has_changed_since(task: &LiveTask, since: Tick) -> bool {
    let changed = task.times.map_or(0, |times| times.changed);
    task.running || task.born >= since || task.last_poll >= since || changed >= since
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use console_api::instrument::InstrumentRequest;
    use console_api::instrument::instrument_server::Instrument;
    use futures_util::StreamExt;
    use pileup_registry::{Registry, Sampling};
    use tokio::sync::Semaphore;
    use tonic::Request;

    use super::*;
    use crate::instrument::Instrumented;
    use crate::resources::{ResourceEvents, ResourceSubscriber, Resources};

    /// More than fit into one message.
    const FINISHED_FOR_EACH_MESSAGE: usize = 4_000;

    async fn finish(tasks: usize) {
        for _ in 0..tasks {
            let finished = tokio::spawn(async {}).await;
            finished.expect("it does not panic");
        }
    }

    /// The number of the first message that has a resource, for a client that takes one message
    /// whenever `most` tasks have finished.
    async fn first_resource(service: Service, most: usize) -> Option<usize> {
        let mut request = Request::new(InstrumentRequest {});
        request.extensions_mut().insert(Arc::new(Connection::new()));
        let client = Instrumented(Arc::new(service));
        let updates = client.watch_updates(request).await.expect("it is served");
        let mut updates = updates.into_inner();
        let _resource = Semaphore::new(1);
        for number in 0..most {
            finish(FINISHED_FOR_EACH_MESSAGE).await;
            let update = updates
                .next()
                .await
                .expect("it goes on")
                .expect("a message");
            let resources = update.resource_update.expect("it may be empty");
            if !resources.new_resources.is_empty() {
                return Some(number);
            }
        }
        None
    }

    #[test]
    fn a_client_that_is_slower_than_tasks_finish_gets_the_resources_as_well() {
        let registry = Arc::new(Registry::new(Sampling::NONE));
        registry.keep_times();
        registry.keep_finished(1 << 16);
        let resources = Arc::new(Resources::new(16, 0));
        let events = ResourceEvents {
            registry: Arc::clone(&registry),
            resources: Arc::clone(&resources),
        };
        let second = Duration::from_secs(1);
        let service = Service::new(
            Arc::clone(&registry),
            resources,
            Duration::from_millis(1),
            60 * second,
            (second, second),
        );
        let inner = ResourceSubscriber {
            events,
            inner: tracing_subscriber::registry(),
        };
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .expect("a runtime");
        let first = tracing::subscriber::with_default(registry.subscriber(inner), || {
            runtime.block_on(first_resource(service, 12))
        });
        assert!(first.is_some(), "12 messages have finished tasks alone");
    }
}
