//! Tasks that have finished, and that a span keeps on the console, of a real program.
//!
//! It is alone in its process: where several subscribers are made at once, `tracing` leaves
//! out events for a moment, and what is counted here must be counted in full.

#[path = "wire/spawn.rs"]
#[expect(dead_code, reason = "the tests of the protocol need more of it")]
mod spawn;
#[path = "wire/target.rs"]
#[expect(dead_code, reason = "the tests of the protocol need more of it")]
mod target;
#[path = "wire/watch.rs"]
#[expect(dead_code, reason = "the tests of the protocol need more of it")]
mod watch;

use std::future;

use pileup_model::Site;
use tokio::sync::oneshot;
use tracing::{Instrument, info_span};

use crate::spawn::here;
use crate::target::{OFTEN, Target};
use crate::watch::Watch;

const TASKS: usize = 5;
/// How many times more tasks are spawned, at most.
const ATTEMPTS: usize = 30;
/// How many messages of the target each attempt reads.
const MESSAGES: usize = 20;

/// Spawns tasks that are woken twice for one poll, and then do `last`.
#[track_caller]
fn woken_twice<F: Future<Output = ()> + Send + 'static>(last: fn() -> F) -> Site {
    let mut answers = Vec::new();
    for _ in 0..TASKS {
        let (one, first) = oneshot::channel();
        let (other, second) = oneshot::channel();
        tokio::spawn(async move {
            let _ = tokio::join!(first, second);
            last().await;
        });
        answers.push((one, other));
    }
    tokio::spawn(async move {
        for (one, other) in answers {
            let _ = (one.send(()), other.send(()));
        }
    });
    here()
}

/// What is known of the last polls of the tasks that `spawn` spawns, once it is known of [`TASKS`].
/// The histogram of a task that waited long for its last poll decides nothing, so more tasks are
/// spawned then.
async fn last_polls(
    target: &Target,
    spawn: impl Fn() -> Site + Copy + Send + 'static,
) -> Vec<bool> {
    let mut watch = Watch::attach(&target.address).await;
    for _ in 0..ATTEMPTS {
        let site = target.run(spawn).await;
        watch.messages(MESSAGES).await;
        let live = watch.live_at(&site);
        let wakers = live.iter().filter_map(|task| task.wakers);
        let known: Vec<bool> = wakers
            .filter_map(|wakers| wakers.woken_for_last_poll)
            .collect();
        if known.len() >= TASKS {
            return known;
        }
    }
    panic!("the last polls do not become known: {:#?}", watch.latest)
}

#[tokio::test]
async fn a_finished_task_was_polled_last_to_be_dropped_and_one_that_waits_for_its_last_wake() {
    let target = Target::start(OFTEN).await;
    let waiting = last_polls(&target, || woken_twice(future::pending::<()>)).await;
    assert!(waiting.iter().all(|followed| *followed), "{waiting:?}");
    let finished = last_polls(&target, || {
        woken_twice(|| async {
            tokio::spawn(future::pending::<()>().instrument(info_span!("session")));
        })
    })
    .await;
    assert!(finished.iter().all(|followed| !followed), "{finished:?}");
}
