//! For how long a real program keeps what has ended.

use std::time::Duration;

use pileup_model::elapsed;
use tokio::sync::Mutex;

use crate::spawn;
use crate::target::{OFTEN, Prepared};
use crate::watch::Watch;

/// Short enough to pass in a test, and longer than a target is late.
const SHORT: Duration = Duration::from_millis(400);

#[tokio::test]
async fn a_target_that_has_forgotten_nothing_since_its_oldest_lock_is_known_to() {
    let target = Prepared::new(OFTEN).await.start();
    let mutex = target.run(|| Mutex::new(())).await;
    target.run(|| spawn::short(1)).await;
    target.polled().await;
    let mut watch = Watch::attach(&target.address).await;
    let attached = watch.latest.clone();
    assert_eq!(attached.coverage.keeps_ended_for, None);
    watch
        .until("an answer", |watch| {
            watch.latest.coverage.keeps_ended_for.is_some()
        })
        .await;
    let kept = watch.latest.coverage.keeps_ended_for.expect("an answer");
    let mut locks = attached.resources.iter();
    let lock = locks.find(|resource| &*resource.concrete_type == "Mutex");
    let lock = lock.expect("the mutex");
    assert!(elapsed(lock.created_at, attached.at) <= kept);
    drop(mutex);
}

#[tokio::test]
async fn a_target_that_has_begun_to_forget_is_not_taken_for_one_that_has_just_started() {
    let target = Prepared::keeping(SHORT).await.start();
    let mutex = target.run(|| Mutex::new(())).await;
    // Tasks end all the time, and the first of them are forgotten.
    let first = target.run(|| spawn::short(1)).await;
    let mut watch = loop {
        target.run(|| spawn::short(1)).await;
        target.polled().await;
        let watch = Watch::attach(&target.address).await;
        if watch.finished_at(&first).is_empty() {
            break watch;
        }
    };
    let forgotten = watch.latest.at;
    watch
        .until(
            "the oldest task that it has left to be forgotten as well",
            |watch| watch.latest.at > forgotten + 3 * SHORT,
        )
        .await;
    assert_eq!(watch.latest.coverage.keeps_ended_for, None);
    drop(mutex);
}
