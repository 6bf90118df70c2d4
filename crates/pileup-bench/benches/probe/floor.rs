//! A subscriber that enables the same spans and events as pileup-subscriber, reads their fields, and
//! keeps nothing: no subscriber that serves the same costs less.

use std::fmt::{Debug, Write};
use std::hint::black_box;

use tracing::field::{Field, Visit};
use tracing::span::{Attributes, Id, Record};
use tracing::subscriber::Interest;
use tracing::{Event, Metadata, Subscriber};

/// Keeps nothing.
pub struct Floor {
    /// Whether the spans and events of resources and async ops are enabled, beside those of tasks
    /// and wakers.
    pub has_resources: bool,
}

impl Subscriber for Floor {
    fn register_callsite(&self, metadata: &'static Metadata<'static>) -> Interest {
        if self.enabled(metadata) {
            Interest::always()
        } else {
            Interest::never()
        }
    }

    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        let is_of_resources = match metadata.name() {
            "runtime.spawn" => return true,
            "runtime.resource" | "runtime.resource.async_op" => true,
            _ => metadata.is_event() && metadata.target().starts_with("runtime::resource::"),
        };
        metadata.target() == "tokio::task::waker" || self.has_resources && is_of_resources
    }

    fn new_span(&self, attributes: &Attributes<'_>) -> Id {
        attributes.record(&mut Reader);
        Id::from_u64(1)
    }

    fn record(&self, _: &Id, _: &Record<'_>) {}

    fn record_follows_from(&self, _: &Id, _: &Id) {}

    fn event(&self, event: &Event<'_>) {
        event.record(&mut Reader);
    }

    fn enter(&self, _: &Id) {}

    fn exit(&self, _: &Id) {}
}

/// Reads each field.
struct Reader;

impl Visit for Reader {
    fn record_u64(&mut self, _: &Field, value: u64) {
        black_box(value);
    }

    fn record_i64(&mut self, _: &Field, value: i64) {
        black_box(value);
    }

    fn record_bool(&mut self, _: &Field, value: bool) {
        black_box(value);
    }

    fn record_str(&mut self, _: &Field, value: &str) {
        black_box(value);
    }

    /// Such as the kind of a task, which Tokio gives as something that can be displayed.
    fn record_debug(&mut self, _: &Field, value: &dyn Debug) {
        // It fails for no value.
        let _ = write!(Nowhere, "{value:?}");
    }
}

struct Nowhere;

impl Write for Nowhere {
    fn write_str(&mut self, text: &str) -> std::fmt::Result {
        black_box(text);
        Ok(())
    }
}
