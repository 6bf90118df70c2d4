//! Spawn sites inside dependencies, folded into the finding of the code that calls them.
//!
//! One request that hangs leaves two tasks: the caller's, and the connection's, which the
//! HTTP library spawns at a line of its own. That line is not at fault. The wire names no
//! parent of a task, but a task can only be spawned while its parent is being polled: where
//! the tasks of a dependency's site were each born in the active time of a task of one
//! other finding, and that time is short enough to say something, the two are one cause.

use jiff::Timestamp;
use pileup_model::{Site, elapsed};

use super::case::Case;
use crate::words::count;
use crate::{Code, Finding, History, SiteHistory};

/// Four in five of the births must fall into the caller's active times.
const EXPLAINED_OF_5: usize = 4;
/// A caller that is active for more than half of the watch would explain anything.
const ACTIVE_PART: u32 = 2;

pub(super) fn fold_into_callers(cases: &mut Vec<Case>, history: &History) {
    let (inside, mut own): (Vec<Case>, Vec<Case>) = cases.drain(..).partition(|case| {
        let site = case.finding.site.as_ref();
        site.is_some_and(Site::is_in_dependency) && case.finding.code == Code::PilingUp
    });
    for case in inside {
        let caller = caller(&case.finding, &own, history);
        match caller.and_then(|index| own.get_mut(index)) {
            Some(caller) => caller.finding.evidence.push(companion(&case.finding)),
            None => cases.push(case),
        }
    }
    cases.append(&mut own);
}

fn companion(finding: &Finding) -> String {
    let site = finding.site.as_ref().map(Site::to_string);
    format!(
        "while active they spawn tasks inside a dependency, of which {} alive too: {}",
        match finding.alive {
            1 => "1 is".to_owned(),
            _ => count(finding.alive, "task").replace(" tasks", " are"),
        },
        site.unwrap_or_default()
    )
}

/// The finding in whose active times most of the tasks of `inside` were born.
fn caller(inside: &Finding, own: &[Case], history: &History) -> Option<usize> {
    let births: Vec<Timestamp> = history
        .site(inside.site.as_ref())?
        .living
        .iter()
        .map(|task| task.created_at)
        .collect();
    let explained = |index: usize, case: &Case| {
        let seen = history.site(case.finding.site.as_ref())?;
        let times = active_times(seen, history)?;
        let explained = births
            .iter()
            .filter(|birth| covers(&times, **birth))
            .count();
        (explained * 5 >= births.len() * EXPLAINED_OF_5).then_some((explained, index))
    };
    own.iter()
        .enumerate()
        .filter_map(|(index, case)| explained(index, case))
        .max()
        .map(|(_, index)| index)
}

/// From birth to last poll of each living task, in order and merged; none when they make up
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
    let active: std::time::Duration = times.iter().map(|time| elapsed(time.0, time.1)).sum();
    (active * ACTIVE_PART <= whole).then_some(times)
}

fn covers(times: &[(Timestamp, Timestamp)], moment: Timestamp) -> bool {
    let next = times.partition_point(|time| time.0 <= moment);
    next.checked_sub(1)
        .and_then(|index| times.get(index))
        .is_some_and(|time| moment <= time.1)
}
