//! What is so after any messages.

use std::collections::HashSet;
use std::sync::Arc;

use console_api::instrument::Update;
use console_api::{Id, async_ops, resources};
use pileup_console::World;
use pileup_model::{Attribute, AttributeValue, Coverage, Snapshot};
use proptest::prelude::*;

use crate::wild;

/// Longer texts are cut.
const LONGEST_TEXT: usize = 1_024;
/// How many ended async ops of one resource are kept at most.
const ENDED_KEPT: usize = 64;

proptest! {
    #[test]
    fn each_thing_is_there_once_and_in_order(updates in wild::updates()) {
        let snapshot = after(updates);
        prop_assert!(snapshot.tasks.is_sorted_by(|a, b| a.id < b.id));
        prop_assert!(snapshot.resources.is_sorted_by(|a, b| a.id < b.id));
        prop_assert!(snapshot.async_ops.is_sorted_by(|a, b| a.id < b.id));
    }

    #[test]
    fn a_task_lives_or_has_finished(updates in wild::updates()) {
        let snapshot = after(updates);
        let mut seen = HashSet::new();
        for task in &snapshot.tasks {
            prop_assert_eq!(task.finished_at, None);
            prop_assert!(seen.insert((task.id, task.created_at)));
        }
        for task in &snapshot.finished {
            prop_assert!(task.finished_at.is_some());
            prop_assert!(seen.insert((task.id, task.created_at)));
        }
    }

    #[test]
    fn no_text_is_long(updates in wild::updates()) {
        for text in texts(&after(updates)) {
            prop_assert!(text.len() <= LONGEST_TEXT);
        }
    }

    #[test]
    fn a_message_that_comes_twice_counts_once(before in wild::updates(), update in wild::update()) {
        let mut once = before.clone();
        once.push(update.clone());
        let mut twice = once.clone();
        twice.push(update);
        prop_assert_eq!(uncounted(after(once)), uncounted(after(twice)));
    }

    #[test]
    fn a_message_that_comes_again_finishes_nothing(before in wild::updates(), update in wild::update()) {
        let mut world = World::default();
        for update in before {
            world.apply(update);
        }
        world.apply(update.clone());
        let once = uncounted(world.snapshot());
        world.apply(update);
        let again = uncounted(world.snapshot());
        prop_assert_eq!(again, Snapshot { finished: Vec::new(), ..once });
    }

    #[test]
    fn of_the_ops_that_ended_the_newest_are_kept(
        ends in prop::collection::vec(0..500_i64, 0..200),
        at_a_time in 1..100_usize,
    ) {
        let ended: Vec<_> = (0..).zip(ends).collect();
        let mut world = World::default();
        world.apply(resource());
        for some in ended.chunks(at_a_time) {
            world.apply(ended_ops(some));
            world.apply(ended_ops(some));
        }
        let kept: Vec<u64> = world.snapshot().async_ops.iter().map(|op| op.id.0).collect();

        let mut newest = ended;
        newest.sort_unstable_by_key(|&(id, end)| (end, id));
        newest.drain(..newest.len().saturating_sub(ENDED_KEPT));
        newest.sort_unstable();
        prop_assert_eq!(kept, newest.into_iter().map(|(id, _)| id).collect::<Vec<_>>());
    }
}

fn after(updates: Vec<Update>) -> Snapshot {
    let mut world = World::default();
    for update in updates {
        world.apply(update);
    }
    world.snapshot()
}

/// Without the dropped events: the target counts anew in each message, so they add up.
fn uncounted(snapshot: Snapshot) -> Snapshot {
    let coverage = Coverage {
        dropped_events: 0,
        ..snapshot.coverage
    };
    Snapshot {
        coverage,
        ..snapshot
    }
}

fn texts(snapshot: &Snapshot) -> Vec<Arc<str>> {
    let mut texts = Vec::new();
    for task in snapshot.tasks.iter().chain(&snapshot.finished) {
        texts.extend(task.name.clone());
        texts.extend(task.site.as_ref().map(|site| Arc::clone(&site.file)));
    }
    for resource in &snapshot.resources {
        texts.push(Arc::clone(&resource.concrete_type));
        texts.extend(resource.site.as_ref().map(|site| Arc::clone(&site.file)));
        texts.extend(texts_of(&resource.attributes));
    }
    for op in &snapshot.async_ops {
        texts.push(Arc::clone(&op.source));
        texts.extend(texts_of(&op.attributes));
    }
    texts
}

fn texts_of(attributes: &[Attribute]) -> Vec<Arc<str>> {
    let mut texts = Vec::new();
    for attribute in attributes {
        texts.push(Arc::clone(&attribute.name));
        if let AttributeValue::Text(text) = &attribute.value {
            texts.push(Arc::clone(text));
        }
    }
    texts
}

/// A message that reports the resource 0.
fn resource() -> Update {
    let resource = resources::Resource {
        id: Some(Id { id: 0 }),
        ..resources::Resource::default()
    };
    Update {
        resource_update: Some(resources::ResourceUpdate {
            new_resources: vec![resource],
            ..resources::ResourceUpdate::default()
        }),
        ..Update::default()
    }
}

/// A message that reports async ops on the resource 0, each with the second of its end.
fn ended_ops(ops: &[(u64, i64)]) -> Update {
    let mut update = async_ops::AsyncOpUpdate::default();
    for &(id, end) in ops {
        update.new_async_ops.push(async_ops::AsyncOp {
            id: Some(Id { id }),
            resource_id: Some(Id { id: 0 }),
            ..async_ops::AsyncOp::default()
        });
        let at = |seconds| prost_types::Timestamp { seconds, nanos: 0 };
        let stats = async_ops::Stats {
            created_at: Some(at(end - 1)),
            dropped_at: Some(at(end)),
            ..async_ops::Stats::default()
        };
        update.stats_update.insert(id, stats);
    }
    Update {
        async_op_update: Some(update),
        ..Update::default()
    }
}
