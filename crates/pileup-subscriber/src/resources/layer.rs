//! A layer that sees Tokio's resources, for subscribers that a service composes.

use tracing_core::span::{Attributes, Id};
use tracing_core::{Event, Subscriber};
use tracing_subscriber::Layer;
use tracing_subscriber::layer::Context;
use tracing_subscriber::registry::LookupSpan;

use super::entered::Handle;
use super::events::ResourceEvents;

/// Sees Tokio's resources and async ops, whose spans live in the `Registry` of
/// `tracing-subscriber` too.
pub(crate) struct ResourceLayer(pub(crate) ResourceEvents);

/// What a span is of.
fn handle<S>(id: &Id, context: &Context<'_, S>) -> Option<Handle>
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
            .and_then(|parent| handle(parent, &context));
        if let Some(new) = self.0.open(attributes, parent)
            && let Some(span) = context.span(id)
        {
            span.extensions_mut().insert(new);
        }
    }

    fn on_event(&self, event: &Event<'_>, _context: Context<'_, S>) {
        self.0.event(event);
    }

    fn on_enter(&self, id: &Id, context: Context<'_, S>) {
        if let Some(handle) = handle(id, &context) {
            self.0.enter(handle);
        }
    }

    fn on_exit(&self, id: &Id, context: Context<'_, S>) {
        if let Some(handle) = handle(id, &context) {
            self.0.exit(handle);
        }
    }

    fn on_close(&self, id: Id, context: Context<'_, S>) {
        if let Some(handle) = handle(&id, &context) {
            self.0.close(handle);
        }
    }
}
