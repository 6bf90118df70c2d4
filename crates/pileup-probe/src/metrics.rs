//! `/metrics`: `OpenMetrics` for Prometheus, from one fresh look at each scrape.

#[cfg(tokio_unstable)]
mod runtimes;
mod series;
mod sites;

use std::fmt;
use std::sync::{Mutex, PoisonError};

use prometheus_client::collector::Collector;
use prometheus_client::encoding::DescriptorEncoder;
use prometheus_client::encoding::text::encode;
use prometheus_client::registry::Registry;

use crate::Probe;
use sites::SiteLabels;

/// The metrics of one probe.
pub(crate) struct Metrics(Registry);

impl Metrics {
    pub(crate) fn new(probe: &Probe) -> Self {
        let mut registry = Registry::default();
        registry.register_collector(Box::new(Scrape {
            probe: probe.clone(),
            labels: Mutex::default(),
        }));
        Self(registry)
    }

    /// All metrics as text.
    pub(crate) fn text(&self) -> Result<String, fmt::Error> {
        let mut text = String::new();
        encode(&mut text, &self.0)?;
        Ok(text)
    }
}

/// Takes one look for each scrape.
struct Scrape {
    probe: Probe,
    labels: Mutex<SiteLabels>,
}

impl Collector for Scrape {
    fn encode(&self, mut encoder: DescriptorEncoder) -> Result<(), fmt::Error> {
        let look = self.probe.inner.look();
        let leaks = self.probe.inner.leaks(&look);
        let mut labels = self.labels.lock().unwrap_or_else(PoisonError::into_inner);
        sites::encode(&look, &leaks, &mut labels, &mut encoder)?;
        #[cfg(tokio_unstable)]
        runtimes::encode(&look.runtimes, &mut encoder)?;
        Ok(())
    }
}

impl fmt::Debug for Scrape {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Scrape").finish_non_exhaustive()
    }
}
