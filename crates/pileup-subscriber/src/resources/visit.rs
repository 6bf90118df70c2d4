//! The fields of Tokio's spans and events of resources. Reading them allocates nothing, unless a
//! name is new.

use std::fmt::Debug;

use tracing_core::Metadata;
use tracing_core::field::{Field, Visit};

use super::attributes::{Change, Update, Value};
use super::names::{NameNumber, Names};

/// The names of one span or event.
#[derive(Clone, Copy)]
pub(super) struct NamesIn<'a> {
    names: &'a Names,
    /// Whether it is one of Tokio's, whose values are texts that the program has for as long as it
    /// runs: literals, and the files of locations.
    has_lasting_values: bool,
}

impl<'a> NamesIn<'a> {
    pub(super) fn new(names: &'a Names, metadata: &Metadata<'_>) -> Self {
        let module = metadata.module_path().unwrap_or_default();
        Self {
            names,
            has_lasting_values: module.starts_with("tokio::"),
        }
    }

    /// The number of a name that is a value.
    #[inline]
    fn number_of(self, value: &str) -> Option<NameNumber> {
        if self.has_lasting_values {
            self.names.number_of_lasting(value)
        } else {
            self.names.number_of(value)
        }
    }

    /// The number of the name of a field.
    #[inline]
    fn number_of_field(self, field: &Field) -> Option<NameNumber> {
        let name: &'static str = field.name();
        self.names.number_of_lasting(name)
    }
}

/// The fields of a resource's span, or of an async op's.
pub(super) struct SpanFields<'a> {
    names: NamesIn<'a>,
    pub(super) concrete_type: Option<NameNumber>,
    pub(super) kind: Option<NameNumber>,
    pub(super) source: Option<NameNumber>,
    pub(super) is_internal: bool,
    pub(super) inherits: bool,
    pub(super) file: Option<NameNumber>,
    pub(super) line: u32,
    pub(super) column: u32,
}

impl<'a> SpanFields<'a> {
    pub(super) fn new(names: NamesIn<'a>) -> Self {
        Self {
            names,
            concrete_type: None,
            kind: None,
            source: None,
            is_internal: false,
            inherits: false,
            file: None,
            line: 0,
            column: 0,
        }
    }
}

impl Visit for SpanFields<'_> {
    fn record_str(&mut self, field: &Field, value: &str) {
        let place = match field.name() {
            "concrete_type" => &mut self.concrete_type,
            "kind" => &mut self.kind,
            "source" => &mut self.source,
            "loc.file" => &mut self.file,
            _ => return,
        };
        *place = self.names.number_of(value);
    }

    fn record_u64(&mut self, field: &Field, value: u64) {
        let place = match field.name() {
            "loc.line" => &mut self.line,
            "loc.col" => &mut self.column,
            _ => return,
        };
        *place = u32::try_from(value).unwrap_or_default();
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

/// The fields of an event that reports a poll.
pub(super) struct PollFields<'a> {
    names: NamesIn<'a>,
    pub(super) name: Option<NameNumber>,
    pub(super) is_ready: Option<bool>,
}

impl<'a> PollFields<'a> {
    pub(super) fn new(names: NamesIn<'a>) -> Self {
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
pub(super) struct UpdateFields<'a> {
    names: NamesIn<'a>,
    attribute: Option<(NameNumber, Value)>,
    change: Option<Change>,
    unit: Option<NameNumber>,
}

impl<'a> UpdateFields<'a> {
    pub(super) fn new(names: NamesIn<'a>) -> Self {
        Self {
            names,
            attribute: None,
            change: None,
            unit: None,
        }
    }

    pub(super) fn update(&self) -> Option<Update> {
        let (name, value) = self.attribute?;
        Some(Update {
            name,
            value,
            change: self.change,
            unit: self.unit,
        })
    }

    fn set(&mut self, field: &Field, value: Value) {
        let name = self.names.number_of_field(field);
        self.attribute = name.map(|name| (name, value));
    }
}

impl Visit for UpdateFields<'_> {
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
            self.unit = self.names.number_of(value);
        }
    }

    fn record_debug(&mut self, _field: &Field, _value: &dyn Debug) {}
}
