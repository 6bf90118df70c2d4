//! Tasks.

use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::{Site, Wait, WokenBy, elapsed};

/// Names a task among the live ones of one program. A later task may get the same number.
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct TaskId(pub u64);

/// How a task came to be.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TaskKind {
    /// `tokio::spawn` and its like.
    Async,
    /// `spawn_local`.
    Local,
    /// `spawn_blocking`: a closure on a thread of its own.
    Blocking,
    /// `Runtime::block_on`: the future that drives the runtime from outside.
    BlockOn,
    /// A kind that this version does not know.
    Other,
}

impl TaskKind {
    /// Whether workers of the runtime poll the task when it is scheduled. They do not poll a
    /// closure, nor the future of `block_on`.
    #[must_use]
    pub fn is_scheduled(self) -> bool {
        matches!(self, Self::Async | Self::Local)
    }
}

/// What a task is doing at one moment.
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TaskState {
    /// It waits to be woken, or for its very first poll.
    Idle,
    /// It was woken and waits for a worker.
    Scheduled,
    /// It is being polled.
    Running,
}

/// One live task, or one that has finished.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Task {
    /// Its id in the console protocol.
    pub id: TaskId,
    /// Its `tokio::task::Id`, which logs and task dumps show.
    pub tokio_id: Option<u64>,
    /// How it came to be.
    pub kind: TaskKind,
    /// The name that `tokio::task::Builder` gave it.
    pub name: Option<Arc<str>>,
    /// Where it was spawned.
    pub site: Option<Site>,
    /// When it was spawned.
    pub created_at: Timestamp,
    /// When it returned, panicked or was aborted: the console does not report which.
    pub finished_at: Option<Timestamp>,
    /// How it was polled.
    pub polls: Polls,
    /// How it was woken, and who still could wake it; none where the source does not see it.
    pub wakers: Option<Wakers>,
    /// The size of its future in bytes, where the source reports it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub size_bytes: Option<u64>,
    /// The `tokio::task::Id` of the task that spawned it; none where that was no task, or
    /// where the source does not report it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub parent: Option<u64>,
    /// Where that task was spawned, which may have ended since; none where the source does not
    /// report it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub parent_site: Option<Site>,
    /// Where it waits, the newest wait first: empty where no waker is left. None where the
    /// source has no await stack of this task. Tasks that wait alike may share the list.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub waits: Option<Arc<[Arc<Wait>]>>,
    /// Where a task of which no waker is left waited last, without the stack; none where it never
    /// waited, or where the source does not report it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_wait: Option<Arc<Wait>>,
    /// Who woke it last, where the source reports it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub woken_by: Option<Arc<WokenBy>>,
}

/// How a task was polled.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Polls {
    /// Polls begun.
    pub count: u64,
    /// When the last poll began.
    pub last_started: Option<Timestamp>,
    /// When the last poll that returned did so.
    pub last_ended: Option<Timestamp>,
    /// Time spent in polls that returned.
    pub busy: Duration,
}

/// How a task was woken, and who still could wake it.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Wakers {
    /// Wakes in all.
    pub wakes: u64,
    /// Wakes that the task gave itself while it was being polled.
    pub self_wakes: u64,
    /// Wakers cloned.
    pub clones: u64,
    /// Wakers dropped; a wake by value counts as a drop.
    pub drops: u64,
    /// When it was last woken.
    pub last_wake: Option<Timestamp>,
    /// From the moment that each poll was due until it began, added up.
    #[serde(default)]
    pub scheduled: Duration,
    /// Whether the last poll is the one that the last wake brought about, with none between.
    /// It is not where the task has finished: its future is dropped in one poll more. None
    /// where the source was not asked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub woken_for_last_poll: Option<bool>,
}

impl Task {
    /// A live task of which nothing is known but its id, its kind and when it was spawned.
    #[must_use]
    pub fn new(id: TaskId, kind: TaskKind, created_at: Timestamp) -> Self {
        Self {
            id,
            tokio_id: None,
            kind,
            name: None,
            site: None,
            created_at,
            finished_at: None,
            polls: Polls::default(),
            wakers: None,
            size_bytes: None,
            parent: None,
            parent_site: None,
            waits: None,
            last_wait: None,
            woken_by: None,
        }
    }

    /// What the task is doing, told as tokio-console tells it. `None` when it has finished.
    #[must_use]
    pub fn state(&self) -> Option<TaskState> {
        if self.finished_at.is_some() {
            return None;
        }
        let Polls {
            last_started,
            last_ended,
            ..
        } = self.polls;
        Some(if last_started > last_ended {
            TaskState::Running
        } else if self.wakers.and_then(|wakers| wakers.last_wake) > last_started {
            TaskState::Scheduled
        } else {
            TaskState::Idle
        })
    }

    /// How long the task has lived at `now`, or had lived when it finished.
    #[must_use]
    pub fn age(&self, now: Timestamp) -> Duration {
        elapsed(self.created_at, self.finished_at.unwrap_or(now))
    }

    /// When the task was last seen to do anything: to begin or to end a poll.
    #[must_use]
    pub fn last_active(&self) -> Timestamp {
        let polled = self.polls.last_started.max(self.polls.last_ended);
        polled.unwrap_or(self.created_at)
    }

