//! A message on its way: what goes into it, and how large it is.

use console_api::async_ops::{self, AsyncOpUpdate};
use console_api::resources::{self, ResourceUpdate};
use console_api::tasks::{Stats, Task, TaskUpdate};
use prost::Message;

/// Bytes after which a message is sent and the next one begins. A message grows by one part of the
/// table at a time, of at most 256 tasks: it stays below 1 MiB.
const ENOUGH: usize = 384 << 10;
/// Bytes around an item of a list, and around an entry of a map with its key, at most.
const OF_ITEM: usize = 8;
const OF_ENTRY: usize = 24;

/// What goes into one message.
#[derive(Default)]
pub(super) struct Batch {
    pub(super) tasks: TaskUpdate,
    pub(super) resources: ResourceUpdate,
    pub(super) ops: AsyncOpUpdate,
    bytes: usize,
}

impl Batch {
    /// Whether it is large enough to be sent.
    pub(super) fn is_full(&self) -> bool {
        self.bytes >= ENOUGH
    }

    /// Adds the counts of a task, and the task itself where a client may not know it yet. A task
    /// that finishes during a look is added twice: the message lists it once, with its last counts.
    pub(super) fn add_task(&mut self, id: u64, task: Option<Task>, stats: Stats) {
        if let Some(task) = task
            && !self.tasks.stats_update.contains_key(&id)
        {
            self.bytes += task.encoded_len() + OF_ITEM;
            self.tasks.new_tasks.push(task);
        }
        self.bytes += stats.encoded_len() + OF_ENTRY;
        self.tasks.stats_update.insert(id, stats);
    }

    pub(super) fn add_resource(
        &mut self,
        id: u64,
        resource: Option<resources::Resource>,
        stats: resources::Stats,
    ) {
        if let Some(resource) = resource
            && !self.resources.stats_update.contains_key(&id)
        {
            self.bytes += resource.encoded_len() + OF_ITEM;
            self.resources.new_resources.push(resource);
        }
        self.bytes += stats.encoded_len() + OF_ENTRY;
        self.resources.stats_update.insert(id, stats);
    }

    pub(super) fn add_poll_op(&mut self, op: resources::PollOp) {
        self.bytes += op.encoded_len() + OF_ITEM;
        self.resources.new_poll_ops.push(op);
    }

    pub(super) fn add_op(
        &mut self,
        id: u64,
        op: Option<async_ops::AsyncOp>,
        stats: async_ops::Stats,
    ) {
        if let Some(op) = op {
            self.bytes += op.encoded_len() + OF_ITEM;
            self.ops.new_async_ops.push(op);
        }
        self.bytes += stats.encoded_len() + OF_ENTRY;
        self.ops.stats_update.insert(id, stats);
    }

    pub(super) fn is_empty(&self) -> bool {
        let Self {
            tasks,
            resources,
            ops,
            ..
        } = self;
        *tasks == TaskUpdate::default()
            && *resources == ResourceUpdate::default()
            && *ops == AsyncOpUpdate::default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_task_that_finishes_before_the_message_is_sent_is_new_once() {
        let live = Stats::default();
        let finished = Stats {
            dropped_at: Some(prost_types::Timestamp::default()),
            ..Stats::default()
        };
        let mut batch = Batch::default();
        batch.add_task(7, Some(Task::default()), live);
        batch.add_task(7, Some(Task::default()), finished);
        assert_eq!(batch.tasks.new_tasks.len(), 1);
        assert_eq!(batch.tasks.stats_update[&7], finished);
    }
}
