//! Clients that attach late.

use crate::client::{Client, field};
use crate::program::KEPT;
use crate::target::{By, Target};

const MESSAGE: usize = 1 << 20;

#[tokio::test]
async fn each_client_gets_all_tasks_in_messages_below_a_mebibyte() {
    let target = Target::start(By::Pileup, "idle 50000");
    for _ in 0..2 {
        let mut client = Client::attach(&target.address).await;
        client.first_state().await;
        let state = &client.state;
        assert_eq!(state.live(), 50_000);
        assert!(state.largest < MESSAGE, "{} bytes", state.largest);
        assert!(state.messages > 4, "{} messages", state.messages);
        assert!(state.metadata > 0);
    }
}

#[tokio::test]
async fn a_task_says_where_it_waits() {
    let target = Target::start(By::Pileup, "idle 3");
    let mut client = Client::attach(&target.address).await;
    client.first_state().await;
    for (task, _) in client.state.tasks.values() {
        let waits = field(task, "waits").expect("it waits");
        assert!(waits.starts_with("Notify::notified at "), "{waits}");
        assert!(waits.contains("program.rs:"), "{waits}");
    }
}

#[tokio::test]
async fn finished_tasks_are_kept_up_to_a_bound() {
    let target = Target::start_with(By::Pileup, "short 500", &[(KEPT, "100")]);
    let mut client = Client::attach(&target.address).await;
    client.first_state().await;
    assert_eq!(client.state.finished(), 100);
    assert_eq!(
        client.state.dropped, 0,
        "a client that comes late has missed nothing"
    );
}

#[tokio::test]
async fn what_was_cut_is_counted() {
    let target = Target::start_with(By::Pileup, "busy-spawn 0", &[(KEPT, "16")]);
    let mut client = Client::attach(&target.address).await;
    client
        .until("a task is cut", |state| state.dropped > 0)
        .await;
}

/// [`State::take_in`](crate::client::State::take_in) asserts that a message lists each new task
/// once, with its stats.
#[tokio::test]
async fn a_task_that_finishes_while_others_are_looked_at_is_new_once() {
    let target = Target::start(By::Pileup, "short-lived 50");
    let mut client = Client::attach(&target.address).await;
    client
        .until("many tasks have finished", |state| state.finished() > 2_000)
        .await;
}

#[tokio::test]
async fn the_program_goes_on_while_its_tasks_are_read() {
    let target = Target::start(By::Pileup, "busy-spawn 0");
    let mut first = Client::attach(&target.address).await;
    first.first_state().await;
    let before = first.state.tasks.len();
    for _ in 0..2 {
        let mut late = Client::attach(&target.address).await;
        late.first_state().await;
    }
    first
        .until("more tasks are spawned", |state| {
            state.tasks.len() > before + 1_000
        })
        .await;
}

#[tokio::test]
async fn the_tasks_of_a_runtime_that_was_dropped_have_finished() {
    let target = Target::start(By::Pileup, "dropped-runtime 100");
    let mut client = Client::attach(&target.address).await;
    client.first_state().await;
    assert_eq!((client.state.live(), client.state.finished()), (0, 100));
}

#[tokio::test]
async fn a_worker_that_takes_over_is_listed_as_spawned_by_the_task_that_gave_up_its_own() {
    let target = Target::start(By::Pileup, "in-place");
    let mut client = Client::attach(&target.address).await;
    client.first_state().await;
    let of_kind = |kind: &str| {
        let mut tasks = client.state.tasks.values().map(|(task, _)| task);
        let task = tasks.find(|task| field(task, "kind").as_deref() == Some(kind));
        task.expect("there is one")
    };
    let (blocks, worker) = (of_kind("task"), of_kind("blocking"));
    assert_eq!(
        client.state.tasks.len(),
        2,
        "the first workers are left out"
    );
    let place = worker
        .location
        .as_ref()
        .and_then(|place| place.file.clone());
    assert!(
        place.is_some_and(|file| file.ends_with("worker.rs")),
        "{worker:?}"
    );
    let parents: Vec<u64> = worker.parents.iter().map(|parent| parent.id).collect();
    assert_eq!(parents, [blocks.id.expect("an id").id]);
}
