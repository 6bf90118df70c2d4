//! One spawn line that serves a kind of task that leaks and a healthy one, in a real program.
#![cfg(tokio_unstable)]

use std::pin::Pin;
use std::sync::Arc;
use std::time::{Duration, Instant};

use pileup_probe::{Probe, Sampling, SiteCount};
use tokio::runtime::{Builder, Handle, Runtime};
use tokio::sync::Notify;
use tokio::time::sleep;
use tracing_subscriber::util::SubscriberInitExt;

/// Healthy tasks of this program live for so long on average.
const MEAN: Duration = Duration::from_secs(2);
/// The rule needs a few seconds.
const PATIENCE: Duration = Duration::from_secs(60);
/// Between two healthy tasks, and two that leak.
const HEALTHY_EVERY: Duration = Duration::from_millis(50);
const LEAK_EVERY: Duration = Duration::from_millis(200);

type Job = Pin<Box<dyn Future<Output = ()> + Send>>;

/// The line that spawns everything.
fn execute(handle: &Handle, job: Job) {
    handle.spawn(job);
}

/// The same, for a program without a leak.
fn execute_healthy(handle: &Handle, job: Job) {
    handle.spawn(job);
}

/// Does a little now and then, until its life is over.
async fn converse(life: Duration) {
    let end = Instant::now() + life;
    while Instant::now() < end {
        sleep(Duration::from_millis(20)).await;
    }
}

/// Nobody ever answers.
async fn ask_in_vain(answer: Arc<Notify>) {
    answer.notified().await;
}

/// Lives of a mean of [`MEAN`], exponentially distributed, in a fixed order that looks random.
fn lives() -> impl Iterator<Item = Duration> {
    let golden = (5.0_f64.sqrt() - 1.0) / 2.0;
    (1..).map(move |number: u32| {
        let part = (f64::from(number) * golden).fract();
        MEAN.mul_f64(-(1.0 - part).ln())
    })
}

fn service() -> (Probe, Runtime) {
    let probe = Probe::start().expect("a thread can be started");
    let none = tracing::subscriber::NoSubscriber::default();
    probe.subscriber(none).init();
    let mut builder = Builder::new_multi_thread();
    let runtime = probe.instrument("main", builder.enable_all()).build();
    let runtime = runtime.expect("a runtime can be built");
    // So that each task is known by where it waits, within seconds.
    probe.set_sampling(Sampling::ALL);
    (probe.max_lifetime(MEAN), runtime)
}

#[test]
fn a_kind_of_task_that_leaks_is_found_beside_a_healthy_one_of_the_same_line() {
    let (probe, runtime) = service();
    let address = probe.serve("127.0.0.1:0").expect("a port is free");
    let client = Builder::new_current_thread().enable_all().build();
    let client = client.expect("a runtime can be built");
    let get = |path: &str| {
        client.block_on(async {
            let answer = reqwest::get(format!("http://{address}{path}")).await;
            let text = answer.expect("the probe answers").text().await;
            text.expect("it is text")
        })
    };

    let handle = runtime.handle().clone();
    runtime.spawn(async move {
        for life in lives() {
            execute(&handle, Box::pin(converse(life)));
            execute_healthy(&handle, Box::pin(converse(life)));
            sleep(HEALTHY_EVERY).await;
        }
    });
    let handle = runtime.handle().clone();
    runtime.spawn(async move {
        let answer = Arc::new(Notify::new());
        loop {
            execute(&handle, Box::pin(ask_in_vain(Arc::clone(&answer))));
            sleep(LEAK_EVERY).await;
        }
    });

    let started = Instant::now();
    let text = loop {
        let text = get("/debug/pprof/goroutineleak?debug=1");
        if text.contains("stand still at Notify::notified") {
            break text;
        }
        assert!(started.elapsed() < PATIENCE, "it is not found: {text}");
        std::thread::sleep(Duration::from_millis(100));
    };
    assert!(text.contains("none was polled again"), "{text}");
    assert!(text.contains("ask_in_vain"), "{text}");
    assert!(
        !text.contains("converse"),
        "only those that leak are shown: {text}"
    );
    assert!(!text.contains("execute_healthy"), "{text}");

    let each = get("/debug/pprof/goroutineleak?debug=2");
    assert!(each.contains("ask_in_vain"), "{each}");
    assert!(
        !each.contains("converse"),
        "only those that leak are shown: {each}"
    );

    let metrics = get("/metrics");
    let leaking = metrics
        .lines()
        .filter(|line| line.starts_with("tokio_tasks_leaking{"));
    let leaking: Vec<u64> = leaking
        .filter_map(|line| line.rsplit(' ').next()?.parse().ok())
        .filter(|leaking| *leaking > 0)
        .collect();
    let alive = probe
        .sites()
        .iter()
        .filter(|site| site.site.file.ends_with("cohorts.rs"))
        .map(SiteCount::alive)
        .max();
    assert_eq!(leaking.len(), 1, "{metrics}");
    assert!(Some(leaking[0]) < alive, "{metrics}");
}
