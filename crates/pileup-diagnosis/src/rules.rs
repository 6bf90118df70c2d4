//! The rules. Each is one file that turns a history into cases.

mod case;
mod dependency_sites;
mod held_lock;
mod left_behind;
mod never_polled;
mod never_woken;
mod orphaned_lock;
mod pile_activity;
mod pile_advice;
mod pile_waits;
mod piling_up;
mod pinned_worker;
mod wait_cycle;
mod wake_storm;

use std::collections::HashSet;

use pileup_model::TaskId;

use self::case::Case;
use crate::wait_graph::WaitGraph;
use crate::{Finding, Grade, History};

/// Asks every rule, and keeps one finding of each root cause.
///
/// The rules that name a cause come first. What they explain is not reported once more as
/// a pile, nor as a suspicion.
pub(crate) fn findings(history: &History, graph: &WaitGraph) -> Vec<Finding> {
    let piles = piling_up::piles(history);
    let stopped = never_woken::cases(history, &piles).into_iter();
    let pinned = pinned_worker::cases(history).into_iter();
    let mut cases: Vec<Case> = stopped
        .chain(pinned)
        .map(|case| case.with_those_behind(graph))
        .collect();
    cases.extend(wait_cycle::cases(history, graph, &piles));
    cases.extend(orphaned_lock::cases(history, graph, &piles));
    cases.extend(held_lock::cases(history, graph, &piles, &explained(&cases)));
    cases.extend(never_polled::cases(history, &piles));
    cases.extend(wake_storm::cases(history, &piles));
    let explained = explained(&cases);
    let open = piles
        .iter()
        .filter(|pile| !pile.is_explained_by(&explained));
    cases.extend(open.map(|pile| pile.case(history, graph)));
    let explained = self::explained(&cases);
    cases.extend(left_behind::cases(history, graph));
    cases
        .retain(|case| case.finding.grade > Grade::Suspicious || !case.tasks.is_subset(&explained));
    dependency_sites::fold_into_callers(&mut cases, history);
    cases.into_iter().map(|case| case.finding).collect()
}

/// The tasks of all cases that are more than suspicions.
fn explained(cases: &[Case]) -> HashSet<TaskId> {
    let proven = cases
        .iter()
        .filter(|case| case.finding.grade > Grade::Suspicious);
    proven.flat_map(|case| case.tasks.iter().copied()).collect()
}
