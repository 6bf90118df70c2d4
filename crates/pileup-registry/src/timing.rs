//! Exact times of polls and wakes, for registries that keep them.

use std::sync::atomic::Ordering;

use crate::registry::Registry;
use crate::table::{Live, Place, Waking};

impl Registry {
    /// Keeps exact times of the tasks that are spawned from now on: see
    /// [`LiveTask::times`](crate::LiveTask::times). It takes 40 bytes a task, and the exact
    /// time is read at both ends of each poll and at each wake.
    ///
    /// Tasks that the runtime's hooks alone report have none.
    pub fn keep_times(&self) {
        self.keeps_times.store(true, Ordering::Relaxed);
    }

    #[inline]
    pub(crate) fn keeps_times(&self) -> bool {
        self.keeps_times.load(Ordering::Relaxed)
    }

    /// A poll of the task here begins.
    #[inline]
    pub(crate) fn time_poll_begin(&self, place: Place) {
        if !self.keeps_times() {
            return;
        }
        let Some(times) = place.times() else { return };
        let waited = times.begin_poll(self.clock.nanos());
        if self.watched.is_any()
            && let Some(waited) = waited
            && let Some(number) = place.held()
        {
            self.watched
                .note(number, |times| times.note_scheduled(waited));
        }
    }

    /// A poll of the task here has ended.
    #[inline]
    pub(crate) fn time_poll_end(&self, place: Place) {
        if !self.keeps_times() {
            return;
        }
        let Some(times) = place.times() else { return };
        let took = times.end_poll(self.clock.nanos());
        if self.watched.is_any()
            && let Some(number) = place.held()
        {
            self.watched.note(number, |times| times.note_poll(took));
        }
    }

    /// The task here, whose wakers these are, is woken.
    #[inline]
    pub(crate) fn time_wake(&self, place: Place, waking: &Waking) {
        if self.keeps_times()
            && let Some(times) = place.times()
        {
            times.note_wake(self.clock.nanos());
            waking.note_change(self.clock.tick());
        }
    }

    /// One of these wakers was cloned or dropped.
    #[inline]
    pub(crate) fn note_change(&self, waking: &Waking) {
        if self.keeps_times() {
            waking.note_change(self.clock.tick());
        }
    }

    /// The task here, which is about to be removed, if those that have finished are kept.
    pub(crate) fn last_look(&self, place: Place) -> Option<Live> {
        self.finished.is_kept().then(|| place.read()).flatten()
    }

    /// A task was removed: nobody who looks from now on sees it alive.
    pub(crate) fn note_end(&self, number: u64, last: Option<Live>) {
        self.task_names.end(number);
        if let Some(mut live) = last.filter(|live| live.number == number) {
            if !self.keeps_times() {
                live.times = None;
            }
            // The span of a task is left right before the task ends.
            let left = live.times.map(|times| times.poll_ended);
            let ended = left.filter(|left| *left > 0 && !live.running);
            let ended = ended.unwrap_or_else(|| self.clock.nanos());
            self.finished.push(&live, ended);
        }
    }
}
