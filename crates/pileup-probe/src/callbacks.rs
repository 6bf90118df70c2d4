//! What a service itself wants to run on the runtime's hooks.

use std::fmt;

use tokio::runtime::TaskMeta;

pub(crate) type Callback = Box<dyn Fn(&TaskMeta<'_>) + Send + Sync>;

/// A runtime has one callback of each kind, and the probe takes them. A service that wants
/// its own as well gives them to [`Probe::instrument_with`](crate::Probe::instrument_with):
/// each runs right after the probe's.
#[derive(Default)]
pub struct Callbacks {
    pub(crate) task_spawn: Option<Callback>,
    pub(crate) before_task_poll: Option<Callback>,
    pub(crate) after_task_poll: Option<Callback>,
    pub(crate) task_terminate: Option<Callback>,
}

impl Callbacks {
    /// No callbacks.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Like [`on_task_spawn`](tokio::runtime::Builder::on_task_spawn).
    #[must_use]
    pub fn on_task_spawn(
        mut self,
        callback: impl Fn(&TaskMeta<'_>) + Send + Sync + 'static,
    ) -> Self {
        self.task_spawn = Some(Box::new(callback));
        self
    }

    /// Like [`on_before_task_poll`](tokio::runtime::Builder::on_before_task_poll).
    #[must_use]
    pub fn on_before_task_poll(
        mut self,
        callback: impl Fn(&TaskMeta<'_>) + Send + Sync + 'static,
    ) -> Self {
        self.before_task_poll = Some(Box::new(callback));
        self
    }

    /// Like [`on_after_task_poll`](tokio::runtime::Builder::on_after_task_poll).
    #[must_use]
    pub fn on_after_task_poll(
        mut self,
        callback: impl Fn(&TaskMeta<'_>) + Send + Sync + 'static,
    ) -> Self {
        self.after_task_poll = Some(Box::new(callback));
        self
    }

    /// Like [`on_task_terminate`](tokio::runtime::Builder::on_task_terminate).
    #[must_use]
    pub fn on_task_terminate(
        mut self,
        callback: impl Fn(&TaskMeta<'_>) + Send + Sync + 'static,
    ) -> Self {
        self.task_terminate = Some(Box::new(callback));
        self
    }
}

impl fmt::Debug for Callbacks {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("Callbacks")
            .field("task_spawn", &self.task_spawn.is_some())
            .field("before_task_poll", &self.before_task_poll.is_some())
            .field("after_task_poll", &self.after_task_poll.is_some())
            .field("task_terminate", &self.task_terminate.is_some())
            .finish()
    }
}
