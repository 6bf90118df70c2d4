//! Messages for the fake to send. Times are in seconds.

use console_api as wire;
use console_api::instrument::Update;
use console_api::register_metadata::NewMetadata;

/// A message that says what the calls on it add.
#[derive(Clone)]
pub struct Message(Update);

impl Message {
    pub fn at(now: i64) -> Self {
        Self(Update {
            now: Some(time(now)),
            ..Update::default()
        })
    }

    /// A message as console-subscriber begins with it: it carries the metadata of tasks.
    pub fn first_at(now: i64) -> Self {
        Self::at(now).spawn_metadata()
    }

    /// The metadata of the span in which Tokio spawns async tasks.
    pub fn spawn_metadata(self) -> Self {
        self.metadata("tokio::util::trace", "tokio::task", "runtime.spawn")
    }

    /// Metadata that lies at this address in the program.
    pub fn metadata_at(mut self, address: u64) -> Self {
        let known = self.0.new_metadata.get_or_insert_default();
        known.metadata.push(NewMetadata {
            id: Some(wire::MetaId { id: address }),
            metadata: Some(wire::Metadata::default()),
        });
        self
    }

    pub fn metadata(mut self, module: &str, target: &str, name: &str) -> Self {
        let metadata = wire::Metadata {
            name: name.to_owned(),
            target: target.to_owned(),
            location: Some(wire::Location {
                module_path: Some(module.to_owned()),
                ..wire::Location::default()
            }),
            ..wire::Metadata::default()
        };
        let known = self.0.new_metadata.get_or_insert_default();
        known.metadata.push(NewMetadata {
            id: None,
            metadata: Some(metadata),
        });
        self
    }

    pub fn dropped_events(mut self, count: u64) -> Self {
        self.0.task_update.get_or_insert_default().dropped_events += count;
        self
    }

    pub fn task(self, id: u64, born: i64) -> Self {
        self.add_task(id, born, None, "")
    }

    /// How a task does that was reported before: nothing but that it lives.
    pub fn stats_of_task(mut self, id: u64, born: i64) -> Self {
        let update = self.0.task_update.get_or_insert_default();
        let stats = wire::tasks::Stats {
            created_at: Some(time(born)),
            ..wire::tasks::Stats::default()
        };
        update.stats_update.insert(id, stats);
        self
    }

    pub fn finished_task(self, id: u64, born: i64, finished: i64) -> Self {
        self.add_task(id, born, Some(finished), "")
    }

    pub fn named_task(self, id: u64, born: i64, name: &str) -> Self {
        self.add_task(id, born, None, name)
    }

    /// A task that was woken once, polled twice, and that nobody can wake any more.
    pub fn task_without_waker(mut self, id: u64, born: i64) -> Self {
        self = self.task(id, born);
        let update = self.0.task_update.get_or_insert_default();
        if let Some(task) = update.new_tasks.last_mut() {
            task.fields.push(wire::Field {
                metadata_id: None,
                name: Some("kind".into()),
                value: Some(wire::field::Value::DebugVal("task".to_owned())),
            });
        }
        let stats = update.stats_update.entry(id).or_default();
        stats.wakes = 1;
        stats.last_wake = Some(time(born + 1));
        stats.poll_stats = Some(wire::PollStats {
            polls: 2,
            last_poll_started: Some(time(born + 2)),
            last_poll_ended: Some(time(born + 3)),
            ..wire::PollStats::default()
        });
        self
    }

    /// Polls of resources that are known already.
    pub fn polls(mut self, count: usize) -> Self {
        let update = self.0.resource_update.get_or_insert_default();
        update.new_poll_ops = vec![wire::resources::PollOp::default(); count];
        self
    }

    pub fn resource(mut self, id: u64, born: i64) -> Self {
        let update = self.0.resource_update.get_or_insert_default();
        update.new_resources.push(wire::resources::Resource {
            id: Some(wire::Id { id }),
            ..wire::resources::Resource::default()
        });
        let stats = wire::resources::Stats {
            created_at: Some(time(born)),
            ..wire::resources::Stats::default()
        };
        update.stats_update.insert(id, stats);
        self
    }

    /// An async op that ended, a second after it began.
    pub fn ended_op(mut self, id: u64, resource: u64, ended: i64) -> Self {
        let update = self.0.async_op_update.get_or_insert_default();
        update.new_async_ops.push(wire::async_ops::AsyncOp {
            id: Some(wire::Id { id }),
            resource_id: Some(wire::Id { id: resource }),
            ..wire::async_ops::AsyncOp::default()
        });
        let stats = wire::async_ops::Stats {
            created_at: Some(time(ended - 1)),
            dropped_at: Some(time(ended)),
            ..wire::async_ops::Stats::default()
        };
        update.stats_update.insert(id, stats);
        self
    }

    fn add_task(mut self, id: u64, born: i64, finished: Option<i64>, name: &str) -> Self {
        let update = self.0.task_update.get_or_insert_default();
        update.new_tasks.push(wire::tasks::Task {
            id: Some(wire::Id { id }),
            fields: vec![wire::Field {
                metadata_id: None,
                name: Some("task.name".into()),
                value: Some(wire::field::Value::StrVal(name.to_owned())),
            }],
            ..wire::tasks::Task::default()
        });
        let stats = wire::tasks::Stats {
            created_at: Some(time(born)),
            dropped_at: finished.map(time),
            ..wire::tasks::Stats::default()
        };
        update.stats_update.insert(id, stats);
        self
    }
}

impl From<Message> for Update {
    fn from(message: Message) -> Self {
        message.0
    }
}

fn time(seconds: i64) -> prost_types::Timestamp {
    prost_types::Timestamp { seconds, nanos: 0 }
}
