//! Kinds of waits: each must be shown with its kind and the line of its `.await`, by the
//! subscriber and by the wrapper, on every kind of runtime.
//!
//! In the development profile, dependencies have symbols and no debug information. To try the
//! other end, in which all is inlined and names are short:
//!
//! ```text
//! CARGO_PROFILE_RELEASE_DEBUG=line-tables-only cargo test --release -p pileup-registry --test waits
//! ```
#![cfg(tokio_unstable)]

mod cases;
mod silent_grpc;

use std::collections::HashMap;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::pin::Pin;
use std::sync::{Arc, LazyLock};
use std::time::{Duration, Instant};

use pileup_model::Wait;
use pileup_registry::{LiveTask, Registry, Sampling};
use tokio::runtime::{Builder, Runtime};
use tokio::task::{AbortHandle, LocalSet};
use tracing_subscriber::util::SubscriberInitExt;

/// A future that waits for ever, and what must be shown of it.
pub struct Case {
    /// The kinds of its waits, in any order.
    kinds: &'static [&'static str],
    /// The line of its innermost `.await` in the file of the cases; 0 if any will do.
    line: u32,
    future: Waiting,
}

type Waiting = Pin<Box<dyn Future<Output = ()> + Send>>;

/// As long as a wait may take to show itself, on a machine that does much else.
const PATIENCE: Duration = Duration::from_secs(60);

/// What the subscriber of the process reports to.
static BY_SUBSCRIBER: LazyLock<Arc<Registry>> = LazyLock::new(|| {
    let registry = Arc::new(Registry::new(Sampling::ALL));
    let none = tracing::subscriber::NoSubscriber::default();
    registry.subscriber(none).init();
    registry
});

/// Checks all cases, which `spawn` starts in a runtime.
async fn check(registry: &Registry, spawn: impl Fn(Waiting) -> AbortHandle) {
    let mut waiting: Vec<_> = cases::all()
        .await
        .into_iter()
        .map(|case| (case.kinds, case.line, spawn(case.future)))
        .collect();
    let count = waiting.len();
    assert!(count >= 80, "{count} cases");
    let deadline = Instant::now() + PATIENCE;
    while !waiting.is_empty() && Instant::now() < deadline {
        tokio::time::sleep(Duration::from_millis(20)).await;
        let shown = shown(registry);
        waiting.retain(|(kinds, line, task)| !is_right(kinds, *line, shown.get(&number(task))));
    }
    let shown = shown(registry);
    for (kinds, line, task) in &waiting {
        println!("line {line}, expected {kinds:?}:");
        match shown.get(&number(task)) {
            Some((task, waits)) => println!("{task:#?}\n{waits:#?}"),
            None => println!("no such task"),
        }
    }
    assert!(waiting.is_empty(), "{} of {count} are wrong", waiting.len());
}

/// All tasks by number, and where they wait.
fn shown(registry: &Registry) -> HashMap<u64, (LiveTask, Option<Vec<Wait>>)> {
    let mut shown = HashMap::new();
    let mut waits = registry.waits();
    registry.for_each_live(|task| {
        let waits = waits.of(&task);
        let waits = waits.map(|waits| waits.iter().map(|wait| Wait::clone(wait)).collect());
        shown.insert(task.number, (task, waits));
    });
    shown
}

fn number(task: &AbortHandle) -> u64 {
    task.id().to_string().parse().expect("an id is a number")
}

fn is_right(kinds: &[&str], line: u32, shown: Option<&(LiveTask, Option<Vec<Wait>>)>) -> bool {
    let Some((_, Some(waits))) = shown else {
        return false;
    };
    let mut shown: Vec<_> = waits.iter().map(|wait| &*wait.kind).collect();
    let mut expected = kinds.to_vec();
    shown.sort_unstable();
    shown.dedup();
    expected.sort_unstable();
    let is_at_line = |wait: &Wait| {
        let place = wait.place.as_ref();
        let file = place.and_then(|place| place.file.as_deref());
        file.is_some_and(|file| file.ends_with("tests/waits/cases.rs"))
            && (line == 0 || place.and_then(|place| place.line) == Some(line))
    };
    shown == expected && waits.iter().all(is_at_line)
}

/// Runs the check, and leaves the threads that are blocked for ever.
fn run(mut builder: Builder, check: impl FnOnce(&Runtime)) {
    let runtime = builder.enable_all().build().expect("a runtime");
    let checked = catch_unwind(AssertUnwindSafe(|| check(&runtime)));
    runtime.shutdown_background();
    checked.unwrap_or_else(|panic| resume_unwind(panic));
}

#[test]
fn by_the_subscriber_on_a_current_thread_runtime() {
    let registry = &*BY_SUBSCRIBER;
    run(Builder::new_current_thread(), |runtime| {
        runtime.block_on(check(registry, |task| tokio::spawn(task).abort_handle()));
    });
}

#[test]
fn by_the_subscriber_on_a_multi_thread_runtime() {
    let registry = &*BY_SUBSCRIBER;
    run(Builder::new_multi_thread(), |runtime| {
        runtime.block_on(check(registry, |task| tokio::spawn(task).abort_handle()));
    });
}

#[test]
fn by_the_subscriber_on_a_local_set() {
    let registry = &*BY_SUBSCRIBER;
    run(Builder::new_current_thread(), |runtime| {
        let spawn = |task| tokio::task::spawn_local(task).abort_handle();
        LocalSet::new().block_on(runtime, check(registry, spawn));
    });
}

#[test]
fn by_the_wrapper_on_a_current_thread_runtime() {
    let registry = Arc::new(Registry::new(Sampling::ALL));
    run(Builder::new_current_thread(), |runtime| {
        runtime.block_on(check(&registry, |task| registry.spawn(task).abort_handle()));
    });
}

#[test]
fn by_the_wrapper_on_a_multi_thread_runtime() {
    let registry = Arc::new(Registry::new(Sampling::ALL));
    run(Builder::new_multi_thread(), |runtime| {
        runtime.block_on(check(&registry, |task| registry.spawn(task).abort_handle()));
    });
}

#[test]
fn by_the_wrapper_on_a_local_set() {
    let registry = Arc::new(Registry::new(Sampling::ALL));
    run(Builder::new_current_thread(), |runtime| {
        let spawn = |task| tokio::task::spawn_local(registry.wrap(task)).abort_handle();
        LocalSet::new().block_on(runtime, check(&registry, spawn));
    });
}
