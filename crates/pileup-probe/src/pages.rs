//! What the probe keeps for its pages alone.

use std::sync::OnceLock;
use std::time::Duration;

use pileup_registry::Registry;

use crate::announce::Announcements;
use crate::leaks::Leaks;

pub(crate) struct Pages {
    pub(crate) leaks: Leaks,
    pub(crate) token: OnceLock<Box<str>>,
    pub(crate) max_lifetime: OnceLock<Duration>,
    pub(crate) announcements: Announcements,
}

impl Default for Pages {
    fn default() -> Self {
        Self {
            leaks: Leaks::new(),
            token: OnceLock::new(),
            max_lifetime: OnceLock::new(),
            announcements: Announcements::default(),
        }
    }
}

impl Pages {
    /// Keeps what later pages need of the present. The probe's thread calls it at each tick.
    pub(crate) fn keep_up(&self, registry: &Registry) {
        self.leaks.mark(registry.tick(), registry);
        self.announcements.repeat();
    }
}
