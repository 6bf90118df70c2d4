//! Futures with a waker of their own.
//!
//! For services without `--cfg tokio_unstable` or Tokio's feature `tracing`, and the cheapest
//! way: a wrapped future is polled with a waker that reports each clone, drop and wake to the
//! registry, and passes on what it is asked for.

#[cfg(feature = "hyper")]
mod executor;
mod waker;
mod watch;

use std::panic::Location;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use pileup_stacks::stack_pointer;
use pin_project_lite::pin_project;
use tokio::task::JoinHandle;

#[cfg(feature = "hyper")]
pub use executor::WrappingExecutor;

use crate::registry::Registry;
use watch::Watch;

pin_project! {
    /// A future that is seen by a [`Registry`]. Made by [`Registry::wrap`].
    #[derive(Debug)]
    #[must_use = "futures do nothing unless they are polled"]
    pub struct Wrapped<F> {
        #[pin]
        future: F,
        // Dropped after the future, whose wakers still count.
        watch: EndOnDrop,
    }
}

#[derive(Debug)]
struct EndOnDrop(Watch);

impl Drop for EndOnDrop {
    fn drop(&mut self) {
        self.0.end();
    }
}

impl Registry {
    /// Has this registry see a future that is about to be spawned, and all its wakers.
    ///
    /// It works with whatever spawns tasks on Tokio, and the spawn site is the caller of this:
    ///
    /// ```
    /// # use std::sync::Arc;
    /// # use pileup_registry::{Registry, Sampling};
    /// # let registry = Arc::new(Registry::new(Sampling::default()));
    /// # let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    /// # runtime.block_on(async {
    /// let mut set = tokio::task::JoinSet::new();
    /// set.spawn(registry.wrap(async { 1 }));
    /// # assert_eq!(set.join_next().await.unwrap().unwrap(), 1);
    /// # });
    /// ```
    ///
    /// The future is a task from now on; where the registry also has hooks or a subscriber,
    /// from its first poll on, unless these have seen it already. A future in a task that is
    /// seen already is no task of its own, and is polled as it is.
    #[track_caller]
    pub fn wrap<F: Future>(self: &Arc<Self>, future: F) -> Wrapped<F> {
        self.wrap_at(future, Location::caller())
    }

    /// [Wraps](Self::wrap) a future and spawns it, as [`tokio::spawn`] does.
    ///
    /// # Panics
    ///
    /// Outside of a runtime.
    #[track_caller]
    pub fn spawn<F>(self: &Arc<Self>, future: F) -> JoinHandle<F::Output>
    where
        F: Future + Send + 'static,
        F::Output: Send + 'static,
    {
        tokio::spawn(self.wrap(future))
    }

    fn wrap_at<F: Future>(
        self: &Arc<Self>,
        future: F,
        location: &'static Location<'static>,
    ) -> Wrapped<F> {
        Wrapped {
            future,
            watch: EndOnDrop(Watch::new(self, location, size_of::<F>())),
        }
    }
}

impl<F: Future> Future for Wrapped<F> {
    type Output = F::Output;

    #[inline]
    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<F::Output> {
        let this = self.project();
        let Some(task) = this.watch.0.task(context.waker(), size_of::<F>()) else {
            return this.future.poll(context);
        };
        let _poll = task.begin_poll(stack_pointer());
        waker::with(task, |waker| {
            this.future.poll(&mut Context::from_waker(waker))
        })
    }
}
