//! The second service on the port: whole await stacks, which only pileup asks for.

use std::collections::HashSet;

use pileup_model::{TasksPart, Wait};
use tokio::time::timeout;
use tonic::client::Grpc;
use tonic::codegen::http::uri::PathAndQuery;
use tonic::transport::Channel;
use tonic::{Code, Request, Status, Streaming};
use tonic_prost::ProstCodec;

use crate::client::{Client, PATIENCE};
use crate::target::{By, Target};

const MESSAGE: usize = 1 << 20;

async fn ask(address: &str, method: &'static str) -> Result<Streaming<Vec<u8>>, Status> {
    let channel = Channel::from_shared(format!("http://{address}")).expect("an address");
    let channel = channel.connect().await.expect("a connection");
    let mut grpc = Grpc::new(channel);
    grpc.ready().await.expect("a connection");
    let codec = ProstCodec::<(), Vec<u8>>::default();
    let path = PathAndQuery::from_static(method);
    let answer = grpc.server_streaming(Request::new(()), path, codec).await?;
    Ok(answer.into_inner())
}

#[tokio::test]
async fn each_task_comes_once_with_its_whole_stack_and_each_stack_once() {
    let target = Target::start(By::Pileup, "idle 3000");
    let mut parts = ask(&target.address, TasksPart::METHOD)
        .await
        .expect("it is served");
    let mut waits: Vec<Wait> = Vec::new();
    let mut tasks = HashSet::new();
    while let Some(part) = timeout(PATIENCE, parts.message())
        .await
        .expect("in time")
        .expect("a part")
    {
        assert!(part.len() < MESSAGE, "{} bytes", part.len());
        let part: TasksPart = serde_json::from_slice(&part).expect("a part");
        waits.extend(part.new_waits.iter().map(|wait| Wait::clone(wait)));
        for (task, numbers) in part.tasks {
            assert!(tasks.insert(task.id), "{task:?} comes twice");
            let [number] = numbers.expect("it waits")[..] else {
                panic!("{task:?} waits in one place");
            };
            let wait = &waits[usize::try_from(number).expect("an index")];
            assert_eq!(&*wait.kind, "Notify::notified");
            assert!(wait.stack.len() >= 2, "{wait:?}");
        }
    }
    assert_eq!(tasks.len(), 3_000);
    let distinct: HashSet<&Wait> = waits.iter().collect();
    assert_eq!(distinct.len(), waits.len(), "a stack comes twice");
}

#[tokio::test]
async fn an_unknown_method_is_refused() {
    let target = Target::start(By::Pileup, "idle 1");
    let refused = ask(&target.address, "/pileup.AwaitStacks/Forget").await;
    assert_eq!(
        refused.expect_err("there is none").code(),
        Code::Unimplemented
    );
}

#[cfg(target_os = "linux")]
#[tokio::test]
async fn clients_that_never_read_the_stacks_hold_up_nobody() {
    let target = Target::start(By::Pileup, "idle 3000");
    let mut client = Client::attach(&target.address).await;
    client.first_state().await;
    let before = target.memory();
    let mut silent = Vec::new();
    for _ in 0..30 {
        silent.push(
            ask(&target.address, TasksPart::METHOD)
                .await
                .expect("it is served"),
        );
    }
    let mut late = Client::attach(&target.address).await;
    late.first_state().await;
    assert_eq!(late.state.live(), 3_000);
    let mut parts = ask(&target.address, TasksPart::METHOD)
        .await
        .expect("it is served");
    let whole = timeout(PATIENCE, async {
        while parts.message().await.expect("a part").is_some() {}
    });
    let grown = target.memory().saturating_sub(before);
    assert!(grown < 30 * (3 << 20), "{grown} bytes");
    assert!(
        whole.await.is_ok(),
        "an answer stops because others are not read"
    );
}
