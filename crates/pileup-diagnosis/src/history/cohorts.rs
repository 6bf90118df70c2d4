//! What tells the tasks of one spawn site apart, and for how long each task has stayed in its
//! cohorts. Why it counts stays, and when they begin, stands in `pileup-growth`, in its
//! module `cohorts`.

use std::collections::hash_map::Entry;
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

use jiff::Timestamp;
use pileup_growth::Lifetimes;
use pileup_model::{
    AsyncOp, AsyncOpId, Site, Snapshot, Task, TaskId, TaskState, WaitKind, elapsed,
};

use super::changes::changes;
use crate::facts::{InCommon, WaitFor};

/// A site whose tasks differ in more ways than this is not split by that: each task has a name
/// of its own, perhaps.
const MOST_COHORTS: usize = 64;

/// By what the tasks of a site are told apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Partition {
    Name,
    Wait,
    Still,
}

impl Partition {
    pub(crate) const ALL: [Self; 3] = [Self::Name, Self::Wait, Self::Still];
}

/// The cohorts of all live tasks, and what is known of the tasks that have left them.
#[derive(Debug, Clone, Default)]
pub(crate) struct Cohorts {
    members: HashMap<TaskId, Member>,
    left: LeftAt,
    waits: OpenWaits,
}

/// Those that have left the cohorts of each site.
#[derive(Debug, Clone, Default)]
struct LeftAt {
    /// When the watch began.
    started: Option<Timestamp>,
    sites: BTreeMap<Option<Site>, [LeftBy; 3]>,
}

/// The stays of a live task, by [`Partition`].
pub(crate) type Stays = [Option<Stay>; 3];

/// The cohorts of a live task.
#[derive(Debug, Clone, Default)]
struct Member {
    stays: Stays,
    left: FirstTimes,
}

/// The cohorts that a task has left, and when it first came to each.
#[derive(Debug, Clone, Default)]
struct FirstTimes(Vec<(Arc<InCommon>, Timestamp)>);

/// A task is in a cohort.
#[derive(Debug, Clone)]
pub(crate) struct Stay {
    pub(crate) in_common: Arc<InCommon>,
    /// Since when, as far as is known.
    pub(crate) since: Timestamp,
    /// When it first came there, as far as is known: earlier, if it has left the cohort and come
    /// back.
    pub(crate) first: Timestamp,
}

impl FirstTimes {
    fn note(&mut self, stay: Stay) {
        if self.of(&stay.in_common).is_none() {
            self.0.push((stay.in_common, stay.first));
        }
    }

    fn of(&self, in_common: &InCommon) -> Option<Timestamp> {
        let mut times = self.0.iter();
        let (_, first) = times.find(|(known, _)| **known == *in_common)?;
        Some(*first)
    }
}

/// Those that have left the cohorts of one partition of a site.
#[derive(Debug, Clone, Default)]
pub(crate) struct LeftBy(BTreeMap<Arc<InCommon>, Left>);

/// Those that have left one cohort.
#[derive(Debug, Clone, Default)]
pub(crate) struct Left {
    /// For how long they had stayed.
    pub(crate) stayed: Lifetimes,
    /// For how long those had that were there when the watch began.
    pub(crate) entered: Lifetimes,
}

impl LeftBy {
    /// Those that have left one cohort, if any has.
    pub(crate) fn of(&self, in_common: &InCommon) -> Option<&Left> {
        self.0.get(in_common)
    }

    /// All cohorts that any task has left.
    pub(crate) fn all(&self) -> impl Iterator<Item = (&Arc<InCommon>, &Left)> {
        self.0.iter()
    }

    /// Whether there are too many cohorts to split the site by them.
    pub(crate) fn are_too_many(&self) -> bool {
        self.0.len() > MOST_COHORTS
    }
}

