//! PU03: the live tasks of a spawn site grow, and its old ones do not finish.
//!
//! What makes a pile stands in [`crate::growth`]; here is what is claimed of one.

use pileup_model::{Task, TaskState, WaitKind};

use super::claim::{Claim, Observation, usual_state};
use crate::growth::Pile;
use crate::report::{Advice, Code, Doubt, Evidence, Unseen, WaitsOn};
use crate::waits::Waits;

pub(super) fn claims(observation: &Observation) -> Vec<Claim> {
    let piles = observation.piles.iter().enumerate();
    let claims = piles.map(|(number, pile)| Claim {
        reads_pile: Some(number),
        ..claim(pile, observation)
    });
    claims.collect()
}

fn claim(pile: &Pile, observation: &Observation) -> Claim {
    let graph = observation.waits;
    let waits = Waits::of(pile.old().map(|task| task.id), graph);
    let usual = waits.usual();
    // The tick of an Interval ends nothing.
    let ticks = usual.is_some_and(|wait| wait.kind == WaitKind::Interval);
    let timers = pile.timers().filter(|_| !ticks);
    let mut evidence = pile.evidence(observation.history);
    if usual.is_some() || timers.is_none() {
        let unseen = || Evidence::WaitUnseen {
            why: unseen(pile, observation),
        };
        evidence.push(waits.evidence(graph).unwrap_or_else(unseen));
    }
    let holders = usual.map(|wait| graph.holder(wait.resource).tasks());
    let mut doubts = vec![Doubt::OnlyGrowth];
    doubts.extend(timers);
    doubts.extend(pile.undecided());
    let old: Vec<&Task> = pile.old().collect();
    Claim {
        members: pile.stuck().map(|task| task.id).collect(),
        holders: holders.unwrap_or_default().to_vec(),
        state: if pile.is_still_polled() {
            TaskState::Running
        } else {
            usual_state(old)
        },
        waits_on: usual.map(WaitsOn::of),
        evidence,
        doubts,
        ..Claim::new(Code::PilingUp, pile.site, Advice::on_pile(pile, usual))
    }
}

/// Why it is not seen what the tasks of a pile wait for.
fn unseen(pile: &Pile, observation: &Observation) -> Unseen {
    if observation.latest.coverage.waits_unseen {
        Unseen::Source
    } else if pile.is_of_closures() {
        Unseen::Closure
    } else {
        Unseen::NotInstrumented
    }
}
