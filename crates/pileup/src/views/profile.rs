//! A snapshot as counted stacks.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use pileup::{Site, Snapshot, Task, TaskId, TaskState};
use pileup_model::{AsyncOp, WaitKind};
use pileup_profile::{AGE_CLASSES, CountedStack, Frame, Labels, Profile, ProfileKind, age_class};

use crate::sources::Sources;

/// Where tasks were spawned, what they wait in, and what they have in common.
type Stack<'a> = (Option<&'a Site>, Option<&'a Arc<str>>, Labels);

/// What each task waits in, as far as the snapshot tells: the outermost op that is open.
pub fn waits(snapshot: &Snapshot) -> HashMap<TaskId, Arc<str>> {
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

/// The living tasks of a snapshot, by what they wait in and by the function that spawned
/// them.
pub fn profile(snapshot: &Snapshot, sources: &mut Sources) -> Profile {
    let waits = waits(snapshot);
    let mut counts: BTreeMap<Stack, (i64, i64)> = BTreeMap::new();
    for task in snapshot.live_tasks() {
        let Some(state) = task.state() else { continue };
        let waits_in = waits.get(&task.id).filter(|_| state == TaskState::Idle);
        let key = (task.site.as_ref(), waits_in, labels(task, state, snapshot));
        let age = i64::try_from(task.age(snapshot.at).as_nanos()).unwrap_or(i64::MAX);
        let (count, ages) = counts.entry(key).or_default();
        *count += 1;
        *ages = ages.saturating_add(age);
    }
    let stacks = counts
        .into_iter()
        .map(|((site, waits_in, labels), (count, age_nanos))| {
            let leaf = waits_in.map(|source| Frame {
                function: Arc::clone(source),
                file: "".into(),
                line: 0,
            });
            let root = site.map(|site| spawn_frame(site, sources));
            CountedStack {
                frames: leaf.into_iter().chain(root).collect(),
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

/// A file as it is shown: a dependency's from the folder of its crate on.
pub fn short_file(file: &str) -> String {
    let site = Site {
        file: file.into(),
        line: 0,
        column: 0,
    };
    site.short_file().to_owned()
}

/// The place that spawns, by the name of its function where the source is here.
pub fn spawn_frame(site: &Site, sources: &mut Sources) -> Frame {
    let function = match sources.function(site) {
        Some(function) => function.name.as_str().into(),
        None => site.to_string().into(),
    };
    Frame {
        function,
        file: Arc::clone(&site.file),
        line: site.line,
    }
}

fn labels(task: &Task, state: TaskState, snapshot: &Snapshot) -> Labels {
    Labels {
        state: Some(state),
        wait: None,
        runtime: None,
        task: task.name.clone(),
        age: Some(AGE_CLASSES[age_class(task.age(snapshot.at))]),
    }
}
