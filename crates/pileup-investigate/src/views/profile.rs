//! A snapshot as counted stacks.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use crate::{Site, Snapshot, Task, TaskId, TaskState};
use pileup_model::{AsyncOp, Wait, WaitKind};
use pileup_profile::{
    AGE_CLASSES, CountedStack, Frame, Labels, Profile, ProfileKind, WITHOUT_WAKER, age_class,
    other_waits,
};

use crate::sources::Sources;

/// Where tasks were spawned, what they wait in, and what they have in common.
type Stack<'a> = (Option<&'a Site>, Option<WaitsIn<'a>>, Labels);

/// What a task waits in.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum WaitsIn<'a> {
    /// The newest of its waits, by its await stack.
    Stack(&'a Wait),
    /// Nothing that could wake it.
    Nothing,
    /// An op that Tokio reports, without a stack.
    Op(&'a Arc<str>),
}

/// What each task waits in, as far as the snapshot shows: the outermost op that is open.
pub(crate) fn waits(snapshot: &Snapshot) -> HashMap<TaskId, Arc<str>> {
    let open = |op: &&Arc<AsyncOp>| op.dropped_at.is_none() && op.parent.is_none();
    let ops = snapshot.async_ops.iter().filter(open);
    ops.filter_map(|op| Some((op.task?, primitive(op, snapshot))))
        .collect()
}

/// What an op is called by the code that awaits it.
fn primitive(op: &AsyncOp, snapshot: &Snapshot) -> Arc<str> {
    let Some(inner) = snapshot.resource(op.resource) else {
        return Arc::clone(&op.source);
    };
    let outer = inner.parent.and_then(|parent| snapshot.resource(parent));
    WaitKind::of(op, outer.unwrap_or(inner)).function(op)
}

/// The live tasks of a snapshot, by what they wait in and by the function that spawned
/// them.
pub fn profile(snapshot: &Snapshot, sources: &mut Sources) -> Profile {
    let waits = waits(snapshot);
    let mut counts: BTreeMap<Stack, (i64, i64)> = BTreeMap::new();
    for task in snapshot.live_tasks() {
        let Some(state) = task.state() else { continue };
        let waits_in = waits_in(task, waits.get(&task.id));
        let waits_in = waits_in.filter(|_| state == TaskState::Idle);
        let key = (task.site.as_ref(), waits_in, labels(task, state, snapshot));
        let age = i64::try_from(task.age(snapshot.at).as_nanos()).unwrap_or(i64::MAX);
        let (count, ages) = counts.entry(key).or_default();
        *count += 1;
        *ages = ages.saturating_add(age);
    }
    let stacks = counts
        .into_iter()
        .map(|((site, waits_in, labels), (count, age_nanos))| {
            let inner = waits_in.map_or_else(Vec::new, await_frames);
            let root = site.map(|site| {
                let function = sources.function(site);
                Frame::of_spawn(site, function.map(|function| &*function.name))
            });
            CountedStack {
                frames: inner.into_iter().chain(root).collect(),
                labels,
                count,
                age_nanos,
            }
        });
    Profile {
        kind: ProfileKind::Goroutine,
        taken_at: snapshot.at,
        duration: None,
        stacks: stacks.collect(),
        comments: Vec::new(),
    }
}

/// What a task waits in: by its await stack where the source shows one.
fn waits_in<'a>(task: &'a Task, op: Option<&'a Arc<str>>) -> Option<WaitsIn<'a>> {
    match task.waits.as_deref() {
        Some([newest, ..]) => Some(WaitsIn::Stack(newest)),
        Some([]) => Some(WaitsIn::Nothing),
        None => op.map(WaitsIn::Op),
    }
}

/// The frames from the wait out to the task's own future.
fn await_frames(waits_in: WaitsIn) -> Vec<Frame> {
    let library = |function: Arc<str>| Frame {
        function,
        file: "".into(),
        line: 0,
    };
    match waits_in {
        WaitsIn::Stack(wait) if wait.stack.is_empty() => vec![library(Arc::clone(&wait.kind))],
        WaitsIn::Stack(wait) => wait.stack.iter().map(Frame::from).collect(),
        WaitsIn::Nothing => vec![library(WITHOUT_WAKER.into())],
        WaitsIn::Op(function) => vec![library(Arc::clone(function))],
    }
}

/// Whether a frame is of a dependency, as far as its file says: one without debug information has
/// none.
pub(crate) fn is_of_library(frame: &Frame) -> bool {
    let site = Site {
        file: Arc::clone(&frame.file),
        line: frame.line,
        column: 0,
    };
    frame.file.is_empty() || site.is_in_dependency()
}

/// A file as it is shown: a dependency's from the folder of its crate on.
#[must_use]
pub fn short_file(file: &str) -> String {
    let site = Site {
        file: file.into(),
        line: 0,
        column: 0,
    };
    site.short_file().to_owned()
}

fn labels(task: &Task, state: TaskState, snapshot: &Snapshot) -> Labels {
    let waits = task.waits.as_deref().filter(|_| state == TaskState::Idle);
    Labels {
        state: Some(state),
        wait: match waits {
            Some([newest, ..]) => Some(Arc::clone(&newest.kind)),
            Some([]) => Some(WITHOUT_WAKER.into()),
            None => None,
        },
        also_waits: waits.and_then(other_waits),
        last_wait: None,
        runtime: None,
        task: task.name.clone(),
        age: Some(AGE_CLASSES[age_class(task.age(snapshot.at))]),
    }
}
