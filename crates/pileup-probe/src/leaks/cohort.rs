//! Which tasks of a site have something in common: those that stand still, those that wait at one
//! await stack, and those without a waker.
//!
//! One spawn site often serves several kinds of task, and healthy tasks that live long then hide
//! those that leak. So the rule is also asked about each *cohort*, in the sense of `pileup-growth`.

use pileup_registry::{LiveTask, SiteNumber};

/// Tasks of a site that stand still.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) struct Cohort {
    pub(crate) site: SiteNumber,
    pub(super) waiting: Waiting,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) enum Waiting {
    /// All tasks of the site that stand still.
    Anywhere,
    /// Those that have cloned no waker.
    WithoutWaker,
    /// Those whose newest await stack has this number.
    At(u32),
}

impl Cohort {
    /// The cohorts of a task: none while it is polled or about to be, and before its first poll.
    pub(super) fn of(task: &LiveTask) -> impl Iterator<Item = Self> {
        let is_scheduled = task.kind.is_scheduled();
        let last_wake = task.wakers.and_then(|wakers| wakers.last_wake);
        let is_woken = last_wake.is_some_and(|wake| wake > task.last_poll);
        let stands_still = is_scheduled && task.polls > 0 && !task.running && !is_woken;
        let waiting = task.wakers.and_then(|wakers| {
            let newest = wakers.stacks.and_then(|stacks| stacks.newest_first[0]);
            let without_waker = (wakers.outstanding == 0).then_some(Waiting::WithoutWaker);
            newest
                .map(|stack| Waiting::At(stack.get()))
                .or(without_waker)
        });
        let all = [Some(Waiting::Anywhere), waiting].into_iter().flatten();
        let site = task.site;
        all.filter(move |_| stands_still)
            .map(move |waiting| Self { site, waiting })
    }

    /// Whether a task belongs to it.
    pub(crate) fn has(self, task: &LiveTask) -> bool {
        Self::of(task).any(|cohort| cohort == self)
    }

    /// Whether its tasks wait alike: at one await stack, or without a waker.
    pub(crate) fn waits_alike(self) -> bool {
        self.waiting != Waiting::Anywhere
    }
}
