//! The runtimes that a probe instruments.

use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use tokio::runtime::{Handle, RuntimeMetrics};

/// One instrumented runtime.
#[derive(Debug)]
pub(crate) struct Runtime {
    pub(crate) name: Arc<str>,
    handle: OnceLock<Handle>,
}

/// The number of the last runtimes, where there are many.
const LAST: u8 = u8::MAX - 1;

/// The instrumented runtimes, by number.
#[derive(Debug, Default)]
pub(crate) struct Runtimes(Mutex<Vec<Arc<Runtime>>>);

impl Runtimes {
    /// Adds one more, under a name that no other has: `name` itself, or `name-2` and so on.
    /// Its number is the last there is where there are too many.
    pub(crate) fn add(&self, name: &str) -> (u8, Arc<Runtime>) {
        let mut runtimes = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let is_free = |name: &str| runtimes.iter().all(|runtime| &*runtime.name != name);
        let mut free = name.to_owned();
        let mut count = 1;
        while !is_free(&free) {
            count += 1;
            free = format!("{name}-{count}");
        }
        let runtime = Arc::new(Runtime {
            name: free.into(),
            handle: OnceLock::new(),
        });
        let number = u8::try_from(runtimes.len()).map_or(LAST, |number| number.min(LAST));
        runtimes.push(Arc::clone(&runtime));
        (number, runtime)
    }

    /// All of them, by number.
    pub(crate) fn all(&self) -> Vec<Arc<Runtime>> {
        self.0
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }
}

impl Runtime {
    /// Notes that the calling thread runs this runtime.
    pub(crate) fn is_entered(&self) {
        self.handle.get_or_init(Handle::current);
    }

    /// Tokio's own metrics of it, once it has polled a task.
    pub(crate) fn metrics(&self) -> Option<RuntimeMetrics> {
        self.handle.get().map(Handle::metrics)
    }
}
