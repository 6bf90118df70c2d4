//! One of each thing that both subscribers serve, each at a line of its own.

use std::future::{pending, poll_fn};
use std::sync::Arc;
use std::task::Poll;
use std::time::Duration;

use tokio::sync::{Barrier, Mutex, RwLock, Semaphore, mpsc, oneshot};
use tokio::task::{Builder, JoinHandle, LocalSet};
use tokio::time::{Instant, interval_at, sleep};

use super::settle;

/// Always pending at its first poll: no timer elapses while the only thread polls.
const SHORT: Duration = Duration::from_millis(50);
/// Longer than any test.
const NEVER: Duration = Duration::from_secs(1_000);

pub async fn all() {
    tasks().await;
    timers().await;
    locks().await;
    channels();
    elsewhere().await;
    settle().await;
}

#[track_caller]
fn spawn(name: &str, future: impl Future<Output = ()> + Send + 'static) -> JoinHandle<()> {
    let spawned = Builder::new().name(name).spawn(future);
    spawned.expect("a runtime")
}

async fn finishes(task: JoinHandle<()>) {
    task.await.expect("it returns");
}

/// What counts wakes, polls and wakers.
async fn tasks() {
    finishes(spawn("returns", async {})).await;
    finishes(spawn("yields", tokio::task::yield_now())).await;
    let wakes_itself = spawn("wakes itself", async {
        for _ in 0..3 {
            let mut woken = false;
            poll_fn(|context| {
                if std::mem::replace(&mut woken, true) {
                    return Poll::Ready(());
                }
                context.waker().wake_by_ref();
                Poll::Pending
            })
            .await;
        }
    });
    finishes(wakes_itself).await;
    spawn("lost", pending());
    let aborted = spawn("aborted", async { sleep(NEVER).await });
    // Whether it is polled before it is aborted would be a matter of chance.
    settle().await;
    aborted.abort();
}

async fn timers() {
    spawn("sleeps", async { sleep(NEVER).await });
    let sleeps_twice = spawn("sleeps twice", async {
        sleep(SHORT).await;
        sleep(SHORT).await;
    });
    finishes(sleeps_twice).await;
    spawn("ticks", async {
        // The first tick of `interval` would be due at once: who wakes the task is then a matter
        // of chance.
        interval_at(Instant::now() + NEVER, NEVER).tick().await;
    });
}

async fn locks() {
    let mutex = Arc::new(Mutex::new(()));
    let held = Arc::clone(&mutex);
    spawn("holds", async move {
        let _held = held.lock().await;
        pending::<()>().await;
    });
    let lock = Arc::new(RwLock::new(()));
    let read = Arc::clone(&lock);
    spawn("reads", async move {
        let _read = read.read().await;
        pending::<()>().await;
    });
    settle().await;
    spawn(
        "waits for the lock",
        async move { drop(mutex.lock().await) },
    );
    spawn("wants to write", async move { drop(lock.write().await) });
    let semaphore = Arc::new(Semaphore::new(3));
    spawn("wants permits", async move {
        let _one = semaphore.acquire().await;
        let _more = semaphore.acquire_many(3).await;
    });
    let barrier = Arc::new(Barrier::new(2));
    spawn("waits at the barrier", async move {
        let _leader = barrier.wait().await;
    });
}

fn channels() {
    let (sender, receiver) = oneshot::channel::<()>();
    spawn("receives", async move { drop(receiver.await) });
    let (mut answer, question) = oneshot::channel::<()>();
    spawn("waits for the end of the question", async move {
        answer.closed().await;
    });
    let (full, kept) = mpsc::channel(1);
    spawn("sends", async move {
        let _ = full.send(1).await;
        let _ = full.send(2).await;
    });
    std::mem::forget((sender, question, kept));
}

/// Tasks that no worker polls.
async fn elsewhere() {
    let local = LocalSet::new();
    let spawned = Builder::new()
        .name("local")
        .spawn_local_on(async {}, &local);
    spawned.expect("a local set");
    std::mem::forget(local);
    let blocking = Builder::new().name("blocks").spawn_blocking(|| ());
    finishes(blocking.expect("a runtime")).await;
}
