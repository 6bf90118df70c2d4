//! Live tasks as the model has them.

use std::time::Duration;

use pileup_model::{Polls, Site, Task, TaskId, Wakers, WokenBy};

use crate::clock::Tick;
use crate::live::{LiveTask, TaskWakers};
use crate::registry::{CountedSite, Registry};
use crate::sites::SiteNumber;

impl Registry {
    /// A live task as a [`Task`], without where it waits, which [`waits`](Self::waits) shows.
    /// `sites` is what [`sites`](Self::sites) gave after the task was spawned.
    #[must_use]
    pub fn task(&self, live: &LiveTask, sites: &[CountedSite]) -> Task {
        let site = |number: SiteNumber| -> Option<Site> {
            let site = sites.get(usize::from(number))?;
            Some(site.spawn.site.clone())
        };
        let last_poll = (live.polls > 0).then(|| self.time(live.last_poll));
        // The registry keeps one time for both ends of the last poll.
        let last_ended = last_poll.filter(|_| !live.running);
        let woken_by = |wakers: TaskWakers| {
            // Without a task, it was a thread outside of any.
            let waker = wakers.woken_by;
            wakers.last_wake.map(|_| WokenBy {
                task: waker.map(|waker| waker.number),
                site: waker.and_then(|waker| site(waker.site)),
            })
        };
        let bytes = live.wakers.map(|wakers| u64::from(wakers.size));
        let mut task = Task::new(TaskId(live.number), live.kind, self.time(live.born));
        task.tokio_id = live.tokio_id;
        task.site = site(live.site);
        task.polls = Polls {
            count: live.polls,
            last_started: last_poll,
            last_ended,
            busy: Duration::ZERO,
        };
        task.wakers = live.wakers.map(|seen| self.wakers(&seen));
        task.size_bytes = bytes.filter(|bytes| *bytes > 0);
        task.parent = live.parent.map(|parent| parent.number);
        task.parent_site = live.parent.and_then(|parent| site(parent.site));
        task.woken_by = live.wakers.and_then(woken_by).map(Into::into);
        task
    }

    fn wakers(&self, seen: &TaskWakers) -> Wakers {
        let clones = i64::from(seen.clones);
        let drops = clones - i64::from(seen.outstanding);
        Wakers {
            wakes: seen.wakes.into(),
            self_wakes: seen.self_wakes.into(),
            clones: seen.clones.into(),
            drops: u64::try_from(drops).unwrap_or_default(),
            last_wake: seen.last_wake.map(|tick: Tick| self.time(tick)),
            woken_for_last_poll: None,
            scheduled: Duration::ZERO,
        }
    }
}
