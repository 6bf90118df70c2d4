//! Single values of the wire, as values of the model. What is absurd becomes absent.

use std::time::Duration;

use console_api as wire;
use console_api::field::Value;
use jiff::Timestamp;
use pileup_model::{Attribute, AttributeValue, Polls, Site, TaskKind, Wakers};

use crate::text::Texts;

/// A point in time; none when it is missing or outside of what a calendar holds.
pub(crate) fn timestamp(time: Option<prost_types::Timestamp>) -> Option<Timestamp> {
    let time = time?;
    Timestamp::new(time.seconds, time.nanos).ok()
}

/// A length of time; zero when it is missing or negative.
pub(crate) fn duration(time: Option<prost_types::Duration>) -> Duration {
    time.and_then(|time| Duration::try_from(time).ok())
        .unwrap_or_default()
}

/// A place in source code; none when it has no file or no line.
pub(crate) fn site(location: Option<&wire::Location>, texts: &mut Texts) -> Option<Site> {
    let location = location?;
    Some(Site {
        file: texts.share(location.file.as_deref()?),
        line: location.line?,
        column: location.column.unwrap_or(0),
    })
}

/// What the fields of a task's span say of it.
#[derive(Default)]
pub(crate) struct TaskFields<'a> {
    pub(crate) kind: Option<TaskKind>,
    pub(crate) name: Option<&'a str>,
    pub(crate) tokio_id: Option<u64>,
}

/// Reads the fields of a task's span. The task's own `kind` on the wire is always the same:
/// the field of that name is the one to read.
pub(crate) fn task_fields(fields: &[wire::Field]) -> TaskFields<'_> {
    let mut found = TaskFields::default();
    for field in fields {
        match (name(field), &field.value) {
            (Some("kind"), Some(Value::DebugVal(text) | Value::StrVal(text))) => {
                found.kind = Some(match text.as_str() {
                    "task" => TaskKind::Async,
                    "local" => TaskKind::Local,
                    "blocking" => TaskKind::Blocking,
                    "block_on" => TaskKind::BlockOn,
                    _ => TaskKind::Other,
                });
            }
            (Some("task.name"), Some(Value::DebugVal(text) | Value::StrVal(text)))
                if !text.is_empty() =>
            {
                found.name = Some(text);
            }
            (Some("task.id"), Some(Value::U64Val(id))) => found.tokio_id = Some(*id),
            _ => {}
        }
    }
    found
}

/// How a task was polled.
pub(crate) fn polls(stats: Option<&wire::PollStats>) -> Polls {
    stats.map_or_else(Polls::default, |stats| Polls {
        count: stats.polls,
        last_started: timestamp(stats.last_poll_started),
        last_ended: timestamp(stats.last_poll_ended),
        busy: duration(stats.busy_time),
    })
}

/// How a task was woken.
pub(crate) fn wakers(stats: &wire::tasks::Stats) -> Wakers {
    Wakers {
        wakes: stats.wakes,
        self_wakes: stats.self_wakes,
        clones: stats.waker_clones,
        drops: stats.waker_drops,
        last_wake: timestamp(stats.last_wake),
    }
}

/// The attributes of a resource or an async op; those without a name or a value are left out.
pub(crate) fn attributes(attributes: &[wire::Attribute], texts: &mut Texts) -> Vec<Attribute> {
    attributes
        .iter()
        .filter_map(|attribute| {
            let field = attribute.field.as_ref()?;
            let value = match field.value.as_ref()? {
                Value::BoolVal(value) => AttributeValue::Bool(*value),
                Value::U64Val(value) => AttributeValue::Unsigned(*value),
                Value::I64Val(value) => AttributeValue::Signed(*value),
                Value::StrVal(text) | Value::DebugVal(text) => {
                    AttributeValue::Text(texts.share(text))
                }
            };
            Some(Attribute {
                name: texts.share(name(field)?),
                value,
            })
        })
        .collect()
}

fn name(field: &wire::Field) -> Option<&str> {
    match field.name.as_ref()? {
        wire::field::Name::StrName(name) => Some(name),
        wire::field::Name::NameIdx(_) => None,
    }
}
