//! The program at the other end of the connection, as the messages so far describe it.

mod again;
mod async_ops;
mod news;
mod repeats;
mod resources;
mod tasks;
mod withheld;

use console_api::instrument::Update;
use jiff::Timestamp;
use pileup_model::{Coverage, Snapshot, Task, TaskId};

use self::again::Identity;
pub(crate) use self::again::Returned;
use self::async_ops::AsyncOps;
use self::news::{Lateness, News};
use self::resources::Resources;
use self::tasks::Tasks;
use self::withheld::Withheld;
use crate::decode;
use crate::text::SharedTexts;

/// The program at the other end of the connection, as the messages so far describe it.
#[derive(Debug, Default)]
pub struct World {
    now: Option<Timestamp>,
    has_news: bool,
    tasks: Tasks,
    resources: Resources,
    async_ops: AsyncOps,
    coverage: Coverage,
    withheld: Withheld,
    identity: Identity,
    lateness: Lateness,
    texts: SharedTexts,
}

impl World {
    /// Takes in one message.
    pub fn apply(&mut self, update: Update) {
        let before = self.now;
        let now = self.time(&update);
        self.now = Some(now);
        self.has_news = true;

        let resources = update.resource_update.unwrap_or_default();
        let tasks = update.task_update.unwrap_or_default();
        let ops = update.async_op_update.unwrap_or_default();
        let metadata = update.new_metadata.unwrap_or_default();

        self.identity.note(&metadata);
        let texts = &mut self.texts;
        let mut news = News::default();
        self.tasks.take_in(&tasks, now, texts, &mut news);
        let gone = self.resources.take_in(&resources, now, texts, &mut news);
        for resource in gone {
            self.async_ops.forget_ended(resource);
        }
        self.async_ops
            .take_in(&ops, now, &self.resources, texts, &mut news);

        if before.is_none() {
            self.withheld.note_first(&metadata);
        } else {
            let lives = |id| self.tasks.is_live(id);
            self.withheld.note(&metadata, &tasks, lives);
        }
        self.note_dropped([
            tasks.dropped_events,
            resources.dropped_events,
            ops.dropped_events,
        ]);
        let polls = resources.new_poll_ops.len();
        let things =
            tasks.new_tasks.len() + resources.new_resources.len() + ops.new_async_ops.len();
        match before {
            None => self.lateness.note_first(&news),
            Some(_) if things + polls == 0 => self.lateness.note_silence(),
            Some(before) => self.lateness.note(&news, polls, before, now),
        }
    }

    /// Whether the target seems to have more events than it has taken in: what it does now
    /// will be seen late.
    #[must_use]
    pub fn is_behind(&self) -> bool {
        self.lateness.is_behind
    }

    /// Live tasks that nobody can wake, and of which the counts do not show whether they
    /// wait or have finished.
    pub(crate) fn tasks_that_may_have_finished(&self) -> impl Iterator<Item = &Task> {
        self.tasks.may_have_finished()
    }

    /// Takes in whether the last poll of a task followed its last wake.
    pub(crate) fn note_last_poll(&mut self, task: TaskId, born: Timestamp, followed_wake: bool) {
        self.tasks.note_last_poll(task, born, followed_wake);
    }

    /// Whether a message came since the last snapshot.
    #[must_use]
    pub fn has_news(&self) -> bool {
        self.has_news
    }

    /// What the program looks like after the messages so far. What has finished is in it
    /// once, in the first snapshot after it.
    #[must_use]
    pub fn snapshot(&mut self) -> Snapshot {
        self.has_news = false;
        Snapshot {
            at: self.now.unwrap_or(Timestamp::UNIX_EPOCH),
            tasks: self.tasks.live(),
            finished: self.tasks.take_finished(),
            resources: self.resources.live(),
            async_ops: self.async_ops.known(),
            turnover: Vec::new(),
            process: None,
            coverage: Coverage {
                state_withheld: self.withheld.is_withheld(),
                lag: self.lateness.lag,
                ..self.coverage
            },
        }
    }

    /// When a message was sent. Without a time of its own a message cannot be placed: it counts
    /// as sent with the last.
    fn time(&self, update: &Update) -> Timestamp {
        decode::timestamp(update.now)
            .or(self.now)
            .unwrap_or(Timestamp::UNIX_EPOCH)
    }

    fn note_dropped(&mut self, events: [u64; 3]) {
        let total = &mut self.coverage.dropped_events;
        *total = events.into_iter().fold(*total, u64::saturating_add);
    }
}
