//! What is known of a live task.

use pileup_model::TaskKind;
use pileup_stacks::StackId;

use crate::clock::Tick;
use crate::records::STACKS_OF_TASK;
use crate::sites::SiteNumber;
use crate::table::{Live, NO_RUNTIME, OWN_NUMBER, Parent, TaskTimes, Woken};

/// One live task, as it was when it was looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct LiveTask {
    /// Unique among all tasks of the process.
    pub number: u64,
    /// Its `tokio::task::Id`; none for a wrapped future that was not polled yet, or that does
    /// not run in Tokio.
    pub tokio_id: Option<u64>,
    /// How it was spawned.
    pub kind: TaskKind,
    /// Where it was spawned.
    pub site: SiteNumber,
    /// When it was spawned.
    pub born: Tick,
    /// The number of its runtime, where a hook of the runtime reported the task.
    pub runtime: Option<u8>,
    /// The task that spawned it; none where that was no task.
    pub parent: Option<TaskRef>,
    /// Polls begun.
    pub polls: u64,
    /// When its last poll began, or ended where that was later.
    pub last_poll: Tick,
    /// Whether a poll runs.
    pub running: bool,
    /// Its wakers; none where they are not seen.
    pub wakers: Option<TaskWakers>,
    /// Its times; none where the registry does not [keep](crate::Registry::keep_times) them, or
    /// did not when the task was spawned.
    pub times: Option<TaskTimes>,
}

/// A task that spawned or woke another: it may have ended by now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct TaskRef {
    /// Its `tokio::task::Id`.
    pub number: u64,
    /// Where it was spawned.
    pub site: SiteNumber,
}

/// The wakers of a task.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct TaskWakers {
    /// Wakers that exist: clones without drops and wakes by value. Negative where the clones
    /// were not all seen.
    pub outstanding: i32,
    /// Wakers cloned.
    pub clones: u32,
    /// Wakes, by value and by reference.
    pub wakes: u32,
    /// Wakes that the task gave itself in its own poll.
    pub self_wakes: u32,
    /// When it was last woken.
    pub last_wake: Option<Tick>,
    /// The task that woke it last; none where that was no task.
    pub woken_by: Option<TaskRef>,
    /// The size of its future in bytes; 0 where it is not known.
    pub size: u32,
    /// Where its wakers were cloned; none for a task that is not sampled.
    pub stacks: Option<TaskStacks>,
}

/// Where the wakers of a task were cloned.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub struct TaskStacks {
    /// Distinct stacks, the newest first. As many of them as there are wakers may belong to a
    /// waker that exists.
    pub newest_first: [Option<StackId>; STACKS_OF_TASK],
    /// Whether the poll of the newest clone has dropped as many wakers as it has cloned, such as
    /// that of a timer which it has reset.
    pub is_newest_dropped: bool,
}

impl LiveTask {
    pub(crate) fn new(live: &Live, stacks: impl FnOnce(u32) -> Option<TaskStacks>) -> Self {
        Self {
            number: live.number,
            tokio_id: (live.number & OWN_NUMBER == 0).then_some(live.number),
            kind: live.lineage.kind,
            site: live.origin.site,
            born: live.origin.born,
            runtime: Some(live.origin.runtime).filter(|runtime| *runtime != NO_RUNTIME),
            parent: live.lineage.parent.map(TaskRef::from),
            polls: live.polls,
            last_poll: live.last_poll,
            running: live.running,
            wakers: live.woken.map(|woken| TaskWakers::new(&woken, stacks)),
            times: live.times,
        }
    }
}

impl TaskWakers {
    fn new(woken: &Woken, stacks: impl FnOnce(u32) -> Option<TaskStacks>) -> Self {
        Self {
            outstanding: woken.outstanding,
            clones: woken.clones,
            wakes: woken.wakes,
            self_wakes: woken.self_wakes,
            last_wake: woken.last_wake,
            woken_by: woken.waker.map(TaskRef::from),
            size: woken.size,
            stacks: stacks(woken.record),
        }
    }
}

impl From<Parent> for TaskRef {
    fn from(parent: Parent) -> Self {
        Self {
            number: parent.number,
            site: parent.site,
        }
    }
}
