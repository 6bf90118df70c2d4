//! Passes everything that is not of tasks on to the global subscriber.
//!
//! The test may set that one at any time. Until the guard's own subscriber has given way to it,
//! the few spans and events in between come here.

use std::sync::OnceLock;
use std::thread;

use tracing_core::span::{Attributes, Current, Id, Record};
use tracing_core::subscriber::{Interest, NoSubscriber};
use tracing_core::{Dispatch, Event, Metadata, Subscriber};

static GLOBAL: OnceLock<Dispatch> = OnceLock::new();

/// Whether the process is known to have a global subscriber.
pub(super) fn has_global() -> bool {
    GLOBAL.get().is_some()
}

/// The global subscriber. A thread that has a subscriber of its own does not see it, so another
/// thread is asked.
fn find_global() -> Option<&'static Dispatch> {
    if let Some(global) = GLOBAL.get() {
        return Some(global);
    }
    let global = thread::spawn(Dispatch::default).join().ok()?;
    (!global.is::<NoSubscriber>()).then(|| GLOBAL.get_or_init(|| global))
}

/// What the guard's own subscriber passes on goes here.
pub(super) struct Passing;

impl Subscriber for Passing {
    fn register_callsite(&self, metadata: &'static Metadata<'static>) -> Interest {
        match GLOBAL.get() {
            Some(global) => global.register_callsite(metadata),
            // As soon as there is another subscriber, each is asked whether it is enabled.
            None => Interest::never(),
        }
    }

    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        find_global().is_some_and(|global| global.enabled(metadata))
    }

    fn new_span(&self, span: &Attributes<'_>) -> Id {
        match GLOBAL.get() {
            Some(global) => global.new_span(span),
            // Nothing is enabled: nobody asks for it.
            None => Id::from_u64(u64::MAX),
        }
    }

    fn record(&self, span: &Id, values: &Record<'_>) {
        if let Some(global) = GLOBAL.get() {
            global.record(span, values);
        }
    }

    fn record_follows_from(&self, span: &Id, follows: &Id) {
        if let Some(global) = GLOBAL.get() {
            global.record_follows_from(span, follows);
        }
    }

    fn event(&self, event: &Event<'_>) {
        if let Some(global) = GLOBAL.get() {
            global.event(event);
        }
    }

    fn enter(&self, span: &Id) {
        if let Some(global) = GLOBAL.get() {
            global.enter(span);
        }
    }

    fn exit(&self, span: &Id) {
        if let Some(global) = GLOBAL.get() {
            global.exit(span);
        }
    }

    fn clone_span(&self, id: &Id) -> Id {
        match GLOBAL.get() {
            Some(global) => global.clone_span(id),
            None => id.clone(),
        }
    }

    fn try_close(&self, id: Id) -> bool {
        GLOBAL.get().is_some_and(|global| global.try_close(id))
    }

    fn current_span(&self) -> Current {
        GLOBAL
            .get()
            .map_or_else(Current::none, Dispatch::current_span)
    }
}
