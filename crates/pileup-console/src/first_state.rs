//! The first state, which pileup-subscriber sends in as many messages as it needs.

use console_api::instrument::Update;
use tonic::{Status, Streaming};

/// What serves the tasks of a program.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ServedBy {
    /// Tokio's console-subscriber, or something that answers as it does.
    ConsoleSubscriber,
    /// pileup-subscriber.
    PileupSubscriber,
}

/// The target of the metadata by which pileup-subscriber says that it serves.
const PILEUP_SUBSCRIBER: &str = "pileup_subscriber";

impl ServedBy {
    /// Who sent this first message.
    pub(crate) fn of(first: &Update) -> Self {
        let metadata = first.new_metadata.iter().flat_map(|new| &new.metadata);
        let mut metadata = metadata.filter_map(|new| new.metadata.as_ref());
        if metadata.any(|metadata| metadata.target == PILEUP_SUBSCRIBER) {
            Self::PileupSubscriber
        } else {
            Self::ConsoleSubscriber
        }
    }
}

/// The whole first state as one message: console-subscriber sends it as such, and
/// pileup-subscriber ends it with an empty one.
pub(crate) async fn whole(
    mut state: Update,
    updates: &mut Streaming<Update>,
) -> Result<Update, Status> {
    if ServedBy::of(&state) == ServedBy::ConsoleSubscriber {
        return Ok(state);
    }
    while let Some(next) = updates.message().await? {
        if is_empty(&next) {
            break;
        }
        add(&mut state, next);
    }
    Ok(state)
}

fn is_empty(update: &Update) -> bool {
    let tasks = update.task_update.as_ref();
    let resources = update.resource_update.as_ref();
    let ops = update.async_op_update.as_ref();
    tasks.is_none_or(|update| update.stats_update.is_empty())
        && resources.is_none_or(|update| update.stats_update.is_empty())
        && ops.is_none_or(|update| update.stats_update.is_empty())
}

fn add(state: &mut Update, next: Update) {
    state.now = next.now.or(state.now);
    if let Some(next) = next.task_update {
        let tasks = state.task_update.get_or_insert_default();
        tasks.new_tasks.extend(next.new_tasks);
        tasks.stats_update.extend(next.stats_update);
        tasks.dropped_events += next.dropped_events;
    }
    if let Some(next) = next.resource_update {
        let resources = state.resource_update.get_or_insert_default();
        resources.new_resources.extend(next.new_resources);
        resources.stats_update.extend(next.stats_update);
        resources.dropped_events += next.dropped_events;
    }
    if let Some(next) = next.async_op_update {
        let ops = state.async_op_update.get_or_insert_default();
        ops.new_async_ops.extend(next.new_async_ops);
        ops.stats_update.extend(next.stats_update);
        ops.dropped_events += next.dropped_events;
    }
}
