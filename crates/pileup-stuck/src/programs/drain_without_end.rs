//! A service shuts down: it takes no more jobs, and waits until its workers have ended.
//!
//! Each worker ends when its queue closes. The queue of three of them has a second sender, in a
//! registry that outlives the shutdown.

use std::future;
use std::time::Duration;

use pileup_scenario::Arrivals;
use tokio::sync::mpsc::{self, Receiver};
use tokio::time;
use tokio_util::task::TaskTracker;

const WORKERS: u64 = 40;
const REGISTERED: u64 = 3;
const JOB: Duration = Duration::from_millis(20);

fn start_worker(tracker: &TaskTracker, mut jobs: Receiver<u64>) {
    let work = async move {
        while jobs.recv().await.is_some() {
            time::sleep(JOB).await;
        }
    };
    tokio::spawn(tracker.track_future(work));
}

/// Starts the workers, gives each of them a job, and shuts down.
pub async fn run(mut arrivals: Arrivals) {
    let tracker = TaskTracker::new();
    let mut queues = Vec::new();
    let mut registry = Vec::new();
    for number in 1..=WORKERS {
        let (queue, jobs) = mpsc::channel(4);
        start_worker(&tracker, jobs);
        if number <= REGISTERED {
            registry.push(queue.clone());
        }
        queues.push(queue);
    }
    for queue in queues {
        let job = arrivals.next().await;
        // It is dropped afterwards: the shutdown of its worker.
        let _ = queue.send(job).await;
    }
    tracker.close();
    tracker.wait().await;
    drop(registry);
    future::pending::<()>().await;
}
