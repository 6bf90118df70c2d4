//! Where tasks wait, as the probe answers it.
#![cfg(tokio_unstable)]

use std::net::SocketAddr;
use std::sync::{Arc, LazyLock};
use std::time::{Duration, Instant};

use pileup_model::{Snapshot, Task};
use pileup_probe::Probe;
use tokio::runtime::{Builder, Runtime};
use tokio::sync::{Notify, mpsc};
use tracing_subscriber::util::SubscriberInitExt;

/// A probe whose subscriber is the one of the process, with a runtime that has hooks as well.
static SERVICE: LazyLock<(Probe, Runtime)> = LazyLock::new(|| {
    let probe = Probe::start().expect("a thread can be started");
    let none = tracing::subscriber::NoSubscriber::default();
    probe.subscriber(none).init();
    let mut builder = Builder::new_multi_thread();
    let runtime = probe.instrument("main", builder.enable_all()).build();
    (probe, runtime.expect("a runtime can be built"))
});

/// What the service's probe answers.
fn get(path: &str) -> String {
    static ADDRESS: LazyLock<SocketAddr> =
        LazyLock::new(|| SERVICE.0.serve("127.0.0.1:0").expect("a port is free"));
    let runtime = Builder::new_current_thread().enable_all().build();
    let runtime = runtime.expect("a runtime can be built");
    let text = runtime.block_on(async {
        let answer = reqwest::get(format!("http://{}{path}", *ADDRESS)).await;
        answer.expect("the probe answers").text().await
    });
    text.expect("it is text")
}

/// The service's snapshot, as soon as one is as expected.
fn snapshot(is_expected: impl Fn(&Snapshot) -> bool) -> Snapshot {
    let deadline = Instant::now() + Duration::from_secs(60);
    loop {
        let text = get("/debug/tasks");
        let snapshot: Snapshot = serde_json::from_str(&text).expect("it is a snapshot");
        if is_expected(&snapshot) {
            return snapshot;
        }
        assert!(Instant::now() < deadline, "{text}");
    }
}

fn at_line(snapshot: &Snapshot, line: u32) -> Vec<&Task> {
    let at_line = |task: &&Task| task.site.as_ref().is_some_and(|site| site.line == line);
    let tasks = snapshot.tasks.iter().map(|task| &**task);
    tasks.filter(at_line).collect()
}

const RECV: u32 = line!() + 3;

async fn take_orders(mut orders: mpsc::Receiver<()>) {
    while orders.recv().await.is_some() {}
}

#[test]
fn a_task_is_shown_with_the_line_at_which_it_waits() {
    let (_, runtime) = &*SERVICE;
    let (_keep, orders) = mpsc::channel(1);
    let line = line!() + 1;
    runtime.spawn(take_orders(orders));
    let waits = |snapshot: &Snapshot| {
        at_line(snapshot, line)
            .first()
            .is_some_and(|task| task.waits.is_some())
    };
    let snapshot = snapshot(waits);
    let tasks = at_line(&snapshot, line);
    assert_eq!(tasks.len(), 1, "the hooks and the subscriber see one task");
    let waits = tasks[0].waits.clone().expect("as awaited");
    assert_eq!(waits.len(), 1, "{waits:#?}");
    assert_eq!(&*waits[0].kind, "mpsc::Receiver::recv");
    let place = waits[0]
        .place
        .clone()
        .expect("the test has debug information");
    assert_eq!(place.line, Some(RECV), "{waits:#?}");
    assert_eq!(tasks[0].waker_count(), Some(1));
    assert!(tasks[0].size_bytes.is_some_and(|size| size > 0));
}

#[test]
fn every_view_of_pprof_has_the_await_stack() {
    let (_, runtime) = &*SERVICE;
    let (_keep, orders) = mpsc::channel(1);
    runtime.spawn(take_orders(orders));
    let line = line!() - 1;
    snapshot(|snapshot| {
        at_line(snapshot, line)
            .first()
            .is_some_and(|task| task.waits.is_some())
    });
    let grouped = get("/debug/pprof/goroutine?debug=1");
    let recv = format!("take_orders\tcrates/pileup-probe/tests/waits.rs:{RECV}\n");
    assert!(grouped.contains(&recv), "{grouped}");
    assert!(
        grouped.contains("\"wait\":\"mpsc::Receiver::recv\""),
        "{grouped}"
    );
    let each = get("/debug/pprof/goroutine?debug=2");
    let recv = format!("take_orders(...)\n\tcrates/pileup-probe/tests/waits.rs:{RECV}\n");
    assert!(each.contains(&recv), "{each}");
    assert!(each.contains("[mpsc::Receiver::recv] {age: "), "{each}");
}

