//! The probe itself.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::Duration;
use std::{io, thread};

use pileup_model::Site;
use tokio::runtime::{Builder, TaskMeta};

use crate::callbacks::{Callback, Callbacks};
use crate::leaks::{Leak, Leaks};
use crate::look::Look;
use crate::registry::Registry;
use crate::runtimes::Runtimes;

/// How often the registry's clock moves: births and polls are known to within this.
const TICK: Duration = Duration::from_millis(10);

/// Knows every task of the runtimes that it instruments, for as long as it lives. Cheap to
/// clone; all clones are one probe.
#[derive(Clone)]
pub struct Probe {
    pub(crate) inner: Arc<Inner>,
}

pub(crate) struct Inner {
    pub(crate) registry: Arc<Registry>,
    pub(crate) runtimes: Runtimes,
    pub(crate) leaks: Leaks,
    pub(crate) token: OnceLock<Box<str>>,
    #[cfg(feature = "stacks")]
    pub(crate) stacks: crate::stacks::Stacks,
}

impl Inner {
    /// One fresh look at all living tasks.
    pub(crate) fn look(&self) -> Look {
        Look::take(&self.registry, &self.runtimes)
    }

    /// The sites of a look that pile up.
    pub(crate) fn leaks<'a>(&self, look: &'a Look) -> Vec<Leak<'a>> {
        self.leaks.find(look, &self.registry)
    }
}

/// What was counted at one spawn site.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct SiteCount {
    /// The spawn site.
    pub site: Site,
    /// Tasks that were spawned there.
    pub spawned: u64,
    /// Those of them that returned, panicked or were aborted.
    pub finished: u64,
}

impl SiteCount {
    /// The living tasks of the site.
    #[must_use]
    pub fn alive(&self) -> u64 {
        self.spawned - self.finished
    }
}

impl Probe {
    /// A probe that instruments no runtime yet. It has one thread, which keeps its time and
    /// ends with it.
    ///
    /// # Errors
    ///
    /// When the system gives no thread.
    pub fn start() -> io::Result<Self> {
        let inner = Arc::new(Inner {
            registry: Arc::new(Registry::new()),
            runtimes: Runtimes::default(),
            leaks: Leaks::new(),
            token: OnceLock::new(),
            #[cfg(feature = "stacks")]
            stacks: crate::stacks::Stacks::default(),
        });
        let probe = Arc::downgrade(&inner);
        thread::Builder::new()
            .name("pileup-probe".to_owned())
            .spawn(move || {
                while let Some(inner) = probe.upgrade() {
                    let now = inner.registry.advance_clock();
                    inner.leaks.mark(now, &inner.registry);
                    drop(inner);
                    thread::sleep(TICK);
                }
            })?;
        Ok(Self { inner })
    }

    /// Answers only those who send this token, as `Authorization: Bearer TOKEN`. The first
    /// one that is set holds.
    #[must_use]
    pub fn require_token(self, token: &str) -> Self {
        // A second one would lock out who was let in.
        let _ = self.inner.token.set(token.into());
        self
    }

    /// Allows await stacks of current-thread runtimes: `/debug/pprof/goroutine?stacks=1`.
    ///
    /// Each time that they are asked for, Tokio polls every task of the runtime to see where it
    /// stands, and holds the runtime up meanwhile: for tens of microseconds a task, and at
    /// most every ten seconds. They are refused, with the reason, where that would take long.
    #[cfg(feature = "stacks")]
    #[must_use]
    pub fn allow_stacks(self) -> Self {
        self.inner.stacks.allow();
        self
    }

    /// What was spawned and what has finished at each spawn site, of all instrumented
    /// runtimes: exact whenever nothing is spawned or ends meanwhile.
    #[must_use]
    pub fn sites(&self) -> Vec<SiteCount> {
        let sites = self.inner.registry.sites().into_iter();
        let counts = sites.filter_map(|site| {
            let counted = site.counted?;
            Some(SiteCount {
                site: site.spawn.site.clone(),
                spawned: counted.spawned,
                finished: counted.finished(),
            })
        });
        counts.collect()
    }

    /// The living tasks of all instrumented runtimes: what `runtime.NumGoroutine` is to Go.
    #[must_use]
    pub fn alive(&self) -> u64 {
        let sites = self.inner.registry.sites().into_iter();
        let counts = sites.filter_map(|site| site.counted);
        counts
            .map(|counted| counted.spawned - counted.finished())
            .sum()
    }

    /// Has the probe see every task of the runtime that `builder` builds. `name` tells it
    /// from other runtimes of the process.
    ///
    /// It takes the builder's four task hooks. For a service that uses them itself there is
    /// [`instrument_with`](Self::instrument_with).
    pub fn instrument<'a>(&self, name: &str, builder: &'a mut Builder) -> &'a mut Builder {
        self.instrument_with(name, builder, Callbacks::new())
    }

    /// Like [`instrument`](Self::instrument), with the service's own callbacks after the
    /// probe's.
    pub fn instrument_with<'a>(
        &self,
        name: &str,
        builder: &'a mut Builder,
        callbacks: Callbacks,
    ) -> &'a mut Builder {
        let (number, runtime) = self.inner.runtimes.add(name);
        // The probe has the runtime's handle, and that the hooks: they must not have the
        // probe in turn.
        let runtime = Arc::downgrade(&runtime);
        let entered = AtomicBool::new(false);

        let registry = Arc::clone(&self.inner.registry);
        let spawned = move |task: &TaskMeta<'_>| registry.spawned(task, number);
        builder.on_task_spawn(chained(spawned, callbacks.task_spawn));
        let registry = Arc::clone(&self.inner.registry);
        let poll_begins = move |task: &TaskMeta<'_>| {
            if !entered.load(Ordering::Relaxed) {
                entered.store(true, Ordering::Relaxed);
                if let Some(runtime) = runtime.upgrade() {
                    runtime.is_entered();
                }
            }
            registry.poll_begins(task);
        };
        builder.on_before_task_poll(chained(poll_begins, callbacks.before_task_poll));
        let registry = Arc::clone(&self.inner.registry);
        let poll_ends = move |task: &TaskMeta<'_>| registry.poll_ends(task);
        builder.on_after_task_poll(chained(poll_ends, callbacks.after_task_poll));
        let registry = Arc::clone(&self.inner.registry);
        let terminated = move |task: &TaskMeta<'_>| registry.terminated(task);
        builder.on_task_terminate(chained(terminated, callbacks.task_terminate))
    }
}

/// One hook for both: the probe's own first, whatever the service's does.
fn chained(own: impl Fn(&TaskMeta<'_>), theirs: Option<Callback>) -> impl Fn(&TaskMeta<'_>) {
    move |task| {
        own(task);
        if let Some(callback) = &theirs {
            callback(task);
        }
    }
}
