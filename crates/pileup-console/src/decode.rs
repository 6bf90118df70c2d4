//! Single values of the protocol, as values of the model. What is absurd becomes absent.

use std::time::Duration;

use console_api as wire;
use console_api::field::Value;
use jiff::Timestamp;
use pileup_model::{Attribute, AttributeValue, Polls, Site, TaskKind, Wakers};

use crate::text::SharedTexts;

/// A point in time; none when it is missing or outside of what a calendar holds.
pub(crate) fn timestamp(time: Option<prost_types::Timestamp>) -> Option<Timestamp> {
    let time = time?;
    Timestamp::new(time.seconds, time.nanos).ok()
}

/// When something ended: none when that is missing, `now` when it is absurd.
pub(crate) fn end(time: Option<prost_types::Timestamp>, now: Timestamp) -> Option<Timestamp> {
    time.map(|time| timestamp(Some(time)).unwrap_or(now))
}

/// A length of time; zero when it is missing or negative.
pub(crate) fn duration(time: Option<prost_types::Duration>) -> Duration {
    // The conversion by itself overflows on the least of all seconds.
    time.filter(|time| time.seconds >= 0 && time.nanos >= 0)
        .and_then(|time| Duration::try_from(time).ok())
        .unwrap_or_default()
}

/// A place in source code; none when it has no file or no line.
pub(crate) fn site(location: Option<&wire::Location>, texts: &mut SharedTexts) -> Option<Site> {
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
    pub(crate) size_bytes: Option<u64>,
}

/// Reads the fields of a task's span. The task's own `kind` on the console is always the same:
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
            (Some("size.bytes"), Some(Value::U64Val(bytes))) => found.size_bytes = Some(*bytes),
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
        scheduled: duration(stats.scheduled_time),
        woken_for_last_poll: None,
    }
}

/// The attributes of a resource or an async op; those without a name or a value are left out.
pub(crate) fn attributes(
    attributes: &[wire::Attribute],
    texts: &mut SharedTexts,
) -> Vec<Attribute> {
    // No larger than needed: a list that grows by itself begins with room for four.
    let mut found = Vec::with_capacity(attributes.len());
    found.extend(attributes.iter().filter_map(|attribute| {
        let field = attribute.field.as_ref()?;
        let value = match field.value.as_ref()? {
            Value::BoolVal(value) => AttributeValue::Bool(*value),
            Value::U64Val(value) => AttributeValue::Unsigned(*value),
            Value::I64Val(value) => AttributeValue::Signed(*value),
            Value::StrVal(text) | Value::DebugVal(text) => AttributeValue::Text(texts.share(text)),
        };
        Some(Attribute {
            name: texts.share(name(field)?),
            value,
        })
    }));
    found
}

fn name(field: &wire::Field) -> Option<&str> {
    match field.name.as_ref()? {
        wire::field::Name::StrName(name) => Some(name),
        wire::field::Name::NameIdx(_) => None,
    }
}

#[cfg(test)]
mod tests {
    use console_api::field::Name;

    use super::*;

    fn time(seconds: i64, nanos: i32) -> prost_types::Timestamp {
        prost_types::Timestamp { seconds, nanos }
    }

    fn length(seconds: i64, nanos: i32) -> prost_types::Duration {
        prost_types::Duration { seconds, nanos }
    }

    fn field(name: &str, value: Value) -> wire::Field {
        wire::Field {
            metadata_id: None,
            name: Some(Name::StrName(name.to_owned())),
            value: Some(value),
        }
    }

    fn attribute(field: wire::Field) -> wire::Attribute {
        wire::Attribute {
            field: Some(field),
            unit: None,
        }
    }

    #[test]
    fn a_timestamp_counts_from_the_epoch() {
        let read = timestamp(Some(time(1_700_000_000, 250_000_000))).expect("a time");
        assert_eq!(read.as_millisecond(), 1_700_000_000_250);
        let before = timestamp(Some(time(-2, 500_000_000))).expect("a time");
        assert_eq!(before.as_millisecond(), -1_500);
    }

    #[test]
    fn a_timestamp_that_no_calendar_has_is_none() {
        assert_eq!(timestamp(None), None);
        assert_eq!(timestamp(Some(time(i64::MAX, 0))), None);
        assert_eq!(timestamp(Some(time(i64::MIN, 0))), None);
        assert_eq!(timestamp(Some(time(0, i32::MAX))), None);
    }

