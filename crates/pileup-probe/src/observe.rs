//! Tasks that report their wakers too: by `tracing`, or by a waker of their own.

use pileup_registry::TaskSubscriber;
use tracing::Subscriber;
use tracing_subscriber::Layer;
use tracing_subscriber::registry::LookupSpan;

use crate::Probe;

impl Probe {
    /// A subscriber by which the probe sees every task of the process and where it waits, and
    /// which passes everything that is not of Tokio's tasks on to the service's own, `inner`.
    /// It needs Tokio's feature `tracing` and `--cfg tokio_unstable`.
    ///
    /// See [`Registry::subscriber`](pileup_registry::Registry::subscriber).
    #[must_use]
    pub fn subscriber<S: Subscriber>(&self, inner: S) -> TaskSubscriber<S> {
        self.inner.registry.subscriber(inner)
    }

    /// Like [`subscriber`](Self::subscriber), as a layer beside others: for services in which
    /// another layer needs Tokio's spans as well, such as console-subscriber's.
    ///
    /// See [`Registry::layer`](pileup_registry::Registry::layer).
    #[must_use]
    pub fn layer<S>(&self) -> impl Layer<S> + use<S>
    where
        S: Subscriber + for<'span> LookupSpan<'span>,
    {
        self.inner.registry.layer()
    }
}
