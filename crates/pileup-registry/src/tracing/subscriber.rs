//! A subscriber around the service's own.

use std::any::TypeId;
use std::sync::Arc;

use tracing_core::span::{Attributes, Current, Id, Record};
use tracing_core::subscriber::Interest;
use tracing_core::{Dispatch, Event, LevelFilter, Metadata, Subscriber};

use super::callsite::{is_of_tasks, is_task_span, is_waker_event};
use super::span_id::TaskSpan;
use super::spawn_fields::SpawnFields;
use super::waker_event::WakerEvent;
use crate::current;
use crate::registry::Registry;
use crate::table::Place;

/// Takes Tokio's task spans and waker events for a [`Registry`], and passes everything else on to
/// the service's own subscriber. Made by [`Registry::subscriber`].
///
/// It must be the outermost subscriber, and the only one of the process that sees Tokio's
/// tasks: the service's own does not. Where another one needs them, such as
/// console-subscriber, use a [`TaskLayer`](super::TaskLayer) beside it instead.
pub struct TaskSubscriber<S> {
    registry: Arc<Registry>,
    inner: S,
}

impl Registry {
    /// A subscriber that reports the tasks of Tokio to this registry, and passes everything
    /// else on to `inner`, such as the subscriber that writes the service's log.
    ///
    /// Set it as the global default before the runtime is built:
    ///
    /// ```
    /// # use std::sync::Arc;
    /// use pileup_registry::{Registry, Sampling};
    /// use tracing_subscriber::prelude::*;
    ///
    /// let registry = Arc::new(Registry::new(Sampling::default()));
    /// let log = tracing_subscriber::registry().with(tracing_subscriber::fmt::layer());
    /// registry.subscriber(log).init();
    /// ```
    ///
    /// A service without a subscriber of its own passes
    /// [`NoSubscriber`](tracing_core::subscriber::NoSubscriber).
    #[must_use]
    pub fn subscriber<S: Subscriber>(self: &Arc<Self>, inner: S) -> TaskSubscriber<S> {
        self.expect_other_ways();
        TaskSubscriber {
            registry: Arc::clone(self),
            inner,
        }
    }
}

/// Found by `downcast_raw` whatever the inner subscriber is.
struct Marker;

/// Whether a subscriber is a [`TaskSubscriber`], which leaves out whatever happens on a thread that
/// has called [`hide_this_thread`](crate::hide_this_thread).
#[must_use]
pub fn hides_threads(subscriber: &Dispatch) -> bool {
    subscriber.is::<Marker>()
}

impl<S> TaskSubscriber<S> {
    /// Where the task of a span is, and its number. None once the task has ended.
    #[inline]
    fn task(&self, span: TaskSpan) -> Option<(Place, u64)> {
        let place = self.place(span)?;
        let number = place.held()?;
        span.is_of(number).then_some((place, number))
    }

    /// The place of a span's task, which may have ended.
    #[inline]
    fn place(&self, span: TaskSpan) -> Option<Place> {
        self.registry.table.at(span.index)
    }

    fn open(&self, attributes: &Attributes<'_>) -> TaskSpan {
        let fields = SpawnFields::of(attributes);
        self.registry
            .span_opened(&fields)
            .map_or_else(TaskSpan::hidden, |(_, index, number)| {
                TaskSpan::new(index, number)
            })
    }
}

impl<S: Subscriber> Subscriber for TaskSubscriber<S> {
    fn on_register_dispatch(&self, subscriber: &Dispatch) {
        self.inner.on_register_dispatch(subscriber);
    }

