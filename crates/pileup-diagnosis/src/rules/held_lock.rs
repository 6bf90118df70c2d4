//! PU07: tasks pile up behind a lock whose holder does nothing.
//!
//! A pile of waiters is the symptom; the cause is whoever holds what they wait for. Where
//! the chains of a pile's waits end at tasks that are alive and have not been polled for as
//! long, the finding is theirs.

use std::collections::{BTreeMap, HashSet};
use std::time::Duration;

use pileup_model::{Site, Snapshot, Task, TaskId, TaskState, elapsed};

use super::case::{Case, Verdict, are_most, held_by, place, waits_on};
use super::piling_up::Pile;
use crate::pollers::SeenTask;
use crate::wait_graph::WaitGraph;
use crate::words::{count, span};
use crate::{Code, Grade, History};

pub(super) fn cases(
    history: &History,
    graph: &WaitGraph,
    piles: &[Pile],
    explained: &HashSet<TaskId>,
) -> Vec<Case> {
    let Some(latest) = history.latest() else {
        return Vec::new();
    };
    let open = piles.iter().filter(|pile| !pile.is_explained_by(explained));
    open.filter_map(|pile| case(pile, history, graph, latest))
        .collect()
}

fn case(pile: &Pile, history: &History, graph: &WaitGraph, latest: &Snapshot) -> Option<Case> {
    let mut by_site: BTreeMap<Option<&Site>, (HashSet<TaskId>, HashSet<TaskId>)> = BTreeMap::new();
    for task in pile.old() {
        let roots = graph.roots(task.id);
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
    let others = pile
        .old()
        .filter(|task| !holders.contains(&task.id))
        .count();
    if !are_most(waiting.len(), others) || others == 0 {
        return None;
    }
    let tasks: HashSet<TaskId> = pile
        .old()
        .map(|task| task.id)
        .chain(holders.iter().copied())
        .collect();
    let holding: Vec<&Task> = latest
        .tasks
        .iter()
        .map(AsRef::as_ref)
        .filter(|task| holders.contains(&task.id))
        .collect();
    let still_for = holding
        .iter()
        .map(|task| elapsed(task.last_active(), latest.at))
        .max();
    let seen: Vec<SeenTask> = holding.iter().map(|task| SeenTask::of(task)).collect();
    let wait = pile.old().find_map(|task| graph.waits_of(task.id).first());
    let verdict = Verdict {
        code: Code::HeldLock,
        grade: Grade::Probable,
        state: TaskState::Idle,
        waits_on: wait.map(waits_on),
        held_by: held_by(&seen),
        evidence: vec![
            format!(
                "{} spawned at {} {} for what {} of this site {}, directly or behind one another",
                count(waiting.len(), "task"),
                place(pile.site),
                if waiting.len() == 1 { "waits" } else { "wait" },
                count(holding.len(), "task"),
                if holding.len() == 1 { "holds" } else { "hold" },
            ),
            format!(
                "the longest idle of the holders was not polled in the last {}",
                span(still_for.unwrap_or_default())
            ),
            pile.growth(history),
        ],
        explanation: "Tasks pile up behind a lock that is not given back: the task that holds \
                      it waits for something else that does not come.",
        fix: "Look at what the holder awaits while it holds the guard. End the guard before \
              that await, give the await a timeout, or let one task own the state and send it \
              messages.",
    };
    Some(Case {
        finding: verdict.at(site, history),
        tasks,
    })
}

/// Whether a holder has done nothing for as long as makes a task old.
fn is_still(holder: &Task, pile: &Pile, latest: &Snapshot) -> bool {
    let idle_for: Duration = elapsed(holder.last_active(), latest.at);
    holder.state() == Some(TaskState::Idle) && idle_for >= pile.old_age
}
