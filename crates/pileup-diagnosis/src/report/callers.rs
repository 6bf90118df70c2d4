//! Spawn sites inside dependencies, folded into the finding of the code that calls them.
//!
//! One request that hangs leaves two tasks: the caller's, and the connection's, which the
//! HTTP library spawns at a line of its own. That line is not at fault: the finding is that of
//! the program's own line whose tasks spawned them.
//!
//! Where the source reports the parent of a task, that line is known, also when the parent has
//! ended. Otherwise a task can only be spawned while its parent is being polled: where the tasks of
//! a dependency's site were each born in the active time of a task of one other finding, and that
//! time is short enough to say something, the two are one cause.
//!
//! A server's library spawns a task for each connection or request, and that task calls the
//! program, which spawns a task and waits for it. Then the dependency's tasks are the parents, and
//! wait behind the program's own: they are folded into its finding in the same way.

use std::collections::BTreeMap;
use std::time::Duration;

use jiff::Timestamp;
use pileup_model::{Site, Snapshot, elapsed};

use crate::facts::Evidence;
use crate::history::{History, SiteHistory};
use crate::root_causes::Graded;
use crate::rules::{Claim, Code};
use crate::thresholds::{ACTIVE_PART, are_most};

/// Folds the claims about sites in dependencies into those of their callers, or gives them
/// the caller's line.
pub(super) fn fold_into_callers(
    claims: Vec<Graded>,
    history: &History,
    latest: &Snapshot,
) -> Vec<Graded> {
    let (inside, mut own): (Vec<Graded>, Vec<Graded>) = claims.into_iter().partition(|graded| {
        let site = graded.claim.site.as_ref();
        site.is_some_and(Site::is_in_dependency)
    });
    let mut alone = Vec::new();
    for mut graded in inside {
        let spawner = own_site(&graded.claim, history, latest);
        let at_spawner = |own: &Graded| own.claim.site.as_ref() == spawner && spawner.is_some();
        let caller = match own.iter().position(at_spawner) {
            Some(caller) => Some(caller),
            None if spawner.is_none() && graded.code == Code::PilingUp => {
                caller(&graded.claim, &own, history)
            }
            None => None,
        };
        if let Some(caller) = caller.and_then(|index| own.get_mut(index)) {
            fold(graded.claim, &mut caller.claim, history);
            continue;
        }
        let child = child(&graded, &own, history, latest);
        if let Some(child) = child.and_then(|index| own.get_mut(index)) {
            fold_parents(graded.claim, &mut child.claim, history);
            continue;
        }
        if let Some(spawner) = spawner {
            let alive = alive(&graded.claim, history);
            let inside = graded.claim.site.replace(spawner.clone());
            graded.claim.evidence.push(Evidence::SpawnInDependency {
                alive,
                spawned_at: inside.clone(),
            });
            graded.claim.grew_at = inside;
        } else {
            let dependency = graded.claim.site.as_ref().and_then(Site::crate_and_version);
            let evidence =
                dependency.map(|(name, version)| Evidence::OfDependency { name, version });
            graded.claim.evidence.extend(evidence);
        }
        alone.push(graded);
    }
    alone.append(&mut own);
    alone
}

fn fold(inside: Claim, caller: &mut Claim, history: &History) {
    caller.evidence.push(Evidence::SpawnInDependency {
        alive: alive(&inside, history),
        spawned_at: inside.site,
    });
    caller.members.extend(inside.members);
}

/// Folds tasks of a dependency into the claim about the tasks that they spawned.
fn fold_parents(inside: Claim, child: &mut Claim, history: &History) {
    child.evidence.push(Evidence::SpawnedByDependency {
        alive: alive(&inside, history),
        spawned_at: inside.site,
    });
    child.waiting.extend(inside.members);
}

