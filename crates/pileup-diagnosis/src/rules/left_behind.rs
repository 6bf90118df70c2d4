//! PU10: a few tasks stand still beside many of their site that finish.
//!
//! Too few to be a pile, or not growing any more; but the site's other tasks say how long
//! its work takes, and these have stood still for many times that.

use pileup_model::{Task, TaskState, elapsed};

use super::claim::{Claim, Observation};
use crate::report::{Advice, Code, Doubt, Evidence, WaitsOn};
use crate::thresholds::{LEFT_BEHIND_ONE_IN, LEFT_BEHIND_PART, MANY_FINISHED, TIMES_THE_LONGEST};

const ADVICE: Advice = Advice {
    title: [
        "stands still beside many that finish",
        "stand still beside many that finish",
    ],
    cause: "others finish",
    explanation: "The site's other tasks are done in a fraction of the time for which these have \
                  stood still: they may be the first of a pile that grows slowly, or long-lived \
                  tasks that share a spawn site with short ones.",
    fix: "Watch for longer, and see whether they become more. Look at the paths that few requests \
          take: an error, a rare message, a lost reply.",
};

pub(super) fn claims(observation: &Observation) -> Vec<Claim> {
    let Observation {
        history, latest, ..
    } = observation;
    let mut claims = Vec::new();
    for (site, seen) in history.sites() {
        let finished = seen.finished.total() + seen.finished_before.total();
        let longest = seen.finished.longest().max(seen.finished_before.longest());
        let long = longest
            .saturating_mul(TIMES_THE_LONGEST)
            .max(history.window() / LEFT_BEHIND_PART);
        let still = |task: &&Task| {
            task.state() == Some(TaskState::Idle) && elapsed(task.last_active(), latest.at) >= long
        };
        let living = seen.living.iter().map(AsRef::as_ref);
        let left: Vec<&Task> = living.filter(still).collect();
        let Some(oldest) = left.first() else {
            continue;
        };
        if finished < MANY_FINISHED || left.len() as u64 * LEFT_BEHIND_ONE_IN > finished {
            continue;
        }
        claims.push(Claim {
            members: left.iter().map(|task| task.id).collect(),
            waits_on: observation
                .waits
                .waits_of(oldest.id)
                .first()
                .map(WaitsOn::of),
            evidence: vec![
                Evidence::OthersFinished {
                    tasks: finished,
                    longest_seconds: longest.into(),
                },
                Evidence::LeftBehind {
                    tasks: left.len(),
                    oldest_seconds: oldest.age(latest.at).into(),
                    idle_seconds: elapsed(oldest.last_active(), latest.at).into(),
                },
            ],
            doubts: vec![Doubt::MayBeLongLived],
            ..Claim::new(Code::LeftBehind, site, ADVICE)
        });
    }
    claims
}
