//! What the rules need of all snapshots so far.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use pileup_model::{AsyncOp, Resource, Site, Snapshot, Task, TaskId, elapsed};

mod alive_over_time;
mod changes;
mod clones_counted;
mod cohorts;
mod last_finish;
mod lineage;
mod locks;
mod pollers;
mod process_waits;
mod remembered;
mod site;
mod takers;
mod threads;
mod turnover;
mod worker_waits;

pub use self::alive_over_time::AliveAt;
use self::changes::changes;
use self::clones_counted::ClonesCounted;
pub(crate) use self::cohorts::{Cohorts, LeftBy, Partition, Stay, Stays};
use self::last_finish::LastFinish;
pub(crate) use self::lineage::Lineage;
pub(crate) use self::locks::Holder;
use self::locks::LocksSeen;
use self::pollers::Pollers;
pub use self::pollers::SeenTask;
pub(crate) use self::process_waits::ProcessWaits;
pub use self::site::SiteHistory;
use self::threads::ThreadsSeen;
use self::turnover::update_live;
pub(crate) use self::worker_waits::WorkerWaits;
use crate::facts::Evidence;

/// All snapshots of one watch, kept as what the rules need of them: the latest one whole,
/// and of the others counts per spawn site.
#[derive(Debug, Clone, Default)]
pub struct History {
    watch: Option<Watch>,
    sites: BTreeMap<Option<Site>, SiteHistory>,
    /// Tasks without a waker, with the time since when they are seen so.
    without_waker: HashMap<TaskId, WithoutWaker>,
    clones_counted: ClonesCounted,
    pollers: Pollers,
    lineage: Lineage,
    locks: LocksSeen,
    worker_waits: WorkerWaits,
    process_waits: ProcessWaits,
    last_finish: LastFinish,
    cohorts: Cohorts,
    threads: ThreadsSeen,
}

#[derive(Debug, Clone)]
struct Watch {
    started: Timestamp,
    latest: Snapshot,
}

#[derive(Debug, Clone, Copy)]
struct WithoutWaker {
    born: Timestamp,
    polls: u64,
    since: Timestamp,
}

impl History {
    /// Takes in the next snapshot. One that is not newer than the last counts as the last
    /// one, repeated.
    pub fn observe(&mut self, snapshot: Snapshot) {
        let watch = self.watch.take();
        let started = watch.as_ref().map(|watch| watch.started);
        let before = watch.as_ref().map(|watch| &watch.latest);
        let tasks_before = before.map_or(&[][..], |before| &before.tasks);
        let ops_before = before.map_or(&[][..], |before| &before.async_ops);

        update_live(&mut self.sites, tasks_before, &snapshot.tasks, started);
        if started.is_none() {
            self.finish_before(&snapshot);
        }
        for task in &snapshot.finished {
            let site = self.sites.entry(task.site.clone()).or_default();
            site.finish(task, started);
            self.clones_counted.note(task);
        }
        for turnover in &snapshot.turnover {
            let site = self.sites.entry(Some(turnover.site.clone())).or_default();
            if started.is_none() {
                site.count_before(turnover, &snapshot);
            } else {
                let finished = site.finished.total();
                site.count(turnover, snapshot.at);
                if site.finished.total() > finished {
                    site.last_alive = Some(snapshot.at);
                }
            }
        }
        for site in self.sites.values_mut() {
            if !site.live.is_empty() {
                site.last_alive = Some(snapshot.at);
            }
            site.alive_over_time.note(snapshot.at, site.live.len());
        }
        self.last_finish.observe(&snapshot);
        self.worker_waits.observe(before, &snapshot);
        self.process_waits.observe(&snapshot);
        self.threads.observe(&snapshot);
        self.note_wakers(tasks_before, &snapshot);
        self.pollers.observe(ops_before, &snapshot);
        self.lineage.observe(tasks_before, &snapshot);
        self.locks.observe(ops_before, &snapshot, &self.pollers);
        self.cohorts.observe(before, &snapshot);
        self.watch = Some(Watch {
            started: started.unwrap_or(snapshot.at),
            latest: snapshot,
        });
    }

    /// The latest snapshot, or none before the first.
    #[must_use]
    pub fn latest(&self) -> Option<&Snapshot> {
        self.watch.as_ref().map(|watch| &watch.latest)
    }

    /// When the watch began: the time of the first snapshot.
    #[must_use]
    pub fn started(&self) -> Option<Timestamp> {
        self.watch.as_ref().map(|watch| watch.started)
    }

    /// From the first snapshot to the latest.
    #[must_use]
    pub fn window(&self) -> Duration {
        self.watch.as_ref().map_or(Duration::ZERO, |watch| {
            elapsed(watch.started, watch.latest.at)
        })
    }

    /// When a task was last known to finish, as far as that was seen.
    pub(crate) fn last_finish(&self) -> Option<Timestamp> {
        self.last_finish.at()
    }

    /// What the threads of the program have done since a time, where they are seen.
    pub(crate) fn threads_since(&self, since: Timestamp) -> Option<Evidence> {
        self.threads.since(since)
    }

    /// What tells the tasks of one spawn site apart.
    pub(crate) fn cohorts(&self) -> &Cohorts {
        &self.cohorts
    }

