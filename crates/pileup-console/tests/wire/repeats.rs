//! What is reported twice, and ids that name two things one after the other.

use pileup_model::{Snapshot, TaskId};

use crate::message::Message;
use crate::script::play;

#[tokio::test]
async fn what_is_told_twice_changes_nothing() {
    // More locks than are kept, as a target reports them that remembers for a while.
    let all = (0..200).fold(
        Message::at(1_000)
            .task(1, 10)
            .finished_task(2, 20, 30)
            .resource(3, 5),
        |message, id| message.ended_op(100 + id, 3, 500 + id.cast_signed()),
    );
    let [_, once, twice] = play([Message::first_at(1), all.clone(), all]).await;
    assert_eq!(births(&once), [(1, 10)]);
    assert_eq!(once.finished.len(), 1);
    let kept: Vec<u64> = once.async_ops.iter().map(|op| op.id.0).collect();
    assert_eq!(kept, (236..300).collect::<Vec<_>>());

    let finished = Vec::new();
    assert_eq!(twice, Snapshot { finished, ..once });
}

#[tokio::test]
async fn an_id_with_another_birth_is_another_task() {
    let first = Message::first_at(100).finished_task(7, 10, 20);
    let second = Message::at(200).task(7, 150);
    let [before, after] = play([first, second]).await;
    assert!(before.tasks.is_empty());
    assert_eq!(before.finished.len(), 1);
    assert!(after.finished.is_empty());
    assert_eq!(births(&after), [(7, 150)]);
}

#[tokio::test]
async fn a_task_whose_end_was_lost_has_finished_when_another_has_its_id() {
    let first = Message::first_at(100).task(7, 10);
    let second = Message::at(200).task(7, 150);
    let [before, after] = play([first, second]).await;
    assert_eq!(births(&before), [(7, 10)]);
    assert_eq!(births(&after), [(7, 150)]);
    let [last] = after.finished.as_slice() else {
        panic!("one has finished: {:?}", after.finished);
    };
    assert_eq!((last.id, last.created_at.as_second()), (TaskId(7), 10));
    let end = last.finished_at.expect("an end");
    assert_eq!(end.as_second(), 150);
}

#[tokio::test]
async fn who_held_a_resource_is_not_asked_of_another_one_with_its_id() {
    let first = Message::first_at(100).resource(3, 10).ended_op(4, 3, 50);
    let second = Message::at(200).resource(3, 150);
    let [before, after] = play([first, second]).await;
    assert_eq!(before.async_ops.len(), 1);
    assert_eq!(after.resources.len(), 1);
    assert!(after.async_ops.is_empty());
}

fn births(snapshot: &Snapshot) -> Vec<(u64, i64)> {
    let tasks = snapshot.tasks.iter();
    tasks
        .map(|task| (task.id.0, task.created_at.as_second()))
        .collect()
}
