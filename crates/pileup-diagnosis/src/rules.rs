//! The rules. Each is one file that turns a history into findings.

mod dependency_sites;
mod never_woken;
mod piling_up;
mod pinned_worker;

use std::collections::HashSet;

use pileup_model::{Site, Task, TaskState};

use crate::{Code, Finding, Grade, History, SiteHistory};

/// Asks every rule. A site that one rule explains is not reported by a later one: the
/// rules stand in the order of how much they explain.
pub(crate) fn findings(history: &History) -> Vec<Finding> {
    let mut findings = never_woken::findings(history);
    findings.extend(pinned_worker::findings(history));
    let explained: HashSet<Option<Site>> = findings
        .iter()
        .filter(|finding| finding.grade >= Grade::Probable)
        .map(|finding| finding.site.clone())
        .collect();
    findings
        .retain(|finding| finding.grade >= Grade::Probable || !explained.contains(&finding.site));
    findings.extend(
        piling_up::findings(history)
            .into_iter()
            .filter(|finding| !explained.contains(&finding.site)),
    );
    dependency_sites::fold_into_callers(&mut findings, history);
    findings
}

/// What a rule says of a site, before the figures that every finding has.
struct Verdict {
    code: Code,
    grade: Grade,
    state: TaskState,
    evidence: Vec<String>,
    explanation: &'static str,
    fix: &'static str,
}

impl Verdict {
    /// Adds the figures of the site.
    fn at(self, site: Option<&Site>, seen: &SiteHistory, history: &History) -> Finding {
        let now = history.latest().map(|latest| latest.at);
        let oldest = seen.living.first().zip(now);
        let minutes = history.window().as_secs_f64() / 60.0;
        let growth = seen.living.len() as f64 - seen.alive_at_start as f64;
        Finding {
            code: self.code,
            pattern: self.code.pattern().to_owned(),
            grade: self.grade,
            site: site.cloned(),
            alive: seen.living.len(),
            growth_per_minute: if minutes > 0.0 { growth / minutes } else { 0.0 },
            oldest_seconds: oldest.map_or(0.0, |(task, now)| task.age(now).as_secs_f64()),
            state: self.state,
            evidence: self.evidence,
            explanation: self.explanation.to_owned(),
            fix: self.fix.to_owned(),
        }
    }
}

/// The state that most of these tasks are in.
fn usual_state<'a>(tasks: impl IntoIterator<Item = &'a Task>) -> TaskState {
    let mut counts = [0_usize; 3];
    for state in tasks.into_iter().filter_map(Task::state) {
        counts[state as usize] += 1;
    }
    [TaskState::Idle, TaskState::Scheduled, TaskState::Running]
        .into_iter()
        .max_by_key(|state| counts[*state as usize])
        .unwrap_or(TaskState::Idle)
}
