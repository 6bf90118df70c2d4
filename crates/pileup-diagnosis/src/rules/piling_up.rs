//! PU03: the living of a spawn site grow, and its old ones do not finish.
//!
//! What makes a pile stands in [`crate::growth_rule`]; here is what is said about one, and
//! when its tasks are excused: by a timer that gives them an end.

use std::collections::{HashMap, HashSet};
use std::time::Duration;

use jiff::Timestamp;
use pileup_model::{Site, Snapshot, Task, TaskId, elapsed};

use super::case::{Case, Verdict, are_most, held_by, usual_state, waits_on};
use super::pile_activity::activity;
use super::pile_advice::Advice;
use super::pile_waits::Waits;
use crate::deadlines::deadlines;
use crate::growth_rule::{FinishedBefore, Population};
use crate::wait_graph::WaitGraph;
use crate::words::span;
use crate::{Code, Grade, History, SiteHistory, WaitKind};

/// A timer that is due within so many times the watch is an end that a task may be waiting for.
const END_IN_WATCHES: u32 = 10;
/// Who did so little of its life before its last wait has not waited under a timer before.
const FIRST_WAIT_ONE_IN: u32 = 4;

/// The evidence of one site that piles up.
pub(super) struct Pile<'a> {
    pub(super) site: Option<&'a Site>,
    seen: &'a SiteHistory,
    now: Timestamp,
    /// Living tasks that are old, oldest first.
    old: Vec<&'a Task>,
    pub(super) old_age: Duration,
    /// Old ones that finished in the watch.
    escaped: u64,
    /// Living tasks that were born in the watch.
    born: usize,
    /// For how long the living grew: since the watch began, or since the first of them was
    /// born in it.
    window: Duration,
    /// When the timers are due under which most of the old wait, each for the first time.
    ends: Option<Ends>,
}

/// The first and the last of the deadlines of a pile.
#[derive(Clone, Copy)]
struct Ends {
    tasks: usize,
    first: Timestamp,
    last: Timestamp,
}

/// The piles of the latest snapshot.
pub(super) fn piles(history: &History) -> Vec<Pile<'_>> {
    let (Some(started), Some(latest)) = (history.started(), history.latest()) else {
        return Vec::new();
    };
    let sites = history.sites();
    let mut piles: Vec<Pile> = sites
        .filter_map(|(site, seen)| pile(site, seen, history.remembered(), started, latest))
        .collect();
    if !piles.is_empty() {
        let deadlines = deadlines(latest);
        if !deadlines.is_empty() {
            for pile in &mut piles {
                pile.ends = ends(pile, &deadlines, history.window());
            }
        }
    }
    piles
}

/// The deadlines of a pile of which most wait under a timer that is due soon enough to be an
/// end, and did not wait under one before: a loop that sleeps has a timer too, and no end.
fn ends(pile: &Pile, deadlines: &HashMap<TaskId, Timestamp>, window: Duration) -> Option<Ends> {
    let soon = |deadline: &&Timestamp| elapsed(pile.now, **deadline) <= window * END_IN_WATCHES;
    let first_wait = |task: &&Task| {
        let worked = elapsed(task.created_at, task.last_active());
        worked * FIRST_WAIT_ONE_IN <= task.age(pile.now)
    };
    let timed = pile.old().filter(first_wait);
    let mut ends: Vec<Timestamp> = timed
        .filter_map(|task| deadlines.get(&task.id).filter(soon).copied())
        .collect();
    ends.sort_unstable();
    are_most(ends.len(), pile.old.len()).then_some(Ends {
        tasks: ends.len(),
        first: *ends.first()?,
        last: *ends.last()?,
    })
}

/// How sure a cause is that cannot be seen whole: as sure as the pile that it explains.
pub(super) fn grade_by_pile(tasks: &HashSet<TaskId>, piles: &[Pile]) -> Grade {
    if piles.iter().any(|pile| pile.is_explained_by(tasks)) {
        Grade::Probable
    } else {
        Grade::Suspicious
    }
}

