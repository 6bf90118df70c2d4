//! The tasks: who lives, and who finished.

use std::collections::{BTreeMap, HashMap};
use std::mem;
use std::sync::Arc;

use console_api::instrument::Update;
use console_api::tasks as wire;
use jiff::Timestamp;
use pileup_model::{Task, TaskId, TaskKind, Wakers};

use super::news::News;
use super::repeats::{Repeats, is_same};
use crate::decode;
use crate::text::SharedTexts;

/// The tasks of a program.
#[derive(Debug, Default)]
pub(super) struct Tasks {
    live: BTreeMap<TaskId, Arc<Task>>,
    /// Those that finished since the last snapshot. An id can be in it more than once, and
    /// live again.
    finished: BTreeMap<(TaskId, Timestamp), Arc<Task>>,
    repeats: Repeats<TaskId>,
    /// After a second attach: the tasks that finished before this time, and were born before
    /// that one, have been reported.
    reported: Option<(Timestamp, Timestamp)>,
}

impl Tasks {
    pub(super) fn take_in(
        &mut self,
        update: &wire::TaskUpdate,
        now: Timestamp,
        texts: &mut SharedTexts,
        news: &mut News,
    ) {
        self.repeats.next_message(update.new_tasks.len());
        self.add(update, now, texts, news);
        self.reported = None;
        self.update(&update.stats_update, now);
    }

    pub(super) fn live(&self) -> Vec<Arc<Task>> {
        self.live.values().cloned().collect()
    }

    pub(super) fn is_live(&self, id: u64) -> bool {
        self.live.contains_key(&TaskId(id))
    }

    /// Whether a live task is reported.
    pub(super) fn has_any_of(&self, stats: &HashMap<u64, wire::Stats>) -> bool {
        let is_same_task = |id: &TaskId, task: &Task| {
            let stats = stats.get(&id.0);
            let birth = stats.and_then(|stats| decode::timestamp(stats.created_at));
            birth == Some(task.created_at)
        };
        self.live.is_empty() || self.live.iter().any(|(id, task)| is_same_task(id, task))
    }

    /// Gets ready for the first message of a second attach: a live task that it does not have
    /// finished meanwhile.
    pub(super) fn attach_again(
        &mut self,
        update: &Update,
        finished_before: Timestamp,
        born_before: Timestamp,
        now: Timestamp,
    ) {
        let stats = update
            .task_update
            .as_ref()
            .map(|update| &update.stats_update);
        let lives = |id: &TaskId| stats.is_some_and(|stats| stats.contains_key(&id.0));
        let gone: Vec<TaskId> = self.live.keys().filter(|id| !lives(id)).copied().collect();
        for id in gone {
            if let Some(task) = self.live.remove(&id) {
                self.finish(task, now);
            }
        }
        self.reported = Some((finished_before, born_before));
    }

    fn was_reported(&self, stats: Option<&wire::Stats>) -> bool {
        let Some(((finished_before, born_before), stats)) = self.reported.zip(stats) else {
            return false;
        };
        let born = decode::timestamp(stats.created_at);
        let finished = decode::timestamp(stats.dropped_at);
        born.is_some_and(|born| born <= born_before)
            && finished.is_some_and(|finished| finished <= finished_before)
    }

    pub(super) fn may_have_finished(&self) -> impl Iterator<Item = &Task> {
        let live = self.live.values().map(AsRef::as_ref);
        live.filter(|task| {
            let wakers = task.wakers.unwrap_or_default();
            wakers.wakes > 0
                && wakers.woken_for_last_poll.is_none()
                && task.has_no_waker()
                && !task.is_ghost()
        })
    }

    pub(super) fn note_last_poll(&mut self, task: TaskId, born: Timestamp, followed_wake: bool) {
        let task = self.live.get_mut(&task);
        let task = task.filter(|task| task.created_at == born);
        if let Some(wakers) = task.and_then(|task| Arc::make_mut(task).wakers.as_mut()) {
            wakers.woken_for_last_poll = Some(followed_wake);
        }
    }

    pub(super) fn take_finished(&mut self) -> Vec<Arc<Task>> {
        mem::take(&mut self.finished).into_values().collect()
    }

    fn add(
        &mut self,
        update: &wire::TaskUpdate,
        now: Timestamp,
        texts: &mut SharedTexts,
        news: &mut News,
    ) {
        for task in &update.new_tasks {
            let Some(id) = task.id.as_ref().map(|id| TaskId(id.id)) else {
                continue;
            };
            let stats = update.stats_update.get(&id.0);
            let birth = stats.and_then(|stats| decode::timestamp(stats.created_at));
            let created_at = birth.unwrap_or(now);
            let is_known = self.repeats.is_repeated(id, birth)
                || self.finished.contains_key(&(id, created_at))
                || self.lives(id, birth)
                || self.was_reported(stats);
            if is_known {
                continue;
            }
            if let Some(last) = self.live.remove(&id) {
                // Its end was not reported, but its id was free again by then.
                self.finish(last, created_at);
            }
            news.add(birth);
            self.live
                .insert(id, Arc::new(new_task(id, task, created_at, texts)));
        }
    }

    fn lives(&self, id: TaskId, birth: Option<Timestamp>) -> bool {
        let known = self.live.get(&id);
        known.is_some_and(|known| is_same(known.created_at, birth))
    }

    fn update(&mut self, stats: &HashMap<u64, wire::Stats>, now: Timestamp) {
        for (&id, stats) in stats {
            let Some(task) = self.live.get_mut(&TaskId(id)) else {
                continue;
            };
            let task = Arc::make_mut(task);
            task.polls = decode::polls(stats.poll_stats.as_ref());
            task.wakers = Some(decode::wakers(stats));
            if let Some(end) = decode::end(stats.dropped_at, now)
                && let Some(task) = self.live.remove(&TaskId(id))
            {
                self.finish(task, end);
            }
        }
    }

    fn finish(&mut self, mut task: Arc<Task>, at: Timestamp) {
        Arc::make_mut(&mut task).finished_at = Some(at);
        self.finished.insert((task.id, task.created_at), task);
    }
}

fn new_task(id: TaskId, sent: &wire::Task, created_at: Timestamp, texts: &mut SharedTexts) -> Task {
    let fields = decode::task_fields(&sent.fields);
    Task {
        tokio_id: fields.tokio_id,
        name: fields.name.map(|name| texts.share(name)),
        site: decode::site(sent.location.as_ref(), texts),
        wakers: Some(Wakers::default()),
        size_bytes: fields.size_bytes,
        ..Task::new(id, fields.kind.unwrap_or(TaskKind::Other), created_at)
    }
}
