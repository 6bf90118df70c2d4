//! The live tasks of each spawn site: kept from snapshot to snapshot, at the cost of what changes.

use std::collections::BTreeMap;
use std::sync::Arc;

use jiff::Timestamp;
use pileup_model::{Site, Task, TaskId, elapsed};

use super::changes::changes;
use super::site::SiteHistory;

/// The tasks that came to a site and those that left it, between two snapshots.
#[derive(Default)]
struct SiteChange<'a> {
    gone: Vec<&'a Task>,
    born: Vec<&'a Arc<Task>>,
}

/// Brings the live tasks of all sites from one snapshot to the next. Tasks that have finished, and
/// that an open span keeps on the console, are not among them.
pub(crate) fn update_live(
    sites: &mut BTreeMap<Option<Site>, SiteHistory>,
    before: &[Arc<Task>],
    now: &[Arc<Task>],
    started: Option<Timestamp>,
) {
    let mut changed: BTreeMap<Option<&Site>, SiteChange> = BTreeMap::new();
    let is_live = |task: &&Arc<Task>| !task.has_finished();
    for (old, new) in changes(before, now, |task| task.id) {
        if let Some(left) = old.filter(|old| new.is_none_or(|new| !is_same(old, new)))
            && let Some(started) = started.filter(|started| left.created_at <= *started)
        {
            let seen = sites.entry(left.site.clone()).or_default();
            seen.entered.add(elapsed(left.created_at, started));
        }
        match (old.filter(is_live), new.filter(is_live)) {
            (Some(old), Some(new)) if is_same(old, new) => {
                let site = sites.get_mut(&new.site);
                if let Some(known) = site.and_then(|site| known(&mut site.live, old)) {
                    *known = Arc::clone(new);
                }
            }
            (old, new) => {
                if let Some(old) = old {
                    let change = changed.entry(old.site.as_ref()).or_default();
                    change.gone.push(old);
                }
                if let Some(new) = new {
                    let change = changed.entry(new.site.as_ref()).or_default();
                    change.born.push(new);
                }
            }
        }
    }
    for (site, change) in changed {
        let seen = sites.entry(site.cloned()).or_default();
        change.apply(&mut seen.live);
    }
}

impl SiteChange<'_> {
    fn apply(mut self, live: &mut Vec<Arc<Task>>) {
        self.gone.sort_unstable_by_key(|task| age(task));
        let mut gone = self.gone.into_iter().map(age).peekable();
        if gone.peek().is_some() {
            live.retain(|task| gone.next_if_eq(&age(task)).is_none());
        }
        self.born.sort_unstable_by_key(|task| age(task));
        let youngest = live.last().map(|task| age(task));
        let oldest_born = self.born.first().map(|task| age(task));
        live.extend(self.born.into_iter().cloned());
        // Most are born after all others.
        if oldest_born < youngest {
            live.sort_by_key(|task| age(task));
        }
    }
}

fn known<'a>(live: &'a mut [Arc<Task>], task: &Task) -> Option<&'a mut Arc<Task>> {
    let index = live.binary_search_by_key(&age(task), |known| age(known));
    live.get_mut(index.ok()?)
}

/// Whether two tasks with one id are one task.
fn is_same(old: &Task, new: &Task) -> bool {
    old.created_at == new.created_at && old.site == new.site
}

/// The order of live tasks: oldest first.
fn age(task: &Task) -> (Timestamp, TaskId) {
    (task.created_at, task.id)
}

#[cfg(test)]
mod tests {
    use pileup_model::{TaskKind, Wakers};
    use proptest::prelude::*;

    use super::*;

    fn task(id: u64, born: i64, site: u32) -> Arc<Task> {
        Arc::new(Task {
            site: Some(Site {
                file: "src/main.rs".into(),
                line: site,
                column: 1,
            }),
            wakers: Some(Wakers::default()),
            ..Task::new(
                TaskId(id),
                TaskKind::Async,
                Timestamp::from_second(born).expect("a small number of seconds"),
            )
        })
    }

    /// The live tasks as they must be, looked up in the snapshot itself.
    fn live(tasks: &[Arc<Task>], site: Option<&Site>) -> Vec<Arc<Task>> {
        let live = tasks.iter().filter(|task| !task.has_finished());
        let of_site = live.filter(|task| task.site.as_ref() == site);
        let mut live: Vec<Arc<Task>> = of_site.cloned().collect();
        live.sort_by_key(|task| age(task));
        live
    }

    /// Ids, and for each whether it is on the console, since when, where, and after how many polls:
    /// after two without a wake it has finished.
    fn snapshot() -> impl Strategy<Value = Vec<Option<(i64, u32, u64)>>> {
        let on_wire = proptest::option::weighted(0.7, (0..4_i64, 1..3_u32, 0..3_u64));
        proptest::collection::vec(on_wire, 8)
    }

    proptest! {
        #[test]
        fn live_tasks_are_those_of_the_latest_snapshot(
            snapshots in proptest::collection::vec(snapshot(), 1..6)
        ) {
            let mut sites = BTreeMap::new();
            let mut before: Vec<Arc<Task>> = Vec::new();
            for snapshot in snapshots {
                let mut now = Vec::new();
                for (id, on_wire) in (0..).zip(snapshot) {
                    let Some((born, site, polls)) = on_wire else { continue };
                    let mut new = task(id, born, site);
                    Arc::make_mut(&mut new).polls.count = polls;
                    let same = before.iter().find(|old| ***old == *new);
                    now.push(same.cloned().unwrap_or(new));
                }
                update_live(&mut sites, &before, &now, None);
                for (site, seen) in &sites {
                    prop_assert_eq!(&seen.live, &live(&now, site.as_ref()));
                }
                let kept: usize = sites.values().map(|seen| seen.live.len()).sum();
                let live = now.iter().filter(|task| !task.has_finished()).count();
                prop_assert_eq!(kept, live);
                before = now;
            }
        }
    }
}
