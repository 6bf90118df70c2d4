//! What a snapshot says of its own gaps.

use std::time::Duration;

use crate::message::Message;
use crate::script::play;

#[tokio::test]
async fn state_without_metadata_was_withheld_until_the_first_spawn_becomes_known() {
    let [first, second, third] = play([
        Message::at(100),
        Message::at(200).metadata("tokio::sync::mutex", "runtime.resource", "runtime.resource"),
        Message::at(300).spawn_metadata().task(1, 299),
    ])
    .await;
    assert!(first.coverage.state_withheld);
    assert!(second.coverage.state_withheld);
    assert!(!third.coverage.state_withheld);
}

#[tokio::test]
async fn a_span_that_only_looks_like_a_spawn_clears_nothing() {
    let [_, waker, of_a_user, blocking, named_by_a_user] = play([
        Message::at(100),
        Message::at(200).metadata("tokio::task::waker", "tokio::task::waker", "waker.wake"),
        Message::at(300).metadata("shop::jobs", "tokio::task", "job"),
        Message::at(400).metadata(
            "tokio::util::trace",
            "tokio::task::blocking",
            "runtime.spawn",
        ),
        Message::at(500).metadata("shop::jobs", "tokio::task", "runtime.spawn"),
    ])
    .await;
    assert!(waker.coverage.state_withheld);
    assert!(of_a_user.coverage.state_withheld);
    assert!(blocking.coverage.state_withheld);
    assert!(named_by_a_user.coverage.state_withheld);
}

#[tokio::test]
async fn the_first_spawn_of_a_second_tokio_clears_nothing_that_older_tasks_disprove() {
    let [_, before, after] = play([
        Message::at(100),
        Message::at(200).stats_of_task(1, 10),
        Message::at(300).spawn_metadata().task(2, 299),
    ])
    .await;
    assert!(before.coverage.state_withheld);
    assert!(after.coverage.state_withheld);

    let [_, before, after, later] = play([
        Message::at(100),
        Message::at(200).spawn_metadata().task(2, 199),
        Message::at(300).stats_of_task(2, 199).stats_of_task(1, 10),
        Message::at(400).task(3, 399),
    ])
    .await;
    assert!(!before.coverage.state_withheld);
    assert!(after.coverage.state_withheld);
    assert!(later.coverage.state_withheld);
}

#[tokio::test]
async fn state_with_metadata_was_not_withheld() {
    let [first, second] = play([
        Message::at(100).metadata("tokio::sync::mutex", "runtime.resource", "runtime.resource"),
        Message::at(200),
    ])
    .await;
    assert!(!first.coverage.state_withheld);
    assert!(!second.coverage.state_withheld);
}

#[tokio::test]
async fn state_of_more_than_four_mebibytes_is_taken_in() {
    let name = "n".repeat(200_000);
    let large = (0..25).fold(Message::first_at(100), |message, id| {
        message.named_task(id, 10, &name)
    });
    let [snapshot] = play([large]).await;
    assert_eq!(snapshot.tasks.len(), 25);
    assert!(!snapshot.coverage.state_withheld);
}

#[tokio::test]
async fn dropped_events_add_up() {
    let [_, second] = play([
        Message::first_at(100).dropped_events(2),
        Message::at(200).dropped_events(3),
    ])
    .await;
    assert_eq!(second.coverage.dropped_events, 5);
}

#[tokio::test]
async fn the_target_is_as_late_as_the_youngest_task_that_it_tells() {
    let [first, repeated, late, later] = play([
        // Of these, nobody knows how soon they could have been reported.
        Message::first_at(1_000).task(1, 10),
        Message::at(1_001).task(1, 10),
        Message::at(1_010).task(2, 1_003).task(3, 1_007),
        Message::at(1_020).task(4, 1_015),
    ])
    .await;
    assert_eq!(first.coverage.lag, Duration::ZERO);
    assert_eq!(repeated.coverage.lag, Duration::ZERO);
    assert_eq!(late.coverage.lag, Duration::from_secs(3));
    assert_eq!(later.coverage.lag, Duration::from_secs(5));
}

#[tokio::test]
async fn a_target_with_nothing_left_to_tell_is_not_late() {
    let [_, late, silent] = play([
        Message::first_at(1_000),
        Message::at(1_010).task(1, 1_001),
        Message::at(1_020),
    ])
    .await;
    assert_eq!(late.coverage.lag, Duration::from_secs(9));
    assert_eq!(silent.coverage.lag, Duration::ZERO);
}
