//! A subscriber that enables the same spans and events as pileup-subscriber, and does nothing with
//! them: what they cost is the part of Tokio and of `tracing`, below which no subscriber gets.

use tracing::span::{Attributes, Id, Record};
use tracing::subscriber::Interest;
use tracing::{Event, Metadata, Subscriber};
use tracing_subscriber::prelude::*;

/// Does nothing.
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

    fn new_span(&self, _: &Attributes<'_>) -> Id {
        Id::from_u64(1)
    }

    fn record(&self, _: &Id, _: &Record<'_>) {}

    fn record_follows_from(&self, _: &Id, _: &Id) {}

    fn event(&self, _: &Event<'_>) {}

    fn enter(&self, _: &Id) {}

    fn exit(&self, _: &Id) {}
}