    fn register_callsite(&self, metadata: &'static Metadata<'static>) -> Interest {
        if is_of_tasks(metadata) {
            Interest::always()
        } else {
            self.inner.register_callsite(metadata)
        }
    }

    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        is_of_tasks(metadata) || self.inner.enabled(metadata)
    }

    fn max_level_hint(&self) -> Option<LevelFilter> {
        Some(LevelFilter::TRACE)
    }

    #[inline]
    fn new_span(&self, attributes: &Attributes<'_>) -> Id {
        if is_task_span(attributes.metadata()) {
            return self.open(attributes).id();
        }
        if current::is_hidden() {
            return TaskSpan::hidden().id();
        }
        let id = self.inner.new_span(attributes);
        if TaskSpan::from_id(id.into_u64()).is_none() {
            return id;
        }
        // No known subscriber gives such an id. The span is lost, and no task is taken for
        // another.
        self.inner.try_close(id);
        TaskSpan::hidden().id()
    }

    fn record(&self, span: &Id, values: &Record<'_>) {
        if TaskSpan::from_id(span.into_u64()).is_none() {
            self.inner.record(span, values);
        }
    }

    fn record_follows_from(&self, span: &Id, follows: &Id) {
        let is_of_task = |id: &Id| TaskSpan::from_id(id.into_u64()).is_some();
        if !is_of_task(span) && !is_of_task(follows) {
            self.inner.record_follows_from(span, follows);
        }
    }

    #[inline]
    fn event_enabled(&self, event: &Event<'_>) -> bool {
        is_waker_event(event.metadata()) || self.inner.event_enabled(event)
    }

    #[inline]
    fn event(&self, event: &Event<'_>) {
        if !is_waker_event(event.metadata()) {
            if !current::is_hidden() {
                self.inner.event(event);
            }
            return;
        }
        if let Some((op, id)) = WakerEvent::read(event)
            && let Some(span) = TaskSpan::from_id(id)
            && let Some(place) = current::place_of_span(id).or_else(|| self.place(span))
        {
            // Whoever counts wakers checks the lower half of the number.
            self.registry.waker_used(op, place, span.low_number());
        }
    }

    #[inline]
    fn enter(&self, span: &Id) {
        let Some(task) = TaskSpan::from_id(span.into_u64()) else {
            return self.inner.enter(span);
        };
        if let Some((place, _)) = self.task(task) {
            self.registry.span_entered(place, span.into_u64());
        }
    }

    #[inline]
    fn exit(&self, span: &Id) {
        let Some(task) = TaskSpan::from_id(span.into_u64()) else {
            return self.inner.exit(span);
        };
        // Most often this is the poll that goes on.
        if let Some((place, noted)) = current::end_of_span(span.into_u64()) {
            self.registry.poll_has_ended(place, Some(noted));
        } else if let Some((place, _)) = self.task(task) {
            self.registry.end_poll(place);
        }
    }

    fn clone_span(&self, id: &Id) -> Id {
        if TaskSpan::from_id(id.into_u64()).is_some() {
            // Only Tokio has the spans of tasks, and it does not clone them.
            return TaskSpan::hidden().id();
        }
        self.inner.clone_span(id)
    }

    #[expect(deprecated, reason = "the service's own subscriber may rely on it")]
    fn drop_span(&self, id: Id) {
        if TaskSpan::from_id(id.into_u64()).is_none() {
            self.inner.drop_span(id);
        }
    }

    fn try_close(&self, id: Id) -> bool {
        let Some(task) = TaskSpan::from_id(id.into_u64()) else {
            return self.inner.try_close(id);
        };
        if let Some((place, number)) = self.task(task) {
            self.registry.span_closed(place, number);
        }
        true
    }

    /// The service's own span: those of tasks are no part of its log.
    fn current_span(&self) -> Current {
        self.inner.current_span()
    }

    #[expect(unsafe_code, reason = "the trait asks for it")]
    unsafe fn downcast_raw(&self, id: TypeId) -> Option<*const ()> {
        // Nobody looks into the marker, which has nothing in it.
        if id == TypeId::of::<Self>() || id == TypeId::of::<Marker>() {
            return Some(std::ptr::from_ref(self).cast());
        }
        // SAFETY: the caller keeps to the same contract, and `inner` lives as long as `self`.
        unsafe { self.inner.downcast_raw(id) }
    }
}
