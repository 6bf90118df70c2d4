//! What spawns tasks for a service: hyper, by the executor, and `TaskTracker`.

use std::convert::Infallible;
use std::sync::Arc;
use std::time::{Duration, Instant};

use http_body_util::Empty;
use hyper::body::{Bytes, Incoming};
use hyper::service::service_fn;
use hyper::{Request, Response};
use hyper_util::rt::TokioIo;
use pileup_registry::{LiveTask, Registry, Sampling};
use tokio::sync::oneshot;
use tokio_util::task::TaskTracker;

fn registry() -> Arc<Registry> {
    Arc::new(Registry::new(Sampling::ALL))
}

fn tasks(registry: &Registry) -> Vec<LiveTask> {
    let mut tasks = Vec::new();
    registry.for_each_live(|task| tasks.push(task));
    tasks
}

async fn waits_for_a_reply() {
    let (_keep, reply) = oneshot::channel::<()>();
    let _ = reply.await;
}

async fn answers_never(_request: Request<Incoming>) -> Result<Response<Empty<Bytes>>, Infallible> {
    waits_for_a_reply().await;
    Ok(Response::new(Empty::new()))
}

/// The task that is shown to wait in a function, as soon as there is one.
async fn waits_in(registry: &Registry, function: &str) -> LiveTask {
    let patience = Instant::now() + Duration::from_secs(30);
    loop {
        let mut waits = registry.waits();
        let tasks = tasks(registry);
        let is_there = |task: &&LiveTask| {
            let waits = waits.of(task).unwrap_or_default();
            let place = waits.first().and_then(|wait| wait.place.as_ref());
            place.is_some_and(|place| place.function.contains(function))
        };
        if let Some(task) = tasks.iter().find(is_there) {
            return *task;
        }
        assert!(Instant::now() < patience, "{tasks:#?}");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

#[tokio::test]
async fn a_request_of_hyper_is_a_task_that_waits_in_its_handler() {
    let registry = registry();
    let (client, server) = tokio::io::duplex(1 << 16);
    let (executor, line) = (registry.executor(), line!());
    let serving = hyper::server::conn::http2::Builder::new(executor)
        .serve_connection(TokioIo::new(server), service_fn(answers_never));
    let serving = tokio::spawn(serving);
    let shaken = hyper::client::conn::http2::handshake(registry.executor(), TokioIo::new(client));
    let (mut requests, connection) = shaken.await.expect("the server is there");
    tokio::spawn(connection);
    let request = Request::new(Empty::<Bytes>::new());
    let asking = tokio::spawn(async move { requests.send_request(request).await });
    let task = waits_in(&registry, "waits_for_a_reply").await;
    let sites = registry.sites();
    let site = &sites[usize::from(task.site)].spawn.site;
    assert!(site.file.ends_with("spawners.rs"), "{site:?}");
    assert_eq!(site.line, line);
    asking.abort();
    serving.abort();
    let patience = Instant::now() + Duration::from_secs(30);
    while registry.live() > 0 {
        assert!(Instant::now() < patience, "{:#?}", tasks(&registry));
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

#[tokio::test]
async fn a_task_of_a_tracker_is_seen_until_it_ends() {
    let registry = registry();
    let tracker = TaskTracker::new();
    let handle = tracker.spawn(registry.wrap(waits_for_a_reply()));
    let task = waits_in(&registry, "waits_for_a_reply").await;
    assert_eq!(
        task.tokio_id.map(|id| id.to_string()),
        Some(handle.id().to_string())
    );
    tracker.close();
    handle.abort();
    tracker.wait().await;
    assert_eq!(registry.live(), 0);
}
