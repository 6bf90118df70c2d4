//! Findings.

use std::collections::BTreeMap;

use pileup_model::{Site, Snapshot, Task, TaskId, TaskState};
use serde::{Deserialize, Serialize};

use super::future_bytes::future_bytes;
use super::involved::{Involved, involved};
use super::wait_places::{WaitPlace, wait_places};
use crate::facts::{Doubt, Evidence, Grade};
use crate::history::{AliveAt, History, SeenTask, SiteHistory};
use crate::root_causes::Graded;
use crate::rules::{Advice, Claim, Code, fix_for_await};
use crate::waits::WaitsOn;

/// At most this many names say how the tasks of a site are called.
const NAMES: usize = 10;

/// One root cause, at one spawn site.
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Finding {
    /// What kind of finding it is.
    pub code: Code,
    /// The name of the pattern.
    pub pattern: String,
    /// How sure it is.
    pub grade: Grade,
    /// What the tasks do, such as `35 tasks do not finish`. Empty in reports of version 1.
    #[serde(default)]
    pub title: String,
    /// The cause in a few words, such as `sends into a full channel`. Empty in reports of
    /// version 1.
    #[serde(default)]
    pub cause: String,
    /// Live tasks that are involved: those that do not finish, those behind them, and the
    /// holders that live. 0 in reports of version 1.
    #[serde(default)]
    pub tasks: usize,
    /// How many of them were born in each minute of the watch.
    #[serde(default)]
    pub tasks_per_minute: f64,
    /// Where the tasks were spawned; none where the target does not report it.
    pub site: Option<Site>,
    /// The names of its live tasks, where `tokio::task::Builder` gave them any: each once,
    /// only the first few.
    #[serde(default)]
    pub task_names: Vec<String>,
    /// Live tasks of the site at the end of the watch.
    pub alive: usize,
    /// Live tasks of the site over the watch: sixty points at most, and the last.
    #[serde(default)]
    pub alive_over_time: Vec<AliveAt>,
    /// How fast they grew over the watch.
    pub growth_per_minute: f64,
    /// The age of the oldest.
    pub oldest_seconds: f64,
    /// What most of the tasks in question do.
    pub state: TaskState,
    /// What they wait for, where that is seen.
    pub waits_on: Option<WaitsOn>,
    /// Who holds it, where that is known: one task for each spawn site.
    pub held_by: Vec<HeldBy>,
    /// Everybody involved: the tasks themselves, who holds what is waited for, and who waits
    /// behind them. Empty in reports of version 1.
    #[serde(default)]
    pub involved: Vec<Involved>,
    /// Where the tasks wait, by their await stacks: most tasks first. Empty where the source
    /// shows no stacks, and in reports of version 1.
    #[serde(default)]
    pub waits: Vec<WaitPlace>,
    /// What was seen, in sentences with figures: those of the facts in their order, then
    /// those of the doubts that have one.
    pub evidence: Vec<String>,
    /// What was seen, each fact with its figures. Empty in reports of version 1.
    #[serde(default)]
    pub facts: Vec<Evidence>,
    /// What speaks against the finding: its grade follows from these. Empty in reports of
    /// version 1.
    #[serde(default)]
    pub doubts: Vec<Doubt>,
    /// What it means.
    pub explanation: String,
    /// How to fix it.
    pub fix: String,
}

impl Finding {
    /// The finding that a graded claim makes, with the figures of its spawn site.
    pub(super) fn of(graded: Graded, history: &History, latest: &Snapshot) -> Self {
        let Graded {
            code,
            mut claim,
            grade,
        } = graded;
        let live = live_tasks(&claim, latest);
        let waits = wait_places(&claim.tasks(), latest);
        if let Some(most) = waits.first() {
            let unseen = |fact: &Evidence| matches!(fact, Evidence::WaitUnseen { .. });
            claim.evidence.retain(|fact| !unseen(fact));
            claim.evidence.push(most.evidence());
        }
        claim.evidence.extend(future_bytes(&claim, history, latest));
        let nothing = SiteHistory::default();
        let grew_at = claim.grew_at.as_ref().or(claim.site.as_ref());
        let seen = history.site(grew_at).unwrap_or(&nothing);
        let oldest = seen.live.first();
        let born = live
            .iter()
            .filter(|task| Some(task.created_at) > history.started());
        let facts = claim.evidence.iter().map(Evidence::sentence);
        let doubts = claim.doubts.iter().filter_map(|doubt| doubt.sentence());
        Self {
            code,
            pattern: code.pattern().to_owned(),
            grade,
            title: title(claim.advice, live.len()),
            cause: cause(claim.advice, &waits),
            fix: fix(claim.advice, &waits),
            tasks: live.len(),
            tasks_per_minute: history.per_minute(born.count() as f64),
            task_names: task_names(seen),
            alive: seen.live.len(),
            alive_over_time: history.alive_over_time(seen),
            growth_per_minute: history.growth_per_minute(seen),
            oldest_seconds: oldest.map_or(0.0, |task| task.age(latest.at).as_secs_f64()),
            state: claim.state,
            held_by: held_by(&claim.holders),
            involved: involved(&claim, latest),
            waits,
            evidence: facts.chain(doubts).collect(),
            waits_on: claim.waits_on,
            facts: claim.evidence,
            doubts: claim.doubts,
            site: claim.site,
            explanation: claim.advice.explanation.to_owned(),
        }
    }
}

/// The live tasks that a claim involves.
fn live_tasks<'a>(claim: &Claim, latest: &'a Snapshot) -> Vec<&'a Task> {
    let mut involved = claim.tasks();
    let holders = claim.holders.iter().filter(|holder| holder.lives(latest));
    involved.extend(holders.map(|holder| holder.id));
    let live = involved.iter().filter_map(|task| latest.task(*task));
    live.map(AsRef::as_ref).collect()
}

fn title(advice: Advice, tasks: usize) -> String {
    let [one, several] = advice.title;
    match tasks {
        1 => format!("1 task {one}"),
        _ => format!("{tasks} tasks {several}"),
    }
}

/// The cause: by the await stacks where the console does not show it.
fn cause(advice: Advice, waits: &[WaitPlace]) -> String {
    match waits.first() {
        Some(most) if advice.is_unknown() => most.kind.clone(),
        _ => advice.cause.to_owned(),
    }
}

/// How to fix it: by the await stacks as well.
fn fix(advice: Advice, waits: &[WaitPlace]) -> String {
    let by_stack = waits.first().filter(|_| advice.is_unknown());
    let by_stack = by_stack.and_then(|most| fix_for_await(&most.kind));
    by_stack.unwrap_or(advice.fix).to_owned()
}

fn task_names(seen: &SiteHistory) -> Vec<String> {
    let mut names: Vec<String> = Vec::new();
    for name in seen.live.iter().filter_map(|task| task.name.as_deref()) {
        if names.len() == NAMES {
            break;
        }
        if !names.iter().any(|known| known == name) {
            names.push(name.to_owned());
        }
    }
    names
}

/// Holders as a finding has them: the oldest of each spawn site.
fn held_by(tasks: &[SeenTask]) -> Vec<HeldBy> {
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

/// A task that holds what others wait for.
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct HeldBy {
    /// Its id in the console protocol.
    pub task: TaskId,
    /// Where it was spawned.
    pub site: Option<Site>,
}
