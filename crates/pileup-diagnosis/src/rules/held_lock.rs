//! PU07: tasks pile up behind a lock whose holder does nothing.
//!
//! A pile of waiters is the symptom; the cause is whoever holds what they wait for. Where
//! the chains of a pile's waits end at tasks that are alive and have not been polled for as
//! long, the finding is theirs.

use std::collections::{BTreeMap, HashSet};
use std::time::Duration;

use pileup_model::{Site, Snapshot, Task, TaskId, TaskState, elapsed};

use super::claim::{Claim, Observation};
use crate::growth::Pile;
use crate::history::SeenTask;
use crate::report::{Advice, Code, Doubt, Evidence, WaitsOn};
use crate::thresholds::are_most;

const ADVICE: Advice = Advice {
    title: [
        "holds what others wait for, and does nothing",
        "wait for a lock whose holder does nothing",
    ],
    cause: "holder does nothing",
    explanation: "Tasks pile up behind a lock that is not given back: the task that holds it waits \
                  for something else that does not come.",
    fix: "Look at what the holder awaits while it holds the guard. End the guard before that await, \
          give the await a timeout, or let one task own the state and send it messages.",
};

pub(super) fn claims(observation: &Observation) -> Vec<Claim> {
    let piles = observation.piles.iter().enumerate();
    let claims = piles.filter_map(|(number, pile)| {
        Some(Claim {
            reads_pile: Some(number),
            ..claim(pile, observation)?
        })
    });
    claims.collect()
}

fn claim(pile: &Pile, observation: &Observation) -> Option<Claim> {
    let Observation {
        history,
        latest,
        waits,
        ..
    } = observation;
    let mut by_site: BTreeMap<Option<&Site>, (HashSet<TaskId>, HashSet<TaskId>)> = BTreeMap::new();
    for task in pile.old() {
        let roots = waits.roots(task.id);
        let roots = roots.iter().filter_map(|root| latest.task(*root));
        for root in roots.filter(|root| is_still(root, pile, latest)) {
            let (waiting, holders) = by_site.entry(root.site.as_ref()).or_default();
            waiting.insert(task.id);
            holders.insert(root.id);
        }
    }
    let (site, (waiting, holders)) = by_site
        .into_iter()
        .max_by_key(|(_, (waiting, _))| waiting.len())?;
    // The holders themselves may be among the old.
    let others = pile.old().filter(|task| !holders.contains(&task.id));
    let others: HashSet<TaskId> = others.map(|task| task.id).collect();
    if !are_most(waiting.len(), others.len()) || others.is_empty() {
        return None;
    }
    let live = latest.tasks.iter().map(AsRef::as_ref);
    let holding: Vec<&Task> = live.filter(|task| holders.contains(&task.id)).collect();
    let idle = holding
        .iter()
        .map(|task| elapsed(task.last_active(), latest.at));
    let wait = pile.old().find_map(|task| waits.waits_of(task.id).first());
    Some(Claim {
        holders: holding.iter().map(|task| SeenTask::of(task)).collect(),
        waits_on: wait.map(WaitsOn::of),
        evidence: vec![
            Evidence::WaitForHolders {
                waiting: waiting.len(),
                spawned_at: pile.site.cloned(),
                holders: holding.len(),
            },
            Evidence::HolderIdle {
                idle_seconds: idle.max().unwrap_or_default().into(),
            },
            pile.growth(history),
        ],
        members: holders,
        waiting: others,
        doubts: vec![Doubt::HolderMayGoOn],
        ..Claim::new(Code::HeldLock, site, ADVICE)
    })
}

/// Whether a holder has done nothing for as long as makes a task old.
fn is_still(holder: &Task, pile: &Pile, latest: &Snapshot) -> bool {
    let idle_for: Duration = elapsed(holder.last_active(), latest.at);
    holder.state() == Some(TaskState::Idle) && idle_for >= pile.old_age
}
