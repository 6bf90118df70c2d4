//! The probe itself.

use std::sync::{Arc, OnceLock};
use std::time::{Duration, Instant};
use std::{io, thread};

use pileup_growth::DEFAULT_MAX_LIFETIME;
use pileup_model::Site;
use pileup_registry::{Registry, Sampling};

use crate::announce::Announcements;
use crate::leaks::{Leak, Leaks};
use crate::look::Look;
use crate::runtimes::Runtimes;
use crate::scheduling::Waits;

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
    pub(crate) waits: Arc<Waits>,
    pub(crate) leaks: Leaks,
    pub(crate) token: OnceLock<Box<str>>,
    max_lifetime: OnceLock<Duration>,
    pub(crate) announcements: Announcements,
}

impl Inner {
    /// One fresh look at all live tasks, without where they wait.
    pub(crate) fn look(&self) -> Look {
        Look::take(&self.registry, &self.runtimes, None)
    }

    /// One fresh look at all live tasks, by where they wait. The first time it reads the
    /// program's debug information.
    pub(crate) fn look_at_waits(&self) -> Look {
        Look::take(&self.registry, &self.runtimes, Some(self.registry.waits()))
    }

    /// The sites of a look that pile up.
    pub(crate) fn leaks<'a>(&self, look: &'a Look) -> Vec<Leak<'a>> {
        let max_lifetime = self.max_lifetime.get().copied();
        let max_lifetime = max_lifetime.unwrap_or(DEFAULT_MAX_LIFETIME);
        self.leaks.find(look, &self.registry, max_lifetime)
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
    /// The live tasks of the site.
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
            registry: Arc::new(Registry::new(Sampling::default())),
            runtimes: Runtimes::default(),
            waits: Arc::default(),
            leaks: Leaks::new(),
            token: OnceLock::new(),
            max_lifetime: OnceLock::new(),
            announcements: Announcements::default(),
        });
        let probe = Arc::downgrade(&inner);
        thread::Builder::new()
            .name("pileup-probe".to_owned())
            .spawn(move || {
                while let Some(inner) = probe.upgrade() {
                    let now = inner.registry.tick();
                    inner.leaks.mark(now, &inner.registry);
                    let waits = Arc::clone(&inner.waits);
                    inner.announcements.repeat();
                    drop(inner);
                    let began = Instant::now();
                    thread::sleep(TICK);
                    waits.note_sleep(TICK, began.elapsed());
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

    /// How long healthy tasks of the service live at most on average, which the probe's own
    /// verdict rests on: five minutes unless this is called. The first one that is set holds.
    #[must_use]
    pub fn max_lifetime(self, max_lifetime: Duration) -> Self {
        let _ = self.inner.max_lifetime.set(max_lifetime);
        self
    }

    /// Of which tasks the probe keeps the await stacks: [`Sampling::default`] unless this
    /// sets another. It can be set again at any time.
    pub fn set_sampling(&self, sampling: Sampling) {
        self.inner.registry.set_sampling(sampling);
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

    /// The live tasks that the probe sees: what `runtime.NumGoroutine` is to Go.
    #[must_use]
    pub fn alive(&self) -> u64 {
        self.inner.registry.live()
    }
}
