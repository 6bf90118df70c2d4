//! Messages that no target sends: anything that the wire can carry.

use std::collections::HashMap;

use console_api as wire;
use console_api::async_ops::{self, AsyncOp, AsyncOpUpdate};
use console_api::field::{Name, Value};
use console_api::instrument::Update;
use console_api::register_metadata::NewMetadata;
use console_api::resources::{self, PollOp, Resource, ResourceUpdate};
use console_api::tasks::{self, Task, TaskUpdate};
use proptest::collection::{hash_map, vec};
use proptest::option;
use proptest::prelude::*;

pub fn updates() -> impl Strategy<Value = Vec<Update>> {
    vec(update(), 0..8)
}

pub fn update() -> impl Strategy<Value = Update> {
    (
        option::of(timestamp()),
        option::of(task_update()),
        option::of(resource_update()),
        option::of(async_op_update()),
        option::of(metadata()),
    )
        .prop_map(
            |(now, task_update, resource_update, async_op_update, new_metadata)| Update {
                now,
                task_update,
                resource_update,
                async_op_update,
                new_metadata,
            },
        )
}

fn task_update() -> impl Strategy<Value = TaskUpdate> {
    (vec(task(), 0..6), stats(task_stats()), count()).prop_map(
        |(new_tasks, stats_update, dropped_events)| TaskUpdate {
            new_tasks,
            stats_update,
            dropped_events,
        },
    )
}

fn task() -> impl Strategy<Value = Task> {
    (
        option::of(id()),
        any::<i32>(),
        vec(field(), 0..4),
        vec(number(), 0..3),
        option::of(location()),
    )
        .prop_map(|(id, kind, fields, parents, location)| Task {
            id,
            metadata: None,
            kind,
            fields,
            parents: parents.into_iter().map(|id| wire::SpanId { id }).collect(),
            location,
        })
}

fn task_stats() -> impl Strategy<Value = tasks::Stats> {
    (
        option::of(timestamp()),
        option::of(timestamp()),
        (count(), count(), count(), count()),
        option::of(timestamp()),
        option::of(poll_stats()),
    )
        .prop_map(
            |(created_at, dropped_at, (wakes, clones, drops, self_wakes), last_wake, polls)| {
                tasks::Stats {
                    created_at,
                    dropped_at,
                    wakes,
                    waker_clones: clones,
                    waker_drops: drops,
                    self_wakes,
                    last_wake,
                    poll_stats: polls,
                    scheduled_time: None,
                }
            },
        )
}

fn poll_stats() -> impl Strategy<Value = wire::PollStats> {
    (
        count(),
        option::of(timestamp()),
        option::of(timestamp()),
        option::of(duration()),
    )
        .prop_map(
            |(polls, last_poll_started, last_poll_ended, busy_time)| wire::PollStats {
                polls,
                first_poll: None,
                last_poll_started,
                last_poll_ended,
                busy_time,
            },
        )
}

fn resource_update() -> impl Strategy<Value = ResourceUpdate> {
    (
        vec(resource(), 0..6),
        stats(resource_stats()),
        0..3_usize,
        count(),
    )
        .prop_map(
            |(new_resources, stats_update, polls, dropped_events)| ResourceUpdate {
                new_resources,
                stats_update,
                new_poll_ops: vec![PollOp::default(); polls],
                dropped_events,
            },
        )
}

fn resource() -> impl Strategy<Value = Resource> {
    (
        option::of(id()),
        option::of(id()),
        text(),
        option::of(location()),
        any::<bool>(),
    )
        .prop_map(
            |(id, parent_resource_id, concrete_type, location, is_internal)| Resource {
                id,
                parent_resource_id,
                concrete_type,
                location,
                is_internal,
                ..Resource::default()
            },
        )
}

fn resource_stats() -> impl Strategy<Value = resources::Stats> {
    (
        option::of(timestamp()),
        option::of(timestamp()),
        vec(attribute(), 0..3),
    )
        .prop_map(|(created_at, dropped_at, attributes)| resources::Stats {
            created_at,
            dropped_at,
            attributes,
        })
}

fn async_op_update() -> impl Strategy<Value = AsyncOpUpdate> {
    (vec(async_op(), 0..6), stats(async_op_stats()), count()).prop_map(
        |(new_async_ops, stats_update, dropped_events)| AsyncOpUpdate {
            new_async_ops,
            stats_update,
            dropped_events,
        },
    )
}

fn async_op() -> impl Strategy<Value = AsyncOp> {
    (option::of(id()), option::of(id()), option::of(id()), text()).prop_map(
        |(id, resource_id, parent_async_op_id, source)| AsyncOp {
            id,
            resource_id,
            parent_async_op_id,
            source,
            metadata: None,
        },
    )
}

