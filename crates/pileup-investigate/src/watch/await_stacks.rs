//! What only a probe knows of a console's tasks: where they wait, who woke them, and who
//! spawned them.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use crate::{Snapshot, Task, TaskId, TaskState};
use jiff::Timestamp;
use pileup_model::{Scheduling, Wait, WokenBy, elapsed};

/// Console and probe of one process say of a task's birth the same, but for the ticks of the
/// probe's clock.
const SAME_BIRTH: Duration = Duration::from_secs(1);

/// Adds to the tasks of a console what a probe knows of them. A task that has not changed stays
/// the same allocation, as the history of a watch relies on.
#[derive(Default)]
pub struct AwaitStacks {
    added: HashMap<TaskId, Added>,
}

/// A task of the console, and the same with what was added.
struct Added {
    console: Arc<Task>,
    joined: Arc<Task>,
}

type ByTokioId = HashMap<u64, Arc<Task>>;

/// A probe's answer, and the one before it.
#[derive(Default)]
pub struct Answer {
    at: Timestamp,
    tasks: Arc<ByTokioId>,
    before: Arc<ByTokioId>,
    /// How long tasks and threads of the program waited for a processor.
    scheduling: Option<Scheduling>,
}

impl Answer {
    /// The answer that follows on this one.
    pub fn next(&self, probe: &Snapshot) -> Self {
        let tasks = probe.tasks.iter();
        let tasks = tasks.filter_map(|task| Some((task.tokio_id?, Arc::clone(task))));
        Self {
            at: probe.at,
            tasks: Arc::new(tasks.collect()),
            before: Arc::clone(&self.tasks),
            scheduling: probe.coverage.scheduling,
        }
    }

    /// When it was given.
    #[cfg(test)]
    pub fn at(&self) -> Timestamp {
        self.at
    }

    /// Whether the answer is of the process that the console shows; none while no task is
    /// known to both. Tokio counts its ids anew in each process, so that a task is the same
    /// only if its spawn site and its birth are.
    pub fn is_of_process(&self, console: &Snapshot) -> Option<bool> {
        let (mut same, mut other) = (0_usize, 0_usize);
        for task in &console.tasks {
            let Some(probed) = task.tokio_id.and_then(|id| self.tasks.get(&id)) else {
                continue;
            };
            let (first, last) = (
                task.created_at.min(probed.created_at),
                task.created_at.max(probed.created_at),
            );
            if task.site == probed.site && elapsed(first, last) <= SAME_BIRTH {
                same += 1;
            } else {
                other += 1;
            }
        }
        (same + other > 0).then_some(same > other)
    }
}

impl AwaitStacks {
    /// Adds what the probe's latest answer has of each task, and of their waits for a processor.
    pub fn add(&mut self, console: &mut Snapshot, answer: &Answer) {
        console.coverage.scheduling = answer.scheduling;
        let mut before = std::mem::take(&mut self.added);
        for task in &mut console.tasks {
            let Some(probed) = task.tokio_id.and_then(|id| answer.tasks.get(&id)) else {
                continue;
            };
            let joined = Arc::new(answer.joined(task, probed));
            let known = before
                .remove(&task.id)
                .filter(|known| Arc::ptr_eq(&known.console, task) && known.joined == joined);
            let added = known.unwrap_or_else(|| Added {
                console: Arc::clone(task),
                joined,
            });
            *task = Arc::clone(&added.joined);
            self.added.insert(task.id, added);
        }
    }
}

impl Answer {
    /// A task of the console with what the probe knows of it.
    fn joined(&self, console: &Task, probed: &Task) -> Task {
        let waits = probed.waits.clone();
        Task {
            waits: waits.filter(|waits| self.is_current(waits, console)),
            last_wait: self.last_wait(console, probed),
            parent: probed.parent,
            parent_site: probed.parent_site.clone(),
            woken_by: self.woken_by(console, probed),
            size_bytes: console.size_bytes.or(probed.size_bytes),
            ..console.clone()
        }
    }

    /// Where a task waited last that has no waker. One that was polled since has perhaps gone on.
    fn last_wait(&self, console: &Task, probed: &Task) -> Option<Arc<Wait>> {
        let is_current = console.last_active() <= self.at;
        probed.last_wait.clone().filter(|_| is_current)
    }

    /// Who woke a task last. The console may have a later wake than the answer: then the waker is
    /// taken to be the same, if it was in the answer before as well.
    fn woken_by(&self, console: &Task, probed: &Task) -> Option<Arc<WokenBy>> {
        let last_wake = console.wakers.and_then(|wakers| wakers.last_wake);
        let woken_by = probed.woken_by.as_ref()?;
        let before = console.tokio_id.and_then(|id| self.before.get(&id));
        let is_usual = || before.is_some_and(|task| task.woken_by.as_ref() == Some(woken_by));
        (last_wake <= Some(self.at) || is_usual()).then(|| Arc::clone(woken_by))
    }

