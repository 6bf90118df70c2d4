//! Tasks that report their wakers too: by `tracing`, or by a waker of their own.

use std::sync::Arc;

use pileup_registry::{Registry, TaskSubscriber, Wrapped};
use tokio::task::JoinHandle;
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

    /// The table of tasks that the probe shows, for others in the program that read it as well,
    /// such as `pileup-subscriber`.
    #[must_use]
    pub fn registry(&self) -> Arc<Registry> {
        Arc::clone(&self.inner.registry)
    }

    /// Has the probe see a future that is about to be spawned, and where it waits. It needs
    /// neither `--cfg tokio_unstable` nor Tokio's feature `tracing`, and costs least.
    ///
    /// It works with whatever spawns tasks: `set.spawn(probe.wrap(future))` with a `JoinSet`,
    /// `tracker.spawn(probe.wrap(future))` with a `TaskTracker`.
    ///
    /// See [`Registry::wrap`](pileup_registry::Registry::wrap).
    #[track_caller]
    pub fn wrap<F: Future>(&self, future: F) -> Wrapped<F> {
        self.inner.registry.wrap(future)
    }

    /// [Wraps](Self::wrap) a future and spawns it, as [`tokio::spawn`] does.
    ///
    /// # Panics
    ///
    /// Outside of a runtime.
    #[track_caller]
    pub fn spawn<F>(&self, future: F) -> JoinHandle<F::Output>
    where
        F: Future + Send + 'static,
        F::Output: Send + 'static,
    {
        self.inner.registry.spawn(future)
    }

    /// An executor that spawns [wrapped](Self::wrap) futures, for the builders of hyper and
    /// tonic. The spawn site of its tasks is the caller of this.
    #[cfg(feature = "hyper")]
    #[track_caller]
    #[must_use]
    pub fn executor(&self) -> pileup_registry::WrappingExecutor {
        self.inner.registry.executor()
    }
}
