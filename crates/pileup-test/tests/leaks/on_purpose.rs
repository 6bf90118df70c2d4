//! Tests that fail. Each is run by name from `leaks.rs`, which knows lines by the marks at their
//! end.

use std::sync::Mutex;
use std::time::Duration;

use rstest::rstest;
use tokio::runtime::Handle;
use tokio::sync::{mpsc, oneshot};
use tokio::task::LocalSet;
use tracing_subscriber::util::SubscriberInitExt;

/// Senders that live as long as the process.
static KEPT: Mutex<Vec<mpsc::Sender<()>>> = Mutex::new(Vec::new());

fn kept_open() -> mpsc::Receiver<()> {
    let (sender, receiver) = mpsc::channel(1);
    KEPT.lock().expect("no test panics here").push(sender);
    receiver
}

async fn serve(mut orders: mpsc::Receiver<()>) {
    while orders.recv().await.is_some() {} // the wait
}

#[pileup_test::test]
#[ignore = "fails on purpose"]
async fn one_task() {
    tokio::spawn(serve(kept_open())); // one_task
}

#[pileup_test::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "fails on purpose"]
async fn one_task_on_workers() {
    let (begins, has_begun) = oneshot::channel();
    let orders = kept_open();
    let serves = async {
        begins.send(()).expect("the test waits for it");
        serve(orders).await;
    };
    tokio::spawn(serves); // one_task_on_workers
    has_begun.await.expect("it is sent");
}

#[pileup_test::test]
#[ignore = "fails on purpose"]
async fn three_tasks() {
    for _ in 0..3 {
        tokio::spawn(serve(kept_open())); // three tasks
    }
}

#[pileup_test::test]
#[ignore = "fails on purpose"]
async fn spawned_by_a_task() {
    let spawner = async {
        for _ in 0..2 {
            tokio::spawn(serve(kept_open())); // spawned by a task
        }
    };
    tokio::spawn(spawner).await.expect("it ends"); // the task that spawns
}

#[pileup_test::test]
#[ignore = "fails on purpose"]
async fn without_waker() {
    tokio::spawn(tokio::task::yield_now())
        .await
        .expect("it ends");
    tokio::spawn(std::future::pending::<()>()); // without waker
}

#[pileup_test::test]
#[ignore = "fails on purpose"]
async fn local_task() {
    let set = LocalSet::new();
    set.spawn_local(serve(kept_open())); // local task
    std::mem::forget(set);
}

#[pileup_test::test(flavor = "local")]
#[ignore = "fails on purpose"]
async fn on_a_local_runtime() {
    tokio::task::spawn_local(serve(kept_open())); // local runtime
    tokio::spawn(serve(kept_open())); // spawned on a local runtime
}

#[pileup_test::test(flavor = "local", start_paused = true, timeout = "60s")]
#[ignore = "run with the others"]
async fn leaves_nothing_on_a_local_runtime() {
    let not_send = std::rc::Rc::new(());
    let task = tokio::task::spawn_local(async move {
        tokio::time::sleep(Duration::from_secs(3600)).await;
        drop(not_send);
    });
    task.await.expect("it ends");
}

#[pileup_test::test(flavor = "local", timeout = "5s")]
#[ignore = "fails on purpose"]
async fn hangs_on_a_local_runtime() {
    let order = tokio::task::spawn_local(serve(kept_open())); // hangs on a local runtime
    order.await.expect("it never ends"); // the test waits on a local runtime
}

#[pileup_test::test]
#[ignore = "fails on purpose"]
async fn with_a_subscriber() {
    let _subscriber = tracing_subscriber::registry().set_default();
    tokio::spawn(serve(kept_open())); // with a subscriber
    let set = LocalSet::new();
    set.spawn_local(serve(kept_open())); // unseen
    std::mem::forget(set);
}

#[pileup_test::test]
#[ignore = "fails on purpose"]
async fn closure() {
    tokio::task::spawn_blocking(|| block()); // closure
}

/// Gives the thread never back.
fn block() -> ! {
    loop {
        std::thread::park();
    }
}

/// A task that has begun to block its worker.
async fn blocked_worker() {
    let (started, has_started) = oneshot::channel();
    let blocks = async {
        started.send(()).expect("the test waits for it");
        block();
    };
    tokio::spawn(blocks); // blocked worker
    has_started.await.expect("it is sent");
}

#[pileup_test::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "fails on purpose"]
async fn blocks_a_worker() {
    blocked_worker().await;
}

#[pileup_test::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "fails on purpose"]
async fn panics_beside_a_blocked_worker() {
    blocked_worker().await;
    panic!("the test's own panic");
}

#[pileup_test::test(flavor = "multi_thread", worker_threads = 2, timeout = "5s")]
#[ignore = "fails on purpose"]
async fn hangs_beside_a_blocked_worker() {
    blocked_worker().await;
    std::future::pending::<()>().await;
}

#[pileup_test::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "fails on purpose"]
async fn closure_on_workers() {
    tokio::task::spawn_blocking(|| block()); // closure on workers
}

#[pileup_test::test]
#[ignore = "ends its process"]
async fn blocks_the_only_thread() {
    tokio::spawn(async { block() }); // the only thread
}