/// The claim, as sure as `inside` or surer, of whose tasks most were spawned by tasks of `inside`:
/// as the source reports it, or as their births show.
fn child(inside: &Graded, own: &[Graded], history: &History, latest: &Snapshot) -> Option<usize> {
    let Graded {
        code,
        claim: inside,
        grade,
    } = inside;
    if *code != Code::PilingUp {
        return None;
    }
    let seen = history.site(inside.site.as_ref())?;
    let times = active_times(seen, history);
    let explained = |index: usize, graded: &Graded| {
        let tasks = graded.claim.tasks();
        let tasks = tasks.iter().filter_map(|task| latest.task(*task));
        let at_site = tasks.filter(|task| task.site == graded.claim.site);
        let (mut all, mut explained) = (0, 0);
        for task in at_site {
            all += 1;
            let is_known = task.parent.is_some();
            let times = times.as_deref().unwrap_or_default();
            explained += usize::from(if is_known {
                task.parent_site == inside.site
            } else {
                covers(times, task.created_at)
            });
        }
        (all > 0 && are_most(explained, all)).then_some((explained, index))
    };
    let candidates = own.iter().enumerate();
    let candidates = candidates.filter(|(_, graded)| graded.grade >= *grade);
    let explained = candidates.filter_map(|(index, graded)| explained(index, graded));
    explained.max().map(|(_, index)| index)
}

fn alive(claim: &Claim, history: &History) -> usize {
    let seen = history.site(claim.site.as_ref());
    seen.map_or(0, |seen| seen.live.len())
}

/// The program's own spawn site of which a task spawned most tasks of a claim, directly or by a
/// task of a dependency. That task may have ended.
fn own_site<'a>(claim: &Claim, history: &'a History, latest: &'a Snapshot) -> Option<&'a Site> {
    let mut counts: BTreeMap<&Site, usize> = BTreeMap::new();
    for task in claim.members.iter().filter_map(|task| latest.task(*task)) {
        if let Some(site) = history.lineage().own_ancestor(task) {
            *counts.entry(site).or_default() += 1;
        }
    }
    let (site, tasks) = counts.into_iter().max_by_key(|(_, tasks)| *tasks)?;
    are_most(tasks, claim.members.len()).then_some(site)
}

/// The claim in whose active times most of the tasks of `inside` were born.
fn caller(inside: &Claim, own: &[Graded], history: &History) -> Option<usize> {
    let births: Vec<Timestamp> = history
        .site(inside.site.as_ref())?
        .live
        .iter()
        .map(|task| task.created_at)
        .collect();
    let explained = |index: usize, graded: &Graded| {
        let seen = history.site(graded.claim.site.as_ref())?;
        let times = active_times(seen, history)?;
        let explained = births
            .iter()
            .filter(|birth| covers(&times, **birth))
            .count();
        are_most(explained, births.len()).then_some((explained, index))
    };
    own.iter()
        .enumerate()
        .filter_map(|(index, graded)| explained(index, graded))
        .max()
        .map(|(_, index)| index)
}

/// From birth to last poll of each live task, in order and merged; none when they make up
/// too much of the watch to say anything.
fn active_times(seen: &SiteHistory, history: &History) -> Option<Vec<(Timestamp, Timestamp)>> {
    let mut times: Vec<(Timestamp, Timestamp)> = Vec::new();
    for task in &seen.live {
        let (start, end) = (task.created_at, task.last_active());
        match times.last_mut() {
            Some(last) if start <= last.1 => last.1 = last.1.max(end),
            _ => times.push((start, end)),
        }
    }
    let (first, last) = times.first().zip(times.last())?;
    let whole = elapsed(first.0, last.1).max(history.window());
    let active: Duration = times.iter().map(|time| elapsed(time.0, time.1)).sum();
    (active * ACTIVE_PART <= whole).then_some(times)
}

fn covers(times: &[(Timestamp, Timestamp)], moment: Timestamp) -> bool {
    let next = times.partition_point(|time| time.0 <= moment);
    next.checked_sub(1)
        .and_then(|index| times.get(index))
        .is_some_and(|time| moment <= time.1)
}
