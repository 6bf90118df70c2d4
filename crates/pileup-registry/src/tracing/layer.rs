//! A layer beside others.

use std::sync::Arc;

use tracing_core::span::{Attributes, Id};
use tracing_core::{Event, Metadata, Subscriber};
use tracing_subscriber::Layer;
use tracing_subscriber::filter::{FilterFn, filter_fn};
use tracing_subscriber::layer::Context;
use tracing_subscriber::registry::LookupSpan;

use super::callsite::is_of_tasks;
use super::spawn_fields::SpawnFields;
use super::waker_event::WakerEvent;
use crate::current;
use crate::registry::Registry;
use crate::table::Place;

/// Takes Tokio's task spans and waker events for a [`Registry`], as a layer of the `Registry` of
/// `tracing-subscriber`. Made by [`Registry::layer`].
///
/// It costs about twice as much as a [`TaskSubscriber`](super::TaskSubscriber), as each span lives
/// in that `Registry` too; and a span that was made in a task and stays open keeps the task in
/// the registry, unless the hooks of its runtime report its end. Use it where another layer needs
/// Tokio's spans as well, such as console-subscriber's.
pub struct TaskLayer {
    registry: Arc<Registry>,
}

/// What the layer keeps with the span of a task.
struct TaskOfSpan {
    place: Place,
    number: u64,
}

impl Registry {
    /// A layer that reports the tasks of Tokio to this registry. It sees what it needs and
    /// nothing else; the other layers of the service should have a filter of their own, as
    /// Tokio's spans exist for all of them.
    #[must_use]
    pub fn layer<S>(self: &Arc<Self>) -> impl Layer<S> + use<S>
    where
        S: Subscriber + for<'span> LookupSpan<'span>,
    {
        self.expect_other_ways();
        let layer = TaskLayer {
            registry: Arc::clone(self),
        };
        let filter: FilterFn = filter_fn(is_of_tasks as fn(&Metadata<'_>) -> bool);
        layer.with_filter(filter)
    }
}

impl TaskLayer {
    fn with_task<S>(span: &Id, context: &Context<'_, S>, use_it: impl FnOnce(Place, u64))
    where
        S: Subscriber + for<'span> LookupSpan<'span>,
    {
        let Some(span) = context.span(span) else {
            return;
        };
        let task = span
            .extensions()
            .get()
            .map(|task: &TaskOfSpan| (task.place, task.number));
        // A task that has ended may have a span that is still open.
        if let Some((place, number)) = task
            && place.holds(number)
        {
            use_it(place, number);
        }
    }
}

impl<S> Layer<S> for TaskLayer
where
    S: Subscriber + for<'span> LookupSpan<'span>,
{
    fn on_new_span(&self, attributes: &Attributes<'_>, id: &Id, context: Context<'_, S>) {
        let fields = SpawnFields::of(attributes);
        if let Some((place, _, number)) = self.registry.span_opened(&fields)
            && let Some(span) = context.span(id)
        {
            span.extensions_mut().insert(TaskOfSpan { place, number });
        }
    }

    fn on_event(&self, event: &Event<'_>, context: Context<'_, S>) {
        if let Some((op, span)) = WakerEvent::read(event)
            && span != 0
        {
            Self::with_task(&Id::from_u64(span), &context, |place, number| {
                self.registry.waker_used(op, place, number);
            });
        }
    }

    fn on_enter(&self, id: &Id, context: Context<'_, S>) {
        Self::with_task(id, &context, |place, _| {
            self.registry.span_entered(place, current::NO_SPAN);
        });
    }

    fn on_exit(&self, id: &Id, context: Context<'_, S>) {
        Self::with_task(id, &context, |place, _| self.registry.end_poll(place));
    }

    fn on_close(&self, id: Id, context: Context<'_, S>) {
        Self::with_task(&id, &context, |place, number| {
            self.registry.span_closed(place, number);
        });
    }
}
