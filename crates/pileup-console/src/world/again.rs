//! The first message of a second attach: is it the same program, and what ended meanwhile?

use std::collections::HashSet;

use console_api::RegisterMetadata;
use console_api::instrument::Update;
use pileup_model::elapsed;

use super::World;

/// Who answered a second attach.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Returned {
    /// The program that was watched before.
    Same,
    /// Another one.
    Other,
    /// Perhaps the same, but it does not say what lives in it.
    Withholding,
}

/// What stays the same for as long as a program runs: the addresses of the metadata of all
/// that it instruments. The first message of every attach has all of them.
#[derive(Debug, Default)]
pub(super) struct Identity {
    metadata: HashSet<u64>,
}

impl Identity {
    pub(super) fn note(&mut self, metadata: &RegisterMetadata) {
        self.metadata.extend(addresses(metadata));
    }

    fn is_in(&self, metadata: &RegisterMetadata) -> bool {
        let now: HashSet<u64> = addresses(metadata).collect();
        self.metadata.is_subset(&now)
    }
}

fn addresses(metadata: &RegisterMetadata) -> impl Iterator<Item = u64> {
    let known = metadata.metadata.iter();
    known.filter_map(|known| known.id.map(|id| id.id))
}

impl World {
    /// Takes in the first message of a second attach, if it is from the same program: what the
    /// message does not have any more has ended, and what had ended before is not reported again.
    pub(crate) fn apply_again(&mut self, update: Update) -> Returned {
        let metadata = update.new_metadata.clone().unwrap_or_default();
        if metadata.metadata.is_empty() {
            return Returned::Withholding;
        }
        if !self.identity.is_in(&metadata) || !self.has_a_task_of(&update) {
            return Returned::Other;
        }
        let now = self.time(&update);
        if let Some(before) = self.now {
            self.coverage.unwatched += elapsed(before, now);
            let reported_until = before.checked_sub(self.lateness.lag).unwrap_or(before);
            self.tasks
                .attach_again(&update, before, reported_until, now);
        }
        let gone = self.resources.attach_again(&update);
        for resource in gone {
            self.async_ops.forget_ended(resource);
        }
        self.async_ops.attach_again(&update, now, &self.resources);
        self.coverage.reconnects += 1;
        // It has things of all ages, as the first message of all does.
        self.now = None;
        self.apply(update);
        Returned::Same
    }

    /// Whether one of the tasks that lived is in the message: a program keeps some for as long
    /// as it runs.
    fn has_a_task_of(&self, update: &Update) -> bool {
        let stats = update
            .task_update
            .as_ref()
            .map(|update| &update.stats_update);
        stats.is_some_and(|stats| self.tasks.has_any_of(stats))
    }
}
