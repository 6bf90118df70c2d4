//! Who woke tasks last, and whether those wakers can wake them again.

use std::cmp::Reverse;
use std::collections::{BTreeMap, HashMap, HashSet};
use std::time::Duration;

use jiff::Timestamp;
use pileup_model::{AwaitKind, Site, Snapshot, Task, TaskState, elapsed};

use crate::facts::{Evidence, WakersNow};
use crate::history::History;
use crate::thresholds::{SEEN_EVERY, are_most, standstill};

/// A report names the spawn sites of the wakers of the most tasks: this many.
const MOST_SITES: usize = 3;

/// Who woke tasks last, by the spawn sites of those that did. A task that a thread outside of any
/// task woke, such as the I/O driver, or that woke itself, is in none of the groups.
pub(crate) struct LastWakers<'a> {
    /// How many tasks were asked about.
    asked: usize,
    /// The largest group first.
    groups: Vec<Group<'a>>,
    now: Timestamp,
}

/// The tasks that were last woken by tasks of one spawn site.
struct Group<'a> {
    site: &'a Site,
    wakes: Vec<LastWake<'a>>,
    state: WakersNow,
}

/// The last wake of one task.
struct LastWake<'a> {
    task: &'a Task,
    at: Timestamp,
    /// The `tokio::task::Id` of the task that woke it.
    waker: u64,
}

impl<'a> LastWakers<'a> {
    /// Who woke these tasks last.
    pub(crate) fn of(tasks: impl IntoIterator<Item = &'a Task>, history: &'a History) -> Self {
        let latest = history.latest();
        let now = latest.map(|latest| latest.at).unwrap_or_default();
        let standstill = standstill(history.window());
        let mut asked = 0;
        let mut by_site: BTreeMap<&Site, Vec<LastWake>> = BTreeMap::new();
        for task in tasks {
            asked += 1;
            if let Some((site, wake)) = last_wake(task, history) {
                by_site.entry(site).or_default().push(wake);
            }
        }
        let wakes = by_site.values().flatten();
        let ids: HashSet<u64> = wakes.map(|wake| wake.waker).collect();
        let tasks = latest.into_iter().flat_map(Snapshot::live_tasks);
        let alive: HashMap<u64, &Task> = tasks
            .filter_map(|task| Some((task.tokio_id?, task.as_ref())))
            .filter(|(id, _)| ids.contains(id))
            .collect();
        let unseen = latest.is_some_and(|latest| {
            latest.coverage.state_withheld || latest.coverage.dropped_events > 0
        });
        let groups = by_site.into_iter().filter_map(|(site, wakes)| {
            let seen = history.site(Some(site));
            let last_alive = seen.and_then(|seen| seen.last_alive);
            let last_alive = last_alive.or(history.started()).unwrap_or(now);
            let is_alive = elapsed(last_alive, now) < standstill;
            let idle_for = wakes
                .iter()
                .filter_map(|wake| alive.get(&wake.waker))
                .map(|waker| idle_for(waker, now))
                .min();
            let recent = wakes
                .iter()
                .filter(|wake| elapsed(wake.at, now) < standstill);
            let state = match idle_for {
                // A task that is not there may be one that the target did not report.
                None if unseen => return None,
                None if is_alive => WakersNow::Ended,
                None => WakersNow::AllOfSiteEnded,
                Some(idle) if idle >= standstill => WakersNow::StandStill,
                Some(_) if are_most(recent.count(), wakes.len()) => WakersNow::WakeStill,
                Some(_) => WakersNow::WakeNoLonger,
            };
            Some(Group { site, wakes, state })
        });
        let mut groups: Vec<Group> = groups.collect();
        groups.sort_by_key(|group| Reverse(group.wakes.len()));
        Self { asked, groups, now }
    }

    /// The facts of the largest groups; empty where the source does not report who woke a task.
    pub(crate) fn evidence(&self) -> impl Iterator<Item = Evidence> {
        let largest = self.groups.iter().take(MOST_SITES);
        largest.filter_map(|group| {
            let last_wake = group.wakes.iter().map(|wake| wake.at).max()?;
            Some(Evidence::LastWokenBy {
                tasks: group.wakes.len(),
                of: self.asked,
                spawned_at: group.site.clone(),
                last_wake,
                ago_seconds: elapsed(last_wake, self.now).into(),
                wakers: group.state,
            })
        })
    }

    /// Whether nobody is left who woke most of these tasks, and what these wait for is what tasks
    /// bring.
    pub(crate) fn are_gone(&self) -> bool {
        self.are_most_in(WakersNow::AllOfSiteEnded, |wake| waits_for_tasks(wake.task))
    }

    /// Whether active tasks still wake most of these.
    pub(crate) fn wake_still(&self) -> bool {
        self.are_most_in(WakersNow::WakeStill, |_| true)
    }

    fn are_most_in(&self, state: WakersNow, also: impl Fn(&&LastWake) -> bool) -> bool {
        let groups = self.groups.iter().filter(|group| group.state == state);
        let wakes = groups.flat_map(|group| &group.wakes).filter(also).count();
        wakes > 0 && are_most(wakes, self.asked)
    }
}

/// The last wake of a task by another, and where that was spawned; none where that is not known.
fn last_wake<'a>(task: &'a Task, history: &History) -> Option<(&'a Site, LastWake<'a>)> {
    let woken_by = task.woken_by.as_deref()?;
    let (waker, site) = (woken_by.task?, woken_by.site.as_ref()?);
    let at = task.wakers?.last_wake?;
    let last_alive = history.site(Some(site)).and_then(|seen| seen.last_alive);
    let is_newer = last_alive.is_some_and(|alive| elapsed(alive, at) > SEEN_EVERY);
    let is_other = task.tokio_id != Some(waker);
    (is_other && !is_newer).then_some((site, LastWake { task, at, waker }))
}

/// For how long a live task has done nothing.
fn idle_for(task: &Task, now: Timestamp) -> Duration {
    match task.state() {
        Some(TaskState::Idle) => elapsed(task.last_active(), now),
        _ => Duration::ZERO,
    }
}

/// Whether a task waits only for what other tasks bring: not for a timer, nor for I/O.
fn waits_for_tasks(task: &Task) -> bool {
    let Some(waits) = task.waits.as_deref().filter(|waits| !waits.is_empty()) else {
        return false;
    };
    waits
        .iter()
        .all(|wait| AwaitKind::of(&wait.kind).is_some_and(AwaitKind::is_brought_by_tasks))
}
