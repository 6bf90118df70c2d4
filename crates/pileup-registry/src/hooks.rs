//! Tasks as the runtime's hooks report them.

use std::cell::Cell;
use std::sync::atomic::{AtomicU64, Ordering, fence};

use tokio::runtime::TaskMeta;
use tokio::task;

use crate::registry::{EARLY, EARLY_BLOCK, Registry, Spawn};
use crate::sites;
use crate::table::{Lineage, Parent, Place};
use crate::task_number::task_number;

/// Tasks whose places a thread keeps. A power of two.
const KEPT: usize = 8;

thread_local! {
    /// The tasks that were polled last on this thread, and their places: a thread polls the
    /// same few again and again, and a poll's end need not look for what its begin has found.
    /// A task that has ended has no place, as its slot may be another's by then; and as no
    /// number is used twice, a task that is polled is where it was before.
    static POLLED: [Cell<(u64, Option<Place>)>; KEPT] =
        const { [const { Cell::new((0, None)) }; KEPT] };
    /// The tasks of which this thread opened a span last. Tokio reports the spawn to the hooks
    /// right after it.
    static SPANNED: [Cell<u64>; KEPT] = const { [const { Cell::new(0) }; KEPT] };
    /// The task whose span this thread closed last. Tokio reports the end to the hooks right
    /// after it.
    static CLOSED: Cell<u64> = const { Cell::new(0) };
}

impl Registry {
    /// To be called before the hooks of a runtime are set.
    pub fn expect_hooks(&self) {
        self.expect_other_ways();
    }

    /// For [`Builder::on_task_spawn`](tokio::runtime::Builder::on_task_spawn) of the runtime
    /// with this number.
    pub fn on_task_spawn(&self, task: &TaskMeta<'_>, runtime: u8) {
        let number = task_number(task.id());
        if self.has_spans.load(Ordering::Relaxed)
            && SPANNED.with(|spanned| spanned[kept_at(number)].get()) == number
        {
            if let Some(place) = self.table.find(number) {
                place.set_runtime(runtime);
            }
            return;
        }
        self.has_hooked.store(true, Ordering::Relaxed);
        let added = self.add(&Spawn {
            number,
            site: sites::number_of(task.spawned_at()),
            runtime,
            lineage: Lineage {
                parent: self.running_task(),
                ..Lineage::default()
            },
            size: 0,
        });
        let Some((place, _)) = added else {
            return;
        };
        // Most often this very thread has reported the end, where the runtime took no more
        // tasks.
        let ended_here = POLLED.with(|polled| polled[kept_at(number)].get().0 == number);
        if ended_here || self.early_of(number).load(Ordering::SeqCst) == number {
            self.finish(place, number);
        }
    }

    /// For [`Builder::on_before_task_poll`](tokio::runtime::Builder::on_before_task_poll).
    #[inline]
    pub fn on_before_task_poll(&self, task: &TaskMeta<'_>) {
        if let Some(place) = self.polled(task_number(task.id())) {
            place.begin_poll(self.clock.tick());
        }
    }

    /// For [`Builder::on_after_task_poll`](tokio::runtime::Builder::on_after_task_poll): a poll
    /// has ended, and the task may have ended with it.
    #[inline]
    pub fn on_after_task_poll(&self, task: &TaskMeta<'_>) {
        if let Some(place) = self.polled(task_number(task.id())) {
            place.end_poll(self.clock.tick());
        }
    }

    /// For [`Builder::on_task_terminate`](tokio::runtime::Builder::on_task_terminate): a task
    /// has returned, panicked, or was aborted.
    pub fn on_task_terminate(&self, task: &TaskMeta<'_>) {
        let number = task_number(task.id());
        if CLOSED.get() == number {
            return;
        }
        let kept = POLLED.with(|polled| polled[kept_at(number)].replace((number, None)));
        let place = match kept {
            (known, Some(place)) if known == number => Some(place),
            _ => self.table.find(number),
        };
        if let Some(place) = place {
            self.finish(place, number);
            return;
        }
        // Either this thread sees the spawn now, or the one that spawns sees this.
        self.early_of(number).store(number, Ordering::SeqCst);
        fence(Ordering::SeqCst);
        if let Some(place) = self.table.find(number) {
            self.finish(place, number);
        }
    }

    /// The place of a task that this thread polls, if the hooks count its polls.
    #[inline]
    fn polled(&self, number: u64) -> Option<Place> {
        if !self.has_hooked.load(Ordering::Relaxed) {
            return None;
        }
        POLLED.with(|polled| {
            let kept = &polled[kept_at(number)];
            match kept.get() {
                (known, place) if known == number => place,
                _ => {
                    let place = self.table.find(number);
                    let place = place.filter(|place| !place.lineage(number).has_span);
                    kept.set((number, place));
                    place
                }
            }
        })
    }

    /// The task that is running now, by its Tokio id.
    fn running_task(&self) -> Option<Parent> {
        let number = task_number(task::try_id()?);
        let place = self.table.find(number)?;
        let site = place.origin().site;
        Some(Parent { number, site })
    }

    fn early_of(&self, number: u64) -> &AtomicU64 {
        let slot = number as usize % EARLY;
        &self.early[slot / EARLY_BLOCK][slot % EARLY_BLOCK]
    }
}

/// Notes that this thread has opened the span of a task.
pub(crate) fn span_opened(number: u64) {
    SPANNED.with(|spanned| spanned[kept_at(number)].set(number));
}

/// Notes that this thread has closed the span of a task.
pub(crate) fn span_closed(number: u64) {
    CLOSED.set(number);
}

fn kept_at(number: u64) -> usize {
    number as usize % KEPT
}