    /// What was seen of the waits for a worker.
    pub(crate) fn worker_waits(&self) -> &WorkerWaits {
        &self.worker_waits
    }

    /// What was seen of the waits for a processor, on the machine that the program runs on.
    pub(crate) fn process_waits(&self) -> &ProcessWaits {
        &self.process_waits
    }

    /// How many tasks of a spawn site were alive when the watch began: by their births, since
    /// the first snapshot may have only a part of them.
    #[must_use]
    pub fn alive_at_start(&self, site: &SiteHistory) -> usize {
        let Some(started) = self.started() else {
            return 0;
        };
        let live = &site.live;
        let stayed = live.partition_point(|task| task.created_at <= started);
        stayed + usize::try_from(site.entered.total()).unwrap_or(usize::MAX)
    }

    /// How many more tasks of a spawn site are alive a minute, over the whole watch.
    #[must_use]
    pub fn growth_per_minute(&self, site: &SiteHistory) -> f64 {
        let more = site.live.len() as f64 - self.alive_at_start(site) as f64;
        self.per_minute(more)
    }

    /// What a number that was counted over the whole watch is a minute: 0 before the second
    /// snapshot.
    #[must_use]
    pub fn per_minute(&self, number: f64) -> f64 {
        let minutes = self.window().as_secs_f64() / 60.0;
        if minutes > 0.0 { number / minutes } else { 0.0 }
    }

    /// What was seen of each spawn site, in the order of the sites.
    pub fn sites(&self) -> impl Iterator<Item = (Option<&Site>, &SiteHistory)> {
        self.sites.iter().map(|(site, seen)| (site.as_ref(), seen))
    }

    /// What was seen of one spawn site.
    #[must_use]
    pub fn site(&self, site: Option<&Site>) -> Option<&SiteHistory> {
        self.sites.get(&site.cloned())
    }

    /// How many tasks of a spawn site lived over the watch.
    #[must_use]
    pub fn alive_over_time(&self, site: &SiteHistory) -> Vec<AliveAt> {
        let Some(started) = self.started() else {
            return Vec::new();
        };
        let points = site.alive_over_time.points();
        points
            .map(|(at, alive)| AliveAt {
                seconds: elapsed(started, at).as_secs_f64(),
                alive,
            })
            .collect()
    }

    /// Since when a live task has been idle without any waker, in every snapshot.
    #[must_use]
    pub fn without_waker_since(&self, task: &Task) -> Option<Timestamp> {
        let seen = self.without_waker.get(&task.id)?;
        (seen.born == task.created_at).then_some(seen.since)
    }

    /// Whether every waker that was cloned of a task was counted.
    pub(crate) fn has_all_clones_counted(&self, task: &Task) -> bool {
        self.clones_counted.of(task)
    }

    /// The task that polled an async op last, if it was ever seen.
    pub(crate) fn poller(&self, op: &AsyncOp) -> Option<&SeenTask> {
        self.pollers.of(op)
    }

    /// Who spawned whom.
    pub(crate) fn lineage(&self) -> &Lineage {
        &self.lineage
    }

    /// Who holds a lock that somebody waits for, by who was granted it.
    pub(crate) fn holder(&self, lock: &Resource, granted: &[&AsyncOp]) -> Holder {
        match self.latest() {
            Some(latest) => self.locks.holder(lock, granted, &self.pollers, latest),
            None => Holder::Unknown,
        }
    }

    /// Tasks that were seen at all, finished or not.
    #[must_use]
    pub fn tasks_seen(&self) -> u64 {
        let of_site = |site: &SiteHistory| {
            site.live.len() as u64 + site.finished.total() + site.finished_before.total()
        };
        let kept = self.latest().map_or(0, |latest| {
            latest
                .tasks
                .iter()
                .filter(|task| task.has_finished())
                .count()
        });
        self.sites.values().map(of_site).sum::<u64>() + kept as u64
    }

    /// Notes from which time on the first snapshot has what finished: from the first of them.
    fn finish_before(&mut self, first: &Snapshot) {
        let finished = first.finished.iter().filter_map(|task| task.finished_at);
        let Some(since) = finished.min() else {
            return;
        };
        for task in &first.finished {
            let site = self.sites.entry(task.site.clone()).or_default();
            if task.created_at < since {
                site.entered_before.add(elapsed(task.created_at, since));
            }
        }
        for site in self.sites.values_mut() {
            site.known_before = elapsed(since, first.at);
        }
    }

    fn note_wakers(&mut self, before: &[Arc<Task>], snapshot: &Snapshot) {
        for (old, new) in changes(before, &snapshot.tasks, |task| task.id) {
            let known = old.and_then(|old| self.without_waker.remove(&old.id));
            if let Some(task) = new {
                self.clones_counted.note(task);
            }
            let Some(task) = new.filter(|task| task.has_no_waker()) else {
                continue;
            };
            let now = WithoutWaker {
                born: task.created_at,
                polls: task.polls.count,
                since: snapshot.at,
            };
            let seen = known.filter(|known| known.born == now.born && known.polls == now.polls);
            self.without_waker.insert(task.id, seen.unwrap_or(now));
        }
    }
}
