//! The probe itself.

use std::sync::Arc;
use std::time::Duration;
use std::{io, thread};

use pileup_model::Site;
use pileup_registry::{Registry, Sampling};

#[cfg(feature = "http")]
use crate::pages::Pages;
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
    #[cfg(feature = "http")]
    pub(crate) pages: Pages,
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
            #[cfg(feature = "http")]
            pages: Pages::default(),
        });
        let probe = Arc::downgrade(&inner);
        thread::Builder::new()
            .name("pileup-probe".to_owned())
            .spawn(move || {
                while let Some(inner) = probe.upgrade() {
                    inner.registry.tick();
                    #[cfg(feature = "http")]
                    inner.pages.keep_up(&inner.registry);
                    let waits = Arc::clone(&inner.waits);
                    drop(inner);
                    waits.sleep(TICK);
                }
            })?;
        Ok(Self { inner })
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
