//! Spawn sites inside dependencies, folded into the finding of the code that calls them.
//!
//! One request that hangs leaves two tasks: the caller's, and the connection's, which the
//! HTTP library spawns at a line of its own. That line is not at fault. The wire names no
//! parent of a task, but a task can only be spawned while its parent is being polled: where
//! the tasks of a dependency's site were each born in the active time of a task of one
//! other finding, and that time is short enough to say something, the two are one cause.

use std::time::Duration;

use jiff::Timestamp;
use pileup_model::{Site, elapsed};

use super::evidence::Evidence;
use crate::history::{History, SiteHistory};
use crate::rules::{Claim, Code, Graded};
use crate::thresholds::{ACTIVE_PART, are_most};

/// Folds the claims about sites in dependencies into those of their callers.
pub(super) fn fold_into_callers(claims: Vec<Graded>, history: &History) -> Vec<Graded> {
    let (inside, mut own): (Vec<Graded>, Vec<Graded>) = claims.into_iter().partition(|graded| {
        let site = graded.claim.site.as_ref();
        site.is_some_and(Site::is_in_dependency) && graded.claim.code == Code::PilingUp
    });
    let mut alone = Vec::new();
    for graded in inside {
        let caller = caller(&graded.claim, &own, history);
        match caller.and_then(|index| own.get_mut(index)) {
            Some(caller) => fold(graded.claim, &mut caller.claim, history),
            None => alone.push(graded),
        }
    }
    alone.append(&mut own);
    alone
}

fn fold(inside: Claim, caller: &mut Claim, history: &History) {
    let seen = history.site(inside.site.as_ref());
    caller.evidence.push(Evidence::SpawnInDependency {
        alive: seen.map_or(0, |seen| seen.living.len()),
        spawned_at: inside.site,
    });
    caller.members.extend(inside.members);
}

/// The claim in whose active times most of the tasks of `inside` were born.
fn caller(inside: &Claim, own: &[Graded], history: &History) -> Option<usize> {
    let births: Vec<Timestamp> = history
        .site(inside.site.as_ref())?
        .living
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
    for task in &seen.living {
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
