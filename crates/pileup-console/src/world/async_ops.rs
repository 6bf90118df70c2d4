//! The async ops: the open ones, and the newest that ended of each resource.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

use console_api::async_ops as wire;
use console_api::instrument::Update;
use jiff::Timestamp;
use pileup_model::{AsyncOp, AsyncOpId, ENDED_OPS_KEPT, ResourceId, TaskId};

use super::news::News;
use super::repeats::{Repeats, is_same};
use super::resources::Resources;
use crate::decode;
use crate::text::SharedTexts;

/// The async ops of a program.
#[derive(Debug, Default)]
pub(super) struct AsyncOps {
    known: BTreeMap<AsyncOpId, Arc<AsyncOp>>,
    /// Those of the known that ended, the one that ended first first. They are kept for as long
    /// as they can still show who holds a resource.
    ended: HashMap<ResourceId, BTreeSet<(Timestamp, AsyncOpId)>>,
    repeats: Repeats<AsyncOpId>,
}

impl AsyncOps {
    pub(super) fn take_in(
        &mut self,
        update: &wire::AsyncOpUpdate,
        now: Timestamp,
        resources: &Resources,
        texts: &mut SharedTexts,
        news: &mut News,
    ) {
        self.repeats.next_message(update.new_async_ops.len());
        self.add(update, now, texts, news);
        self.update(&update.stats_update, now, resources, texts);
    }

    /// Gets ready for the first message of a second attach: an open op that it does not have
    /// any more was dropped.
    pub(super) fn attach_again(&mut self, update: &Update, now: Timestamp, resources: &Resources) {
        let update = update.async_op_update.as_ref();
        let stats = update.map(|update| &update.stats_update);
        let is_reported = |id: &AsyncOpId| stats.is_some_and(|stats| stats.contains_key(&id.0));
        let open = self.known.iter().filter(|(_, op)| op.dropped_at.is_none());
        let gone: Vec<AsyncOpId> = open
            .map(|(id, _)| *id)
            .filter(|id| !is_reported(id))
            .collect();
        for id in gone {
            self.end(id, now, resources);
        }
    }

    pub(super) fn known(&self) -> Vec<Arc<AsyncOp>> {
        self.known.values().cloned().collect()
    }

    /// The resource is gone: nobody asks any more who held it.
    pub(super) fn forget_ended(&mut self, resource: ResourceId) {
        for (_, id) in self.ended.remove(&resource).unwrap_or_default() {
            self.known.remove(&id);
        }
    }

    fn add(
        &mut self,
        update: &wire::AsyncOpUpdate,
        now: Timestamp,
        texts: &mut SharedTexts,
        news: &mut News,
    ) {
        for sent in &update.new_async_ops {
            let (Some(id), Some(resource)) = (&sent.id, &sent.resource_id) else {
                continue;
            };
            let (id, resource) = (AsyncOpId(id.id), ResourceId(resource.id));
            let stats = update.stats_update.get(&id.0);
            let birth = stats.and_then(|stats| decode::timestamp(stats.created_at));
            let known = self.known.get(&id);
            if self.repeats.is_repeated(id, birth)
                || known.is_some_and(|known| is_same(known.created_at, birth))
            {
                continue;
            }
            if known.is_some() {
                self.remove(id);
            }
            news.add(birth);
            let op = AsyncOp {
                id,
                parent: sent.parent_async_op_id.as_ref().map(|id| AsyncOpId(id.id)),
                resource,
                task: None,
                source: texts.share(&sent.source),
                created_at: birth.unwrap_or(now),
                dropped_at: None,
                attributes: Vec::new(),
            };
            self.known.insert(id, Arc::new(op));
        }
    }

    fn update(
        &mut self,
        stats: &HashMap<u64, wire::Stats>,
        now: Timestamp,
        resources: &Resources,
        texts: &mut SharedTexts,
    ) {
        for (&id, stats) in stats {
            let id = AsyncOpId(id);
            let Some(op) = self.known.get_mut(&id) else {
                continue;
            };
            let op = Arc::make_mut(op);
            op.task = stats.task_id.as_ref().map(|id| TaskId(id.id)).or(op.task);
            op.attributes = decode::attributes(&stats.attributes, texts);
            if op.dropped_at.is_none()
                && let Some(end) = decode::end(stats.dropped_at, now)
            {
                self.end(id, end, resources);
            }
        }
    }

    /// The op was dropped. It is kept while its resource lives.
    fn end(&mut self, id: AsyncOpId, at: Timestamp, resources: &Resources) {
        let Some(op) = self.known.get_mut(&id) else {
            return;
        };
        let resource = op.resource;
        Arc::make_mut(op).dropped_at = Some(at);
        if resources.lives(resource) {
            self.keep_ended(resource, at, id);
        } else {
            self.known.remove(&id);
        }
    }

    fn keep_ended(&mut self, resource: ResourceId, end: Timestamp, id: AsyncOpId) {
        let ended = self.ended.entry(resource).or_default();
        ended.insert((end, id));
        if ended.len() > ENDED_OPS_KEPT
            && let Some((_, oldest)) = ended.pop_first()
        {
            self.known.remove(&oldest);
        }
    }

    fn remove(&mut self, id: AsyncOpId) {
        let Some(op) = self.known.remove(&id) else {
            return;
        };
        if let Some(end) = op.dropped_at
            && let Some(ended) = self.ended.get_mut(&op.resource)
        {
            ended.remove(&(end, id));
        }
    }
}
