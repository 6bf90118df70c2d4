//! How long healthy tasks live, as far as the user knows.

use std::collections::BTreeMap;
use std::time::Duration;

use pileup_growth::DEFAULT_MAX_LIFETIME;
use pileup_model::Site;

/// What the user knows of the program: how long its healthy tasks live.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Expected {
    /// At every spawn site that is not among `sites`.
    pub max_lifetime: Duration,
    /// At these spawn sites.
    pub sites: BTreeMap<Option<Site>, Duration>,
    /// Whether the program was told to shut down: no task should be left.
    pub shutting_down: bool,
    /// Whether no task is expected to be alive at the end of the watch, as in a test that is
    /// done.
    pub none_alive: bool,
}

impl Default for Expected {
    fn default() -> Self {
        Self {
            max_lifetime: DEFAULT_MAX_LIFETIME,
            sites: BTreeMap::new(),
            shutting_down: false,
            none_alive: false,
        }
    }
}

impl Expected {
    /// At one spawn site.
    #[must_use]
    pub fn max_lifetime(&self, site: Option<&Site>) -> Duration {
        let known = self.sites.get(&site.cloned());
        known.copied().unwrap_or(self.max_lifetime)
    }
}
