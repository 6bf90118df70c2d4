//! How fast the target is woken, and how long it may hold up whoever watches it.

use std::time::Duration;

use tokio::time::timeout;
use tokio_stream::StreamExt;

use crate::fake::Fake;
use crate::message::Message;
use crate::script::{attach, next};

/// Far longer than anything takes that a test waits for, on a machine that is busy too.
const PATIENCE: Duration = Duration::from_secs(30);
/// As many at once make a target take in what a busy program does.
const VOLLEY: usize = 8;
/// As many new things in one message as a target sends that may have more.
const MANY: u64 = 100;

#[tokio::test]
async fn a_target_that_is_behind_is_woken_in_volleys_and_others_once_at_a_time() {
    let fake = Fake::start();
    fake.send(Message::first_at(100));
    let mut connection = attach(&fake).await;
    next(&mut connection).await;
    // The volley of the attach is over.
    fake.is_woken(VOLLEY + 1).await;
    fake.most_at_once();
    fake.is_woken(VOLLEY).await;
    assert_eq!(fake.most_at_once(), 1);

    fake.send((0..MANY).fold(Message::at(200), |message, id| message.task(id, 50)));
    next(&mut connection).await;
    let hurried = async {
        let mut most = 0;
        while most < VOLLEY {
            fake.is_woken(VOLLEY).await;
            most = most.max(fake.most_at_once());
        }
        most
    };
    let most = timeout(PATIENCE, hurried).await;
    assert_eq!(most.expect("volleys"), VOLLEY);
    // The next volley waits for the answers to the last.
    fake.is_woken(4 * VOLLEY).await;
    assert!(fake.most_at_once() <= VOLLEY);

    fake.send(Message::at(201));
    next(&mut connection).await;
    // The last volley is over.
    fake.is_woken(VOLLEY + 1).await;
    fake.most_at_once();
    fake.is_woken(VOLLEY).await;
    assert_eq!(fake.most_at_once(), 1);
}

// The messages arrive on another thread, so that there is always one more.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_target_that_always_has_one_more_to_tell_holds_up_nobody() {
    let flood = (0..MANY).fold(Message::first_at(100), |message, id| message.task(id, 50));
    let fake = Fake::start_flood(flood.polls(100));
    // It seems to be behind for as long as it is listened to.
    let mut connection = timeout(PATIENCE, attach(&fake)).await.expect("an attach");
    let snapshot = timeout(PATIENCE, next(&mut connection)).await;
    assert_eq!(snapshot.expect("a snapshot").tasks.len() as u64, MANY);

    let watch = connection.watch(Duration::from_millis(700));
    let snapshots: Vec<_> = timeout(PATIENCE, watch.collect()).await.expect("an end");
    // At once, after half a second, and at the end: fewer on a machine that is busy.
    assert!((1..=3).contains(&snapshots.len()), "{}", snapshots.len());
    for snapshot in snapshots {
        assert_eq!(snapshot.expect("it is there").tasks.len() as u64, MANY);
    }
}

#[tokio::test]
async fn a_watch_of_a_target_that_goes_away_ends_with_the_reason() {
    let mut fake = Fake::start();
    fake.send(Message::first_at(100).task(1, 10));
    let mut connection = attach(&fake).await;
    fake.close();
    let watch = connection.watch(PATIENCE * 2);
    let seen: Vec<_> = timeout(PATIENCE, watch.collect()).await.expect("an end");
    let (last, before) = seen.split_last().expect("a snapshot and the reason");
    assert!(last.is_err());
    assert_eq!(before.len(), 1);
    assert!(before.iter().all(Result::is_ok));
}
