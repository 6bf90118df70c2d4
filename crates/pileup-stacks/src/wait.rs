//! From the frames of a stack to what a task waits for.

use std::sync::Arc;

use pileup_model::{Frame, Wait};

use crate::kinds;
use crate::names::is_in_dependency;

/// What a task waits for, by the frames at which its waker was cloned, innermost first.
///
/// The frames that cloned the waker are cut off at the one end, and those of the runtime that
/// polled the task at the other. The program's own innermost frame is the place. What is left
/// inside of it gives the kind, by Tokio's name for the wait where it has one, otherwise by the
/// function that the program called.
#[must_use]
pub fn wait_of(frames: &[Frame]) -> Wait {
    let stack = within_task(frames);
    let own = stack.iter().position(is_own);
    let inner = &stack[..own.unwrap_or(stack.len())];
    Wait {
        kind: kind(inner, stack),
        place: own.map(|own| stack[own].clone()),
        stack: stack.to_vec(),
        passed: false,
    }
}

/// The kind of wait of the frames inside of the program's own. The outermost that has a kind
/// gives it.
fn kind(inner: &[Frame], stack: &[Frame]) -> Arc<str> {
    let functions = || inner.iter().rev().map(|frame| &*frame.function);
    let known = functions().find_map(kinds::of);
    if let Some(kind) = known.or_else(|| functions().find_map(kinds::in_general)) {
        return kind.into();
    }
    // What the program called, or its own function, which waits by itself.
    let called = inner
        .iter()
        .rev()
        .find(|frame| !kinds::passes_on(&frame.function));
    let frame = called.or_else(|| stack.get(inner.len())).or(stack.first());
    frame.map_or_else(|| "unknown".into(), |frame| Arc::clone(&frame.function))
}

/// The frames from the future that cloned the waker out to the task's own future.
fn within_task(frames: &[Frame]) -> &[Frame] {
    let cloning = frames
        .iter()
        .rposition(|frame| clones_waker(&frame.function));
    let frames = &frames[cloning.map_or(0, |cloning| cloning + 1)..];
    let runtime = frames.iter().position(|frame| polls_tasks(&frame.function));
    let frames = &frames[..runtime.unwrap_or(frames.len())];
    // Tokio wraps each task in a span of its own, if it was built with `tracing`. Where the
    // capture ends inside of that, a frame of it may be left all the same.
    let is_span = |frame: &Frame| frame.function.starts_with("tracing::instrument::");
    match frames.split_last() {
        Some((last, rest)) if is_span(last) => rest,
        _ => frames,
    }
}

/// Whether a function is on the way from a future to the waker's own code.
fn clones_waker(function: &str) -> bool {
    [
        "core::task::wake::Waker::clone",
        "core::task::wake::Waker::clone_from",
        "core::task::wake::clone",
        "core::task::wake::clone_from",
        "tokio::runtime::task::waker::clone_waker",
        "pileup_registry::wrapped::waker::clone",
    ]
    .contains(&function)
}

/// Whether a function is one of those that poll a task's own future.
fn polls_tasks(function: &str) -> bool {
    // The modules have other functions, which a `JoinHandle` calls.
    let modules = [
        "tokio::runtime::task::core::",
        "tokio::runtime::task::harness::",
    ];
    let is_of_runtime = modules.iter().any(|module| function.starts_with(module));
    let name = function.rsplit("::").next().unwrap_or_default();
    is_of_runtime && ["poll", "poll_inner", "poll_future"].contains(&name)
        || function.starts_with("pileup_registry::wrapped::")
}

/// Whether a frame is in the program's own code.
fn is_own(frame: &Frame) -> bool {
    let file = frame.file.as_deref();
    file.is_some_and(|file| !is_in_dependency(file))
}
