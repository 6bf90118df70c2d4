//! The programs under observation.

mod all;

use std::net::SocketAddr;
use std::sync::{Arc, mpsc};
use std::thread;
use std::time::Duration;

use console_subscriber::{ConsoleLayer, ServerParts};
use tokio::net::TcpListener;
use tokio::runtime::{Builder, Handle, Runtime};
use tokio::sync::{Notify, Semaphore};
use tracing::subscriber::NoSubscriber;
use tracing_subscriber::filter::filter_fn;
use tracing_subscriber::prelude::*;

pub const PROGRAM: &str = "PILEUP_TEST_PROGRAM";
pub const BY: &str = "PILEUP_TEST_BY";
/// How many finished tasks are kept, if not as many as by default.
pub const KEPT: &str = "PILEUP_TEST_KEPT";
/// How many poll ops are kept: a variable of the subscriber itself.
pub const POLL_OPS: &str = "PILEUP_POLL_OPS";

const PUBLISH_INTERVAL: Duration = Duration::from_millis(50);
const RETENTION: Duration = Duration::from_secs(600);

/// Run by [`Target`](crate::target::Target), with a program's name in the environment.
#[test]
#[ignore = "a program for the other tests"]
fn run() {
    let Ok(program) = std::env::var(PROGRAM) else {
        return;
    };
    let address = match std::env::var(BY).as_deref() {
        Ok("pileup") => start_pileup(),
        _ => start_console_subscriber(),
    };
    let (name, count) = program.split_once(' ').unwrap_or((&program, "0"));
    let count: usize = count.parse().expect("a number");
    let runtime = runtime_of(name);
    if name == "dropped-runtime" {
        runtime.block_on(idle(count));
        drop(runtime);
        println!("ready at {address}");
        loop {
            thread::park();
        }
    }
    runtime.block_on(async {
        match name {
            "idle" => idle(count).await,
            "short" => short(count).await,
            "busy" => busy(count),
            "busy-spawn" => busy_spawn(),
            "short-lived" => short_lived(count),
            "in-place" => in_place().await,
            "poll-ops" => poll_ops(),
            "all" => all::all().await,
            "child" => child(),
            other => panic!("there is no program {other}"),
        }
        println!("ready at {address}");
        std::future::pending::<()>().await;
    });
}

fn runtime_of(program: &str) -> Runtime {
    let mut builder = if program == "all" {
        // When two threads reach a callsite for the first time at once, console-subscriber may
        // miss what one of them does there: it does not yet know the callsite.
        Builder::new_current_thread()
    } else {
        Builder::new_multi_thread()
    };
    builder.worker_threads(2).enable_all();
    builder.build().expect("a runtime")
}

fn start_pileup() -> SocketAddr {
    let mut builder = pileup_subscriber::builder()
        .with_default_env()
        .publish_interval(PUBLISH_INTERVAL)
        .retention(RETENTION)
        .server_addr(([127, 0, 0, 1], 0));
    if let Some(kept) = std::env::var(KEPT).ok().and_then(|kept| kept.parse().ok()) {
        builder = builder.finished_tasks(kept);
    }
    builder
        .try_init()
        .expect("it starts")
        .expect("a TCP address")
}

fn start_console_subscriber() -> SocketAddr {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("a free port");
    let address = listener.local_addr().expect("an address");
    listener.set_nonblocking(true).expect("a socket");
    let (layer, server) = ConsoleLayer::builder()
        .publish_interval(PUBLISH_INTERVAL)
        .retention(RETENTION)
        .build();
    let (started, has_started) = mpsc::channel();
    thread::spawn(move || {
        let _unseen = tracing::subscriber::set_default(NoSubscriber::default());
        let runtime = Builder::new_current_thread()
            .enable_all()
            .build()
            .expect("a runtime");
        runtime.block_on(async move {
            let listener = TcpListener::from_std(listener).expect("a listener");
            let clients = futures_util::stream::unfold(listener, |listener| async {
                let client = listener.accept().await.map(|(client, _)| client);
                Some((client, listener))
            });
            let ServerParts {
                instrument_server,
                aggregator,
                ..
            } = server.into_parts();
            tokio::spawn(aggregator.run());
            // The server has come to its own callsites before the program begins: see
            // `runtime_of`.
            tokio::task::yield_now().await;
            let _ = started.send(());
            let server = tonic::transport::Server::builder().add_service(instrument_server);
            server
                .serve_with_incoming(clients)
                .await
                .expect("it serves");
        });
    });
    has_started.recv().expect("it serves");
    let of_tokio = filter_fn(|metadata| {
        metadata.name().starts_with("runtime.")
            || metadata.target().starts_with("runtime")
            || metadata.target().starts_with("tokio")
    });
    tracing_subscriber::registry()
        .with(layer.with_filter(of_tokio))
        .init();
    address
}

/// Waits until the workers have polled what is to be polled.
async fn settle() {
    let metrics = Handle::current().metrics();
    let is_queued = || {
        let local = |worker| metrics.worker_local_queue_depth(worker);
        metrics.global_queue_depth() > 0 || (0..metrics.num_workers()).any(|it| local(it) > 0)
    };
    // No queue has the task that a worker is about to poll: these turns are for that.
    let mut turns = 0;
    while turns < 20 {
        tokio::time::sleep(Duration::from_millis(10)).await;
        turns = if is_queued() { 0 } else { turns + 1 };
    }
}

/// Tasks that wait for what never comes.
async fn idle(count: usize) {
    let notify = Arc::new(Notify::new());
    for _ in 0..count {
        let notify = Arc::clone(&notify);
        tokio::spawn(async move { notify.notified().await });
    }
    settle().await;
}

/// Tasks that finish at once.
async fn short(count: usize) {
    for _ in 0..count {
        let _ = tokio::spawn(async {}).await;
    }
    settle().await;
}

/// Tasks that wake themselves all the time.
fn busy(count: usize) {
    for _ in 0..count {
        tokio::spawn(async {
            loop {
                tokio::time::sleep(Duration::from_millis(1)).await;
            }
        });
    }
}

/// A task that asks for a permit again and again, and every other time has to wait for it.
fn poll_ops() {
    let semaphore = Arc::new(Semaphore::new(1));
    for _ in 0..2 {
        let semaphore = Arc::clone(&semaphore);
        tokio::spawn(async move {
            loop {
                let permit = semaphore.acquire().await;
                tokio::time::sleep(Duration::from_millis(1)).await;
                drop(permit);
            }
        });
    }
}

/// Tasks that come and go faster than a short memory holds.
fn busy_spawn() {
    tokio::spawn(async {
        loop {
            for _ in 0..100 {
                let _ = tokio::spawn(async {}).await;
            }
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    });
}

/// Keeps `count` tasks running. Each of them finishes soon, and another one takes its place.
fn short_lived(count: usize) {
    for _ in 0..count {
        tokio::spawn(async {
            loop {
                let short = tokio::spawn(async {
                    for _ in 0..100 {
                        tokio::task::yield_now().await;
                    }
                });
                let _ = short.await;
            }
        });
    }
}

/// A task that gives up its worker, and blocks for good.
async fn in_place() {
    tokio::spawn(async {
        tokio::task::block_in_place(|| {
            loop {
                thread::park();
            }
        });
    });
    settle().await;
}

/// A child process that outlives this one.
fn child() {
    let mut command = std::process::Command::new("sleep");
    command.arg("5").stdout(std::process::Stdio::null());
    let child = command.spawn().expect("sleep can be run");
    // Nobody waits for it: it outlives the test.
    std::mem::forget(child);
}
