//! PU09: a task wakes itself again and again.
//!
//! A future that calls `wake_by_ref` in its own poll, whenever it is not ready, is polled
//! without pause. This is tokio-console's lint `self-wakes`, with a rate: a few self-wakes
//! are how cooperative code yields. Wakes of `yield_now` and of an exhausted budget are
//! deferred past the poll, and do not count as the task's own.
//!
//! A storm is a suspicion: it costs time, and may end. A pile of them is as sure as a pile.

use std::collections::HashSet;

use pileup_model::{Task, TaskId};

use super::claim::{Claim, Observation, usual_state};
use crate::report::{Advice, Code, Doubt, Evidence};
use crate::thresholds::{WAKE_STORM, WAKE_STORM_FOR};

const ADVICE: Advice = Advice {
    title: [
        "wakes itself without pause",
        "wake themselves without pause",
    ],
    cause: "wakes itself",
    explanation: "The task is polled without pause, whether there is something to do or not: it \
                  takes a worker's time from the others.",
    fix: "Keep the waker and use it when there is something to do, instead of calling wake_by_ref \
          whenever poll returns Pending.",
};

pub(super) fn claims(observation: &Observation) -> Vec<Claim> {
    let Observation {
        history, latest, ..
    } = observation;
    let wakes_per_second = |task: &Task| {
        let age = task.age(latest.at).as_secs_f64();
        let self_wakes = task.wakers.map_or(0, |wakers| wakers.self_wakes);
        self_wakes as f64 / age
    };
    let storms = |task: &&Task| {
        task.age(latest.at) >= WAKE_STORM_FOR
            && history.window() >= WAKE_STORM_FOR
            && task
                .wakers
                .is_some_and(|wakers| wakers.self_wakes.saturating_mul(2) > wakers.wakes)
            && wakes_per_second(task) >= WAKE_STORM
    };
    let mut claims = Vec::new();
    for (site, seen) in history.sites() {
        let living = seen.living.iter().map(AsRef::as_ref);
        let storming: Vec<&Task> = living.filter(storms).collect();
        if storming.is_empty() {
            continue;
        }
        let rates = storming.iter().map(|task| wakes_per_second(task));
        let members: HashSet<TaskId> = storming.iter().map(|task| task.id).collect();
        let mut evidence = vec![Evidence::WakeThemselves {
            tasks: storming.len(),
            wakes_per_second: rates.fold(0.0, f64::max),
        }];
        let pile = observation.pile_explained_by(&members);
        evidence.extend(pile.map(|pile| pile.growth(history)));
        claims.push(Claim {
            members,
            state: usual_state(storming.iter().copied()),
            evidence,
            doubts: vec![Doubt::StormMayEnd],
            ..Claim::new(Code::WakeStorm, site, ADVICE)
        });
    }
    claims
}
