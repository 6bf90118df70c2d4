//! Poll ops, which are served only where that is asked for.

use std::collections::BTreeSet;

use console_api::resources::PollOp;

use crate::client::{Client, State};
use crate::program::POLL_OPS;
use crate::target::{By, Target};

/// Whether both answers of the lock and of the timer are among these.
fn has_all(state: &State) -> bool {
    let polled = |op: &PollOp| (op.name.clone(), op.is_ready);
    let polled: BTreeSet<(String, bool)> = state.poll_ops.iter().map(polled).collect();
    ["poll_acquire", "poll_elapsed"].into_iter().all(|name| {
        [true, false]
            .into_iter()
            .all(|is_ready| polled.contains(&(name.to_owned(), is_ready)))
    })
}

#[tokio::test]
async fn they_name_what_was_polled_by_which_task_as_console_subscriber_has_it() {
    for by in [By::ConsoleSubscriber, By::Pileup] {
        let target = Target::start_with(by, "poll-ops", &[(POLL_OPS, "10000")]);
        let mut client = Client::attach(&target.address).await;
        // Tokio 1.53 names the resource of a `Sleep` in a way that console-subscriber does not
        // follow: it has no poll ops of timers.
        let is_there = |state: &State| {
            let of_lock = |op: &PollOp| op.name == "poll_acquire" && !op.is_ready;
            match by {
                By::ConsoleSubscriber => state.poll_ops.iter().any(of_lock),
                By::Pileup => has_all(state),
            }
        };
        client.until("each poll op is reported", is_there).await;
        let state = &client.state;
        let mut known = 0;
        for op in state.poll_ops.iter().filter(|op| op.name == "poll_acquire") {
            assert!(op.metadata.is_some(), "{by:?}: {op:?}");
            let id = |id: Option<console_api::Id>| id.expect("an id").id;
            assert!(state.tasks.contains_key(&id(op.task_id)), "{by:?}: {op:?}");
            // What was dropped in the meantime may be gone.
            if let Some((resource, _)) = state.resources.get(&id(op.resource_id)) {
                assert_eq!(resource.concrete_type, "Semaphore", "{by:?}: {op:?}");
                known += 1;
            }
            if let Some((async_op, _)) = state.ops.get(&id(op.async_op_id)) {
                assert_eq!(async_op.source, "Acquire::new", "{by:?}: {op:?}");
            }
        }
        assert!(known > 0, "{by:?}");
    }
}

#[tokio::test]
async fn there_are_none_unless_they_are_asked_for() {
    let target = Target::start(By::Pileup, "poll-ops");
    let mut client = Client::attach(&target.address).await;
    for _ in 0..10 {
        client.next().await;
    }
    assert_eq!(client.state.poll_ops, []);
}

#[tokio::test]
async fn those_that_were_cut_are_counted() {
    let target = Target::start_with(By::Pileup, "poll-ops", &[(POLL_OPS, "4")]);
    let mut client = Client::attach(&target.address).await;
    client
        .until("a poll op is cut", |state| state.dropped > 0)
        .await;
}
