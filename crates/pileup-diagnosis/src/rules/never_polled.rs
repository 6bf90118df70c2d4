//! PU08: tasks that were spawned, and never polled.
//!
//! A spawned task is polled as soon as a worker is free. One that waits for its first poll
//! for long sits in a `LocalSet` that nobody drives, behind a worker that is pinned, or, a
//! blocking closure, behind a blocking pool whose threads are all taken. tokio-console shows
//! such tasks as idle.
//!
//! One such task is a suspicion; a pile of them is as sure as a pile, and says why it grows.

use std::collections::HashSet;

use pileup_model::{Task, TaskId, TaskKind, elapsed};

use super::claim::{Claim, Observation};
use crate::report::{Advice, Code, Doubt, Evidence};
use crate::thresholds::standstill;

pub(super) fn claims(observation: &Observation) -> Vec<Claim> {
    let Observation {
        history, latest, ..
    } = observation;
    let patience = standstill(history);
    let mut claims = Vec::new();
    for (site, seen) in history.sites() {
        let waits = |task: &&Task| {
            task.kind != TaskKind::BlockOn
                && task.polls.count == 0
                && elapsed(task.created_at, latest.at) >= patience
                && history.window() >= patience
        };
        let living = seen.living.iter().map(AsRef::as_ref);
        let waiting: Vec<&Task> = living.filter(waits).collect();
        let Some(oldest) = waiting.first() else {
            continue;
        };
        let members: HashSet<TaskId> = waiting.iter().map(|task| task.id).collect();
        let mut evidence = vec![Evidence::NeverPolled {
            tasks: waiting.len(),
            oldest_seconds: oldest.age(latest.at).into(),
        }];
        let pile = observation.pile_explained_by(&members);
        evidence.extend(pile.map(|pile| pile.growth(history)));
        claims.push(Claim {
            members,
            evidence,
            doubts: vec![Doubt::MayBePolledYet],
            ..Claim::new(Code::NeverPolled, site, advice(oldest.kind))
        });
    }
    claims
}

const TITLE: [&str; 2] = ["was never polled", "were never polled"];
const CAUSE: &str = "never polled";

fn advice(kind: TaskKind) -> Advice {
    match kind {
        TaskKind::Local => Advice {
            title: TITLE,
            cause: CAUSE,
            explanation: "A local task is polled only while its LocalSet is: this one is not \
                          driven, or its thread is taken by something else.",
            fix: "Drive the LocalSet (run_until, or await it) for as long as it has tasks, and \
                  keep its thread free of blocking calls.",
        },
        TaskKind::Blocking => Advice {
            title: TITLE,
            cause: CAUSE,
            explanation: "A blocking closure waits for a thread of the blocking pool: all are \
                          taken, perhaps by closures that wait for this one.",
            fix: "Look at the closures that hold the threads: give what they block on a limit. A \
                  closure must not wait for another closure of the same pool; limit how many are \
                  started at once, by a permit that is taken before spawn_blocking.",
        },
        _ => Advice {
            title: TITLE,
            cause: CAUSE,
            explanation: "A spawned task is polled as soon as a worker is free: the workers are \
                          pinned, or the task sits behind one that is.",
            fix: "Free the worker from what holds it: a blocking call, a loop without an await, a \
                  synchronous lock.",
        },
    }
}
