//! What the pages ask of a probe, and how a service sets what they answer.

use std::time::Duration;

use pileup_growth::DEFAULT_MAX_LIFETIME;

use crate::Probe;
use crate::leaks::Leak;
use crate::look::Look;
use crate::probe::Inner;

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
        let max_lifetime = self.pages.max_lifetime.get().copied();
        let max_lifetime = max_lifetime.unwrap_or(DEFAULT_MAX_LIFETIME);
        self.pages.leaks.find(look, &self.registry, max_lifetime)
    }
}

impl Probe {
    /// Answers only those who send this token, as `Authorization: Bearer TOKEN`. The first
    /// one that is set holds.
    #[must_use]
    pub fn require_token(self, token: &str) -> Self {
        // A second one would lock out who was let in.
        let _ = self.inner.pages.token.set(token.into());
        self
    }

    /// How long healthy tasks of the service live at most on average, which the probe's own
    /// verdict rests on: five minutes unless this is called. The first one that is set holds.
    #[must_use]
    pub fn max_lifetime(self, max_lifetime: Duration) -> Self {
        let _ = self.inner.pages.max_lifetime.set(max_lifetime);
        self
    }
}
