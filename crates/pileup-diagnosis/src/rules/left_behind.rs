//! PU10: a few tasks stand still beside many of their site that finish.
//!
//! Too few to be a pile, or not growing any more; but the site's other tasks say how long
//! its work takes, and these have stood still for many times that.

use std::collections::HashSet;
use std::time::Duration;

use pileup_model::{Task, TaskId, TaskState, elapsed};

use super::case::{Case, Verdict, waits_on};
use crate::wait_graph::WaitGraph;
use crate::words::span;
use crate::{Code, Grade, History};

/// So many finished tasks say how long the site's work takes.
const MANY: u64 = 30;
/// So many times the longest lifetime of them is unusual.
const TIMES_THE_LONGEST: u32 = 10;

pub(super) fn cases(history: &History, graph: &WaitGraph) -> Vec<Case> {
    let Some(latest) = history.latest() else {
        return Vec::new();
    };
    let mut cases = Vec::new();
    for (site, seen) in history.sites() {
        let finished = seen.finished.total() + seen.finished_before.total();
        let longest: Duration = seen.finished.longest().max(seen.finished_before.longest());
        let long = longest
            .saturating_mul(TIMES_THE_LONGEST)
            .max(history.window() / 2);
        let still = |task: &&Task| {
            task.state() == Some(TaskState::Idle) && elapsed(task.last_active(), latest.at) >= long
        };
        let left: Vec<&Task> = seen
            .living
            .iter()
            .map(AsRef::as_ref)
            .filter(still)
            .collect();
        let Some(oldest) = left.first() else {
            continue;
        };
        // As many as finish are no exception: a pool that shares its site with short work.
        if finished < MANY || left.len() as u64 * 10 > finished {
            continue;
        }
        let wait = graph.waits_of(oldest.id).first();
        let tasks: HashSet<TaskId> = left.iter().map(|task| task.id).collect();
        let verdict = Verdict {
            code: Code::LeftBehind,
            grade: Grade::Suspicious,
            state: TaskState::Idle,
            waits_on: wait.map(waits_on),
            held_by: Vec::new(),
            evidence: vec![
                format!(
                    "{finished} tasks of this site finished, after {} at the most",
                    span(longest)
                ),
                format!(
                    "{} not, the oldest for {}, the last {} of it without a poll",
                    match left.len() {
                        1 => "1 did".to_owned(),
                        more => format!("{more} did"),
                    },
                    span(oldest.age(latest.at)),
                    span(elapsed(oldest.last_active(), latest.at))
                ),
            ],
            explanation: "The site's other tasks are done in a fraction of the time for which \
                          these have stood still: they may be the first of a pile that grows \
                          slowly, or long-lived tasks that share a spawn site with short ones.",
            fix: "Watch for longer, and see whether they become more. Look at the paths that few \
                  requests take: an error, a rare message, a lost reply.",
        };
        cases.push(Case {
            finding: verdict.at(site, history),
            tasks,
        });
    }
    cases
}
