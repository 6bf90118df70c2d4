//! A connection that breaks while the program lives, and one to a program that was restarted.

use std::time::Duration;

use futures_util::StreamExt;
use pileup_console::{Connection, ConsoleError};
use pileup_model::{Snapshot, TaskId};

use crate::fake::Fake;
use crate::message::Message;
use crate::script::{attach, next};
use crate::spawn;
use crate::target::{OFTEN, Target};

/// What a fake sends before its connection breaks, as far as it is seen.
async fn watched(fake: &mut Fake, messages: impl IntoIterator<Item = Message>) -> Connection {
    let mut messages = messages.into_iter();
    fake.send(messages.next().expect("a first message"));
    let mut connection = attach(fake).await;
    next(&mut connection).await;
    for message in messages {
        fake.send(message);
        next(&mut connection).await;
    }
    connection
}

async fn again(connection: &mut Connection) -> Snapshot {
    connection.attach_again().await.expect("the same program");
    next(connection).await
}

fn ids(snapshot: &Snapshot) -> Vec<u64> {
    snapshot.tasks.iter().map(|task| task.id.0).collect()
}

fn ended(snapshot: &Snapshot) -> Vec<u64> {
    snapshot.finished.iter().map(|task| task.id.0).collect()
}

#[tokio::test]
async fn the_same_program_goes_on_with_the_same_tasks_and_the_gap_is_counted() {
    let mut fake = Fake::start();
    let first = Message::first_at(100)
        .metadata_at(7)
        .task(1, 10)
        .task(2, 20);
    let mut connection = watched(&mut fake, [first]).await;
    fake.begin_again();
    fake.send(
        Message::first_at(130)
            .metadata_at(7)
            .task(1, 10)
            .task(2, 20)
            .task(3, 120),
    );
    let after = again(&mut connection).await;
    assert_eq!(ids(&after), [1, 2, 3]);
    assert!(after.finished.is_empty());
    assert_eq!(after.coverage.reconnects, 1);
    assert_eq!(after.coverage.unwatched, Duration::from_secs(30));
    assert!(!after.coverage.state_withheld);
}

#[tokio::test]
async fn what_ended_in_the_gap_has_finished_and_what_ended_before_is_not_told_twice() {
    let mut fake = Fake::start();
    let first = Message::first_at(100)
        .metadata_at(7)
        .task(1, 10)
        .task(2, 20)
        .task(3, 30);
    let second = Message::at(101).finished_task(4, 50, 60);
    let mut connection = watched(&mut fake, [first, second]).await;
    fake.begin_again();
    let back = Message::first_at(130)
        .metadata_at(7)
        .task(1, 10)
        .finished_task(2, 20, 110)
        .finished_task(4, 50, 60)
        .finished_task(5, 105, 115);
    fake.send(back);
    let after = again(&mut connection).await;
    assert_eq!(ids(&after), [1]);
    // The third is not reported any more: it ended in the gap, and was forgotten.
    assert_eq!(ended(&after), [2, 3, 5]);
    let third = after.finished.iter().find(|task| task.id == TaskId(3));
    assert_eq!(third.and_then(|task| task.finished_at), Some(after.at));
}

#[tokio::test]
async fn resources_and_ops_that_are_not_told_any_more_are_gone() {
    let mut fake = Fake::start();
    let first = Message::first_at(100)
        .task(1, 10)
        .resource(5, 10)
        .resource(6, 10);
    let mut connection = watched(&mut fake, [first]).await;
    fake.begin_again();
    fake.send(Message::first_at(130).task(1, 10).resource(6, 10));
    let after = again(&mut connection).await;
    let resources: Vec<u64> = after
        .resources
        .iter()
        .map(|resource| resource.id.0)
        .collect();
    assert_eq!(resources, [6]);
}

#[tokio::test]
async fn another_program_at_the_same_address_is_told_by_its_metadata_and_by_its_tasks() {
    for restarted in [
        Message::first_at(130).metadata_at(8).task(1, 10),
        Message::first_at(130).metadata_at(7).task(1, 125),
    ] {
        let mut fake = Fake::start();
        let first = Message::first_at(100).metadata_at(7).task(1, 10);
        let mut connection = watched(&mut fake, [first]).await;
        fake.begin_again();
        fake.send(restarted);
        let error = connection
            .attach_again()
            .await
            .expect_err("another program");
        assert!(matches!(error, ConsoleError::Restarted { .. }), "{error:?}");
    }
}

#[tokio::test]
async fn a_program_that_withholds_its_state_the_second_time_cannot_be_watched_on() {
    let mut fake = Fake::start();
    let first = Message::first_at(100).metadata_at(7).task(1, 10);
    let mut connection = watched(&mut fake, [first]).await;
    fake.begin_again();
    fake.send(Message::at(130));
    let error = connection.attach_again().await.expect_err("no state");
    assert!(matches!(error, ConsoleError::Withheld { .. }), "{error:?}");
}

#[tokio::test]
async fn a_watch_goes_on_over_a_broken_connection() {
    let mut fake = Fake::start();
    fake.send(Message::first_at(100).task(1, 10));
    let mut connection = attach(&fake).await;
    let mut watch = Box::pin(connection.watch(Duration::from_secs(60)));
    let before = watch.next().await.expect("a snapshot").expect("a snapshot");
    assert_eq!(before.coverage.reconnects, 0);
    fake.begin_again();
    fake.send(Message::first_at(110).task(1, 10).task(2, 105));
    let after = watch.next().await.expect("a snapshot").expect("a snapshot");
    assert_eq!(ids(&after), [1, 2]);
    assert_eq!(after.coverage.reconnects, 1);
}

#[tokio::test]
async fn a_real_program_has_the_same_tasks_when_it_is_attached_again() {
    let target = Target::start(OFTEN).await;
    let idle = target.run(|| spawn::idle(10)).await;
    let short = target.run(|| spawn::short(10)).await;
    target.polled().await;
    let mut connection = Connection::attach(target.address.clone())
        .await
        .expect("a console");
    let before = next(&mut connection).await;
    let at = |tasks: &[std::sync::Arc<pileup_model::Task>], site| {
        let tasks = tasks.iter().filter(|task| task.site.as_ref() == Some(site));
        tasks
            .map(|task| (task.id, task.created_at))
            .collect::<Vec<_>>()
    };
    assert_eq!(at(&before.tasks, &idle).len(), 10);
    assert_eq!(at(&before.finished, &short).len(), 10);
    let more = target.run(|| spawn::short(5)).await;
    target.polled().await;
    let after = again(&mut connection).await;
    assert_eq!(at(&after.tasks, &idle), at(&before.tasks, &idle));
    assert_eq!(at(&after.finished, &short), [], "they were reported before");
    assert_eq!(at(&after.finished, &more).len(), 5);
    assert_eq!(after.coverage.reconnects, 1);
}
