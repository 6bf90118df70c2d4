//! The first state, which pileup-subscriber sends in as many messages as it needs.

use console_api::instrument::Update;
use futures_util::{Stream, TryStreamExt};
use prost::Message;
use tonic::Status;

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

/// Why there is no first state.
#[derive(Debug)]
pub(crate) enum NoState {
    Broken(Status),
    /// It has more bytes than are kept.
    TooLarge,
}

impl From<Status> for NoState {
    fn from(status: Status) -> Self {
        Self::Broken(status)
    }
}

/// The whole first state as one message: console-subscriber sends it as such, and
/// pileup-subscriber ends it with an empty one.
/// At most `limit` bytes of it are kept.
pub(crate) async fn whole(
    mut state: Update,
    mut updates: impl Stream<Item = Result<Update, Status>> + Unpin,
    limit: usize,
) -> Result<Update, NoState> {
    if ServedBy::of(&state) == ServedBy::ConsoleSubscriber {
        return Ok(state);
    }
    let mut bytes = state.encoded_len();
    while let Some(next) = updates.try_next().await? {
        if is_empty(&next) {
            break;
        }
        bytes += next.encoded_len();
        if bytes > limit {
            return Err(NoState::TooLarge);
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

#[cfg(test)]
mod tests {
    use console_api::register_metadata::NewMetadata;
    use console_api::tasks::{Stats, TaskUpdate};
    use console_api::{Metadata, RegisterMetadata};
    use futures_util::stream;

    use super::*;

    /// As pileup-subscriber begins.
    fn first() -> Update {
        let metadata = Metadata {
            target: PILEUP_SUBSCRIBER.to_owned(),
            ..Metadata::default()
        };
        let metadata = NewMetadata {
            metadata: Some(metadata),
            ..NewMetadata::default()
        };
        Update {
            new_metadata: Some(RegisterMetadata {
                metadata: vec![metadata],
            }),
            ..Update::default()
        }
    }

    /// With the counts of a task.
    fn next(task: u64) -> Update {
        Update {
            task_update: Some(TaskUpdate {
                stats_update: [(task, Stats::default())].into(),
                ..TaskUpdate::default()
            }),
            ..Update::default()
        }
    }

    #[tokio::test]
    async fn a_first_state_has_all_up_to_the_empty_message() {
        let updates = [next(1), next(2), Update::default(), next(3)];
        let mut updates = stream::iter(updates.map(Ok));
        let state = whole(first(), &mut updates, 1_000).await.expect("it ends");
        let tasks = state.task_update.expect("tasks").stats_update;
        let mut tasks: Vec<u64> = tasks.into_keys().collect();
        tasks.sort_unstable();
        assert_eq!(tasks, [1, 2]);
        assert!(updates.try_next().await.is_ok_and(|left| left.is_some()));
    }

    #[tokio::test]
    async fn a_first_state_without_an_end_is_not_kept() {
        let endless = stream::iter((1..).map(|task| Ok(next(task))));
        let state = whole(first(), endless, 1_000).await;
        assert!(matches!(state, Err(NoState::TooLarge)), "{state:?}");
    }
}
