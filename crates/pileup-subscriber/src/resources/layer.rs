//! A layer that sees Tokio's resources, for subscribers that a service composes.

use tracing_core::span::{Attributes, Id};
use tracing_core::{Event, Subscriber};
use tracing_subscriber::Layer;
use tracing_subscriber::layer::Context;
use tracing_subscriber::registry::LookupSpan;

use super::events::{EventKind, ResourceEvents};
use super::span_id::SpanId;

/// Sees Tokio's resources and async ops, whose spans live in the `Registry` of
/// `tracing-subscriber` too.
pub(crate) struct ResourceLayer(pub(crate) ResourceEvents);

/// What leads to the slot of a span's resource or async op: the span has another id here.
fn own_id<S>(id: &Id, context: &Context<'_, S>) -> Option<SpanId>
where
    S: Subscriber + for<'span> LookupSpan<'span>,
{
    context.span(id)?.extensions().get().copied()
}

impl<S> Layer<S> for ResourceLayer
where
    S: Subscriber + for<'span> LookupSpan<'span>,
{
    fn on_new_span(&self, attributes: &Attributes<'_>, id: &Id, context: Context<'_, S>) {
        let parent = attributes
            .parent()
            .and_then(|parent| own_id(parent, &context));
        if let Some(new) = self.0.open(attributes, parent)
            && let Some(span) = context.span(id)
        {
            span.extensions_mut().insert(new);
        }
    }

    fn on_event(&self, event: &Event<'_>, _context: Context<'_, S>) {
        if let Some(kind) = EventKind::of(event.metadata()) {
            self.0.event(kind, event);
        }
    }

    fn on_enter(&self, id: &Id, context: Context<'_, S>) {
        if let Some(span) = own_id(id, &context) {
            self.0.enter(span);
        }
    }

    fn on_exit(&self, id: &Id, context: Context<'_, S>) {
        if let Some(span) = own_id(id, &context) {
            self.0.exit(span);
        }
    }

    fn on_close(&self, id: Id, context: Context<'_, S>) {
        if let Some(span) = own_id(&id, &context) {
            self.0.close(span);
        }
    }
}
