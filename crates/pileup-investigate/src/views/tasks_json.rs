//! The live tasks for programs: `docs/tasks.md` says what each field means.

use std::collections::HashSet;
use std::io::{self, Write};
use std::sync::Arc;
use std::time::Duration;

use crate::{Seconds, Site, Snapshot, Task, TaskState, WaitPlace};
use jiff::Timestamp;
use pileup_model::{TaskKind, elapsed};
use serde::Serialize;

use super::tasks::{Alike, alike_tasks, live};
use pileup_report::json;

/// Changes whenever a field that readers know does.
const SCHEMA: &str = "pileup.tasks/1";

#[derive(Serialize)]
struct Document<T> {
    schema: &'static str,
    at: Timestamp,
    live: usize,
    /// Tasks that have finished and that an open span keeps on the console.
    kept: usize,
    #[serde(flatten)]
    tasks: T,
}

#[derive(Serialize)]
struct Each<'a> {
    tasks: Vec<One<'a>>,
}

/// One task.
#[derive(Serialize)]
struct One<'a> {
    id: u64,
    name: Option<&'a str>,
    kind: TaskKind,
    state: TaskState,
    site: Option<&'a Site>,
    parent: Option<u64>,
    parent_site: Option<&'a Site>,
    age_seconds: Seconds,
    idle_seconds: Seconds,
    polls: u64,
    size_bytes: Option<u64>,
    op: Option<Arc<str>>,
    waits: Option<Vec<WaitPlace>>,
    woken_by: Option<Waker<'a>>,
}

/// Who woke a task last.
#[derive(Serialize)]
struct Waker<'a> {
    task: Option<u64>,
    site: Option<&'a Site>,
    at: Option<Timestamp>,
    /// Whether that task is alive; none where it was no task.
    alive: Option<bool>,
}

#[derive(Serialize)]
struct Groups<'a> {
    groups: Vec<Group<'a>>,
}

/// Tasks that were spawned and wait alike.
#[derive(Serialize)]
struct Group<'a> {
    tasks: usize,
    name: Option<&'a str>,
    state: TaskState,
    site: Option<&'a Site>,
    mean_age_seconds: Seconds,
    oldest_seconds: Seconds,
    op: Option<Arc<str>>,
    waits: Option<Vec<WaitPlace>>,
}

/// Writes every live task, the oldest first.
pub fn write_each(snapshot: &Snapshot, out: &mut impl Write) -> io::Result<()> {
    let mut tasks: Vec<(&Task, Alike)> = live(snapshot).collect();
    tasks.sort_by_key(|(task, _)| (task.created_at, task.id));
    let alive = snapshot.live_tasks().filter_map(|task| task.tokio_id);
    let alive: HashSet<u64> = alive.collect();
    let tasks = tasks.into_iter().map(|(task, alike)| One {
        id: task.tokio_id.unwrap_or(task.id.0),
        name: alike.name,
        kind: task.kind,
        state: alike.state,
        site: alike.site,
        parent: task.parent,
        parent_site: task.parent_site.as_ref(),
        age_seconds: task.age(snapshot.at).into(),
        idle_seconds: elapsed(task.last_active(), snapshot.at).into(),
        polls: task.polls.count,
        size_bytes: task.size_bytes,
        op: alike.op,
        waits: waits(task, 1),
        woken_by: waker(task, &alive),
    });
    let tasks = tasks.collect();
    write(snapshot, Each { tasks }, out)
}

/// Writes the tasks that were spawned and wait alike as one group, the most first.
pub fn write_alike(snapshot: &Snapshot, out: &mut impl Write) -> io::Result<()> {
    let groups = alike_tasks(snapshot).into_iter();
    let groups = groups.filter_map(|(alike, tasks)| {
        let first = tasks.first()?;
        let ages = || tasks.iter().map(|task| task.age(snapshot.at));
        let all: Duration = ages().sum();
        Some(Group {
            tasks: tasks.len(),
            name: alike.name,
            state: alike.state,
            site: alike.site,
            mean_age_seconds: all.div_f64(tasks.len() as f64).into(),
            oldest_seconds: ages().max().unwrap_or_default().into(),
            op: alike.op,
            waits: waits(first, tasks.len()),
        })
    });
    let groups = groups.collect();
    write(snapshot, Groups { groups }, out)
}

fn waker<'a>(task: &'a Task, alive: &HashSet<u64>) -> Option<Waker<'a>> {
    let woken_by = task.woken_by.as_deref()?;
    Some(Waker {
        task: woken_by.task,
        site: woken_by.site.as_ref(),
        at: task.wakers.and_then(|wakers| wakers.last_wake),
        alive: woken_by.task.map(|waker| alive.contains(&waker)),
    })
}

/// Where a task waits, newest first, with the number of tasks that wait as it does.
fn waits(task: &Task, tasks: usize) -> Option<Vec<WaitPlace>> {
    let waits = task.waits.as_ref()?;
    let places = waits.iter().map(|wait| WaitPlace::new(wait, tasks));
    Some(places.collect())
}

fn write(snapshot: &Snapshot, tasks: impl Serialize, out: &mut impl Write) -> io::Result<()> {
    let live = snapshot.live_tasks().count();
    let document = Document {
        schema: SCHEMA,
        at: snapshot.at,
        live,
        kept: snapshot.tasks.len() - live,
        tasks,
    };
    json::write(&document, out)
}
