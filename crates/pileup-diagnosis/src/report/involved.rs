//! Everybody that a finding involves, by spawn site.

use std::collections::{BTreeMap, HashSet};

use pileup_model::{Site, Snapshot, TaskId};
use serde::{Deserialize, Serialize};

use crate::history::SeenTask;
use crate::rules::Claim;

/// Tasks of one spawn site that have one part in a finding.
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Involved {
    /// Where they were spawned; none where the target does not report it.
    pub site: Option<Site>,
    /// Their part.
    pub role: Role,
    /// How many they are.
    pub tasks: usize,
    /// Whether they have ended: a holder that is gone, with what it held.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub ended: bool,
}

/// The part of tasks in a finding.
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// They are what the finding is about.
    Member,
    /// They hold, or took, what others wait for. They may have ended.
    Holder,
    /// They wait for what the others hold.
    Waiting,
}

/// Everybody that a claim involves: each task once, the holders as holders.
pub(super) fn involved(claim: &Claim, latest: &Snapshot) -> Vec<Involved> {
    let mut counts: BTreeMap<(Role, Option<&Site>, bool), usize> = BTreeMap::new();
    let holders: HashSet<&SeenTask> = claim.holders.iter().collect();
    for holder in &holders {
        *counts
            .entry((Role::Holder, holder.site.as_ref(), !holder.lives(latest)))
            .or_default() += 1;
    }
    // A task may have the id of a holder that has ended.
    let live = holders.iter().filter(|holder| holder.lives(latest));
    let live: HashSet<TaskId> = live.map(|holder| holder.id).collect();
    let mut count = |role: Role, task: TaskId| {
        if let Some(task) = latest.task(task).filter(|task| !live.contains(&task.id)) {
            *counts.entry((role, task.site.as_ref(), false)).or_default() += 1;
        }
    };
    for task in &claim.members {
        count(Role::Member, *task);
    }
    for task in claim.waiting.difference(&claim.members) {
        count(Role::Waiting, *task);
    }
    let involved = counts
        .into_iter()
        .map(|((role, site, ended), tasks)| Involved {
            site: site.cloned(),
            role,
            tasks,
            ended,
        });
    involved.collect()
}
