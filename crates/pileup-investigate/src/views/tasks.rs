//! The live tasks as text: those that were spawned and wait alike together, or each by itself.

use std::cmp::Reverse;
use std::collections::BTreeMap;
use std::io::{self, Write};
use std::sync::Arc;
use std::time::Duration;

use crate::{Site, Snapshot, Task, TaskState};
use pileup_model::elapsed;
use pileup_model::figures::{count, duration};
use pileup_profile::WITHOUT_WAKER;

use super::profile::waits;
use crate::sources::Sources;
use pileup_report::escape::printable;

/// What tasks have in common that stand together.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Alike<'a> {
    pub(super) site: Option<&'a Site>,
    pub(super) state: TaskState,
    /// The kinds and places of their waits, the newest first.
    waits_in: Vec<String>,
    /// Whether nothing is left that could wake them.
    has_no_waker: bool,
    /// What Tokio calls what they wait in, where it reports that.
    pub(super) op: Option<Arc<str>>,
    pub(super) name: Option<&'a str>,
}

/// The live tasks in groups that were spawned and wait alike, the most first.
pub(super) fn alike_tasks(snapshot: &Snapshot) -> Vec<(Alike<'_>, Vec<&Task>)> {
    let mut groups: BTreeMap<Alike, Vec<&Task>> = BTreeMap::new();
    for (task, alike) in live(snapshot) {
        groups.entry(alike).or_default().push(task);
    }
    let mut groups: Vec<_> = groups.into_iter().collect();
    groups.sort_by_key(|(_, tasks)| Reverse(tasks.len()));
    groups
}

/// Writes the tasks that were spawned and wait alike as one paragraph, the most first.
pub fn write_alike(
    snapshot: &Snapshot,
    sources: &mut Sources,
    out: &mut impl Write,
) -> io::Result<()> {
    write_total(snapshot, out)?;
    for (alike, tasks) in alike_tasks(snapshot) {
        let ages: Vec<Duration> = tasks.iter().map(|task| task.age(snapshot.at)).collect();
        let oldest = ages.iter().max().copied().unwrap_or_default();
        let tasks = count(ages.len() as u64, "task");
        let state = state(alike.state);
        let how_old = match &ages[..] {
            [age] => format!("{} old", duration(*age)),
            ages => {
                let all: Duration = ages.iter().sum();
                let mean = all.div_f64(ages.len() as f64);
                let (mean, oldest) = (duration(mean), duration(oldest));
                format!("{mean} old on average, the oldest {oldest}")
            }
        };
        writeln!(out, "\n{tasks}, {state}, {how_old}")?;
        write_places(&alike, sources, out)?;
    }
    Ok(())
}

/// Writes every task as a paragraph, the oldest first.
pub fn write_each(
    snapshot: &Snapshot,
    sources: &mut Sources,
    out: &mut impl Write,
) -> io::Result<()> {
    write_total(snapshot, out)?;
    let mut tasks: Vec<(&Task, Alike)> = live(snapshot).collect();
    tasks.sort_by_key(|(task, _)| (task.created_at, task.id));
    for (task, alike) in tasks {
        let id = task.tokio_id.unwrap_or(task.id.0);
        let age = duration(task.age(snapshot.at));
        let since = duration(elapsed(task.last_active(), snapshot.at));
        let state = state(alike.state);
        let polls = count(task.polls.count, "poll");
        writeln!(out, "\ntask {id}, {state} for {since}, {age} old, {polls}")?;
        write_places(&alike, sources, out)?;
    }
    Ok(())
}

fn write_total(snapshot: &Snapshot, out: &mut impl Write) -> io::Result<()> {
    let live = snapshot.live_tasks().count();
    let total = count(live as u64, "live task");
    match snapshot.tasks.len() - live {
        0 => writeln!(out, "{total}"),
        kept => writeln!(
            out,
            "{total}; {kept} more have finished, and an open span keeps them on the console"
        ),
    }
}

/// The live tasks, each with what it may have in common with others.
pub(super) fn live(snapshot: &Snapshot) -> impl Iterator<Item = (&Task, Alike<'_>)> {
    let ops = waits(snapshot);
    snapshot.live_tasks().filter_map(move |task| {
        let state = task.state()?;
        let is_idle = state == TaskState::Idle;
        let waits = task.waits.as_deref().filter(|_| is_idle);
        let op = ops.get(&task.id).filter(|_| is_idle).cloned();
        let mut waits_in: Vec<String> = waits
            .into_iter()
            .flatten()
            .map(ToString::to_string)
            .collect();
        let has_no_waker = waits_in.is_empty() && op.is_none() && waits.is_some();
        if waits_in.is_empty() {
            waits_in.extend(op.as_deref().map(str::to_owned));
        }
        let alike = Alike {
            site: task.site.as_ref(),
            state,
            waits_in,
            has_no_waker,
            op,
            name: task.name.as_deref(),
        };
        Some((&**task, alike))
    })
}

fn write_places(alike: &Alike, sources: &mut Sources, out: &mut impl Write) -> io::Result<()> {
    if let Some(name) = alike.name {
        writeln!(out, "  named {}", printable(name))?;
    }
    for (index, waits_in) in alike.waits_in.iter().enumerate() {
        let waits = if index == 0 { "waits" } else { "and" };
        writeln!(out, "  {waits} in {}", printable(waits_in))?;
    }
    if alike.has_no_waker {
        writeln!(out, "  {WITHOUT_WAKER}")?;
    }
    let Some(site) = alike.site else {
        return Ok(());
    };
    let place = printable(&format!("{}:{}", site.short_file(), site.line));
    match sources.function(site) {
        Some(function) => {
            writeln!(out, "  spawned by {} at {place}", printable(&function.name))
        }
        None => writeln!(out, "  spawned at {place}"),
    }
}

fn state(state: TaskState) -> &'static str {
    match state {
        TaskState::Idle => "idle",
        TaskState::Scheduled => "scheduled",
        TaskState::Running => "running",
    }
}
