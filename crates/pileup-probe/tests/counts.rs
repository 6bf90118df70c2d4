//! No count is lost, however tasks end: many threads spawn, abort, panic, and drop runtimes.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use pileup_probe::{Callbacks, Probe};
use tokio::runtime::{Builder, Handle, Runtime};
use tokio::task::{JoinSet, LocalSet};

const ROUNDS: u64 = 40;
const TASKS: u64 = 200;

/// The last hooks of a task run after whoever joins it was told.
fn until_zero(probe: &Probe) {
    until(
        || probe.alive() == 0,
        || format!("still alive: {:#?}", probe.sites()),
    );
}

/// Tokio itself counts a task until its last hook has returned.
fn until_tokio_counts_zero(runtime: &Runtime) {
    let alive = || runtime.metrics().num_alive_tasks();
    until(|| alive() == 0, || format!("Tokio counts {}", alive()));
}

fn until(condition: impl Fn() -> bool, what_is_left: impl Fn() -> String) {
    let deadline = Instant::now() + Duration::from_secs(20);
    while !condition() {
        assert!(Instant::now() < deadline, "{}", what_is_left());
        thread::yield_now();
    }
}

fn spawned(probe: &Probe) -> u64 {
    probe.sites().iter().map(|site| site.spawned).sum()
}

fn multi_thread(probe: &Probe) -> Runtime {
    let mut builder = Builder::new_multi_thread();
    let runtime = probe.instrument("many", builder.worker_threads(4).enable_all());
    runtime.build().expect("a runtime can be built")
}

#[test]
fn returned_aborted_and_panicking_tasks_are_counted_from_many_threads() {
    let probe = Probe::start().expect("a thread can be started");
    let runtime = multi_thread(&probe);
    thread::scope(|scope| {
        for _ in 0..4 {
            let handle = runtime.handle().clone();
            scope.spawn(move || {
                for _ in 0..ROUNDS {
                    handle.block_on(a_round());
                }
            });
        }
    });
    until_zero(&probe);
    assert_eq!(spawned(&probe), 4 * ROUNDS * TASKS);
    until_tokio_counts_zero(&runtime);
}

/// Spawns tasks of which a third returns, a third panics and a third is aborted.
async fn a_round() {
    let mut tasks = JoinSet::new();
    for number in 0..TASKS {
        let task = tasks.spawn(async move {
            tokio::task::yield_now().await;
            match number % 3 {
                0 => {}
                // Without the message that a panic prints.
                1 => std::panic::resume_unwind(Box::new(())),
                _ => std::future::pending().await,
            }
        });
        if number % 3 == 2 {
            task.abort();
        }
    }
    while tasks.join_next().await.is_some() {}
}

#[test]
fn tasks_that_are_spawned_while_their_runtime_is_shut_down_are_counted() {
    let probe = Probe::start().expect("a thread can be started");
    for _ in 0..ROUNDS {
        let runtime = multi_thread(&probe);
        let handle = runtime.handle().clone();
        let spawner = thread::spawn(move || spawn_many(&handle));
        // Tasks of tasks, and waiting ones.
        runtime.spawn(async {
            loop {
                tokio::spawn(std::future::pending::<()>());
                tokio::task::yield_now().await;
            }
        });
        thread::yield_now();
        runtime.shutdown_background();
        spawner.join().expect("it does not panic");
    }
    until_zero(&probe);
    assert!(spawned(&probe) >= ROUNDS * TASKS);
}

fn spawn_many(handle: &Handle) {
    for _ in 0..TASKS {
        handle.spawn(std::future::pending::<()>());
    }
}

#[test]
fn blocking_closures_and_local_tasks_disturb_no_count() {
    let probe = Probe::start().expect("a thread can be started");
    let mut builder = Builder::new_current_thread();
    let runtime = probe.instrument("one", builder.enable_all()).build();
    let runtime = runtime.expect("a runtime can be built");
    let local = LocalSet::new();
    runtime.block_on(local.run_until(async {
        for _ in 0..TASKS {
            let blocking = tokio::task::spawn_blocking(|| {});
            let local = tokio::task::spawn_local(async {});
            tokio::spawn(async {}).await.expect("it returns");
            blocking.await.expect("it returns");
            local.await.expect("it returns");
        }
    }));
    until_zero(&probe);
    assert_eq!(spawned(&probe), TASKS);
}

#[test]
fn several_runtimes_and_a_runtime_within_a_poll_are_counted_together() {
    let probe = Probe::start().expect("a thread can be started");
    let outer = multi_thread(&probe);
    let inner_probe = probe.clone();
    outer.block_on(async {
        let task = tokio::spawn(async move {
            tokio::task::block_in_place(|| {
                let inner = multi_thread(&inner_probe);
                inner.block_on(a_round());
            });
        });
        task.await.expect("it returns");
    });
    until_zero(&probe);
    assert_eq!(spawned(&probe), TASKS + 1);
}

#[test]
fn the_services_own_callbacks_run_as_well() {
    let probe = Probe::start().expect("a thread can be started");
    let calls: Arc<[AtomicU64; 4]> = Arc::default();
    let count = |index: usize| {
        let calls = Arc::clone(&calls);
        move || {
            calls[index].fetch_add(1, Ordering::Relaxed);
        }
    };
    let (spawn, before, after, end) = (count(0), count(1), count(2), count(3));
    let callbacks = Callbacks::new()
        .on_task_spawn(move |_| spawn())
        .on_before_task_poll(move |_| before())
        .on_after_task_poll(move |_| after())
        .on_task_terminate(move |_| end());
    let mut builder = Builder::new_current_thread();
    let runtime = probe
        .instrument_with("one", &mut builder, callbacks)
        .build();
    let runtime = runtime.expect("a runtime can be built");
    runtime.block_on(async {
        let task = tokio::spawn(tokio::task::yield_now());
        task.await.expect("it returns");
    });
    until_zero(&probe);
    assert_eq!(spawned(&probe), 1);
    let calls: Vec<u64> = calls
        .iter()
        .map(|calls| calls.load(Ordering::Relaxed))
        .collect();
    assert_eq!(calls, [1, 2, 2, 1]);
}
