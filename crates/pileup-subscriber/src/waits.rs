//! Where a task waits, in words, and since when it is said so.

use std::collections::HashMap;
use std::fmt::Write;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::{Mutex, PoisonError};

use pileup_model::Wait;
use pileup_registry::{LiveTask, Registry, TaskRef, Tick};

/// Bytes of one text.
const LONGEST: usize = 400;

/// What is said of a live task beyond what Tokio says of it.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Default)]
pub(crate) struct Sayings {
    pub(crate) waits: Option<String>,
    pub(crate) woken_by: Option<String>,
}

/// What was said last of each live task, to any client: so that a client learns of a change,
/// and no client costs memory for each task.
#[derive(Default)]
pub(crate) struct Said(Mutex<HashMap<u64, LastSaid>>);

#[derive(Clone, Copy)]
struct LastSaid {
    hash: u64,
    /// When that was first said.
    since: Tick,
}

impl Sayings {
    /// What is to be said of these tasks. The first time, this reads the program's debug
    /// information, which takes a second or so.
    pub(crate) fn of(registry: &Registry, tasks: &[LiveTask]) -> Vec<Self> {
        let mut waits = registry.waits_of(tasks);
        let says = |task: &LiveTask| Self {
            waits: waits.of(task).and_then(|waits| {
                if waits.is_empty() {
                    nobody_wakes(task)
                } else {
                    Some(in_words(&waits))
                }
            }),
            woken_by: task
                .wakers
                .and_then(|wakers| wakers.woken_by)
                .map(|waker| task_in_words(registry, waker)),
        };
        tasks.iter().map(says).collect()
    }
}

/// A task by its number and the place where it was spawned.
pub(crate) fn task_in_words(registry: &Registry, task: TaskRef) -> String {
    let number = task.number;
    match registry.site(task.site) {
        Some(site) => format!("task {number}, spawned at {}:{}", site.file, site.line),
        None => format!("task {number}"),
    }
}

/// A task without a waker, unless it is on its way to be polled.
fn nobody_wakes(task: &LiveTask) -> Option<String> {
    let times = task.times?;
    let is_scheduled = times.woken > times.poll_began;
    (!is_scheduled).then(|| "nobody can wake it: it has no waker".to_owned())
}

fn in_words(waits: &[std::sync::Arc<Wait>]) -> String {
    let mut text = String::new();
    for wait in waits {
        if !text.is_empty() {
            text.push_str("; ");
        }
        text.push_str(&wait.kind);
        let frame = wait.place.as_ref();
        if let Some(file) = frame.and_then(|frame| frame.file.as_ref()) {
            // A String takes whatever is written.
            let _ = write!(text, " at {file}");
            if let Some(line) = frame.and_then(|frame| frame.line) {
                let _ = write!(text, ":{line}");
            }
        } else if let Some(frame) = frame {
            let _ = write!(text, " in {}", frame.function);
        }
        if wait.passed {
            text.push_str(" (no longer polled)");
        }
    }
    if let Some((end, _)) = text.char_indices().find(|(at, _)| *at >= LONGEST) {
        text.truncate(end);
        text.push('…');
    }
    text
}

impl Said {
    /// Whether a client that knows what was said until `since` does not know this of a task.
    pub(crate) fn is_news(&self, task: u64, sayings: &Sayings, now: Tick, since: Tick) -> bool {
        let mut hasher = DefaultHasher::new();
        sayings.hash(&mut hasher);
        let hash = hasher.finish();
        let mut said = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let last = said.entry(task).or_insert(LastSaid { hash, since: now });
        if last.hash != hash {
            *last = LastSaid { hash, since: now };
        }
        last.since >= since
    }

    /// The task has ended.
    pub(crate) fn forget(&self, task: u64) {
        self.0
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .remove(&task);
    }

    /// Nobody is attached any more.
    pub(crate) fn clear(&self) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = HashMap::new();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_change_is_news_to_each_client_once() {
        let said = Said::default();
        let waiting = |text: &str| Sayings {
            waits: Some(text.to_owned()),
            woken_by: None,
        };
        assert!(said.is_news(1, &waiting("Notify"), 10, 5));
        assert!(
            !said.is_news(1, &waiting("Notify"), 20, 15),
            "the same client"
        );
        assert!(said.is_news(1, &waiting("Mutex"), 30, 25));
        assert!(said.is_news(1, &waiting("Mutex"), 40, 28), "another client");
        said.forget(1);
        assert!(said.is_news(1, &waiting("Mutex"), 50, 45));
    }
}