/// The pile at a site, if there is one in the latest snapshot.
fn pile<'a>(
    site: Option<&'a Site>,
    seen: &'a SiteHistory,
    remembered: Duration,
    started: Timestamp,
    latest: &Snapshot,
) -> Option<Pile<'a>> {
    let now = latest.at;
    let living = seen.living.iter().map(AsRef::as_ref);
    let living: Vec<&Task> = living.filter(|task| !task.is_ghost()).collect();
    let ages: Vec<Duration> = living.iter().map(|task| task.age(now)).collect();
    let population = Population {
        ages: &ages,
        finished: &seen.finished,
        before: Some(FinishedBefore {
            lifetimes: &seen.finished_before,
            within: remembered,
        }),
        watch: elapsed(started, now),
        lag: latest.coverage.lag,
    };
    let shape = population.pile()?;
    Some(Pile {
        site,
        seen,
        now,
        old: living.into_iter().take(shape.old).collect(),
        old_age: shape.old_age,
        escaped: shape.escaped,
        born: shape.born,
        window: shape.window,
        ends: None,
    })
}

impl Pile<'_> {
    /// The tasks that grew old here.
    pub(super) fn old(&self) -> impl Iterator<Item = &Task> {
        self.old.iter().copied()
    }

    /// Whether other findings say why most of the old do not finish.
    pub(super) fn is_explained_by(&self, explained: &HashSet<TaskId>) -> bool {
        let known = self.old().filter(|task| explained.contains(&task.id));
        are_most(known.count(), self.old.len())
    }

    /// How the living grew, as a sentence.
    pub(super) fn growth(&self, history: &History) -> String {
        format!(
            "alive went from {} to {} in the {} of the watch",
            self.seen.alive_at_start,
            self.seen.living.len(),
            span(history.window())
        )
    }

    /// The finding, and the old.
    pub(super) fn case(&self, history: &History, graph: &WaitGraph) -> Case {
        let finished = self.seen.finished.total();
        let state = usual_state(self.old.iter().copied());
        let mut evidence = vec![
            self.growth(history),
            format!(
                "{} of the living were born in {}, in every part of it; {} of the site finished in {}",
                self.born,
                if self.window * 10 < history.window() * 9 {
                    format!("the last {} of the watch", span(self.window))
                } else {
                    "the watch".to_owned()
                },
                match finished {
                    0 => "no task".to_owned(),
                    1 => "1 task".to_owned(),
                    more => format!("{more} tasks"),
                },
                if self.window * 10 < history.window() * 9 {
                    "the watch"
                } else {
                    "it"
                },
            ),
            format!(
                "of {} tasks that reached the age of {}, {}",
                self.old.len() as u64 + self.escaped,
                span(self.old_age),
                match self.escaped {
                    0 => "none has finished".to_owned(),
                    1 => "1 has finished".to_owned(),
                    more => format!("{more} have finished"),
                }
            ),
        ];
        if finished > 0 {
            evidence.push(format!(
                "those that did finish had lived for {} at the most",
                span(self.seen.finished.longest())
            ));
        }
        evidence.push(activity(&self.old, self.old_age, self.now));
        let waits = Waits::of(&self.old, graph);
        let wait = waits.usual();
        let held_by = wait.map_or_else(Vec::new, |wait| {
            held_by(graph.holder(wait.resource).tasks())
        });
        // The tick of an Interval ends nothing.
        let ends = self
            .ends
            .filter(|_| wait.is_none_or(|wait| wait.kind != WaitKind::Interval));
        if wait.is_some() || ends.is_none() {
            evidence.push(waits.sentence(graph, history));
        }
        evidence.extend(ends.map(|ends| {
            format!(
                "but {} of the old wait under a timer, due in {} to {}: none had the time to \
                 finish yet; a watch longer than that shows whether they do",
                ends.tasks,
                span(elapsed(self.now, ends.first)),
                span(elapsed(self.now, ends.last)),
            )
        }));
        let advice = Advice::on(&self.old);
        let verdict = Verdict {
            code: Code::PilingUp,
            grade: match ends {
                Some(_) => Grade::Suspicious,
                None => Grade::Probable,
            },
            state,
            waits_on: wait.map(waits_on),
            held_by,
            evidence,
            explanation: advice.explanation,
            fix: advice.fix,
        };
        Case {
            finding: verdict.at(self.site, history),
            tasks: self.old().map(|task| task.id).collect(),
        }
    }
}