const SELECT: u32 = line!() + 3;

async fn serve(mut orders: mpsc::Receiver<()>, stop: Arc<Notify>) {
    tokio::select! {
        _ = orders.recv() => {}
        () = stop.notified() => {}
    }
}

#[test]
fn every_view_of_pprof_has_all_waits_of_a_select() {
    let (_, runtime) = &*SERVICE;
    let (_keep, orders) = mpsc::channel(1);
    let line = line!() + 1;
    runtime.spawn(serve(orders, Arc::default()));
    let has_both = |task: &&Task| task.waits.as_ref().is_some_and(|waits| waits.len() == 2);
    snapshot(|snapshot| at_line(snapshot, line).first().is_some_and(has_both));
    let file = "crates/pileup-probe/tests/waits.rs";
    let grouped = get("/debug/pprof/goroutine?debug=1");
    // The newest is either of the two: `select!` begins with any branch.
    let also =
        |wait: &str| grouped.contains(&format!("\"also_waits\":\"{wait} at {file}:{SELECT}\""));
    let (recv, notified) = ("mpsc::Receiver::recv", "Notify::notified");
    assert!(also(recv) != also(notified), "{grouped}");
    let each = get("/debug/pprof/goroutine?debug=2");
    let is_shown = |first: &str, second: &str| {
        let also = format!("\nalso waits in {second}(...)\n\t{file}:{SELECT}\n");
        let mut tasks = each.split("\n\n");
        tasks.any(|task| task.contains(&format!(" [{first}] {{age: ")) && task.contains(&also))
    };
    assert!(
        is_shown(recv, notified) || is_shown(notified, recv),
        "{each}"
    );
}

const LAST: u32 = line!() + 3;

async fn take_one_order(mut orders: mpsc::Receiver<()>) {
    orders.recv().await;
    std::future::pending::<()>().await;
}

#[test]
fn a_task_that_nobody_can_wake_is_shown_where_it_waited_last() {
    let (_, runtime) = &*SERVICE;
    let (send, orders) = mpsc::channel(1);
    let line = line!() + 1;
    runtime.spawn(take_one_order(orders));
    let waits = |task: &&Task| task.waits.as_ref().is_some_and(|waits| !waits.is_empty());
    snapshot(|snapshot| at_line(snapshot, line).first().is_some_and(waits));
    send.blocking_send(()).expect("the task receives");
    let is_stuck = |task: &&Task| task.has_no_waker() && task.polls.count == 2;
    snapshot(|snapshot| at_line(snapshot, line).first().is_some_and(is_stuck));
    let place = format!("crates/pileup-probe/tests/waits.rs:{LAST}");
    let grouped = get("/debug/pprof/goroutine?debug=1");
    let label = format!("\"last_wait\":\"mpsc::Receiver::recv at {place}\"");
    assert!(grouped.contains(&label), "{grouped}");
    let each = get("/debug/pprof/goroutine?debug=2");
    let last = format!("\nlast waited in mpsc::Receiver::recv(...)\n\t{place}\n");
    assert!(each.contains(&last), "{each}");
}

#[test]
fn a_child_is_created_by_its_parent() {
    let (_, runtime) = &*SERVICE;
    let parent = runtime.spawn(async {
        tokio::spawn(std::future::pending::<()>());
        std::future::pending::<()>().await;
    });
    let created_by = format!(" in goroutine {}\n", parent.id());
    let deadline = Instant::now() + Duration::from_secs(60);
    while !get("/debug/pprof/goroutine?debug=2").contains(&created_by) {
        assert!(Instant::now() < deadline);
    }
}

#[test]
fn a_task_that_nobody_can_wake_has_no_wait() {
    let (_, runtime) = &*SERVICE;
    let line = line!() + 1;
    runtime.spawn(std::future::pending::<()>());
    let is_idle = |snapshot: &Snapshot| {
        at_line(snapshot, line)
            .first()
            .is_some_and(|task| task.has_no_waker())
    };
    let snapshot = snapshot(is_idle);
    let task = at_line(&snapshot, line)[0];
    assert_eq!(task.waits, Some(Arc::default()));
}

#[test]
fn what_serves_the_tasks_is_not_among_them() {
    let snapshot = snapshot(|_| true);
    let sites = snapshot.tasks.iter().filter_map(|task| task.site.as_ref());
    let of_others: Vec<_> = sites
        .filter(|site| !site.file.ends_with("tests/waits.rs"))
        // The test's own requests.
        .filter(|site| !site.file.contains("hyper") && !site.file.contains("reqwest"))
        .filter(|site| !site.file.contains("tokio"))
        .collect();
    assert!(of_others.is_empty(), "{of_others:#?}");
}
