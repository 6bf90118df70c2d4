//! Tasks as the subscriber reports them.
#![cfg(tokio_unstable)]

use std::sync::{Arc, LazyLock};
use std::thread;
use std::time::{Duration, Instant};

use pileup_model::TaskKind;
use pileup_registry::{LiveTask, Registry, Sampling};
use tokio::runtime::Builder;
use tokio::sync::{mpsc, oneshot};
use tokio::task::LocalSet;
use tracing_subscriber::util::SubscriberInitExt;

/// The registry of the process: its subscriber is the global one.
static REGISTRY: LazyLock<Arc<Registry>> = LazyLock::new(|| {
    let registry = Arc::new(Registry::new(Sampling::ALL));
    registry
        .subscriber(tracing::subscriber::NoSubscriber::default())
        .init();
    registry
});

/// The task with this id.
fn task(id: tokio::task::Id) -> Option<LiveTask> {
    let id: u64 = id.to_string().parse().expect("an id is a number");
    let mut found = None;
    REGISTRY.for_each_live(|task| {
        if task.tokio_id == Some(id) {
            assert_eq!(found, None, "a task is shown once");
            found = Some(task);
        }
    });
    found
}

/// The task with this id, once it is as expected.
fn until(id: tokio::task::Id, is_expected: impl Fn(&LiveTask) -> bool) -> LiveTask {
    let deadline = Instant::now() + Duration::from_secs(20);
    loop {
        let task = task(id);
        match task {
            Some(task) if is_expected(&task) => return task,
            _ => assert!(Instant::now() < deadline, "{task:?}"),
        }
        thread::yield_now();
    }
}

/// The frames of a task's newest stack.
fn frames(task: &LiveTask) -> Vec<String> {
    let stacks = task.wakers.expect("seen").stacks.expect("sampled");
    let Some(newest) = stacks.newest_first[0] else {
        return Vec::new();
    };
    let mut frames = Vec::new();
    for address in REGISTRY.stacks().get(newest) {
        backtrace::resolve((address - 1) as *mut std::ffi::c_void, |symbol| {
            frames.push(format!(
                "{:?} {:?}:{:?}",
                symbol.name(),
                symbol.filename(),
                symbol.lineno()
            ));
        });
    }
    frames
}

const RECV: u32 = line!() + 3;

async fn wait_for_order(orders: &mut mpsc::Receiver<()>) -> Option<()> {
    orders.recv().await
}

#[test]
fn a_task_that_waits_has_a_waker_and_a_stack() {
    let registry = &*REGISTRY;
    let runtime = Builder::new_multi_thread().enable_all().build();
    let runtime = runtime.expect("a runtime can be built");
    let (sender, mut orders) = mpsc::channel(1);
    let order = line!() + 1;
    let handle = runtime.spawn(async move { wait_for_order(&mut orders).await });
    let waits = until(handle.id(), |task| {
        let has_waker = task.wakers.is_some_and(|wakers| wakers.outstanding == 1);
        has_waker && task.polls == 1 && !task.running
    });
    assert_eq!(waits.kind, TaskKind::Async);
    let frames = frames(&waits);
    let has = |part: &str| frames.iter().any(|frame| frame.contains(part));
    assert!(has("clone_waker"), "{frames:#?}");
    assert!(
        has(&format!("subscriber.rs\"):Some({RECV})")),
        "{frames:#?}"
    );
    assert!(
        has(&format!("subscriber.rs\"):Some({order})")),
        "{frames:#?}"
    );
    let site = &registry.sites()[usize::from(waits.site)];
    assert!(site.spawn.site.file.ends_with("tests/subscriber.rs"));

    let waker = runtime.spawn(async move {
        sender.send(()).await.expect("it is received");
        std::future::pending::<()>().await;
    });
    runtime.block_on(handle).expect("it returns");
    until(waker.id(), |task| task.polls == 1 && !task.running);
}

#[test]
fn who_spawned_and_who_woke_a_task_is_known() {
    LazyLock::force(&REGISTRY);
    let runtime = Builder::new_multi_thread().enable_all().build();
    let runtime = runtime.expect("a runtime can be built");
    let (ids, mut given) = mpsc::unbounded_channel();
    let (start, started) = oneshot::channel::<()>();
    let parent = runtime.spawn(async move {
        let notify = Arc::new(tokio::sync::Notify::new());
        let notified = Arc::clone(&notify);
        let child = tokio::spawn(async move {
            loop {
                notified.notified().await;
            }
        });
        ids.send(child.id()).expect("it is received");
        started.await.expect("it is sent");
        notify.notify_one();
        std::future::pending::<()>().await;
    });
    let child = runtime.block_on(given.recv()).expect("it is sent");
    until(child, |task| task.polls == 1 && !task.running);
    start.send(()).expect("it is received");
    let child = until(child, |task| task.polls == 2 && !task.running);
    let parent: u64 = parent.id().to_string().parse().expect("a number");
    assert_eq!(child.parent.expect("it has one").number, parent);
    let wakers = child.wakers.expect("seen");
    assert_eq!(wakers.woken_by.expect("a task").number, parent);
    assert_eq!((wakers.wakes, wakers.self_wakes), (1, 0));
}

#[test]
fn local_tasks_and_closures_are_seen_and_workers_are_not() {
    let registry = &*REGISTRY;
    let runtime = Builder::new_current_thread().enable_all().build();
    let runtime = runtime.expect("a runtime can be built");
    let local = LocalSet::new();
    let waits = local.spawn_local(std::future::pending::<()>());
    runtime.block_on(local.run_until(tokio::task::yield_now()));
    assert_eq!(until(waits.id(), |_| true).kind, TaskKind::Local);
    let (stop, stopped) = std::sync::mpsc::channel::<()>();
    let closure = runtime.spawn_blocking(move || stopped.recv());
    let task = until(closure.id(), |task| task.running);
    assert_eq!(task.kind, TaskKind::Blocking);
    assert_eq!(task.wakers, None);
    drop(stop);
    let sites = registry.sites();
    let of_tokio =
        |site: &&pileup_registry::CountedSite| site.spawn.site.file.contains("multi_thread");
    let counted = |site: &pileup_registry::CountedSite| site.counted.clone();
    let workers = sites.iter().filter(of_tokio).filter_map(counted);
    assert_eq!(workers.count(), 0);
}

#[test]
fn a_task_ends_when_it_returns_panics_or_is_aborted() {
    LazyLock::force(&REGISTRY);
    let runtime = Builder::new_multi_thread().enable_all().build();
    let runtime = runtime.expect("a runtime can be built");
    let returns = runtime.spawn(async {});
    let panics = runtime.spawn(async { std::panic::resume_unwind(Box::new(())) });
    let aborted = runtime.spawn(std::future::pending::<()>());
    let dropped = runtime.spawn(std::future::pending::<()>());
    until(aborted.id(), |task| task.polls == 1);
    until(dropped.id(), |task| task.polls == 1);
    aborted.abort();
    let ids = [returns.id(), panics.id(), aborted.id(), dropped.id()];
    runtime.block_on(async {
        let _ = tokio::join!(returns, panics, aborted);
    });
    drop(runtime);
    assert_eq!(ids.map(task), [None; 4]);
}
