//! With `--cfg tokio_unstable`: the runtime's hooks report each task, its line and its polls.
//! Tokio's spans and events show the tasks of a `LocalSet`, closures, wakers and waits besides.

use std::panic::Location;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, LazyLock};

use pileup_model::{Coverage, Snapshot, Task, TaskKind};
use pileup_registry::{LiveTask, Registry, Sampling, ThreadRuntime};
use tokio::runtime::Builder;

use super::warm_up::COUNTED;
use super::{numbers, scope};

/// The tasks of all runtimes of the process. There is one, so that the names of stacks are
/// found once.
pub(super) static REGISTRY: LazyLock<Arc<Registry>> = LazyLock::new(|| {
    let registry = Registry::new(Sampling::ALL);
    registry.expect_hooks();
    Arc::new(registry)
});

/// A runtime whose tasks are seen.
pub(crate) struct Watched {
    number: u8,
    /// Whether its hooks report every task. Where they do not, the tasks that one thread spawns
    /// are seen.
    has_hooks: bool,
    /// Whether this is what the number was taken for.
    is_owner: bool,
    /// Whether a task was polled under another subscriber: wakers may have been missed.
    misses_wakers: AtomicBool,
}

/// A thread that drives a runtime, until this is dropped.
pub(crate) struct Entered {
    before: Option<ThreadRuntime>,
    opened: bool,
}

impl Watched {
    /// A runtime that is about to be built, and [instrumented](Self::instrument).
    pub(crate) fn of_own_runtime() -> Arc<Self> {
        Arc::new(Self::new(true))
    }

    /// The runtime of the current thread, which may be one that nobody has instrumented.
    pub(crate) fn of_current() -> Arc<Self> {
        Arc::new(match ThreadRuntime::current() {
            Some(known) => Self {
                number: known.number,
                has_hooks: known.has_hooks,
                is_owner: false,
                misses_wakers: AtomicBool::new(false),
            },
            None => Self::new(false),
        })
    }

    fn new(has_hooks: bool) -> Self {
        LazyLock::force(&COUNTED);
        Self {
            number: numbers::take(),
            has_hooks,
            is_owner: true,
            misses_wakers: AtomicBool::new(false),
        }
    }

    /// Has the hooks of a runtime report its tasks.
    pub(crate) fn instrument(self: &Arc<Self>, builder: &mut Builder) {
        let registry = &*REGISTRY;
        let number = self.number;
        let runtime = self.runtime();
        builder
            .on_thread_start(move || {
                // The thread is the runtime's own: there is nothing to put back.
                let _ = ThreadRuntime::set(Some(runtime));
                scope::open();
            })
            .on_thread_stop(scope::close)
            .on_task_spawn(move |task| {
                registry.tick();
                registry.on_task_spawn(task, number);
            })
            .on_after_task_poll(|task| registry.on_after_task_poll(task))
            .on_task_terminate(|task| registry.on_task_terminate(task));
        let watched = Arc::clone(self);
        builder.on_before_task_poll(move |task| {
            registry.tick();
            if !scope::is_innermost() {
                watched.misses_wakers.store(true, Ordering::Relaxed);
            }
            registry.on_before_task_poll(task);
        });
    }

    /// To be called on the thread that drives the runtime, or that has spawned its tasks.
    pub(crate) fn enter(&self) -> Entered {
        Entered {
            before: ThreadRuntime::set(Some(self.runtime())),
            opened: scope::open(),
        }
    }

    fn runtime(&self) -> ThreadRuntime {
        ThreadRuntime {
            number: self.number,
            has_hooks: self.has_hooks,
        }
    }

    /// Whether no task can be missed.
    pub(crate) fn sees_all(&self) -> bool {
        self.has_hooks
    }

    /// Whether closures of `spawn_blocking` are alive.
    pub(crate) fn has_closures(&self) -> bool {
        let mut found = false;
        self.for_each(|task| found |= task.kind == TaskKind::Blocking);
        found
    }

    /// The live tasks, without where they wait.
    pub(crate) fn tasks(&self) -> Vec<Task> {
        let mut live = Vec::new();
        self.for_each(|task| live.push(task));
        if live.is_empty() {
            return Vec::new();
        }
        let sites = REGISTRY.sites();
        live.iter().map(|task| self.task(task, &sites)).collect()
    }

    /// The first snapshot of a history: it shows as well that wakers are counted.
    pub(crate) fn first_snapshot(&self) -> Snapshot {
        let mut snapshot = self.snapshot();
        snapshot.finished = COUNTED.iter().cloned().map(Arc::new).collect();
        snapshot
    }

    /// The live tasks, with where they wait. The first time it reads the program's debug
    /// information.
    pub(crate) fn snapshot(&self) -> Snapshot {
        let registry = &*REGISTRY;
        let now = registry.tick();
        let mut waits = registry.waits();
        let sites = registry.sites();
        let mut tasks = Vec::new();
        self.for_each(|live| {
            let mut task = self.task(&live, &sites);
            if task.wakers.is_some() {
                task.waits = waits.of(&live);
            }
            tasks.push(Arc::new(task));
        });
        tasks.sort_unstable_by_key(|task| task.id);
        let has_waker = |task: &Arc<Task>| task.wakers.is_some();
        let waits_unseen = !tasks.iter().all(has_waker);
        Snapshot {
            tasks,
            coverage: Coverage {
                waits_unseen,
                ..Coverage::default()
            },
            ..Snapshot::new(registry.time(now))
        }
    }

    /// A future as a task of no runtime, of which it is seen where it waits.
    #[track_caller]
    pub(crate) fn wrap<F: Future>(future: F) -> impl Future<Output = F::Output> {
        REGISTRY.wrap(future)
    }

    /// What was [wrapped](Self::wrap) at a line, with where it waits.
    #[expect(clippy::unused_self, reason = "without hooks there is nothing to ask")]
    pub(crate) fn outside_at(&self, at: &Location<'static>) -> Vec<Task> {
        let registry = &*REGISTRY;
        let sites = registry.sites();
        let mut waits = registry.waits();
        let mut found = Vec::new();
        registry.for_each_live(|live| {
            let site = sites.get(usize::from(live.site));
            let is_there = site.is_some_and(|site| {
                let site = &site.spawn.site;
                &*site.file == at.file() && site.line == at.line() && site.column == at.column()
            });
            if is_there && live.runtime.is_none() {
                let mut task = registry.task(&live, &sites);
                task.waits = waits.of(&live);
                found.push(task);
            }
        });
        found
    }

    fn task(&self, live: &LiveTask, sites: &[pileup_registry::CountedSite]) -> Task {
        let mut task = REGISTRY.task(live, sites);
        if self.misses_wakers.load(Ordering::Relaxed) {
            task.wakers = None;
        }
        task
    }

    fn for_each(&self, mut show: impl FnMut(LiveTask)) {
        REGISTRY.for_each_live(|task| {
            if task.runtime == Some(self.number) {
                show(task);
            }
        });
    }
}

impl Drop for Watched {
    fn drop(&mut self) {
        let mut is_empty = true;
        self.for_each(|_| is_empty = false);
        // Where closures go on, the number stays theirs.
        if self.is_owner && is_empty {
            numbers::give_back(self.number);
        }
    }
}

impl Drop for Entered {
    fn drop(&mut self) {
        let _ = ThreadRuntime::set(self.before);
        if self.opened {
            scope::close();
        }
    }
}
