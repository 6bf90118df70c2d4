//! The program behind the wire, as the messages so far tell of it.

use std::collections::{BTreeMap, HashMap, VecDeque};
use std::mem;
use std::sync::Arc;

use console_api as wire;
use console_api::instrument::Update;
use jiff::Timestamp;
use pileup_model::{
    AsyncOp, AsyncOpId, Coverage, Polls, Resource, ResourceId, Snapshot, Task, TaskId, TaskKind,
    Wakers, elapsed,
};

use crate::decode;
use crate::text::Texts;

/// Async ops that ended are kept for as long as they can still tell who holds a resource:
/// the newest of each.
const ENDED_OPS_KEPT: usize = 64;

/// The program behind the wire, as the messages so far tell of it.
#[derive(Debug, Default)]
pub struct World {
    now: Option<Timestamp>,
    has_news: bool,
    tasks: BTreeMap<TaskId, Arc<Task>>,
    finished: Vec<Arc<Task>>,
    /// Who finished in the last message, and in this one: the second message repeats the
    /// first, and must not bring the finished back.
    finished_before: HashMap<TaskId, Timestamp>,
    finished_now: HashMap<TaskId, Timestamp>,
    resources: BTreeMap<ResourceId, Arc<Resource>>,
    async_ops: BTreeMap<AsyncOpId, Arc<AsyncOp>>,
    ended_ops: HashMap<ResourceId, VecDeque<AsyncOpId>>,
    coverage: Coverage,
    texts: Texts,
}

impl World {
    /// Takes in one message. Returns how many new tasks, resources and async ops it told of.
    pub fn apply(&mut self, update: Update) -> usize {
        let is_first = self.now.is_none();
        // Without a time of its own a message cannot be placed: it counts as sent with the last.
        let now = decode::timestamp(update.now)
            .or(self.now)
            .unwrap_or(Timestamp::UNIX_EPOCH);
        self.now = Some(now);
        self.has_news = true;
        self.note_metadata(is_first, &update.new_metadata.unwrap_or_default());

        let mut new = 0;
        if let Some(update) = update.resource_update {
            new += update.new_resources.len();
            self.coverage.dropped_events += update.dropped_events;
            self.add_resources(&update, now);
            self.update_resources(&update.stats_update);
        }
        if let Some(update) = update.task_update {
            new += update.new_tasks.len();
            self.coverage.dropped_events += update.dropped_events;
            self.note_lag(&update, now);
            self.add_tasks(&update, now);
            self.update_tasks(&update.stats_update);
        }
        if let Some(update) = update.async_op_update {
            new += update.new_async_ops.len();
            self.coverage.dropped_events += update.dropped_events;
            self.add_async_ops(&update, now);
            self.update_async_ops(&update.stats_update);
        }
        self.finished_before = mem::take(&mut self.finished_now);
        new
    }

    /// Whether a message came since the last snapshot.
    #[must_use]
    pub fn has_news(&self) -> bool {
        self.has_news
    }

    /// What the program looks like after the messages so far. What has finished is told
    /// once, in the first snapshot after it.
    #[must_use]
    pub fn snapshot(&mut self) -> Snapshot {
        self.has_news = false;
        Snapshot {
            at: self.now.unwrap_or(Timestamp::UNIX_EPOCH),
            tasks: self.tasks.values().cloned().collect(),
            finished: mem::take(&mut self.finished),
            resources: self.resources.values().cloned().collect(),
            async_ops: self.async_ops.values().cloned().collect(),
            coverage: self.coverage,
        }
    }

    /// The first message always carries the metadata of all that was ever instrumented,
    /// unless the target found its state too large and sent none of it.
    fn note_metadata(&mut self, is_first: bool, metadata: &wire::RegisterMetadata) {
        if is_first {
            self.coverage.state_withheld = metadata.metadata.is_empty();
        }
        // Nothing was withheld if tasks become known only now: there had been none.
        let tells_of_tasks = metadata.metadata.iter().any(|new| {
            let metadata = new.metadata.as_ref();
            metadata.is_some_and(|metadata| metadata.target == "tokio::task")
        });
        if tells_of_tasks {
            self.coverage.state_withheld = false;
        }
    }

    /// The youngest new task of a message is as old as the message is late.
    fn note_lag(&mut self, update: &wire::tasks::TaskUpdate, now: Timestamp) {
        let births = update.new_tasks.iter().filter_map(|task| {
            let id = task.id.as_ref()?.id;
            decode::timestamp(update.stats_update.get(&id)?.created_at)
        });
        if let Some(youngest) = births.max() {
            self.coverage.lag = elapsed(youngest, now);
        }
    }

    fn add_tasks(&mut self, update: &wire::tasks::TaskUpdate, now: Timestamp) {
        for task in &update.new_tasks {
            let Some(id) = task.id.as_ref().map(|id| TaskId(id.id)) else {
                continue;
            };
            let stats = update.stats_update.get(&id.0);
            let created_at = stats
                .and_then(|stats| decode::timestamp(stats.created_at))
                .unwrap_or(now);
            if self.finished_before.get(&id) == Some(&created_at) {
                self.finished_now.insert(id, created_at);
                continue;
            }
            let known = self.tasks.get(&id).map(|task| task.created_at);
            if is_repeated(known, stats.and_then(|stats| stats.created_at)) {
                continue;
            }
            let fields = decode::task_fields(&task.fields);
            let name = fields.name.map(|name| self.texts.share(name));
            let task = Task {
                id,
                tokio_id: fields.tokio_id,
                kind: fields.kind.unwrap_or(TaskKind::Other),
                name,
                site: decode::site(task.location.as_ref(), &mut self.texts),
                created_at,
                finished_at: None,
                polls: Polls::default(),
                wakers: Wakers::default(),
            };
            self.tasks.insert(id, Arc::new(task));
        }
    }