impl LeftAt {
    fn note(&mut self, task: &Task, partition: Partition, stay: &Stay, now: Timestamp) {
        let left = self.sites.entry(task.site.clone()).or_default();
        let left = &mut left[partition as usize];
        if left.are_too_many() {
            return;
        }
        let left = left.0.entry(Arc::clone(&stay.in_common)).or_default();
        left.stayed.add(elapsed(stay.since, now));
        if let Some(started) = self.started.filter(|started| stay.since <= *started) {
            left.entered.add(elapsed(stay.since, started));
        }
    }
}

impl Cohorts {
    /// The stays of a live task.
    pub(crate) fn stays(&self, task: TaskId) -> Option<&Stays> {
        Some(&self.members.get(&task)?.stays)
    }

    /// Those that have left the cohorts of a site; none where no task has.
    pub(crate) fn left(&self, site: Option<&Site>, partition: Partition) -> Option<&LeftBy> {
        let left = self.left.sites.get(&site.cloned())?;
        Some(&left[partition as usize])
    }

    /// Takes in what has changed from one snapshot to the next.
    pub(crate) fn observe(&mut self, before: Option<&Snapshot>, snapshot: &Snapshot) {
        let is_first = before.is_none();
        self.left.started.get_or_insert(snapshot.at);
        let tasks_before = before.map_or(&[][..], |before| &before.tasks);
        let ops_before = before.map_or(&[][..], |before| &before.async_ops);
        let mut touched = self.waits.observe(ops_before, snapshot);
        for (old, new) in changes(tasks_before, &snapshot.tasks, |task| task.id) {
            if let Some(old) = old.filter(|old| new.is_none_or(|new| has_ended(old, new))) {
                self.leave(old, snapshot.at);
            }
            if let Some(new) = new.filter(|new| !new.has_finished()) {
                touched.remove(&new.id);
                self.place(old, new, snapshot.at, is_first);
            }
        }
        for id in touched {
            if let Some(task) = snapshot.task(id).filter(|task| !task.has_finished()) {
                self.place(Some(task), task, snapshot.at, is_first);
            }
        }
    }

    /// Brings the cohorts of a live task up to date.
    fn place(&mut self, old: Option<&Arc<Task>>, task: &Task, now: Timestamp, is_first: bool) {
        let wait = self.wait(task);
        let (Member { stays, left }, name) = match self.members.entry(task.id) {
            Entry::Occupied(known) => (known.into_mut(), None),
            Entry::Vacant(new) => (new.insert(Member::default()), name(task)),
        };
        let was_polled = old.is_none_or(|old| old.polls.count != task.polls.count);
        let in_common = [name, wait, still(task)];
        for ((partition, stay), in_common) in Partition::ALL.into_iter().zip(stays).zip(in_common) {
            let goes_on = match (partition, &*stay) {
                (Partition::Name, Some(_)) => true,
                (Partition::Still, Some(_)) => in_common.is_some() && !was_polled,
                (_, Some(stay)) => in_common.as_ref() == Some(&*stay.in_common),
                (_, None) => in_common.is_none(),
            };
            if goes_on {
                continue;
            }
            // Its await stack may become known after its async ops: it is where it was.
            let is_renamed = partition == Partition::Wait
                && old.is_some_and(|old| old.waits.is_some() != task.waits.is_some());
            let before = stay.take();
            let first_before = before.as_ref().map(|stay| stay.first);
            if let Some(stay) = before.filter(|_| !is_renamed) {
                self.left.note(task, partition, &stay, now);
                left.note(stay);
            }
            // Of the first snapshot it is known that a task has been there since its last poll.
            let since = match partition {
                _ if !is_first => now,
                Partition::Name => task.created_at,
                Partition::Wait | Partition::Still => task.last_active(),
            };
            let since = since.min(now);
            // One that was born since the snapshot before may have come at once.
            let came = if is_renamed {
                first_before.unwrap_or(task.created_at)
            } else {
                old.map_or(task.created_at, |_| now)
            };
            let came = came.min(since);
            *stay = in_common.map(|in_common| Stay {
                since,
                first: left.of(&in_common).unwrap_or(came),
                in_common: Arc::new(in_common),
            });
        }
    }