fn async_op_stats() -> impl Strategy<Value = async_ops::Stats> {
    (
        option::of(timestamp()),
        option::of(timestamp()),
        option::of(id()),
        vec(attribute(), 0..3),
    )
        .prop_map(
            |(created_at, dropped_at, task_id, attributes)| async_ops::Stats {
                created_at,
                dropped_at,
                task_id,
                poll_stats: None,
                attributes,
            },
        )
}

fn metadata() -> impl Strategy<Value = wire::RegisterMetadata> {
    let target = prop_oneof![Just("tokio::task".to_owned()), text()];
    let name = prop_oneof![Just("runtime.spawn".to_owned()), text()];
    let module_path = prop_oneof![Just("tokio::util::trace".to_owned()), text()];
    let metadata =
        (target, name, module_path, any::<i32>()).prop_map(|(target, name, module_path, kind)| {
            wire::Metadata {
                name,
                target,
                location: Some(wire::Location {
                    module_path: Some(module_path),
                    ..wire::Location::default()
                }),
                kind,
                ..wire::Metadata::default()
            }
        });
    let known = option::of(metadata).prop_map(|metadata| NewMetadata { id: None, metadata });
    vec(known, 0..3).prop_map(|metadata| wire::RegisterMetadata { metadata })
}

fn attribute() -> impl Strategy<Value = wire::Attribute> {
    option::of(field()).prop_map(|field| wire::Attribute { field, unit: None })
}

fn field() -> impl Strategy<Value = wire::Field> {
    let known = prop_oneof![Just("kind"), Just("task.name"), Just("task.id")];
    let name = prop_oneof![
        known.prop_map(|name| Name::StrName(name.to_owned())),
        text().prop_map(Name::StrName),
        any::<u64>().prop_map(Name::NameIdx),
    ];
    let value = prop_oneof![
        text().prop_map(Value::DebugVal),
        text().prop_map(Value::StrVal),
        any::<u64>().prop_map(Value::U64Val),
        any::<i64>().prop_map(Value::I64Val),
        any::<bool>().prop_map(Value::BoolVal),
    ];
    (option::of(name), option::of(value)).prop_map(|(name, value)| wire::Field {
        metadata_id: None,
        name,
        value,
    })
}

fn location() -> impl Strategy<Value = wire::Location> {
    (
        option::of(text()),
        option::of(any::<u32>()),
        option::of(any::<u32>()),
    )
        .prop_map(|(file, line, column)| wire::Location {
            file,
            module_path: None,
            line,
            column,
        })
}

fn stats<T: std::fmt::Debug>(
    of_one: impl Strategy<Value = T>,
) -> impl Strategy<Value = HashMap<u64, T>> {
    hash_map(number(), of_one, 0..6)
}

fn id() -> impl Strategy<Value = wire::Id> {
    number().prop_map(|id| wire::Id { id })
}

/// So few that they meet again and again, as their own parents too.
fn number() -> impl Strategy<Value = u64> {
    prop_oneof![4 => 0..4_u64, 1 => Just(u64::MAX)]
}

fn count() -> impl Strategy<Value = u64> {
    prop_oneof![4 => 0..4_u64, 1 => Just(u64::MAX)]
}

/// So few that births meet again, and some that no calendar has.
fn timestamp() -> impl Strategy<Value = prost_types::Timestamp> {
    let seconds = prop_oneof![4 => 0..4_i64, 1 => edges()];
    let nanos = prop_oneof![4 => Just(0), 1 => any::<i32>()];
    (seconds, nanos).prop_map(|(seconds, nanos)| prost_types::Timestamp { seconds, nanos })
}

fn duration() -> impl Strategy<Value = prost_types::Duration> {
    let seconds = prop_oneof![1 => 0..4_i64, 1 => edges()];
    (seconds, any::<i32>()).prop_map(|(seconds, nanos)| prost_types::Duration { seconds, nanos })
}

fn edges() -> impl Strategy<Value = i64> {
    prop_oneof![Just(i64::MIN), Just(-1), Just(i64::MAX), any::<i64>()]
}

/// Names as they are, and what steers a terminal or is markup, short or very long.
pub fn text() -> impl Strategy<Value = String> {
    let steering = "[\\x00-\\x1f\\x7f-\u{9f}\u{fffe}<>&\"'`|@]{0,4}";
    prop_oneof![
        1 => steering,
        4 => prop_oneof![Just(""), Just("task"), Just("permits")].prop_map(str::to_owned),
        1 => (any::<char>(), 0..5_000_usize).prop_map(|(char, times)| char.to_string().repeat(times)),
    ]
}