    /// Since when the task has been in a poll that has not returned; none if it is in none.
    #[must_use]
    pub fn in_poll_since(&self) -> Option<Timestamp> {
        let is_running = self.state() == Some(TaskState::Running);
        self.polls.last_started.filter(|_| is_running)
    }

    /// Since when the task has waited for a worker: since its last wake, or since it was spawned
    /// where it was never polled. None if it waits for something else, or for nothing.
    #[must_use]
    pub fn due_since(&self) -> Option<Timestamp> {
        match self.state()? {
            TaskState::Scheduled => self.wakers?.last_wake,
            TaskState::Idle if self.polls.count == 0 => Some(self.created_at),
            TaskState::Idle | TaskState::Running => None,
        }
    }

    /// Wakers that exist outside the runtime's own queue: who could still wake the task.
    /// None where the source does not see them, or not all: a task that runs under another
    /// `tracing` subscriber has wakers dropped that nobody saw cloned.
    #[must_use]
    pub fn waker_count(&self) -> Option<u64> {
        let wakers = self.wakers?;
        wakers.clones.checked_sub(wakers.drops)
    }

    /// Whether the task waits, and nobody has a waker of it. Closures, and the future that
    /// drives a runtime, have none that the source sees.
    #[must_use]
    pub fn has_no_waker(&self) -> bool {
        self.kind.is_scheduled()
            && self.state() == Some(TaskState::Idle)
            && self.waker_count() == Some(0)
            && self.polls.count > 0
    }

    /// Whether the task has finished for certain, although the source reports it as live.
    ///
    /// A span that was made in a task, and is open, keeps it on the console. But a task is polled
    /// once when it is spawned, and at most once for each wake; and its future is dropped in
    /// one poll more.
    #[must_use]
    pub fn is_ghost(&self) -> bool {
        let wakes = self.wakers.map_or(0, |wakers| wakers.wakes);
        self.has_no_waker() && self.polls.count > wakes.saturating_add(1)
    }

    /// Whether the task has finished, as far as is known: the source reported so, the task is a
    /// [ghost](Self::is_ghost), or nobody can wake it and its last poll followed no wake.
    ///
    /// Whoever counts live tasks leaves these out.
    #[must_use]
    pub fn has_finished(&self) -> bool {
        let polled_unwoken =
            self.wakers.and_then(|wakers| wakers.woken_for_last_poll) == Some(false);
        self.finished_at.is_some() || self.is_ghost() || (polled_unwoken && self.has_no_waker())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_second(seconds).expect("a small number of seconds")
    }

    fn task() -> Task {
        Task::new(TaskId(1), TaskKind::Async, at(10))
    }

    #[test]
    fn a_task_that_was_not_polled_yet_is_idle() {
        assert_eq!(task().state(), Some(TaskState::Idle));
    }

    #[test]
    fn a_poll_that_has_not_returned_is_running() {
        let mut task = task();
        task.polls.last_started = Some(at(11));
        assert_eq!(task.state(), Some(TaskState::Running));
        task.polls.last_ended = Some(at(12));
        assert_eq!(task.state(), Some(TaskState::Idle));
    }

    #[test]
    fn a_wake_after_the_last_poll_is_scheduled() {
        let mut task = task();
        task.polls.last_started = Some(at(11));
        task.polls.last_ended = Some(at(12));
        task.wakers = Some(Wakers {
            last_wake: Some(at(13)),
            ..Wakers::default()
        });
        assert_eq!(task.state(), Some(TaskState::Scheduled));
    }

    #[test]
    fn a_finished_task_has_no_state_and_ages_no_more() {
        let mut task = task();
        task.finished_at = Some(at(14));
        assert_eq!(task.state(), None);
        assert_eq!(task.age(at(99)), Duration::from_secs(4));
    }

    /// A task that waits, and of which nobody has a waker.
    fn unwakeable(polls: u64, wakes: u64, woken_for_last_poll: Option<bool>) -> Task {
        let mut task = task();
        task.polls = Polls {
            count: polls,
            last_started: Some(at(11)),
            last_ended: Some(at(12)),
            ..Polls::default()
        };
        task.wakers = Some(Wakers {
            wakes,
            woken_for_last_poll,
            ..Wakers::default()
        });
        task
    }

    #[test]
    fn a_task_that_an_open_span_keeps_has_finished() {
        assert!(unwakeable(3, 1, None).has_finished(), "one poll too many");
        assert!(
            unwakeable(3, 2, Some(false)).has_finished(),
            "a poll without a wake"
        );
        assert!(!unwakeable(3, 2, None).has_finished(), "this is not known");
        assert!(!unwakeable(3, 2, Some(true)).has_finished());
        let mut woken = unwakeable(3, 2, Some(false));
        if let Some(wakers) = &mut woken.wakers {
            wakers.clones = 1;
        }
        assert!(!woken.has_finished(), "somebody can wake it");
    }

    #[test]
    fn clocks_that_disagree_give_no_negative_age() {
        assert_eq!(task().age(at(9)), Duration::ZERO);
    }
}
