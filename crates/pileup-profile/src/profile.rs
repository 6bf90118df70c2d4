//! A profile: live tasks, counted by where they stand and what they have in common.

use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use pileup_model::{Site, TaskState};

/// The live tasks of one moment, or how they changed over some time.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Profile {
    /// Which of pprof's profiles it is.
    pub kind: ProfileKind,
    /// When the tasks were counted.
    pub taken_at: Timestamp,
    /// Of a difference, the time over which it is one.
    pub duration: Option<Duration>,
    /// The tasks, each in one stack.
    pub stacks: Vec<CountedStack>,
    /// What else a reader should know, such as on what evidence tasks are in the profile.
    pub comments: Vec<String>,
}

/// The profiles of Go that Tokio's tasks have a counterpart of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ProfileKind {
    /// All live tasks.
    Goroutine,
    /// Those that will not finish.
    GoroutineLeak,
}

/// Tasks with one stack and the same labels.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CountedStack {
    /// What they wait in, if that is known, and at the end the function that spawned them.
    pub frames: Vec<Frame>,
    /// What they have in common.
    pub labels: Labels,
    /// How many there are; of a difference, how many more.
    pub count: i64,
    /// Their ages, added up, in nanoseconds; of a difference, how much more.
    pub age_nanos: i64,
}

/// A place in a stack.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Frame {
    /// The function, or the place once more where the function is not known.
    pub function: Arc<str>,
    /// The source file; empty for a function of a library.
    pub file: Arc<str>,
    /// The line, counted from 1; 0 where there is none.
    pub line: u32,
}

impl Frame {
    /// The place that spawns, by the name of its function where that is known.
    #[must_use]
    pub fn of_spawn(site: &Site, function: Option<&str>) -> Self {
        Self {
            function: function.map_or_else(|| site.to_string().into(), Into::into),
            file: Arc::clone(&site.file),
            line: site.line,
        }
    }
}

impl From<&pileup_model::Frame> for Frame {
    fn from(frame: &pileup_model::Frame) -> Self {
        Self {
            function: Arc::clone(&frame.function),
            file: frame.file.clone().unwrap_or_default(),
            line: frame.line.unwrap_or_default(),
        }
    }
}

/// What the tasks of a stack have in common.
#[derive(Debug, Clone, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Labels {
    /// What they do.
    pub state: Option<TaskState>,
    /// What they wait in, such as `mpsc::Receiver::recv`.
    pub wait: Option<Arc<str>>,
    /// What they wait in as well, such as the other branches of a `select!`, with the places:
    /// [`other_waits`](crate::other_waits) makes it.
    pub also_waits: Option<Arc<str>>,
    /// Where they waited last, if nothing can wake them any more.
    pub last_wait: Option<Arc<str>>,
    /// The runtime that runs them.
    pub runtime: Option<Arc<str>>,
    /// The name that `tokio::task::Builder` gave them.
    pub task: Option<Arc<str>>,
    /// The least age of their class: one of [`AGE_CLASSES`](crate::AGE_CLASSES).
    pub age: Option<Duration>,
}

impl ProfileKind {
    /// The name that pprof's tools know it by.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Goroutine => "goroutine",
            Self::GoroutineLeak => "goroutineleak",
        }
    }
}

impl Labels {
    /// The labels that are text, by name.
    pub(crate) fn texts(&self) -> impl Iterator<Item = (&'static str, &str)> {
        let state = self.state.map(|state| ("state", state_name(state)));
        let runtime = self.runtime.as_deref().map(|name| ("runtime", name));
        let wait = self.wait.as_deref().map(|wait| ("wait", wait));
        let task = self.task.as_deref().map(|name| ("task", name));
        let also = self.also_waits.as_deref().map(|also| ("also_waits", also));
        let last = self.last_wait.as_deref().map(|last| ("last_wait", last));
        let texts = [runtime, state, wait, also, last, task];
        texts.into_iter().flatten()
    }
}

impl Profile {
    /// All tasks of the profile.
    #[must_use]
    pub fn total(&self) -> i64 {
        self.stacks.iter().map(|stack| stack.count).sum()
    }
}

/// A state as a word.
pub(crate) fn state_name(state: TaskState) -> &'static str {
    match state {
        TaskState::Idle => "idle",
        TaskState::Scheduled => "scheduled",
        TaskState::Running => "running",
    }
}
