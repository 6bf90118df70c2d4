//! The fields of a task's span.

use std::fmt::{self, Write};

use pileup_model::TaskKind;
use tracing_core::field::{Field, Visit};
use tracing_core::span::Attributes;

use crate::sites::{self, SiteNumber};

/// What Tokio says of a task that is spawned.
pub(super) struct SpawnFields {
    kind: Kind,
    /// Whether it is a worker of a runtime, which is a closure too.
    pub(super) is_worker: bool,
    pub(super) task_id: u64,
    /// The size of the future in bytes.
    pub(super) size: u64,
    pub(super) site: SiteNumber,
    /// The name of the task; empty if it has none.
    pub(super) name: String,
}

/// What comes after the last slash of the file whose closures are the workers of a runtime.
const WORKERS: [&str; 2] = ["multi_thread/worker.rs", "multi_thread\\worker.rs"];

/// The first letters of the kind.
#[derive(Default)]
struct Kind {
    letters: [u8; 8],
    len: usize,
}

/// Everything but the name of the file, which is only lent to it: of that the address.
#[derive(Default)]
struct Fields {
    kind: Kind,
    name: String,
    task_id: u64,
    size: u64,
    original_size: Option<u64>,
    file: usize,
    /// Whether it is a closure of `spawn_blocking`, as the workers of a runtime are.
    is_closure: bool,
    is_worker: bool,
    line: u64,
    column: u64,
}

/// Finds the number of a site that is seen for the first time.
struct NewSite {
    line: u32,
    column: u32,
    number: SiteNumber,
}

impl SpawnFields {
    pub(super) fn of(attributes: &Attributes<'_>) -> Self {
        let mut fields = Fields {
            is_closure: attributes.metadata().target() == "tokio::task::blocking",
            ..Fields::default()
        };
        attributes.record(&mut fields);
        let line = u32::try_from(fields.line).unwrap_or_default();
        let column = u32::try_from(fields.column).unwrap_or_default();
        let site = sites::known_at(fields.file, line, column).unwrap_or_else(|| {
            let mut site = NewSite {
                line,
                column,
                number: sites::OTHER,
            };
            attributes.record(&mut site);
            site.number
        });
        Self {
            kind: fields.kind,
            is_worker: fields.is_worker,
            task_id: fields.task_id,
            size: fields.original_size.unwrap_or(fields.size),
            site,
            name: fields.name,
        }
    }

    /// The kind of the task. None for what is no task of the service: the future of `block_on`,
    /// whose waker Tokio does not report.
    pub(super) fn kind(&self) -> Option<TaskKind> {
        match &self.kind.letters[..self.kind.len] {
            b"task" => Some(TaskKind::Async),
            b"local" => Some(TaskKind::Local),
            b"blocking" => Some(TaskKind::Blocking),
            b"block_on" => None,
            _ => Some(TaskKind::Other),
        }
    }
}

impl Visit for Fields {
    #[inline]
    fn record_u64(&mut self, field: &Field, value: u64) {
        match field.name() {
            "task.id" => self.task_id = value,
            "size.bytes" => self.size = value,
            "original_size.bytes" => self.original_size = Some(value),
            "loc.line" => self.line = value,
            "loc.col" => self.column = value,
            _ => {}
        }
    }

    #[inline]
    fn record_str(&mut self, field: &Field, value: &str) {
        if field.name() == "loc.file" {
            self.file = value.as_ptr().addr();
            self.is_worker =
                self.is_closure && WORKERS.iter().any(|worker| value.ends_with(worker));
        }
    }

    #[inline]
    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        if field.name() == "kind" {
            // It takes whatever fits.
            let _ = write!(self.kind, "{value:?}");
        } else if field.name() == "task.name" {
            // A task without a name has an empty one, for which nothing is allocated.
            let _ = write!(self.name, "{value:?}");
        }
    }
}

impl Visit for NewSite {
    fn record_str(&mut self, field: &Field, value: &str) {
        if field.name() == "loc.file" {
            self.number = sites::number_at(value, self.line, self.column);
        }
    }

    fn record_debug(&mut self, _field: &Field, _value: &dyn fmt::Debug) {}
}

impl Write for Kind {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        for letter in text.bytes() {
            let place = self.letters.get_mut(self.len).ok_or(fmt::Error)?;
            *place = letter;
            self.len += 1;
        }
        Ok(())
    }
}
