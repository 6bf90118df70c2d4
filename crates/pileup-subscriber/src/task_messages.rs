//! Tasks as messages.

use std::time::Duration;

use console_api as wire;
use console_api::field::{Name, Value};
use console_api::tasks::{Stats, Task, task};
use jiff::Timestamp;
use pileup_model::{Site, TaskKind};
use pileup_registry::{LiveTask, Nanos, Registry};

use crate::metadata::{Callsite, MetadataIds};
use crate::waits::{Sayings, task_in_words};

/// A task with its fields.
pub(crate) fn task(
    registry: &Registry,
    metadata: MetadataIds,
    live: &LiveTask,
    sayings: &Sayings,
) -> Task {
    let callsite = match live.kind {
        TaskKind::Blocking => Callsite::BlockingTask,
        _ => Callsite::Task,
    };
    let metadata = metadata.of(callsite);
    let name = registry.task_name(live.number);
    let size = live.wakers.map_or(0, |wakers| wakers.size);
    let spawned_by = live.parent.map(|parent| task_in_words(registry, parent));
    let fields = [
        Some(("kind", Value::DebugVal(kind(live.kind).to_owned()))),
        name.map(|name| ("task.name", Value::DebugVal(name.as_ref().to_owned()))),
        live.tokio_id.map(|id| ("task.id", Value::U64Val(id))),
        (size > 0).then(|| ("size.bytes", Value::U64Val(size.into()))),
        sayings
            .waits
            .clone()
            .map(|text| ("waits", Value::StrVal(text))),
        spawned_by.map(|text| ("spawned_by", Value::StrVal(text))),
        sayings
            .woken_by
            .clone()
            .map(|text| ("woken_by", Value::StrVal(text))),
    ];
    let field = |(name, value): (&str, Value)| wire::Field {
        metadata_id: Some(metadata),
        name: Some(Name::StrName(name.to_owned())),
        value: Some(value),
    };
    Task {
        id: Some(live.number.into()),
        metadata: Some(metadata),
        // As console-subscriber has it; the field `kind` says more.
        kind: task::Kind::Spawn.into(),
        fields: fields.into_iter().flatten().map(field).collect(),
        parents: live
            .parent
            .map(|parent| wire::SpanId { id: parent.number })
            .into_iter()
            .collect(),
        location: registry.site(live.site).as_ref().map(location),
    }
}

/// What was counted of a task.
pub(crate) fn stats(registry: &Registry, live: &LiveTask, ended: Option<Nanos>) -> Stats {
    let exact = |nanos: Nanos| (nanos > 0).then(|| timestamp(registry.exact_time(nanos)));
    let times = live.times.unwrap_or_default();
    let wakers = live.wakers;
    let clones = wakers.map_or(0, |wakers| i64::from(wakers.clones));
    let outstanding = wakers.map_or(0, |wakers| i64::from(wakers.outstanding));
    // A task that does not run has ended its last poll, however the two were read.
    let poll_ended = if live.running {
        times.poll_ended
    } else {
        times.poll_ended.max(times.poll_began)
    };
    Stats {
        created_at: Some(timestamp(registry.time(live.born))),
        dropped_at: ended.and_then(exact),
        wakes: wakers.map_or(0, |wakers| wakers.wakes.into()),
        waker_clones: clones.unsigned_abs(),
        waker_drops: u64::try_from(clones - outstanding).unwrap_or_default(),
        last_wake: exact(times.woken),
        poll_stats: Some(wire::PollStats {
            polls: live.polls,
            first_poll: None,
            last_poll_started: exact(times.poll_began),
            last_poll_ended: exact(poll_ended),
            busy_time: Some(duration(times.busy)),
        }),
        self_wakes: wakers.map_or(0, |wakers| wakers.self_wakes.into()),
        scheduled_time: Some(duration(times.scheduled)),
    }
}

/// A point in time.
pub(crate) fn timestamp(time: Timestamp) -> prost_types::Timestamp {
    // A jiff timestamp before 1970 has negative nanoseconds; there are none here.
    prost_types::Timestamp {
        seconds: time.as_second(),
        nanos: time.subsec_nanosecond().max(0),
    }
}

/// A length of time.
pub(crate) fn duration(nanos: Nanos) -> prost_types::Duration {
    // No program runs for so long that this fails.
    Duration::from_nanos(nanos).try_into().unwrap_or_default()
}

pub(crate) fn location(site: &Site) -> wire::Location {
    wire::Location {
        file: Some(site.file.as_ref().to_owned()),
        module_path: None,
        line: Some(site.line),
        column: Some(site.column),
    }
}

fn kind(kind: TaskKind) -> &'static str {
    match kind {
        TaskKind::Async => "task",
        TaskKind::Local => "local",
        TaskKind::Blocking => "blocking",
        TaskKind::BlockOn => "block_on",
        TaskKind::Other => "other",
    }
}
