//! The resources that live.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use console_api::instrument::Update;
use console_api::resources as wire;
use jiff::Timestamp;
use pileup_model::{Resource, ResourceId};

use super::news::News;
use super::repeats::{Repeats, is_same};
use crate::decode;
use crate::text::SharedTexts;

/// The resources of a program.
#[derive(Debug, Default)]
pub(super) struct Resources {
    live: BTreeMap<ResourceId, Arc<Resource>>,
    repeats: Repeats<ResourceId>,
}

impl Resources {
    /// Returns those that are gone.
    pub(super) fn take_in(
        &mut self,
        update: &wire::ResourceUpdate,
        now: Timestamp,
        texts: &mut SharedTexts,
        news: &mut News,
    ) -> Vec<ResourceId> {
        self.repeats.next_message(update.new_resources.len());
        let mut gone = self.add(update, now, texts, news);
        gone.extend(self.update(&update.stats_update, texts));
        gone
    }

    /// Gets ready for the first message of a second attach. Returns those that it does not have
    /// any more.
    pub(super) fn attach_again(&mut self, update: &Update) -> Vec<ResourceId> {
        let update = update.resource_update.as_ref();
        let stats = update.map(|update| &update.stats_update);
        let lives = |id: &ResourceId| stats.is_some_and(|stats| stats.contains_key(&id.0));
        let gone: Vec<_> = self.live.keys().filter(|id| !lives(id)).copied().collect();
        for id in &gone {
            self.live.remove(id);
        }
        gone
    }

    pub(super) fn live(&self) -> Vec<Arc<Resource>> {
        self.live.values().cloned().collect()
    }

    pub(super) fn lives(&self, id: ResourceId) -> bool {
        self.live.contains_key(&id)
    }

    fn add(
        &mut self,
        update: &wire::ResourceUpdate,
        now: Timestamp,
        texts: &mut SharedTexts,
        news: &mut News,
    ) -> Vec<ResourceId> {
        let mut gone = Vec::new();
        for sent in &update.new_resources {
            let Some(id) = sent.id.as_ref().map(|id| ResourceId(id.id)) else {
                continue;
            };
            let stats = update.stats_update.get(&id.0);
            let birth = stats.and_then(|stats| decode::timestamp(stats.created_at));
            let known = self.live.get(&id);
            if self.repeats.is_repeated(id, birth)
                || known.is_some_and(|known| is_same(known.created_at, birth))
            {
                continue;
            }
            if known.is_some() {
                gone.push(id);
            }
            news.add(birth);
            let resource = new_resource(id, sent, birth.unwrap_or(now), texts);
            self.live.insert(id, Arc::new(resource));
        }
        gone
    }

    fn update(
        &mut self,
        stats: &HashMap<u64, wire::Stats>,
        texts: &mut SharedTexts,
    ) -> Vec<ResourceId> {
        let mut gone = Vec::new();
        for (&id, stats) in stats {
            let id = ResourceId(id);
            if stats.dropped_at.is_some() {
                gone.extend(self.live.remove(&id).map(|_| id));
            } else if let Some(resource) = self.live.get_mut(&id) {
                Arc::make_mut(resource).attributes = decode::attributes(&stats.attributes, texts);
            }
        }
        gone
    }
}

fn new_resource(
    id: ResourceId,
    sent: &wire::Resource,
    created_at: Timestamp,
    texts: &mut SharedTexts,
) -> Resource {
    Resource {
        id,
        parent: sent.parent_resource_id.as_ref().map(|id| ResourceId(id.id)),
        concrete_type: texts.share(&sent.concrete_type),
        is_internal: sent.is_internal,
        site: decode::site(sent.location.as_ref(), texts),
        created_at,
        dropped_at: None,
        attributes: Vec::new(),
    }
}
