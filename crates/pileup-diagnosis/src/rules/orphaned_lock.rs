//! PU06: a lock is held, and the task that took it has ended.
//!
//! A guard gives its lock back when it is dropped, also on panic and on cancellation. When
//! the task that took a lock is gone and the lock is still held, the guard was moved out of
//! the task, into a map or a static, or was forgotten. It may still come back: the hold
//! must have lasted for a good part of the watch, with somebody waiting all that time.
//!
//! The guard may also be with a living task, which uses it: a lease that is handed to a worker
//! looks the same, be the guard an owned one or that of a lock which lives for ever. And who
//! took a lock by `try_lock` is not seen at all. So the finding is only as sure as the pile of
//! those who wait, and a suspicion without one.

use std::collections::{BTreeMap, HashSet};
use std::time::Duration;

use pileup_model::{ResourceId, Site, TaskId, elapsed};

use super::claim::{Claim, Observation};
use crate::history::{Holder, SeenTask};
use crate::report::{Advice, Code, Doubt, Evidence, WaitsOn};
use crate::thresholds::standstill;
use crate::waits::{Wait, lives};

const ADVICE: Advice = Advice {
    explanation: "A guard gives its lock back when it is dropped. The task that took this one has \
                  ended, and the lock is still held: the guard was moved into something that \
                  lives on, or was forgotten.",
    fix: "Look at where the guard goes: a map or a list of owned guards, a struct that outlives \
          the request, mem::forget. Keep guards on the stack, and store what they protect, or the \
          knowledge that it is taken, instead.",
};

/// Locks made at one place, whose holders were spawned at one place and have ended.
#[derive(Default)]
struct Orphans<'a> {
    holders: Vec<&'a SeenTask>,
    waits: Vec<&'a Wait<'a>>,
    locks: HashSet<ResourceId>,
    held_for: Duration,
}

pub(super) fn claims(observation: &Observation) -> Vec<Claim> {
    let Observation {
        history,
        latest,
        waits,
        ..
    } = observation;
    let patience = standstill(history);
    let mut orphans: BTreeMap<(Option<&Site>, Option<&Site>), Orphans> = BTreeMap::new();
    for wait in waits.waits() {
        let Holder::One(holder, since) = waits.holder(wait.resource) else {
            continue;
        };
        let held_for = elapsed(*since, latest.at);
        let waited_for = elapsed(wait.since, latest.at);
        if lives(holder, latest) || held_for < patience || waited_for < patience {
            continue;
        }
        let places = (holder.site.as_ref(), wait.resource.site.as_ref());
        let orphans = orphans.entry(places).or_default();
        orphans.held_for = orphans.held_for.max(held_for);
        orphans.locks.insert(wait.resource.id);
        orphans.holders.push(holder);
        orphans.waits.push(wait);
    }
    orphans
        .into_iter()
        .map(|((holder_site, lock_site), orphans)| {
            orphans.claim(holder_site, lock_site, observation)
        })
        .collect()
}

impl Orphans<'_> {
    fn claim(
        &self,
        holder_site: Option<&Site>,
        lock_site: Option<&Site>,
        observation: &Observation,
    ) -> Claim {
        let mut waiting: HashSet<TaskId> = self.waits.iter().map(|wait| wait.task.id).collect();
        waiting.extend(observation.waits.behind(&waiting));
        Claim {
            holders: self
                .holders
                .iter()
                .map(|holder| (*holder).clone())
                .collect(),
            waits_on: self.waits.first().copied().map(WaitsOn::of),
            evidence: vec![
                Evidence::Held {
                    locks: self.locks.len(),
                    made_at: lock_site.cloned(),
                    longest_seconds: self.held_for.into(),
                },
                Evidence::TakersEnded {
                    spawned_at: holder_site.cloned(),
                },
                Evidence::WaitForLocks {
                    tasks: waiting.len(),
                    spawned_at: observation.sites(&waiting),
                },
            ],
            waiting,
            doubts: vec![Doubt::GuardInUse],
            ..Claim::new(Code::OrphanedLock, holder_site, ADVICE)
        }
    }
}
