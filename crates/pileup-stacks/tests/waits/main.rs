//! Kinds of waits: each must be shown with its kind and the line of its `.await`.
//!
//! In the development profile, dependencies have symbols and no debug information. To try the
//! other end, in which all is inlined and names are short:
//!
//! ```text
//! CARGO_PROFILE_RELEASE_DEBUG=line-tables-only cargo test --release -p pileup-stacks --test waits
//! ```

mod cases;
mod watched;

use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::pin::Pin;
use std::sync::Arc;
use std::time::{Duration, Instant};

use pileup_model::Wait;
use pileup_stacks::{Symbols, prepare};
use tokio::runtime::{Builder, Runtime};
use tokio::task::LocalSet;

use watched::{Seen, Watched};

/// A future that waits for ever, and what must be shown of it.
pub struct Case {
    /// The kinds of its waits, in any order.
    kinds: &'static [&'static str],
    /// The line of its innermost `.await` in the file of the cases; 0 if any will do.
    line: u32,
    future: Pin<Box<dyn Future<Output = ()> + Send>>,
}

/// As long as a wait may take to show itself, on a machine that does much else.
const PATIENCE: Duration = Duration::from_secs(20);

/// Checks all cases, which `spawn` starts in a runtime.
async fn check(spawn: impl Fn(Watched<Pin<Box<dyn Future<Output = ()> + Send>>>)) {
    prepare();
    let symbols = Symbols::new(10_000_000);
    let mut waiting: Vec<_> = cases::all()
        .await
        .into_iter()
        .map(|case| {
            let seen = Seen::new();
            spawn(Watched {
                future: Box::pin(case.future),
                seen: Arc::clone(&seen),
            });
            (case.kinds, case.line, seen)
        })
        .collect();
    let count = waiting.len();
    let deadline = Instant::now() + PATIENCE;
    while !waiting.is_empty() && Instant::now() < deadline {
        tokio::time::sleep(Duration::from_millis(20)).await;
        // All at once, because each call opens the debug information anew.
        let stacks: Vec<_> = waiting
            .iter()
            .flat_map(|(_, _, seen)| seen.stacks())
            .collect();
        let _ = symbols.resolve_all(&stacks);
        waiting.retain(|(kinds, line, seen)| !is_right(kinds, *line, &seen.waits(&symbols)));
    }
    for (kinds, line, seen) in &waiting {
        println!("line {line}, expected {kinds:?}:");
        for wait in seen.waits(&symbols) {
            let place = wait
                .place
                .map(|place| (place.function, place.file, place.line));
            println!(
                "  {} at {place:?}{}",
                wait.kind,
                if wait.passed { ", passed" } else { "" }
            );
            for frame in wait.stack {
                println!("    {} {:?} {:?}", frame.function, frame.file, frame.line);
            }
        }
    }
    assert!(waiting.is_empty(), "{} of {count} are wrong", waiting.len());
}

fn is_right(kinds: &[&str], line: u32, waits: &[Wait]) -> bool {
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
fn on_a_current_thread_runtime() {
    run(Builder::new_current_thread(), |runtime| {
        runtime.block_on(check(|task| {
            tokio::spawn(task);
        }));
    });
}

#[test]
fn on_a_multi_thread_runtime() {
    run(Builder::new_multi_thread(), |runtime| {
        runtime.block_on(check(|task| {
            tokio::spawn(task);
        }));
    });
}

#[test]
fn on_a_local_set() {
    run(Builder::new_current_thread(), |runtime| {
        let checking = check(|task| {
            tokio::task::spawn_local(task);
        });
        LocalSet::new().block_on(runtime, checking);
    });
}
