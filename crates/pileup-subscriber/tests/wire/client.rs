//! A client that folds what it is sent.

use std::collections::HashMap;
use std::time::Duration;

use console_api::async_ops::{self, AsyncOp};
use console_api::field::{Name, Value};
use console_api::instrument::instrument_client::InstrumentClient;
use console_api::instrument::{InstrumentRequest, Update};
use console_api::resources::{self, PollOp, Resource};
use console_api::tasks::{Stats, Task};
use prost::Message;
use tokio::time::timeout;
use tonic::Streaming;
use tonic::transport::Channel;

/// Longer than anything takes on a busy machine.
pub const PATIENCE: Duration = Duration::from_secs(60);

pub struct Client {
    pub calls: InstrumentClient<Channel>,
    pub updates: Streaming<Update>,
    pub state: State,
}

/// What a client knows.
#[derive(Default)]
pub struct State {
    pub tasks: HashMap<u64, (Task, Stats)>,
    pub resources: HashMap<u64, (Resource, resources::Stats)>,
    pub ops: HashMap<u64, (AsyncOp, async_ops::Stats)>,
    pub poll_ops: Vec<PollOp>,
    pub metadata: usize,
    pub messages: usize,
    pub largest: usize,
    pub dropped: u64,
}

pub async fn connect(address: &str) -> InstrumentClient<Channel> {
    let channel = Channel::from_shared(format!("http://{address}")).expect("an address");
    let channel = timeout(PATIENCE, channel.connect())
        .await
        .expect("an answer");
    InstrumentClient::new(channel.expect("a connection")).max_decoding_message_size(usize::MAX)
}

impl Client {
    pub async fn attach(address: &str) -> Self {
        Self::attach_by(connect(address).await).await
    }

    pub async fn attach_by(mut calls: InstrumentClient<Channel>) -> Self {
        let updates = timeout(PATIENCE, calls.watch_updates(InstrumentRequest {})).await;
        let updates = updates.expect("an answer in time").expect("updates");
        Self {
            updates: updates.into_inner(),
            calls,
            state: State::default(),
        }
    }

    /// Takes in the next message, and says whether there was anything in it.
    pub async fn next(&mut self) -> bool {
        let update = timeout(PATIENCE, self.updates.message()).await;
        let update = update.expect("a message in time").expect("a message");
        self.state.take_in(update.expect("the stream goes on"))
    }

    /// Takes in the whole first state of pileup-subscriber.
    pub async fn first_state(&mut self) {
        while self.next().await {}
    }

    /// Takes in messages until this holds.
    pub async fn until(&mut self, what: &str, holds: impl Fn(&State) -> bool) {
        let reached = timeout(PATIENCE, async {
            while !holds(&self.state) {
                self.next().await;
            }
        });
        assert!(reached.await.is_ok(), "never: {what}");
    }
}

impl State {
    /// Takes in a message, and says whether there was anything in it.
    pub fn take_in(&mut self, update: Update) -> bool {
        self.messages += 1;
        self.largest = self.largest.max(update.encoded_len());
        self.metadata += update.new_metadata.map_or(0, |new| new.metadata.len());
        let mut has_any = false;
        let mut tasks = update.task_update.unwrap_or_default();
        self.dropped += tasks.dropped_events;
        has_any |= !tasks.stats_update.is_empty();
        for task in tasks.new_tasks {
            let id = task.id.expect("an id").id;
            let stats = tasks.stats_update.remove(&id);
            // tokio-console leaves out a task that comes without.
            self.tasks
                .insert(id, (task, stats.expect("stats come with a task")));
        }
        for (id, stats) in tasks.stats_update {
            self.tasks.get_mut(&id).expect("a known task").1 = stats;
        }
        let mut resources = update.resource_update.unwrap_or_default();
        self.dropped += resources.dropped_events;
        has_any |= !resources.stats_update.is_empty();
        self.poll_ops.extend(resources.new_poll_ops);
        for resource in resources.new_resources {
            let id = resource.id.expect("an id").id;
            let stats = resources
                .stats_update
                .remove(&id)
                .expect("stats come with it");
            self.resources.insert(id, (resource, stats));
        }
        for (id, stats) in resources.stats_update {
            self.resources.get_mut(&id).expect("a known resource").1 = stats;
        }
        let mut ops = update.async_op_update.unwrap_or_default();
        self.dropped += ops.dropped_events;
        has_any |= !ops.stats_update.is_empty();
        for op in ops.new_async_ops {
            let id = op.id.expect("an id").id;
            let stats = ops.stats_update.remove(&id).expect("stats come with it");
            self.ops.insert(id, (op, stats));
        }
        for (id, stats) in ops.stats_update {
            self.ops.get_mut(&id).expect("a known async op").1 = stats;
        }
        has_any
    }

    /// The tasks that have not finished.
    pub fn live(&self) -> usize {
        let live = |(_, stats): &&(Task, Stats)| stats.dropped_at.is_none();
        self.tasks.values().filter(live).count()
    }

    pub fn finished(&self) -> usize {
        self.tasks.len() - self.live()
    }
}

/// The value of a task's field, as text.
pub fn field(task: &Task, name: &str) -> Option<String> {
    let is_it = |field: &&console_api::Field| field.name == Some(Name::StrName(name.to_owned()));
    let field = task.fields.iter().find(is_it)?;
    Some(match field.value.as_ref()? {
        Value::DebugVal(text) | Value::StrVal(text) => text.clone(),
        Value::U64Val(value) => value.to_string(),
        Value::I64Val(value) => value.to_string(),
        Value::BoolVal(value) => value.to_string(),
    })
}
