//! Tasks as wrapped futures report them, without hooks and without a subscriber.

use std::sync::Arc;
use std::task::{Context, Poll, Waker};
use std::thread;
use std::time::{Duration, Instant};

use pileup_registry::{LiveTask, Registry, Sampling};
use tokio::runtime::{Builder, Runtime};
use tokio::sync::{Notify, mpsc};
use tokio::task::{JoinSet, LocalSet};

fn registry() -> Arc<Registry> {
    Arc::new(Registry::new(Sampling::ALL))
}

fn multi_thread() -> Runtime {
    let runtime = Builder::new_multi_thread().enable_all().build();
    runtime.expect("a runtime can be built")
}

fn tasks(registry: &Registry) -> Vec<LiveTask> {
    let mut tasks = Vec::new();
    registry.for_each_live(|task| tasks.push(task));
    tasks
}

/// All tasks, once they are as expected.
fn until(registry: &Registry, is_expected: impl Fn(&[LiveTask]) -> bool) -> Vec<LiveTask> {
    let deadline = Instant::now() + Duration::from_secs(20);
    loop {
        let tasks = tasks(registry);
        if is_expected(&tasks) {
            return tasks;
        }
        assert!(Instant::now() < deadline, "{tasks:#?}");
        thread::yield_now();
    }
}

fn wakers(tasks: &[LiveTask]) -> Vec<i32> {
    let wakers = tasks.iter().filter_map(|task| task.wakers);
    wakers.map(|wakers| wakers.outstanding).collect()
}

#[test]
fn a_wrapped_task_is_shown_with_the_line_at_which_it_waits() {
    let registry = registry();
    let runtime = multi_thread();
    let (sender, mut orders) = mpsc::channel::<()>(1);
    let line = line!() + 1;
    let task = async move { while orders.recv().await.is_some() {} };
    let site = line!() + 1;
    let handle = runtime.spawn(registry.wrap(task));
    let tasks = until(&registry, |tasks| wakers(tasks) == [1] && !tasks[0].running);
    assert_eq!(
        tasks[0].tokio_id.map(|id| id.to_string()),
        Some(handle.id().to_string())
    );
    let mut waits = registry.waits();
    let waits = waits.of(&tasks[0]).expect("it is sampled");
    assert_eq!(waits.len(), 1, "{waits:#?}");
    assert_eq!(&*waits[0].kind, "mpsc::Receiver::recv", "{waits:#?}");
    let place = waits[0].place.as_ref();
    let place = place.unwrap_or_else(|| panic!("there is debug information: {waits:#?}"));
    assert_eq!(place.line, Some(line), "{waits:#?}");
    let spawn = registry.sites()[usize::from(tasks[0].site)].spawn;
    assert_eq!(spawn.site.line, site);
    drop(sender);
    runtime.block_on(handle).expect("it returns");
    assert_eq!(registry.live(), 0);
}

#[test]
fn every_clone_drop_and_wake_is_counted_once() {
    let registry = registry();
    let mut kept = Vec::new();
    let mut polls = 0;
    let mut future = Box::pin(
        registry.wrap(std::future::poll_fn(|context: &mut Context<'_>| {
            polls += 1;
            kept.push(context.waker().clone());
            kept.push(context.waker().clone());
            drop(context.waker().clone());
            if polls == 2 {
                Poll::Ready(())
            } else {
                Poll::Pending
            }
        })),
    );
    let noop = &mut Context::from_waker(Waker::noop());
    assert!(future.as_mut().poll(noop).is_pending());
    let all = tasks(&registry);
    let seen = all[0].wakers.expect("seen");
    assert_eq!((seen.clones, seen.outstanding, seen.wakes), (3, 2, 0));
    assert_eq!(all[0].tokio_id, None);
    assert!(future.as_mut().poll(noop).is_ready());
    assert_eq!(wakers(&tasks(&registry)), [4]);
    drop(future);
    assert_eq!(registry.live(), 0);
    // Those that are left belong to nobody.
    let next = registry.wrap(std::future::pending::<()>());
    for waker in kept {
        waker.wake_by_ref();
        waker.wake();
    }
    let all = tasks(&registry);
    let seen = all[0].wakers.expect("seen");
    assert_eq!((seen.clones, seen.outstanding, seen.wakes), (0, 0, 0));
    drop(next);
}

#[test]
fn a_wake_by_value_uses_its_waker_up_and_passes_on() {
    let registry = registry();
    let runtime = multi_thread();
    let notify = Arc::new(Notify::new());
    let notified = Arc::clone(&notify);
    runtime.block_on(async {
        registry.spawn(async move {
            loop {
                notified.notified().await;
            }
        });
    });
    for polls in 1..4 {
        let tasks = until(&registry, |tasks| {
            tasks[0].polls == polls && !tasks[0].running && wakers(tasks) == [1]
        });
        let seen = tasks[0].wakers.expect("seen");
        assert_eq!(u64::from(seen.wakes), polls - 1);
        notify.notify_one();
    }
}

#[test]
fn a_future_that_moves_to_another_task_is_woken_there() {
    let registry = registry();
    let runtime = multi_thread();
    let notify = Arc::new(Notify::new());
    let notified = Arc::clone(&notify);
    let mut future = Box::pin(registry.wrap(async move { notified.notified().await }));
    let noop = &mut Context::from_waker(Waker::noop());
    assert!(future.as_mut().poll(noop).is_pending());
    let handle = runtime.spawn(future);
    until(&registry, |tasks| tasks[0].polls == 2 && !tasks[0].running);
    notify.notify_one();
    runtime.block_on(handle).expect("it returns");
}

#[test]
fn what_is_wrapped_in_a_wrapped_task_is_no_task_of_its_own() {
    let registry = registry();
    let runtime = multi_thread();
    let inner = Arc::clone(&registry);
    runtime.block_on(async {
        registry.spawn(async move { inner.wrap(std::future::pending::<()>()).await });
    });
    until(&registry, |tasks| {
        tasks.len() == 1 && tasks[0].polls == 1 && !tasks[0].running
    });
    assert_eq!(registry.live(), 1);
}

#[test]
fn tasks_end_however_they_end() {
    let registry = registry();
    let runtime = multi_thread();
    runtime.block_on(async {
        let mut set = JoinSet::new();
        set.spawn(registry.wrap(async {}));
        set.spawn(registry.wrap(async { std::panic::resume_unwind(Box::new(())) }));
        set.spawn(registry.wrap(std::future::pending())).abort();
        while set.join_next().await.is_some() {}
        drop(registry.wrap(async {}));
        registry.spawn(std::future::pending::<()>());
    });
    assert_eq!(registry.live(), 1);
    drop(runtime);
    assert_eq!(registry.live(), 0);
    let spawned = registry.sites().into_iter().filter_map(|site| site.counted);
    assert_eq!(spawned.map(|counted| counted.spawned).sum::<u64>(), 5);
}

#[test]
fn local_tasks_can_be_wrapped() {
    let registry = registry();
    let runtime = Builder::new_current_thread().build();
    let runtime = runtime.expect("a runtime can be built");
    let local = LocalSet::new();
    local.spawn_local(registry.wrap(async {
        let notify = std::rc::Rc::new(Notify::new());
        notify.notified().await;
    }));
    runtime.block_on(local.run_until(tokio::task::yield_now()));
    let tasks = tasks(&registry);
    let waits = registry.waits().of(&tasks[0]).expect("it is sampled");
    assert_eq!(&*waits[0].kind, "Notify::notified");
}
