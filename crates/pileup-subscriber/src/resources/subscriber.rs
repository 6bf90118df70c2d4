//! A subscriber around the one that writes the log.

use tracing_core::span::{Attributes, Current, Id, Record};
use tracing_core::subscriber::Interest;
use tracing_core::{Event, LevelFilter, Metadata, Subscriber};

use super::events::{
    EventKind, ResourceEvents, is_of_resources, is_poll_span, is_span_of_resources,
};
use super::span_id::{Kind, SpanId};

/// Takes the spans and events of Tokio's resources, and passes everything else on to `inner`,
/// which must be made of the `Registry` of `tracing-subscriber`: see [`SpanId`].
///
/// A span that this keeps costs a fraction of one in that `Registry`: its id leads to the slot of
/// its resource or async op, and nothing is kept of the span itself.
pub(crate) struct ResourceSubscriber<S> {
    pub(crate) events: ResourceEvents,
    pub(crate) inner: S,
}

impl<S> ResourceSubscriber<S> {
    fn open(&self, attributes: &Attributes<'_>) -> SpanId {
        let parent = attributes.parent().and_then(SpanId::from_id);
        let opened = self.events.open(attributes, parent);
        opened.unwrap_or_else(SpanId::nowhere)
    }

    /// Says whether it was the last handle.
    #[inline]
    fn drop_handle(&self, span: SpanId) -> bool {
        let resources = &self.events.resources;
        let is_last = match span.kind() {
            Kind::Resource => resources.things.drop_handle(span.index()),
            Kind::AsyncOp => resources.ops.drop_handle(span.index()),
        };
        if is_last {
            self.events.close(span);
        }
        is_last
    }
}

impl<S: Subscriber> Subscriber for ResourceSubscriber<S> {
    fn register_callsite(&self, metadata: &'static Metadata<'static>) -> Interest {
        if is_of_resources(metadata) {
            Interest::always()
        } else if is_poll_span(metadata) {
            // Its parent may be a span that `inner` does not know.
            Interest::never()
        } else {
            self.inner.register_callsite(metadata)
        }
    }

    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        is_of_resources(metadata) || !is_poll_span(metadata) && self.inner.enabled(metadata)
    }

    fn max_level_hint(&self) -> Option<LevelFilter> {
        Some(LevelFilter::TRACE)
    }

    #[inline]
    fn new_span(&self, attributes: &Attributes<'_>) -> Id {
        if is_span_of_resources(attributes.metadata()) {
            self.open(attributes).id()
        } else {
            self.inner.new_span(attributes)
        }
    }

    fn record(&self, span: &Id, values: &Record<'_>) {
        if SpanId::from_id(span).is_none() {
            self.inner.record(span, values);
        }
    }

    fn record_follows_from(&self, span: &Id, follows: &Id) {
        if SpanId::from_id(span).is_none() && SpanId::from_id(follows).is_none() {
            self.inner.record_follows_from(span, follows);
        }
    }

    #[inline]
    fn event_enabled(&self, event: &Event<'_>) -> bool {
        EventKind::of(event.metadata()).is_some() || self.inner.event_enabled(event)
    }

    #[inline]
    fn event(&self, event: &Event<'_>) {
        match EventKind::of(event.metadata()) {
            Some(kind) => self.events.event(kind, event),
            None => self.inner.event(event),
        }
    }

    #[inline]
    fn enter(&self, id: &Id) {
        match SpanId::from_id(id) {
            Some(span) => self.events.enter(span),
            None => self.inner.enter(id),
        }
    }

    #[inline]
    fn exit(&self, id: &Id) {
        match SpanId::from_id(id) {
            Some(span) => self.events.exit(span),
            None => self.inner.exit(id),
        }
    }

    #[inline]
    fn clone_span(&self, id: &Id) -> Id {
        let Some(span) = SpanId::from_id(id) else {
            return self.inner.clone_span(id);
        };
        let resources = &self.events.resources;
        match span.kind() {
            Kind::Resource => resources.things.clone_handle(span.index()),
            Kind::AsyncOp => resources.ops.clone_handle(span.index()),
        }
        id.clone()
    }

    #[expect(deprecated, reason = "the log's subscriber may rely on it")]
    fn drop_span(&self, id: Id) {
        match SpanId::from_id(&id) {
            Some(span) => {
                self.drop_handle(span);
            }
            None => self.inner.drop_span(id),
        }
    }

    #[inline]
    fn try_close(&self, id: Id) -> bool {
        match SpanId::from_id(&id) {
            Some(span) => self.drop_handle(span),
            None => self.inner.try_close(id),
        }
    }

    /// The service's own span: those of resources are no part of its log.
    fn current_span(&self) -> Current {
        self.inner.current_span()
    }
}
