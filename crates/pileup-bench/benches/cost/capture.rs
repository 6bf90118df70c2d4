//! The bytes that a real target sends under a load.

use std::time::Duration;

use anyhow::Context;
use console_api::Id;
use console_api::instrument::instrument_client::InstrumentClient;
use console_api::instrument::{InstrumentRequest, TaskDetailsRequest, Update};
use prost::Message;
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep, timeout};
use tonic::Streaming;
use tonic::transport::Channel;

use crate::load::Load;
use crate::target::Target;

/// The target takes in about 127 events each time it is asked for something.
const REQUESTS: usize = 8;
/// Between two requests.
const PAUSE: Duration = Duration::from_millis(5);
/// After this number of messages without news in a row, everything was reported.
const QUIET: usize = 3;
/// So many: what is missing was lost, because the target's buffer was full.
const LONG_QUIET: usize = 100;
const PATIENCE: Duration = Duration::from_secs(120);

/// Runs a target under a load, and gives every message that it sends to a client that is
/// attached from the start and keeps it awake, as pileup does.
pub async fn capture(load: &Load) -> anyhow::Result<Vec<Vec<u8>>> {
    let mut target = Target::start().await?;
    let mut client = InstrumentClient::connect(target.address.clone())
        .await?
        .max_decoding_message_size(usize::MAX);
    let updates = client.watch_updates(InstrumentRequest {}).await?;
    let pump = tokio::spawn(keep_awake(client));
    let reader = tokio::spawn(read(updates.into_inner(), load.news()));
    target.ask(&load.request()).await?;
    let messages = reader.await?;
    pump.abort();
    messages
}

/// Asks for a task that does not exist, for as long as the target answers.
async fn keep_awake(client: InstrumentClient<Channel>) {
    loop {
        let mut requests = JoinSet::new();
        for _ in 0..REQUESTS {
            let mut client = client.clone();
            let request = TaskDetailsRequest {
                id: Some(Id { id: u64::MAX }),
            };
            // That there is none is the answer.
            requests.spawn(async move { drop(client.watch_task_details(request).await) });
        }
        requests.join_all().await;
        sleep(PAUSE).await;
    }
}

/// Reads until the expected number of news has come, and no more do.
async fn read(mut updates: Streaming<Update>, expected: usize) -> anyhow::Result<Vec<Vec<u8>>> {
    let mut messages = Vec::new();
    let (mut quiet, mut news) = (0, 0_usize);
    let end = Instant::now() + PATIENCE;
    while quiet < QUIET || (news < expected && quiet < LONG_QUIET) {
        let rest = end.saturating_duration_since(Instant::now());
        let update = timeout(rest, updates.message()).await??;
        let update = update.context("the target ended")?;
        let count = count_news(&update);
        news += count;
        quiet = if count == 0 { quiet + 1 } else { 0 };
        messages.push(update.encode_to_vec());
    }
    Ok(messages)
}

fn count_news(update: &Update) -> usize {
    let tasks = update.task_update.as_ref();
    let ops = update.async_op_update.as_ref();
    tasks.map_or(0, |update| update.new_tasks.len())
        + ops.map_or(0, |update| update.new_async_ops.len())
}
