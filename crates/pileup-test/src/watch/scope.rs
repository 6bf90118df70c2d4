//! On which threads Tokio's spans and events come to the registry.
//!
//! A test has a `tracing` subscriber of its own, or none. Where it has none, the threads of the
//! runtime have one that takes Tokio's spans and events. As soon as the test sets one, this one
//! gives way: what the test wants to see must not depend on the guard.

use std::cell::RefCell;
use std::sync::LazyLock;

use tracing_core::dispatcher::{self, DefaultGuard, Dispatch};
use tracing_core::subscriber::NoSubscriber;

use super::hooks::REGISTRY;
use super::passing::{Passing, has_global};
use pileup_registry::TaskSubscriber;

pub(super) static DISPATCH: LazyLock<Dispatch> = LazyLock::new(|| {
    LazyLock::force(&ANOTHER);
    Dispatch::new(REGISTRY.subscriber(Passing))
});

/// A second subscriber, which no thread has. With only one, `tracing` asks the thread that first
/// comes to a span whether anybody wants it, and one that has no subscriber answers no for all
/// threads: the workers of a runtime are closures, spawned while it is built, and would hide all
/// other closures.
static ANOTHER: LazyLock<Dispatch> = LazyLock::new(|| Dispatch::new(NoSubscriber::default()));

thread_local! {
    static SCOPE: RefCell<Option<DefaultGuard>> = const { RefCell::new(None) };
}

/// Has this thread report what Tokio shows, if it has no other subscriber. False if nothing
/// was changed.
pub(super) fn open() -> bool {
    let is_free = dispatcher::get_default(Dispatch::is::<NoSubscriber>);
    if !is_free || has_global() {
        return false;
    }
    let guard = dispatcher::set_default(&DISPATCH);
    SCOPE.with_borrow_mut(|scope| *scope = Some(guard));
    true
}

/// Ends what [`open`] has begun.
pub(super) fn close() {
    if is_ours() {
        SCOPE.with_borrow_mut(Option::take);
    }
}

/// Whether what Tokio shows on this thread comes to the registry, now that a task is polled. It
/// does not once the test has a subscriber.
pub(super) fn is_innermost() -> bool {
    if has_global() {
        close();
        return false;
    }
    is_ours()
}

fn is_ours() -> bool {
    dispatcher::get_default(Dispatch::is::<TaskSubscriber<Passing>>)
}
