//! Under stress, no task is shown with the stack of another, and none is lost or left over.
//!
//! It runs for some seconds; `PILEUP_STRESS_SECONDS=600` makes it ten minutes.
#![cfg(tokio_unstable)]

use std::env;
use std::panic::{AssertUnwindSafe, resume_unwind};
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, LazyLock};
use std::thread;
use std::time::{Duration, Instant};

use futures::FutureExt;
use pileup_registry::{LiveTask, Registry, Sampling};
use tokio::runtime::{Builder, Runtime};
use tokio::sync::{Notify, mpsc, oneshot};
use tokio::task::AbortHandle;
use tracing_subscriber::util::SubscriberInitExt;

static BY_SUBSCRIBER: LazyLock<Arc<Registry>> = LazyLock::new(|| {
    let registry = Arc::new(Registry::new(Sampling::ALL));
    let none = tracing::subscriber::NoSubscriber::default();
    registry.subscriber(none).init();
    registry
});

fn duration() -> Duration {
    let seconds = env::var("PILEUP_STRESS_SECONDS").ok();
    Duration::from_secs(seconds.and_then(|text| text.parse().ok()).unwrap_or(5))
}

type Task = Pin<Box<dyn Future<Output = ()> + Send>>;

/// How a task is made, and the function in which it must be shown to wait.
type Kind = (fn() -> Task, &'static str);

/// Each of these waits in a function of its own, after some traffic.
async fn waits_to_receive() {
    let (sender, mut receiver) = mpsc::channel(1);
    for number in 0..20 {
        sender.send(number).await.expect("it is received");
        receiver.recv().await.expect("it was sent");
        tokio::task::yield_now().await;
    }
    receiver.recv().await;
}

async fn waits_for_a_reply() {
    let (_keep, reply) = oneshot::channel::<()>();
    tokio::task::yield_now().await;
    let _ = reply.await;
}

async fn waits_to_be_notified() {
    let notify = Notify::new();
    for _ in 0..20 {
        notify.notify_one();
        notify.notified().await;
    }
    notify.notified().await;
}

fn waits_deep(depth: u32) -> Task {
    Box::pin(async move {
        match depth {
            0 => waits_to_be_notified().await,
            _ => waits_deep(depth - 1).await,
        }
    })
}

async fn waits_after_a_panic() {
    let caught = AssertUnwindSafe(async {
        tokio::task::yield_now().await;
        resume_unwind(Box::new(()))
    });
    let caught: Result<(), _> = caught.catch_unwind().await;
    caught.expect_err("it panics");
    waits_for_a_reply().await;
}

/// What is spawned.
const TASKS: [Kind; 6] = [
    (|| Box::pin(waits_to_receive()), "waits_to_receive"),
    (|| Box::pin(waits_for_a_reply()), "waits_for_a_reply"),
    (|| Box::pin(waits_to_be_notified()), "waits_to_be_notified"),
    (|| waits_deep(20), "waits_to_be_notified"),
    (|| Box::pin(waits_after_a_panic()), "waits_for_a_reply"),
    (|| Box::pin(async { resume_unwind(Box::new(())) }), "none"),
];

fn multi_thread() -> Runtime {
    let runtime = Builder::new_multi_thread()
        .worker_threads(3)
        .enable_all()
        .build();
    runtime.expect("a runtime can be built")
}

/// Spawns tasks of every kind, aborts some, and drops their runtime, again and again, while
/// another thread looks at them.
fn stress(registry: &Registry, spawn: impl Fn(&Runtime, Task) -> AbortHandle + Sync) {
    let deadline = Instant::now() + duration();
    let is_done = AtomicBool::new(false);
    thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(|| {
                while Instant::now() < deadline {
                    let runtime = multi_thread();
                    for round in 0..200 {
                        let (task, _) = TASKS[round % TASKS.len()];
                        let handle = spawn(&runtime, task());
                        if round % 5 == 0 {
                            handle.abort();
                        }
                    }
                    if runtime.metrics().num_alive_tasks().is_multiple_of(2) {
                        runtime.shutdown_background();
                    }
                }
            });
        }
        scope.spawn(|| {
            while !is_done.load(Ordering::Relaxed) {
                registry.for_each_live(|_| {});
                thread::yield_now();
            }
        });
        scope.spawn(|| {
            let runtime = multi_thread();
            check_places(registry, &runtime, &spawn, deadline);
            is_done.store(true, Ordering::Relaxed);
        });
    });
    let patience = Instant::now() + Duration::from_secs(30);
    while registry.live() > 0 {
        assert!(Instant::now() < patience, "{} are left", registry.live());
        thread::yield_now();
    }
}

/// Tasks that wait, amid those of the other runtimes, are shown where they wait, each time.
fn check_places(
    registry: &Registry,
    runtime: &Runtime,
    spawn: &impl Fn(&Runtime, Task) -> AbortHandle,
    deadline: Instant,
) {
    while Instant::now() < deadline {
        for (task, function) in TASKS.iter().filter(|(_, function)| *function != "none") {
            let (started, has_started) = oneshot::channel();
            let task = task();
            let task = async move {
                started.send(tokio::task::id()).expect("it is received");
                task.await;
            };
            spawn(runtime, Box::pin(task));
            let id = runtime.block_on(has_started).expect("it is sent");
            let id: u64 = id.to_string().parse().expect("an id is a number");
            is_shown_in(registry, id, function);
        }
    }
}

fn is_shown_in(registry: &Registry, id: u64, function: &str) {
    let patience = Instant::now() + Duration::from_secs(30);
    let mut last: Option<LiveTask> = None;
    loop {
        let mut task = None;
        registry.for_each_live(|live| {
            if live.tokio_id == Some(id) {
                task = Some(live);
            }
        });
        let task = task.expect("it lives");
        // Until it is polled no more, so that a stack of its way there does not count.
        let is_idle = !task.running && last == Some(task);
        let waits = is_idle.then(|| registry.waits().of(&task)).flatten();
        if let Some(waits) = waits.filter(|waits| !waits.is_empty()) {
            let place = waits[0].place.as_ref().expect("it has debug information");
            if place.function.contains(function) {
                return;
            }
            assert!(
                Instant::now() < patience,
                "{function} is shown as {waits:#?}"
            );
        }
        assert!(Instant::now() < patience, "{function}: {task:#?}");
        last = Some(task);
        thread::yield_now();
    }
}

#[test]
fn the_subscriber_keeps_every_task_and_its_own_stack() {
    let registry = &*BY_SUBSCRIBER;
    stress(registry, |runtime, task| runtime.spawn(task).abort_handle());
}

#[test]
fn the_wrapper_keeps_every_task_and_its_own_stack() {
    let registry = Arc::new(Registry::new(Sampling::ALL));
    stress(&registry, |runtime, task| {
        runtime.spawn(registry.wrap(task)).abort_handle()
    });
}
