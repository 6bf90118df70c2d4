//! Await stacks of current-thread runtimes, and why there are none of others.
#![cfg(feature = "stacks")]

use std::net::SocketAddr;
use std::sync::mpsc;
use std::thread;
use std::time::{Duration, Instant};

use pileup_probe::Probe;
use tokio::runtime::{Builder, Runtime};
use tokio::sync::oneshot;

async fn wait_for_payment(paid: oneshot::Receiver<()>) {
    // Whether it was paid is of no matter.
    let _ = paid.await;
}

fn current_thread(probe: &Probe) -> Runtime {
    let mut builder = Builder::new_current_thread();
    let runtime = probe.instrument("one", builder.enable_all()).build();
    runtime.expect("a runtime can be built")
}

fn allowed() -> (Probe, SocketAddr) {
    let probe = Probe::start()
        .expect("a thread can be started")
        .allow_stacks();
    let address = probe.serve("127.0.0.1:0").expect("a port is free");
    (probe, address)
}

/// Asks for stacks while a service runs, on a thread of its own: status and text.
fn ask(address: SocketAddr) -> (u16, String) {
    let runtime = Builder::new_current_thread().enable_all().build();
    let runtime = runtime.expect("a runtime can be built");
    runtime.block_on(async {
        let url = format!("http://{address}/debug/pprof/goroutine?stacks=1&debug=1");
        let answer = reqwest::get(url).await.expect("the probe answers");
        let status = answer.status().as_u16();
        (status, answer.text().await.expect("it is text"))
    })
}

/// Runs a service while `asking` goes on.
fn while_it_runs<T: Send>(
    runtime: &Runtime,
    service: impl Future<Output = ()>,
    asking: impl FnOnce() -> T + Send,
) -> T {
    thread::scope(|scope| {
        let (done, is_done) = oneshot::channel();
        let asked = scope.spawn(move || {
            let answer = asking();
            let _ = done.send(());
            answer
        });
        runtime.block_on(async {
            service.await;
            let _ = is_done.await;
        });
        asked.join().expect("it does not panic")
    })
}

#[test]
fn a_task_is_shown_where_it_awaits() {
    let (probe, address) = allowed();
    let runtime = current_thread(&probe);
    let (keep, paid) = oneshot::channel();
    let service = async {
        tokio::spawn(wait_for_payment(paid));
        tokio::task::yield_now().await;
    };
    let (status, text) = while_it_runs(&runtime, service, || {
        let started = Instant::now();
        // Until the task has been polled.
        while probe.alive() == 0 && started.elapsed() < Duration::from_secs(10) {
            thread::yield_now();
        }
        ask(address)
    });
    assert_eq!(status, 200, "{text}");
    assert!(text.contains("oneshot::Receiver"), "{text}");
    // The line that awaits, and the one that spawns.
    let source = include_str!("stacks.rs").lines();
    for (number, line) in (1..).zip(source) {
        if line.ends_with("paid.await;") || line.ends_with("spawn(wait_for_payment(paid));") {
            assert!(
                text.contains(&format!("stacks.rs:{number}\n")),
                "{number} is not in {text}"
            );
        }
    }
    drop(keep);
}

#[test]
fn ten_thousand_runnable_tasks_are_left_alone() {
    let (probe, address) = allowed();
    let runtime = current_thread(&probe);
    let (to_test, finished) = mpsc::channel();
    let service = async move {
        let mut tasks = Vec::new();
        for _ in 0..10_000 {
            tasks.push(tokio::spawn(async {
                for _ in 0..100 {
                    tokio::task::yield_now().await;
                }
            }));
        }
        for task in tasks {
            task.await.expect("it returns");
        }
        to_test.send(()).expect("the test waits for it");
    };
    let (status, text) = while_it_runs(&runtime, service, || {
        while probe.alive() < 10_000 {
            thread::yield_now();
        }
        ask(address)
    });
    assert_eq!(status, 503, "{text}");
    assert!(text.contains("no stacks of one: "), "{text}");
    finished
        .recv_timeout(Duration::from_secs(30))
        .expect("the service went on");
}

#[test]
fn a_multi_thread_runtime_is_never_dumped() {
    let (probe, address) = allowed();
    let mut builder = Builder::new_multi_thread();
    let runtime = probe
        .instrument("many", builder.worker_threads(2).enable_all())
        .build();
    let runtime = runtime.expect("a runtime can be built");
    runtime.block_on(async { tokio::spawn(async {}).await.expect("it returns") });
    let (status, text) = ask(address);
    assert_eq!(status, 503, "{text}");
    assert!(text.contains("can freeze it"), "{text}");
}

#[test]
fn a_runtime_that_is_stuck_is_told_and_not_waited_for() {
    let (probe, address) = allowed();
    let runtime = current_thread(&probe);
    let (let_go, held) = mpsc::channel::<()>();
    let service = async {
        tokio::spawn(async move { held.recv() });
        tokio::task::yield_now().await;
    };
    let (status, text) = while_it_runs(&runtime, service, move || {
        while probe.alive() == 0 {
            thread::yield_now();
        }
        let answer = ask(address);
        drop(let_go);
        answer
    });
    assert_eq!(status, 503, "{text}");
    assert!(text.contains("a poll does not return"), "{text}");
}

#[test]
fn stacks_that_were_not_allowed_or_were_just_taken_are_refused() {
    let probe = Probe::start().expect("a thread can be started");
    let address = probe.serve("127.0.0.1:0").expect("a port is free");
    let (status, text) = ask(address);
    assert_eq!(
        (status, text.contains("has not allowed")),
        (503, true),
        "{text}"
    );

    let (_probe, address) = allowed();
    ask(address);
    let (status, text) = ask(address);
    assert_eq!(
        (status, text.contains("a moment ago")),
        (503, true),
        "{text}"
    );
}
