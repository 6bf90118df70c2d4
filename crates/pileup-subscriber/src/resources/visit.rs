//! The fields of Tokio's spans and events of resources.

use std::fmt::Debug;

use tracing_core::field::{Field, Visit};

use super::attributes::{Change, Update, Value};
use super::poll_ops::{NameNumber, Names};

/// The fields of a resource's span, or of an async op's.
#[derive(Default)]
pub(super) struct SpanFields {
    pub(super) concrete_type: Option<Box<str>>,
    pub(super) kind: Option<Box<str>>,
    pub(super) source: Option<Box<str>>,
    pub(super) is_internal: bool,
    pub(super) inherits: bool,
    file: Option<Box<str>>,
    line: Option<u32>,
    column: Option<u32>,
}

impl SpanFields {
    pub(super) fn location(&mut self) -> Option<(Box<str>, u32, u32)> {
        Some((self.file.take()?, self.line?, self.column.unwrap_or(0)))
    }
}

impl Visit for SpanFields {
    fn record_str(&mut self, field: &Field, value: &str) {
        let place = match field.name() {
            "concrete_type" => &mut self.concrete_type,
            "kind" => &mut self.kind,
            "source" => &mut self.source,
            "loc.file" => &mut self.file,
            _ => return,
        };
        *place = Some(value.into());
    }

    fn record_u64(&mut self, field: &Field, value: u64) {
        match field.name() {
            "loc.line" => self.line = u32::try_from(value).ok(),
            "loc.col" => self.column = u32::try_from(value).ok(),
            _ => {}
        }
    }

    fn record_bool(&mut self, field: &Field, value: bool) {
        match field.name() {
            "is_internal" => self.is_internal = value,
            "inherits_child_attrs" => self.inherits = value,
            _ => {}
        }
    }

    fn record_debug(&mut self, _field: &Field, _value: &dyn Debug) {}
}

/// The fields of an event that reports a poll. Reading them allocates nothing, unless the name is
/// new.
pub(super) struct PollFields<'a> {
    names: &'a Names,
    pub(super) name: Option<NameNumber>,
    pub(super) is_ready: Option<bool>,
}

impl<'a> PollFields<'a> {
    pub(super) fn new(names: &'a Names) -> Self {
        Self {
            names,
            name: None,
            is_ready: None,
        }
    }
}

impl Visit for PollFields<'_> {
    fn record_str(&mut self, field: &Field, value: &str) {
        if field.name() == "op_name" {
            self.name = self.names.number_of(value);
        }
    }

    fn record_bool(&mut self, field: &Field, value: bool) {
        if field.name() == "is_ready" {
            self.is_ready = Some(value);
        }
    }

    fn record_debug(&mut self, _field: &Field, _value: &dyn Debug) {}
}

/// What the names of fields end with that say how an attribute changes, and in which unit it is.
const CHANGE: &str = ".op";
const UNIT: &str = ".unit";

/// The fields of an event that changes an attribute.
#[derive(Default)]
pub(super) struct UpdateFields {
    attribute: Option<(&'static str, Value)>,
    change: Option<Change>,
    unit: Option<Box<str>>,
}

impl UpdateFields {
    pub(super) fn update(self) -> Option<Update> {
        let (name, value) = self.attribute?;
        Some(Update {
            name,
            value,
            change: self.change,
            unit: self.unit,
        })
    }

    fn set(&mut self, field: &Field, value: Value) {
        self.attribute = Some((field.name(), value));
    }
}

impl Visit for UpdateFields {
    fn record_bool(&mut self, field: &Field, value: bool) {
        self.set(field, Value::Bool(value));
    }

    fn record_u64(&mut self, field: &Field, value: u64) {
        self.set(field, Value::Unsigned(value));
    }

    fn record_i64(&mut self, field: &Field, value: i64) {
        self.set(field, Value::Signed(value));
    }

    fn record_str(&mut self, field: &Field, value: &str) {
        if field.name().ends_with(CHANGE) {
            self.change = match value {
                "add" => Some(Change::Add),
                "sub" => Some(Change::Subtract),
                "override" => Some(Change::Replace),
                _ => None,
            };
        } else if field.name().ends_with(UNIT) {
            self.unit = Some(value.into());
        } else {
            self.set(field, Value::Text(value.into()));
        }
    }

    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        if !field.name().ends_with(CHANGE) && !field.name().ends_with(UNIT) {
            self.set(field, Value::Debug(format!("{value:?}").into()));
        }
    }
}