    /// Whether a task still waits where the answer has it, which is older than what the console
    /// says. A task that was polled since may have gone on, unless it was at the same place in
    /// the answer before: then it is a loop that comes back there.
    fn is_current(&self, waits: &[Arc<Wait>], console: &Task) -> bool {
        let has_waker = console.waker_count().map(|wakers| wakers > 0);
        if console.state() != Some(TaskState::Idle) || has_waker == Some(waits.is_empty()) {
            return false;
        }
        let before = console.tokio_id.and_then(|id| self.before.get(&id));
        let came_back = || before.is_some_and(|task| task.waits.as_deref() == Some(waits));
        console.last_active() <= self.at || came_back()
    }
}

#[cfg(test)]
mod tests {
    use crate::Site;
    use pileup_model::{Polls, TaskKind, Wakers};

    use super::*;

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(second).expect("a small number")
    }

    fn task(id: u64, born: i64) -> Task {
        Task {
            tokio_id: Some(71),
            site: Some(Site {
                file: "src/orders.rs".into(),
                line: 40,
                column: 5,
            }),
            ..Task::new(TaskId(id), TaskKind::Async, at(born))
        }
    }

    fn snapshot(task: Task) -> Snapshot {
        Snapshot {
            tasks: vec![Arc::new(task)],
            ..Snapshot::new(at(100))
        }
    }

    fn waiting(born: i64) -> Answer {
        let wait = Wait {
            kind: "mpsc::Receiver::recv".into(),
            place: None,
            stack: Vec::new(),
            passed: false,
        };
        Answer::default().next(&snapshot(Task {
            waits: Some([Arc::new(wait)].into()),
            parent: Some(7),
            ..task(71, born)
        }))
    }

    #[test]
    fn a_task_has_the_waits_of_the_probe_and_stays_the_same_while_nothing_changes() {
        let console = snapshot(task(1, 50));
        let mut stacks = AwaitStacks::default();
        let mut first = console.clone();
        stacks.add(&mut first, &waiting(50));
        assert_eq!(
            first.tasks[0].waits.as_ref().map(|waits| waits.len()),
            Some(1)
        );
        assert_eq!(first.tasks[0].parent, Some(7));
        let mut second = console.clone();
        stacks.add(&mut second, &waiting(50));
        assert!(Arc::ptr_eq(&first.tasks[0], &second.tasks[0]));
    }

    #[test]
    fn a_task_that_is_polled_waits_nowhere() {
        let mut console = snapshot(Task {
            polls: Polls {
                count: 1,
                last_started: Some(at(60)),
                ..Polls::default()
            },
            ..task(1, 50)
        });
        AwaitStacks::default().add(&mut console, &waiting(50));
        assert_eq!(console.tasks[0].waits, None);
    }

    #[test]
    fn a_task_that_was_polled_since_waits_there_only_if_it_comes_back_there() {
        let polled = Polls {
            count: 2,
            last_started: Some(at(101)),
            last_ended: Some(at(101)),
            ..Polls::default()
        };
        let console = snapshot(Task {
            polls: polled,
            ..task(1, 50)
        });
        let first = waiting(50);
        let mut once = console.clone();
        AwaitStacks::default().add(&mut once, &first);
        assert_eq!(once.tasks[0].waits, None);
        let again = Answer {
            at: first.at,
            tasks: Arc::clone(&first.tasks),
            before: Arc::clone(&first.tasks),
            scheduling: None,
        };
        let mut twice = console;
        AwaitStacks::default().add(&mut twice, &again);
        assert!(twice.tasks[0].waits.is_some());
    }

    #[test]
    fn a_wake_after_the_answer_is_taken_for_one_of_the_same_waker_only_if_that_is_usual() {
        let woken = |second| Task {
            wakers: Some(Wakers {
                last_wake: Some(at(second)),
                ..Wakers::default()
            }),
            ..task(1, 50)
        };
        let woken_by = Arc::new(WokenBy {
            task: Some(9),
            site: None,
        });
        let probed = snapshot(Task {
            woken_by: Some(Arc::clone(&woken_by)),
            ..task(71, 50)
        });
        let waker = |answer: &Answer, second| {
            let mut console = snapshot(woken(second));
            AwaitStacks::default().add(&mut console, answer);
            console.tasks[0].woken_by.clone()
        };
        let first = Answer::default().next(&probed);
        assert_eq!(waker(&first, 99), Some(Arc::clone(&woken_by)));
        assert_eq!(waker(&first, 101), None);
        assert_eq!(waker(&first.next(&probed), 101), Some(woken_by));
    }

    #[test]
    fn the_probe_of_another_process_is_known_by_the_births_of_its_tasks() {
        let console = snapshot(task(1, 50));
        assert_eq!(waiting(50).is_of_process(&console), Some(true));
        assert_eq!(waiting(90).is_of_process(&console), Some(false));
        let empty = Answer::default();
        assert_eq!(empty.is_of_process(&console), None);
    }
}