    #[test]
    fn what_ended_at_an_absurd_time_has_ended() {
        let now = Timestamp::UNIX_EPOCH;
        assert_eq!(end(None, now), None);
        assert_eq!(end(Some(time(i64::MAX, 0)), now), Some(now));
        assert_eq!(end(Some(time(7, 0)), now), timestamp(Some(time(7, 0))));
    }

    #[test]
    fn a_duration_is_never_negative() {
        assert_eq!(
            duration(Some(length(1, 500_000_000))),
            Duration::from_millis(1_500)
        );
        assert_eq!(duration(Some(length(-1, 0))), Duration::ZERO);
        assert_eq!(duration(Some(length(0, -1))), Duration::ZERO);
        assert_eq!(duration(Some(length(i64::MIN, 0))), Duration::ZERO);
        assert_eq!(duration(None), Duration::ZERO);
    }

    #[test]
    fn a_place_needs_a_file_and_a_line() {
        let mut texts = SharedTexts::default();
        let place = |file: Option<&str>, line| wire::Location {
            file: file.map(str::to_owned),
            module_path: None,
            line,
            column: None,
        };
        let whole = site(Some(&place(Some("src/main.rs"), Some(7))), &mut texts);
        let whole = whole.expect("a place");
        assert_eq!((&*whole.file, whole.line), ("src/main.rs", 7));
        assert_eq!(site(Some(&place(None, Some(7))), &mut texts), None);
        assert_eq!(site(Some(&place(Some("a.rs"), None)), &mut texts), None);
        assert_eq!(site(None, &mut texts), None);
    }

    #[test]
    fn the_fields_of_a_task_give_its_kind_name_id_and_size() {
        let fields = [
            field("kind", Value::DebugVal("block_on".to_owned())),
            field("task.name", Value::DebugVal("conductor".to_owned())),
            field("task.id", Value::U64Val(42)),
            field("size.bytes", Value::U64Val(128)),
        ];
        let found = task_fields(&fields);
        assert_eq!(found.kind, Some(TaskKind::BlockOn));
        assert_eq!(found.name, Some("conductor"));
        assert_eq!(found.tokio_id, Some(42));
        assert_eq!(found.size_bytes, Some(128));
    }

    #[test]
    fn an_unknown_kind_is_another_kind() {
        let fields = [field("kind", Value::StrVal("green_thread".to_owned()))];
        assert_eq!(task_fields(&fields).kind, Some(TaskKind::Other));
    }

    #[test]
    fn fields_of_another_type_say_nothing() {
        let fields = [
            field("kind", Value::BoolVal(true)),
            field("task.name", Value::StrVal(String::new())),
            field("task.id", Value::StrVal("42".to_owned())),
            wire::Field::default(),
        ];
        let found = task_fields(&fields);
        assert_eq!(found.kind, None);
        assert_eq!(found.name, None);
        assert_eq!(found.tokio_id, None);
    }

    #[test]
    fn an_attribute_is_a_name_and_a_value() {
        let sent = [
            attribute(field("locked", Value::BoolVal(true))),
            attribute(field("permits", Value::U64Val(3))),
            attribute(field("balance", Value::I64Val(-3))),
            attribute(field("state", Value::DebugVal("Open".to_owned()))),
        ];
        let found = attributes(&sent, &mut SharedTexts::default());
        let found: Vec<_> = found
            .into_iter()
            .map(|attribute| (attribute.name.to_string(), attribute.value))
            .collect();
        let expected = [
            ("locked", AttributeValue::Bool(true)),
            ("permits", AttributeValue::Unsigned(3)),
            ("balance", AttributeValue::Signed(-3)),
            ("state", AttributeValue::Text("Open".into())),
        ];
        assert_eq!(
            found,
            expected.map(|(name, value)| (name.to_owned(), value))
        );
    }

    #[test]
    fn an_attribute_without_a_name_or_a_value_is_left_out() {
        let sent = [
            wire::Attribute::default(),
            attribute(wire::Field {
                name: Some(Name::NameIdx(0)),
                value: Some(Value::BoolVal(true)),
                metadata_id: None,
            }),
            attribute(wire::Field {
                name: Some(Name::StrName("permits".to_owned())),
                value: None,
                metadata_id: None,
            }),
        ];
        assert_eq!(attributes(&sent, &mut SharedTexts::default()), []);
    }
}
