//! An executor for hyper and tonic.

use std::panic::Location;
use std::sync::Arc;

use crate::registry::Registry;

/// Spawns what hyper or tonic hand to it, wrapped. Made by [`Registry::executor`].
#[derive(Clone)]
pub struct WrappingExecutor {
    registry: Arc<Registry>,
    location: &'static Location<'static>,
}

impl Registry {
    /// An executor that spawns [wrapped](Self::wrap) futures, for the builders of hyper and
    /// tonic. The spawn site of its tasks is the caller of this.
    #[track_caller]
    #[must_use]
    pub fn executor(self: &Arc<Self>) -> WrappingExecutor {
        WrappingExecutor {
            registry: Arc::clone(self),
            location: Location::caller(),
        }
    }
}

impl<F> hyper::rt::Executor<F> for WrappingExecutor
where
    F: Future + Send + 'static,
    F::Output: Send + 'static,
{
    fn execute(&self, future: F) {
        tokio::spawn(self.registry.wrap_at(future, self.location));
    }
}
