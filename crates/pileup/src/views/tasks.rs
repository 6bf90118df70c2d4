//! The live tasks as text: those that were spawned and wait alike together, or each by itself.

use std::cmp::Reverse;
use std::collections::BTreeMap;
use std::io::{self, Write};
use std::time::Duration;

use pileup::{Site, Snapshot, Task, TaskState};
use pileup_model::elapsed;
use pileup_model::figures::{count, duration};

use super::profile::waits;
use crate::render::escape::printable;
use crate::sources::Sources;

/// What tasks have in common that stand together.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
struct Alike<'a> {
    site: Option<&'a Site>,
    state: TaskState,
    waits_in: Option<String>,
    name: Option<&'a str>,
}

/// Writes the tasks that were spawned and wait alike as one paragraph, the most first.
pub fn write_alike(
    snapshot: &Snapshot,
    sources: &mut Sources,
    out: &mut impl Write,
) -> io::Result<()> {
    write_total(snapshot, out)?;
    let mut groups: BTreeMap<Alike, Vec<Duration>> = BTreeMap::new();
    for (task, alike) in live(snapshot) {
        groups.entry(alike).or_default().push(task.age(snapshot.at));
    }
    let mut groups: Vec<_> = groups.into_iter().collect();
    groups.sort_by_key(|(_, ages)| Reverse(ages.len()));
    for (alike, ages) in groups {
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
fn live(snapshot: &Snapshot) -> impl Iterator<Item = (&Task, Alike<'_>)> {
    let ops = waits(snapshot);
    snapshot.live_tasks().filter_map(move |task| {
        let state = task.state()?;
        let by_stack = task.waits.as_ref().and_then(|waits| waits.first());
        let by_stack = by_stack.map(|wait| match &wait.place {
            Some(place) => match (&place.file, place.line) {
                (Some(file), Some(line)) => format!("{} at {file}:{line}", wait.kind),
                _ => wait.kind.to_string(),
            },
            None => wait.kind.to_string(),
        });
        let waits_in = by_stack.or_else(|| ops.get(&task.id).map(ToString::to_string));
        let alike = Alike {
            site: task.site.as_ref(),
            state,
            waits_in: waits_in.filter(|_| state == TaskState::Idle),
            name: task.name.as_deref(),
        };
        Some((&**task, alike))
    })
}

fn write_places(alike: &Alike, sources: &mut Sources, out: &mut impl Write) -> io::Result<()> {
    if let Some(name) = alike.name {
        writeln!(out, "  named {}", printable(name))?;
    }
    if let Some(waits_in) = &alike.waits_in {
        writeln!(out, "  waits in {}", printable(waits_in))?;
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
