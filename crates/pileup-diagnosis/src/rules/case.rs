//! A finding in the making: with the tasks that it explains.

use std::collections::{BTreeMap, HashSet};

use pileup_model::{Site, Task, TaskId, TaskKind, TaskState};

use crate::pollers::SeenTask;
use crate::wait_graph::{Wait, WaitGraph};
use crate::words::tasks_wait;
use crate::{Code, Finding, Grade, HeldBy, History, SiteHistory, WaitedFor, WaitsOn};

/// So many names say how the tasks of a site are called.
const NAMES: usize = 10;

/// A finding, and the tasks that it explains.
pub(super) struct Case {
    pub(super) finding: Finding,
    pub(super) tasks: HashSet<TaskId>,
}

/// What a rule says, before the figures that every finding has.
pub(super) struct Verdict {
    pub(super) code: Code,
    pub(super) grade: Grade,
    pub(super) state: TaskState,
    pub(super) waits_on: Option<WaitsOn>,
    pub(super) held_by: Vec<HeldBy>,
    pub(super) evidence: Vec<String>,
    pub(super) explanation: &'static str,
    pub(super) fix: &'static str,
}

impl Case {
    /// The case, with all tasks that wait for what its own tasks hold: one root cause is one
    /// finding.
    pub(super) fn with_those_behind(mut self, graph: &WaitGraph) -> Self {
        let behind = graph.behind(&self.tasks);
        if !behind.is_empty() {
            self.finding.evidence.push(format!(
                "{} for what is held here, directly or behind one another",
                tasks_wait(behind.len())
            ));
            self.tasks.extend(behind);
        }
        self
    }
}

impl Verdict {
    /// The finding at a site, with the site's figures.
    pub(super) fn at(self, site: Option<&Site>, history: &History) -> Finding {
        let nothing = SiteHistory::default();
        let seen = history.site(site).unwrap_or(&nothing);
        let now = history.latest().map(|latest| latest.at);
        let oldest = seen.living.first().zip(now);
        let minutes = history.window().as_secs_f64() / 60.0;
        let growth = seen.living.len() as f64 - seen.alive_at_start as f64;
        Finding {
            code: self.code,
            pattern: self.code.pattern().to_owned(),
            grade: self.grade,
            site: site.cloned(),
            task_names: task_names(seen),
            alive: seen.living.len(),
            alive_over_time: history.alive_over_time(seen),
            growth_per_minute: if minutes > 0.0 { growth / minutes } else { 0.0 },
            oldest_seconds: oldest.map_or(0.0, |(task, now)| task.age(now).as_secs_f64()),
            state: self.state,
            waits_on: self.waits_on,
            held_by: self.held_by,
            evidence: self.evidence,
            explanation: self.explanation.to_owned(),
            fix: self.fix.to_owned(),
        }
    }
}

fn task_names(seen: &SiteHistory) -> Vec<String> {
    let mut names: Vec<String> = Vec::new();
    for name in seen.living.iter().filter_map(|task| task.name.as_deref()) {
        if names.len() == NAMES {
            break;
        }
        if !names.iter().any(|known| known == name) {
            names.push(name.to_owned());
        }
    }
    names
}

/// The state that most of these tasks are in.
pub(super) fn usual_state<'a>(tasks: impl IntoIterator<Item = &'a Task>) -> TaskState {
    let mut counts = [0_usize; 3];
    for state in tasks.into_iter().filter_map(Task::state) {
        counts[state as usize] += 1;
    }
    [TaskState::Idle, TaskState::Scheduled, TaskState::Running]
        .into_iter()
        .max_by_key(|state| counts[*state as usize])
        .unwrap_or(TaskState::Idle)
}

/// Whether some are most of all: four in five, for what is true of them to be the reason.
pub(super) fn are_most(some: usize, all: usize) -> bool {
    some * 5 >= all * 4
}

/// Whether all are closures of `spawn_blocking`.
pub(super) fn are_closures(tasks: &[&Task]) -> bool {
    tasks.iter().all(|task| task.kind == TaskKind::Blocking)
}

/// What a wait is for, as a finding tells it.
pub(super) fn waits_on(wait: &Wait) -> WaitsOn {
    WaitsOn {
        kind: wait.kind,
        resource: wait.resource.site.as_ref().map(|site| WaitedFor {
            r#type: wait.resource.concrete_type.to_string(),
            file: site.file.to_string(),
            line: site.line,
        }),
    }
}

/// Holders as a finding tells them: the oldest of each spawn site.
pub(super) fn held_by<'a>(tasks: impl IntoIterator<Item = &'a SeenTask>) -> Vec<HeldBy> {
    let mut oldest: BTreeMap<Option<&Site>, &SeenTask> = BTreeMap::new();
    for task in tasks {
        let known = oldest.entry(task.site.as_ref()).or_insert(task);
        if (task.born, task.id) < (known.born, known.id) {
            *known = task;
        }
    }
    let holders = oldest.into_values();
    holders
        .map(|task| HeldBy {
            task: task.id,
            site: task.site.clone(),
        })
        .collect()
}

/// Where something was spawned or made, for a sentence.
pub(super) fn place(site: Option<&Site>) -> String {
    site.map_or_else(
        || "a place that the target does not tell".to_owned(),
        Site::to_string,
    )
}
