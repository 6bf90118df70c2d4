//! The contract of all rules: they turn an [`Observation`] into [`Claim`]s.

use std::collections::{BTreeSet, HashSet};

use pileup_model::{Site, Snapshot, Task, TaskId, TaskState};

use super::advice::Advice;
use crate::facts::{Doubt, Evidence};
use crate::growth::{Pile, Stalled};
use crate::history::{History, SeenTask};
use crate::waits::{WaitGraph, WaitsOn};

/// What every rule may look at.
pub(crate) struct Observation<'a> {
    /// The whole watch.
    pub(crate) history: &'a History,
    /// Its last snapshot.
    pub(crate) latest: &'a Snapshot,
    /// Who waits for what, and who holds it, in that snapshot.
    pub(crate) waits: &'a WaitGraph<'a>,
    /// The spawn sites whose live tasks pile up.
    pub(crate) piles: Vec<Pile<'a>>,
    /// The spawn sites whose tasks used to finish, and now stand still.
    pub(crate) stalled: Vec<Stalled<'a>>,
    /// Whether the user knows that the program shuts down.
    pub(crate) shutting_down: bool,
    /// Whether no task is expected to be alive at the end of the watch.
    pub(crate) none_expected: bool,
}

/// What a rule says about the tasks of one spawn site. Its grade follows from its doubts, and its
/// code is that of the rule.
pub(crate) struct Claim {
    pub(crate) site: Option<Site>,
    /// The spawn site whose tasks grow, where that is another: one in a dependency.
    pub(crate) grew_at: Option<Site>,
    /// The tasks whose state the claim is about.
    pub(crate) members: HashSet<TaskId>,
    /// Tasks that wait for what the members, or the holders, do not give back.
    pub(crate) waiting: HashSet<TaskId>,
    /// Who holds what is waited for: they may have ended.
    pub(crate) holders: Vec<SeenTask>,
    /// What most of the members do.
    pub(crate) state: TaskState,
    pub(crate) waits_on: Option<WaitsOn>,
    pub(crate) evidence: Vec<Evidence>,
    pub(crate) doubts: Vec<Doubt>,
    pub(crate) advice: Advice,
    /// The number of the pile that the claim is a reading of: it is not made where another
    /// claim explains that pile.
    pub(crate) reads_pile: Option<usize>,
    /// Whether it is not made where other claims explain its tasks.
    pub(crate) gives_way: bool,
}

impl Claim {
    /// A claim about tasks of a spawn site, to be filled in.
    pub(crate) fn new(site: Option<&Site>, advice: Advice) -> Self {
        Self {
            site: site.cloned(),
            grew_at: None,
            members: HashSet::new(),
            waiting: HashSet::new(),
            holders: Vec::new(),
            state: TaskState::Idle,
            waits_on: None,
            evidence: Vec::new(),
            doubts: Vec::new(),
            advice,
            reads_pile: None,
            gives_way: false,
        }
    }

    /// The tasks that the claim explains.
    pub(crate) fn tasks(&self) -> HashSet<TaskId> {
        &self.members | &self.waiting
    }

    /// Whether all its tasks are among these.
    pub(crate) fn is_explained_by(&self, explained: &HashSet<TaskId>) -> bool {
        !explained.is_empty() && self.tasks().is_subset(explained)
    }

    /// Adds all tasks that wait for what the claim's own tasks hold: one root cause is one
    /// finding.
    pub(crate) fn with_those_behind(mut self, observation: &Observation) -> Self {
        let behind = observation.waits.behind(&self.tasks());
        if !behind.is_empty() {
            self.evidence.push(Evidence::Behind {
                tasks: behind.len(),
                spawned_at: observation.sites(&behind),
            });
            self.waiting.extend(behind);
        }
        self
    }
}

impl<'a> Observation<'a> {
    /// The decided pile of which most tasks are among these.
    pub(crate) fn pile_explained_by(&self, tasks: &HashSet<TaskId>) -> Option<&Pile<'a>> {
        let piles = self.piles.iter();
        piles
            .filter(|pile| pile.is_decided())
            .find(|pile| pile.is_explained_by(tasks))
    }

    /// Where live tasks were spawned: each place once, in order.
    pub(crate) fn sites(&self, tasks: &HashSet<TaskId>) -> Vec<Option<Site>> {
        let known = tasks.iter().filter_map(|task| self.latest.task(*task));
        let sites: BTreeSet<Option<Site>> = known.map(|task| task.site.clone()).collect();
        sites.into_iter().collect()
    }
}

/// The state that most of these tasks are in.
pub(crate) fn usual_state<'a>(tasks: impl IntoIterator<Item = &'a Task>) -> TaskState {
    let mut counts = [0_usize; 3];
    for state in tasks.into_iter().filter_map(Task::state) {
        counts[state as usize] += 1;
    }
    [TaskState::Idle, TaskState::Scheduled, TaskState::Running]
        .into_iter()
        .max_by_key(|state| counts[*state as usize])
        .unwrap_or(TaskState::Idle)
}
