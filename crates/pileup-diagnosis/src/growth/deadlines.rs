//! When waits end by themselves: the timers that tasks made before they went to wait.
//!
//! Since Tokio 1.53 a `Sleep` names no task. But one that was made while a
//! single task was in its last poll is that task's.

use std::cmp::Reverse;
use std::collections::{BinaryHeap, HashMap};

use jiff::Timestamp;
use pileup_model::{Primitive, Snapshot, Task, TaskId};

/// The earliest deadline of each task that waits under a timer which is not due yet.
pub(crate) fn deadlines(snapshot: &Snapshot) -> HashMap<TaskId, Timestamp> {
    let mut timers: Vec<(Timestamp, Timestamp)> = snapshot
        .resources
        .iter()
        .filter_map(|resource| match resource.primitive() {
            Primitive::Timer { due } => Some((resource.created_at, due?)),
            _ => None,
        })
        .filter(|(_, deadline)| *deadline > snapshot.at)
        .collect();
    if timers.is_empty() {
        return HashMap::new();
    }
    timers.sort_unstable();
    let mut polls: Vec<LastPoll> = snapshot
        .tasks
        .iter()
        .filter_map(|task| LastPoll::of(task))
        .collect();
    polls.sort_unstable_by_key(|poll| poll.started);

    let mut deadlines = HashMap::new();
    let mut polls = polls.into_iter().peekable();
    let mut in_progress = BinaryHeap::new();
    for (made, deadline) in timers {
        while let Some(poll) = polls.next_if(|poll| poll.started <= made) {
            in_progress.push(Reverse((poll.ended, poll.task)));
        }
        while in_progress.peek().is_some_and(|poll| poll.0.0 < made) {
            in_progress.pop();
        }
        // In several polls at once, it is not known whose it is.
        if let (1, Some(Reverse((_, task)))) = (in_progress.len(), in_progress.peek()) {
            let earliest = deadlines.entry(*task).or_insert(deadline);
            *earliest = deadline.min(*earliest);
        }
    }
    deadlines
}

/// The poll after which a task went to wait.
struct LastPoll {
    started: Timestamp,
    ended: Timestamp,
    task: TaskId,
}

impl LastPoll {
    fn of(task: &Task) -> Option<Self> {
        let (started, ended) = (task.polls.last_started?, task.polls.last_ended?);
        (started <= ended).then_some(Self {
            started,
            ended,
            task: task.id,
        })
    }
}
