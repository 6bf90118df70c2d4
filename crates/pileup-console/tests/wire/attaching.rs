//! Attaching, and detaching.

use std::ops::Range;
use std::time::Duration;

use tokio::time::{sleep, timeout};

use crate::fake::Fake;
use crate::message::Message;
use crate::script::{attach, next};
use crate::spawn;
use crate::target::{OFTEN, Prepared, Target};
use crate::watch::{Watch, births};

/// As many new things in one message as a target sends that may have more.
const MANY: u64 = 100;
/// Shorter than pileup waits for a target that has more to send.
const AT_ONCE: Duration = Duration::from_secs(2);
/// On a busy machine, one of these may be late.
const ATTEMPTS: usize = 10;

/// How many tasks are seen at first in a target that sends these messages; none if pileup waited
/// for more in every attempt.
async fn seen_at_once(messages: impl Fn() -> Vec<Message>) -> Option<u64> {
    for _ in 0..ATTEMPTS {
        let fake = Fake::start();
        for message in messages() {
            fake.send(message);
        }
        if let Ok(mut connection) = timeout(AT_ONCE, attach(&fake)).await {
            return Some(next(&mut connection).await.tasks.len() as u64);
        }
    }
    None
}

#[tokio::test]
async fn a_quiet_target_is_not_waited_for() {
    let seen = seen_at_once(|| vec![Message::first_at(100).task(1, 10)]).await;
    assert_eq!(seen, Some(1));
}

#[tokio::test]
async fn the_target_is_woken_before_it_is_asked() {
    let mut woken = Vec::new();
    for _ in 0..ATTEMPTS {
        let fake = Fake::start();
        fake.send(Message::first_at(100));
        let _connection = attach(&fake).await;
        woken.push(fake.wake_ups());
        // One that is slow to answer is woken once.
        assert!(fake.wake_ups() >= 1, "{woken:?}");
        if fake.wake_ups() >= 8 {
            return;
        }
    }
    panic!("never woken often: {woken:?}");
}

#[tokio::test]
async fn a_target_that_has_not_begun_withholds_nothing() {
    let prepared = Prepared::new(OFTEN).await;
    let mut watch = Watch::attach(&prepared.address).await;
    assert!(watch.latest.coverage.state_withheld, "as far as is known");
    let target = prepared.start();
    let site = target.run(|| spawn::idle(3)).await;
    watch
        .until("the tasks", |watch| watch.live_at(&site).len() == 3)
        .await;
    assert!(!watch.latest.coverage.state_withheld);
}

#[tokio::test]
async fn a_backlog_is_taken_in_before_the_first_snapshot() {
    let fake = Fake::start();
    fake.send(tasks(Message::first_at(100), 0..MANY, 10));
    fake.send(tasks(Message::at(101), MANY..2 * MANY, 20));
    fake.send(tasks(Message::at(102), 2 * MANY..2 * MANY + 5, 30));
    let mut connection = attach(&fake).await;
    let seen = next(&mut connection).await.tasks.len() as u64;
    assert_eq!(seen, 2 * MANY + 5);
}

#[tokio::test]
async fn a_busy_target_is_not_waited_for_once_it_tells_of_the_present() {
    let messages = || {
        vec![
            tasks(Message::first_at(100), 0..MANY, 10),
            tasks(Message::at(102), MANY..2 * MANY, 101),
        ]
    };
    assert_eq!(seen_at_once(messages).await, Some(2 * MANY));
}

#[tokio::test]
async fn a_connection_asks_for_nothing_that_others_could_notice() {
    let fake = Fake::start();
    fake.send(Message::first_at(100));
    let mut connection = attach(&fake).await;
    fake.send(Message::at(200));
    next(&mut connection).await;
    assert_eq!(fake.other_calls(), 0);
}

#[tokio::test]
async fn a_dropped_connection_asks_for_nothing_any_more() {
    let fake = Fake::start();
    fake.send(Message::first_at(100));
    drop(attach(&fake).await);
    let left = async {
        fake.is_left().await;
        let mut before = None;
        while before != Some(fake.wake_ups()) {
            before = Some(fake.wake_ups());
            sleep(Duration::from_millis(200)).await;
        }
    };
    let left = timeout(Duration::from_secs(10), left).await;
    assert!(left.is_ok(), "it goes on to be woken");
}

#[tokio::test]
async fn a_unix_socket_is_as_good_as_a_port() {
    let folder = tempfile::tempdir().expect("a folder");
    let fake = Fake::start_on(&folder.path().join("console.sock"));
    fake.send(Message::first_at(100).task(1, 10));
    let mut connection = attach(&fake).await;
    assert_eq!(next(&mut connection).await.tasks.len(), 1);
    assert!(fake.wake_ups() > 0);
}

#[tokio::test]
async fn who_attaches_again_sees_the_same_tasks() {
    let target = Target::start(OFTEN).await;
    let idle = target.run(|| spawn::idle(10)).await;
    let short = target.run(|| spawn::short(10)).await;
    target.polled().await;
    let first = Watch::attach(&target.address).await;
    let (live, finished) = (
        births(&first.live_at(&idle)),
        births(&first.finished_at(&short)),
    );
    assert_eq!((live.len(), finished.len()), (10, 10));
    drop(first);

    let second = Watch::attach(&target.address).await;
    assert_eq!(births(&second.live_at(&idle)), live);
    assert_eq!(births(&second.finished_at(&short)), finished);
}

#[tokio::test]
async fn two_connections_at_a_time_see_the_same() {
    let target = Target::start(OFTEN).await;
    let mut first = Watch::attach(&target.address).await;
    let mut second = Watch::attach(&target.address).await;
    let short = target.run(|| spawn::short(50)).await;
    let idle = target.run(|| spawn::idle(50)).await;
    for watch in [&mut first, &mut second] {
        watch
            .until("all of the tasks", |watch| {
                watch.live_at(&idle).len() == 50 && watch.finished_at(&short).len() == 50
            })
            .await;
        watch.messages(2).await;
        assert_eq!(watch.finished_at(&short).len(), 50);
    }
    assert_eq!(
        births(&first.live_at(&idle)),
        births(&second.live_at(&idle))
    );
}

fn tasks(message: Message, ids: Range<u64>, born: i64) -> Message {
    ids.fold(message, |message, id| message.task(id, born))
}
