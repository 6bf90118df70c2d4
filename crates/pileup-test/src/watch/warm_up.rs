//! The first task of all: it shows that wakers are counted from then on.
//!
//! At the first clone of a waker, `tracing` makes that event known, and until this is done it may
//! be lost on other threads. So a task of the guard's own comes before those of the tests.

use std::sync::LazyLock;
use std::thread;

use pileup_model::Task;
use tokio::runtime::Builder;
use tokio::sync::oneshot;
use tracing_core::dispatcher;

use super::hooks::REGISTRY;
use super::scope::DISPATCH;

/// A task that has ended, and whose wakers were counted; none where Tokio does not show them.
pub(super) static COUNTED: LazyLock<Option<Task>> = LazyLock::new(|| {
    // The caller may be inside a runtime.
    thread::spawn(count).join().ok().flatten()
});

fn count() -> Option<Task> {
    let _subscriber = dispatcher::set_default(&DISPATCH);
    let runtime = Builder::new_current_thread().build().ok()?;
    runtime.block_on(async {
        let (sender, receiver) = oneshot::channel();
        let handle = tokio::spawn(receiver);
        let number: u64 = handle.id().to_string().parse().ok()?;
        for _ in 0..4 {
            tokio::task::yield_now().await;
        }
        REGISTRY.tick();
        let sites = REGISTRY.sites();
        let mut counted = None;
        REGISTRY.for_each_live(|live| {
            if live.tokio_id == Some(number) {
                counted = Some(REGISTRY.task(&live, &sites));
            }
        });
        // Its receiver ends by that.
        let _ = sender.send(());
        handle.await.ok()?.ok()?;
        let mut task: Task = counted?;
        task.finished_at = task.polls.last_ended;
        Some(task).filter(|task| task.wakers.is_some_and(|wakers| wakers.clones > 0))
    })
}
