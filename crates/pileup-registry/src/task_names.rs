//! The names of tasks that have one, which few do.

use std::collections::{HashMap, VecDeque};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use crate::registry::Registry;

/// Names that are kept of tasks that have ended, and of tasks that live: beyond that, a task is
/// shown without its name.
const ENDED: usize = 4096;
const ALIVE: usize = 1 << 18;
/// Characters of a name that are kept.
const LONGEST: usize = 256;

pub(crate) struct TaskNames {
    has_any: AtomicBool,
    names: Mutex<Names>,
}

#[derive(Default)]
struct Names {
    by_number: HashMap<u64, Arc<str>>,
    ended: VecDeque<u64>,
}

impl TaskNames {
    pub(crate) fn new() -> Self {
        Self {
            has_any: AtomicBool::new(false),
            names: Mutex::default(),
        }
    }

    /// Notes the name of a task that is about to be added; nothing for an empty one.
    pub(crate) fn add(&self, number: u64, name: &str) {
        if name.is_empty() {
            return;
        }
        self.has_any.store(true, Ordering::Relaxed);
        self.with(|names| {
            if names.by_number.len() < ALIVE {
                let name: String = name.chars().take(LONGEST).collect();
                names.by_number.insert(number, name.into());
            }
        });
    }

    /// The task has ended: its name is kept for a while.
    pub(crate) fn end(&self, number: u64) {
        if !self.has_any.load(Ordering::Relaxed) {
            return;
        }
        self.with(|names| {
            if !names.by_number.contains_key(&number) {
                return;
            }
            names.ended.push_back(number);
            if names.ended.len() > ENDED
                && let Some(oldest) = names.ended.pop_front()
            {
                names.by_number.remove(&oldest);
            }
        });
    }

    fn with<T>(&self, use_them: impl FnOnce(&mut Names) -> T) -> T {
        use_them(&mut self.names.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl Registry {
    /// The name that a task was given by `tokio::task::Builder`, if the registry sees it by its
    /// span. Of tasks that have ended, the names of the last 4,096 are known.
    #[must_use]
    pub fn task_name(&self, number: u64) -> Option<Arc<str>> {
        if !self.task_names.has_any.load(Ordering::Relaxed) {
            return None;
        }
        self.task_names
            .with(|names| names.by_number.get(&number).cloned())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_outlives_its_task_for_a_while() {
        let names = TaskNames::new();
        let known = |number| names.with(|names| names.by_number.contains_key(&number));
        names.add(1, "");
        assert!(!known(1));
        for number in 2..=ENDED as u64 + 2 {
            names.add(number, "worker");
            names.end(number);
        }
        assert!(!known(2));
        assert!(known(3));
    }
}
