//! A connection, and all that it has sent so far.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::{Duration, Instant};

use jiff::Timestamp;
use pileup_console::{Address, Connection};
use pileup_model::{Site, Snapshot, Task, TaskId};

const PERIOD: Duration = Duration::from_millis(50);
/// Far longer than anything takes that a test waits for, on a machine that is busy too.
const PATIENCE: Duration = Duration::from_secs(15);

pub struct Watch {
    connection: Connection,
    pub latest: Snapshot,
    /// The finished of all snapshots.
    pub finished: Vec<Arc<Task>>,
}

impl Watch {
    /// Attaches, and takes the first snapshot.
    pub async fn attach(address: &Address) -> Self {
        let mut connection = Connection::attach(address.clone())
            .await
            .expect("something to attach to");
        let first = connection.next_snapshot(Duration::ZERO).await;
        let latest = first.expect("a first snapshot");
        Self {
            connection,
            finished: latest.finished.clone(),
            latest,
        }
    }

    /// Follows the target until something is so.
    pub async fn until(&mut self, what: &str, is_so: impl Fn(&Self) -> bool) {
        let started = Instant::now();
        while !is_so(self) {
            assert!(
                started.elapsed() < PATIENCE,
                "waited for {what}, in vain: {:#?}",
                self.latest
            );
            self.follow(PERIOD).await;
        }
    }

    /// Follows the target for this many messages or more.
    pub async fn messages(&mut self, count: usize) {
        for _ in 0..count {
            self.follow(Duration::ZERO).await;
        }
    }

    pub fn live_at(&self, site: &Site) -> Vec<&Arc<Task>> {
        at(&self.latest.tasks, site)
    }

    pub fn finished_at(&self, site: &Site) -> Vec<&Arc<Task>> {
        at(&self.finished, site)
    }

    async fn follow(&mut self, period: Duration) {
        let next = self.connection.next_snapshot(period).await;
        self.latest = next.expect("the target is still there");
        self.finished.extend(self.latest.finished.iter().cloned());
    }
}

/// Tasks as what makes them different from all others.
pub fn births(tasks: &[&Arc<Task>]) -> BTreeSet<(TaskId, Timestamp)> {
    tasks
        .iter()
        .map(|task| (task.id, task.created_at))
        .collect()
}

fn at<'a>(tasks: &'a [Arc<Task>], site: &Site) -> Vec<&'a Arc<Task>> {
    tasks
        .iter()
        .filter(|task| task.site.as_ref() == Some(site))
        .collect()
}
