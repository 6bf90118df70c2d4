//! Without `--cfg tokio_unstable`: Tokio's stable metrics count the live tasks, and nothing shows
//! which ones they are.

use std::panic::Location;
use std::sync::Arc;

use jiff::Timestamp;
use pileup_model::{Coverage, Snapshot, Task};
use tokio::runtime::Builder;

/// A runtime of which only the number of tasks is seen.
pub(crate) struct Watched;

/// Nothing is to be undone.
pub(crate) struct Entered;

impl Watched {
    pub(crate) fn of_own_runtime() -> Arc<Self> {
        Arc::new(Self)
    }

    pub(crate) fn of_current() -> Arc<Self> {
        Arc::new(Self)
    }

    #[expect(clippy::unused_self, reason = "as with hooks")]
    pub(crate) fn instrument(self: &Arc<Self>, _builder: &mut Builder) {}

    #[expect(clippy::unused_self, reason = "as with hooks")]
    pub(crate) fn enter(&self) -> Entered {
        Entered
    }

    pub(crate) fn wrap<F: Future>(future: F) -> F {
        future
    }

    #[expect(clippy::unused_self, reason = "as with hooks")]
    pub(crate) fn outside_at(&self, _at: &Location<'static>) -> Vec<Task> {
        Vec::new()
    }

    #[expect(clippy::unused_self, reason = "as with hooks")]
    pub(crate) fn sees_all(&self) -> bool {
        false
    }

    #[expect(clippy::unused_self, reason = "as with hooks")]
    pub(crate) fn has_closures(&self) -> bool {
        false
    }

    #[expect(clippy::unused_self, reason = "as with hooks")]
    pub(crate) fn tasks(&self) -> Vec<Task> {
        Vec::new()
    }

    pub(crate) fn first_snapshot(&self) -> Snapshot {
        self.snapshot()
    }

    #[expect(clippy::unused_self, reason = "as with hooks")]
    pub(crate) fn snapshot(&self) -> Snapshot {
        Snapshot {
            coverage: Coverage {
                waits_unseen: true,
                ..Coverage::default()
            },
            ..Snapshot::new(Timestamp::now())
        }
    }
}