#[test]
#[ignore = "ends its process"]
fn synchronous_and_blocks() {
    let runtime = pileup_test::runtime();
    runtime.block_on(async {
        tokio::spawn(async { block() }); // synchronous and blocks
    });
}

#[pileup_test::test(start_paused = true)]
#[ignore = "fails on purpose"]
async fn paused() {
    tokio::spawn(tokio::time::sleep(Duration::from_millis(100)));
    tokio::spawn(tokio::time::sleep(Duration::from_secs(3600))); // paused
}

#[pileup_test::test(allow = "on_purpose.rs", reason = "it is to be allowed")]
#[ignore = "run with the others"]
async fn allowed() {
    tokio::spawn(serve(kept_open()));
}

#[tokio::test]
#[ignore = "fails on purpose"]
async fn guarded() {
    tokio::spawn(serve(kept_open()));
    let guard = pileup_test::Guard::current();
    tokio::spawn(serve(kept_open())); // guarded
    guard.check().await;
}

#[pileup_test::test]
#[ignore = "fails on purpose"]
async fn guarded_in_ours() {
    let before = tokio::spawn(serve(kept_open()));
    let guard = pileup_test::Guard::current();
    let after = tokio::spawn(serve(kept_open())); // guarded in ours
    guard.check().await;
    before.abort();
    after.abort();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
#[ignore = "fails on purpose"]
async fn guarded_on_workers() {
    let guard = pileup_test::Guard::current();
    let spawner = tokio::spawn(async { drop(tokio::spawn(serve(kept_open()))) });
    spawner.await.expect("it ends");
    // Tokio counts a task for a moment after it was joined.
    while Handle::current().metrics().num_alive_tasks() > 1 {
        tokio::task::yield_now().await;
    }
    guard.check().await;
}

#[tokio::test(flavor = "local")]
#[ignore = "fails on purpose"]
async fn guarded_on_a_local_runtime() {
    let guard = pileup_test::Guard::current();
    tokio::task::spawn_local(serve(kept_open())); // guarded on a local runtime
    guard.check().await;
}

#[tokio::test]
#[ignore = "ends its process"]
async fn guarded_closure() {
    let guard = pileup_test::Guard::current();
    tokio::task::spawn_blocking(|| block()); // guarded closure
    guard.check().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "ends its process"]
async fn guarded_beside_a_blocked_worker() {
    let guard = pileup_test::Guard::current();
    blocked_worker().await;
    guard.check().await;
}

#[tokio::test]
#[ignore = "run with the others"]
async fn guarded_and_not_checked() {
    let _guard = pileup_test::Guard::current(); // not checked
}

#[test]
#[ignore = "fails on purpose"]
fn synchronous() {
    let runtime = pileup_test::runtime();
    runtime.block_on(async {
        tokio::spawn(serve(kept_open())); // synchronous
    });
}

#[pileup_test::test]
#[ignore = "fails on purpose"]
async fn panics() {
    tokio::spawn(serve(kept_open()));
    panic!("the test's own panic");
}

#[pileup_test::test]
#[ignore = "fails on purpose"]
async fn returns_an_error() -> Result<(), String> {
    tokio::spawn(serve(kept_open()));
    Err("the test's own error".to_owned())
}

#[rstest]
#[case(0)]
#[case(2)]
#[pileup_test::test]
#[ignore = "the second case fails on purpose"]
async fn cases(#[case] tasks: usize) {
    for _ in 0..tasks {
        tokio::spawn(serve(kept_open())); // cases
    }
}

#[test]
#[ignore = "fails on purpose"]
fn without_a_runtime() {
    drop(pileup_test::Guard::current());
}

#[tokio::test]
#[ignore = "fails on purpose"]
async fn ours_in_theirs() {
    pileup_test::runtime().block_on(async {});
}

#[tokio::test]
#[ignore = "fails on purpose"]
async fn nested() {
    one_task();
}

#[pileup_test::test(timeout = "5s")]
#[ignore = "fails on purpose"]
async fn hangs() {
    let order = tokio::spawn(serve(kept_open())); // hangs
    order.await.expect("it never ends"); // the test waits
}

#[pileup_test::test(timeout = "5s")]
#[ignore = "ends its process"]
async fn blocks() {
    block();
}

#[pileup_test::test]
#[ignore = "ends its process"]
async fn takes_sigterm() {
    // It runs once the test waits.
    tokio::spawn(async { terminate_this_process() });
    serve(kept_open()).await; // the last wait
}

#[tokio::test]
#[ignore = "ends its process"]
async fn takes_sigterm_with_a_guard() {
    let _guard = pileup_test::Guard::current();
    tokio::spawn(serve(kept_open())); // guarded until SIGTERM
    tokio::spawn(async { terminate_this_process() });
    serve(kept_open()).await;
}

#[test]
#[ignore = "ends its process"]
fn takes_sigterm_with_a_runtime() {
    let runtime = pileup_test::runtime();
    runtime.block_on(async {
        tokio::spawn(serve(kept_open())); // synchronous until SIGTERM
        tokio::spawn(async { terminate_this_process() });
        serve(kept_open()).await;
    });
}

fn terminate_this_process() {
    let kill = format!("kill -TERM {}", std::process::id());
    let mut shell = std::process::Command::new("sh");
    shell
        .args(["-c", &kill])
        .status()
        .expect("there is a shell");
}