    fn update_tasks(&mut self, stats: &HashMap<u64, wire::tasks::Stats>) {
        for (&id, stats) in stats {
            let id = TaskId(id);
            let Some(task) = self.tasks.get_mut(&id) else {
                continue;
            };
            let task = Arc::make_mut(task);
            task.created_at = decode::timestamp(stats.created_at).unwrap_or(task.created_at);
            task.finished_at = decode::timestamp(stats.dropped_at);
            task.polls = decode::polls(stats.poll_stats.as_ref());
            task.wakers = decode::wakers(stats);
            if task.finished_at.is_some() {
                self.finished_now.insert(id, task.created_at);
                self.finished.extend(self.tasks.remove(&id));
            }
        }
    }

    fn add_resources(&mut self, update: &wire::resources::ResourceUpdate, now: Timestamp) {
        for resource in &update.new_resources {
            let Some(id) = resource.id.as_ref().map(|id| ResourceId(id.id)) else {
                continue;
            };
            let known = self.resources.get(&id).map(|known| known.created_at);
            let stats = update.stats_update.get(&id.0);
            if is_repeated(known, stats.and_then(|stats| stats.created_at)) {
                continue;
            }
            let resource = Resource {
                id,
                parent: resource
                    .parent_resource_id
                    .as_ref()
                    .map(|id| ResourceId(id.id)),
                concrete_type: self.texts.share(&resource.concrete_type),
                is_internal: resource.is_internal,
                site: decode::site(resource.location.as_ref(), &mut self.texts),
                created_at: now,
                dropped_at: None,
                attributes: Vec::new(),
            };
            self.resources.insert(id, Arc::new(resource));
        }
    }

    fn update_resources(&mut self, stats: &HashMap<u64, wire::resources::Stats>) {
        for (&id, stats) in stats {
            let id = ResourceId(id);
            let Some(resource) = self.resources.get_mut(&id) else {
                continue;
            };
            if stats.dropped_at.is_some() {
                self.resources.remove(&id);
                self.forget_ended_ops(id);
                continue;
            }
            let resource = Arc::make_mut(resource);
            resource.created_at =
                decode::timestamp(stats.created_at).unwrap_or(resource.created_at);
            resource.attributes = decode::attributes(&stats.attributes, &mut self.texts);
        }
    }

    fn add_async_ops(&mut self, update: &wire::async_ops::AsyncOpUpdate, now: Timestamp) {
        for op in &update.new_async_ops {
            let (Some(id), Some(resource)) = (&op.id, &op.resource_id) else {
                continue;
            };
            let known = self.async_ops.get(&AsyncOpId(id.id));
            let stats = update.stats_update.get(&id.id);
            if is_repeated(
                known.map(|known| known.created_at),
                stats.and_then(|stats| stats.created_at),
            ) {
                continue;
            }
            if let Some(known) = known
                && let Some(queue) = self.ended_ops.get_mut(&known.resource)
            {
                queue.retain(|ended| ended.0 != id.id);
            }
            let op = AsyncOp {
                id: AsyncOpId(id.id),
                parent: op.parent_async_op_id.as_ref().map(|id| AsyncOpId(id.id)),
                resource: ResourceId(resource.id),
                task: None,
                source: self.texts.share(&op.source),
                created_at: now,
                dropped_at: None,
                attributes: Vec::new(),
            };
            self.async_ops.insert(op.id, Arc::new(op));
        }
    }

    fn update_async_ops(&mut self, stats: &HashMap<u64, wire::async_ops::Stats>) {
        let mut ended = Vec::new();
        for (&id, stats) in stats {
            let id = AsyncOpId(id);
            let Some(op) = self.async_ops.get_mut(&id) else {
                continue;
            };
            let had_ended = op.dropped_at.is_some();
            let op = Arc::make_mut(op);
            op.created_at = decode::timestamp(stats.created_at).unwrap_or(op.created_at);
            op.dropped_at = decode::timestamp(stats.dropped_at);
            op.task = stats.task_id.as_ref().map(|id| TaskId(id.id)).or(op.task);
            op.attributes = decode::attributes(&stats.attributes, &mut self.texts);
            if let (Some(at), false) = (op.dropped_at, had_ended) {
                ended.push((at, id, op.resource));
            }
        }
        // The map above has no order; the queues of the ended have that of time.
        ended.sort_unstable();
        for (_, id, resource) in ended {
            if !self.resources.contains_key(&resource) {
                self.async_ops.remove(&id);
                continue;
            }
            let queue = self.ended_ops.entry(resource).or_default();
            queue.push_back(id);
            if queue.len() > ENDED_OPS_KEPT
                && let Some(oldest) = queue.pop_front()
            {
                self.async_ops.remove(&oldest);
            }
        }
    }

    fn forget_ended_ops(&mut self, resource: ResourceId) {
        for id in self.ended_ops.remove(&resource).unwrap_or_default() {
            self.async_ops.remove(&id);
        }
    }
}

/// Whether something new on the wire is what is known already, told a second time, rather
/// than another thing that got the id of one whose end was lost.
fn is_repeated(known: Option<Timestamp>, told: Option<prost_types::Timestamp>) -> bool {
    known.is_some_and(|known| decode::timestamp(told).is_none_or(|told| told == known))
}