    /// A task has ended, and left all its cohorts.
    fn leave(&mut self, task: &Task, now: Timestamp) {
        let member = self.members.remove(&task.id).unwrap_or_default();
        for (partition, stay) in Partition::ALL.into_iter().zip(member.stays) {
            if let Some(stay) = stay {
                self.left.note(task, partition, &stay, now);
            }
        }
    }

    fn wait(&self, task: &Task) -> Option<InCommon> {
        match &task.waits {
            Some(_) => await_of(task),
            None => self.waits.of(task.id).cloned(),
        }
    }
}

fn has_ended(old: &Task, new: &Task) -> bool {
    new.has_finished() || old.created_at != new.created_at || old.site != new.site
}

/// The name, where the number of a connection or a request does not count.
fn name(task: &Task) -> Option<InCommon> {
    let mut pattern = String::new();
    for letter in task.name.as_deref()?.chars() {
        if !letter.is_ascii_digit() {
            pattern.push(letter);
        } else if !pattern.ends_with('*') {
            pattern.push('*');
        }
    }
    Some(InCommon::Name {
        name: pattern.into(),
    })
}

/// Where it waits, by its await stack. Of several waits, such as those of a `select!`, it is the
/// first in the order of the source code, so that it is the same in every snapshot.
fn await_of(task: &Task) -> Option<InCommon> {
    let waits = task.waits.as_deref()?.iter().filter(|wait| !wait.passed);
    let in_common = waits.map(|wait| match &wait.place {
        Some(place) => InCommon::AwaitAt {
            function: Arc::clone(&place.function),
            file: place.file.clone(),
            line: place.line,
        },
        None => InCommon::AwaitOf {
            kind: Arc::clone(&wait.kind),
        },
    });
    in_common.min()
}

fn still(task: &Task) -> Option<InCommon> {
    let is_still =
        task.kind.is_scheduled() && task.polls.count > 0 && task.state() == Some(TaskState::Idle);
    is_still.then_some(InCommon::NotPolled)
}

/// What each task waits for, by its open async ops.
#[derive(Debug, Clone, Default)]
struct OpenWaits(HashMap<TaskId, BTreeMap<AsyncOpId, InCommon>>);

impl OpenWaits {
    /// Takes in the ops that have changed. Returns the tasks whose waits may have.
    fn observe(&mut self, before: &[Arc<AsyncOp>], snapshot: &Snapshot) -> BTreeSet<TaskId> {
        let mut touched = BTreeSet::new();
        for (old, new) in changes(before, &snapshot.async_ops, |op| op.id) {
            if let Some((task, op)) = old.and_then(|old| Some((old.task?, old))) {
                touched.insert(task);
                self.close(task, op.id);
            }
            let open = new.filter(|op| op.dropped_at.is_none() && op.parent.is_none());
            if let Some((task, op)) = open.and_then(|op| Some((op.task?, op)))
                && let Some(wait) = wait_for(op, snapshot)
            {
                touched.insert(task);
                self.0.entry(task).or_default().insert(op.id, wait);
            }
        }
        touched
    }

    fn close(&mut self, task: TaskId, op: AsyncOpId) {
        if let Some(ops) = self.0.get_mut(&task) {
            ops.remove(&op);
            if ops.is_empty() {
                self.0.remove(&task);
            }
        }
    }

    /// What a task waits for: its newest op.
    fn of(&self, task: TaskId) -> Option<&InCommon> {
        let (_, wait) = self.0.get(&task)?.last_key_value()?;
        Some(wait)
    }
}

fn wait_for(op: &AsyncOp, snapshot: &Snapshot) -> Option<InCommon> {
    let resource = snapshot.resource_of(op)?;
    Some(InCommon::WaitFor {
        wait: WaitFor {
            kind: WaitKind::of(op, resource),
            made_at: resource.site.clone(),
        },
    })
}
