//! What one client asks for, and that others do not notice.

use console_api::instrument::{
    PauseRequest, ResumeRequest, StateRequest, TaskDetailsRequest, Temporality,
};
use console_api::tasks::task_details::PollTimesHistogram;
use hdrhistogram::Histogram;
use hdrhistogram::serialization::Deserializer;
use tokio::time::{Duration, timeout};

use crate::client::{Client, PATIENCE};
use crate::target::{By, Target};

/// As long as ten updates take.
const A_WHILE: Duration = Duration::from_millis(500);

#[tokio::test]
async fn a_pause_pauses_the_client_that_asks_for_it() {
    let target = Target::start(By::Pileup, "busy 5");
    let mut paused = Client::attach(&target.address).await;
    let mut other = Client::attach(&target.address).await;
    paused.first_state().await;
    other.first_state().await;
    let states = paused.calls.watch_state(StateRequest {}).await;
    let mut states = states.expect("states").into_inner();
    let mut temporality = async || {
        let state = states
            .message()
            .await
            .expect("a state")
            .expect("it goes on");
        state.temporality()
    };
    assert_eq!(temporality().await, Temporality::Live);
    paused
        .calls
        .pause(PauseRequest {})
        .await
        .expect("it pauses");
    assert_eq!(temporality().await, Temporality::Paused);

    // What was on its way arrives; then nothing does, while the other client gets updates.
    let on_its_way = async {
        while let Ok(update) = timeout(A_WHILE, paused.updates.message()).await {
            let update = update.expect("a message");
            paused.state.take_in(update.expect("the stream goes on"));
        }
    };
    let on_its_way = timeout(PATIENCE, on_its_way).await;
    assert!(on_its_way.is_ok(), "a client that has paused gets updates");
    for _ in 0..20 {
        other.next().await;
    }
    let nothing = timeout(A_WHILE, paused.updates.message()).await;
    assert!(nothing.is_err(), "a client that has paused gets an update");

    paused
        .calls
        .resume(ResumeRequest {})
        .await
        .expect("it resumes");
    assert_eq!(temporality().await, Temporality::Live);
    paused.next().await;
}

#[tokio::test]
async fn the_details_of_a_task_are_those_of_its_polls() {
    let target = Target::start(By::Pileup, "busy 1");
    let mut client = Client::attach(&target.address).await;
    client.first_state().await;
    let task = *client.state.tasks.keys().next().expect("a task");
    let request = TaskDetailsRequest {
        id: Some(task.into()),
    };
    let details = client.calls.watch_task_details(request).await;
    let mut details = details.expect("details").into_inner();
    let counted = timeout(PATIENCE, async {
        loop {
            let message = details
                .message()
                .await
                .expect("details")
                .expect("it goes on");
            let Some(PollTimesHistogram::Histogram(polls)) = message.poll_times_histogram else {
                panic!("no histogram");
            };
            let mut raw = polls.raw_histogram.as_slice();
            let polls: Histogram<u64> = Deserializer::new().deserialize(&mut raw).expect("v2");
            let scheduled = message.scheduled_times_histogram.expect("a histogram");
            let mut raw = scheduled.raw_histogram.as_slice();
            let scheduled: Histogram<u64> = Deserializer::new().deserialize(&mut raw).expect("v2");
            if polls.len() > 10 && scheduled.len() > 10 {
                return polls.max();
            }
        }
    });
    let longest = counted.await.expect("its polls are counted");
    assert!(longest > 100, "a poll takes more than {longest} ns");
}

#[tokio::test]
async fn a_task_that_is_unknown_has_no_details() {
    let target = Target::start(By::Pileup, "idle 1");
    let mut client = Client::attach(&target.address).await;
    for (id, code) in [
        (0, tonic::Code::InvalidArgument),
        (u64::MAX, tonic::Code::NotFound),
    ] {
        let request = TaskDetailsRequest {
            id: Some(id.into()),
        };
        let refused = client.calls.watch_task_details(request).await;
        assert_eq!(refused.expect_err("there is none").code(), code);
    }
}

#[test]
fn a_taken_address_is_an_error_that_names_it() {
    let taken = std::net::TcpListener::bind("127.0.0.1:0").expect("a free port");
    let address = taken.local_addr().expect("an address");
    let error = pileup_subscriber::builder()
        .server_addr(address)
        .try_init()
        .expect_err("it is taken");
    assert!(error.to_string().contains(&address.to_string()), "{error}");
}
