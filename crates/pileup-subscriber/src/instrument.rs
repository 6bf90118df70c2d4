//! The service that clients call.

use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use console_api::instrument::instrument_server::Instrument;
use console_api::instrument::{
    InstrumentRequest, PauseRequest, PauseResponse, ResumeRequest, ResumeResponse, State,
    StateRequest, TaskDetailsRequest, Temporality, Update,
};
use console_api::tasks::TaskDetails;
use futures_util::{Stream, stream};
use pileup_model::Wait;
use pileup_registry::{LiveTask, Nanos, Registry, Sleeps, WaitList};
use tonic::{Request, Response, Status};

use crate::connection::Connection;
use crate::metadata::MetadataIds;
use crate::resources::Resources;
use crate::waits::{Said, Sayings};
use crate::{details, updates};

/// What all clients share.
pub(crate) struct Service {
    pub(crate) registry: Arc<Registry>,
    pub(crate) resources: Arc<Resources>,
    pub(crate) metadata: MetadataIds,
    pub(crate) said: Said,
    pub(crate) publish_interval: Duration,
    pub(crate) retention: Duration,
    /// What is longer, in nanoseconds, is an outlier of the histogram.
    pub(crate) poll_max: u64,
    pub(crate) scheduled_max: u64,
    /// Those of the thread that moves the registry's clock.
    pub(crate) sleeps: Arc<Sleeps>,
    clients: AtomicUsize,
}

/// A client that gets updates, for as long as this lives.
pub(crate) struct Attached(Arc<Service>);

/// The service as tonic wants it.
pub(crate) struct Instrumented(pub(crate) Arc<Service>);

type Streamed<T> = Pin<Box<dyn Stream<Item = Result<T, Status>> + Send>>;

/// Where a task waits.
pub(crate) struct Waiting {
    /// None where that is not known, and empty where no waker is left.
    pub(crate) waits: Option<WaitList>,
    /// Where it waited last, if no waker is left.
    pub(crate) last: Option<Arc<Wait>>,
}

impl Service {
    pub(crate) fn new(
        registry: Arc<Registry>,
        resources: Arc<Resources>,
        publish_interval: Duration,
        retention: Duration,
        (poll_max, scheduled_max): (Duration, Duration),
    ) -> Self {
        let nanos = |duration: Duration| u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX);
        let started = registry.time(0).as_nanosecond();
        Self {
            metadata: MetadataIds::new(u64::try_from(started).unwrap_or_default()),
            registry,
            resources,
            said: Said::default(),
            // An interval of zero would be no pause at all.
            publish_interval: publish_interval.max(Duration::from_millis(1)),
            retention,
            poll_max: nanos(poll_max),
            scheduled_max: nanos(scheduled_max),
            sleeps: Arc::default(),
            clients: AtomicUsize::new(0),
        }
    }

    /// Whether something that ended then is no longer kept.
    pub(crate) fn is_past_retention(&self, ended: Nanos) -> bool {
        let retention = u64::try_from(self.retention.as_nanos()).unwrap_or(u64::MAX);
        self.registry.now().saturating_sub(ended) > retention
    }

    fn attach(self: &Arc<Self>) -> Attached {
        self.clients.fetch_add(1, Ordering::Relaxed);
        self.resources.poll_ops.attach();
        Attached(Arc::clone(self))
    }

    /// Names where all tasks wait, at once: each time that something new is named takes about as
    /// long, however much it is.
    pub(crate) async fn name_all(&self) {
        let registry = Arc::clone(&self.registry);
        let named = tokio::task::spawn_blocking(move || drop(registry.waits()));
        // It fails when the runtime ends, and with it all clients.
        let _ = named.await;
    }

    /// What is to be said of these tasks. Names may have to be read from the program's debug
    /// information: it is done on a thread for blocking work, and other clients go on.
    pub(crate) async fn say(&self, tasks: Vec<LiveTask>) -> (Vec<LiveTask>, Vec<Sayings>) {
        let registry = Arc::clone(&self.registry);
        let said = tokio::task::spawn_blocking(move || {
            let sayings = Sayings::of(&registry, &tasks);
            (tasks, sayings)
        });
        // It fails when the runtime ends, and with it all clients.
        said.await.unwrap_or_default()
    }

    /// Where these tasks wait, with whole stacks, on a thread for blocking work as well.
    pub(crate) async fn waits_of(&self, tasks: Vec<LiveTask>) -> (Vec<LiveTask>, Vec<Waiting>) {
        let registry = Arc::clone(&self.registry);
        let named = tokio::task::spawn_blocking(move || {
            let mut waits = registry.waits_of(&tasks);
            let waiting = |task| Waiting {
                waits: waits.of(task),
                last: waits.last_of(task),
            };
            let waiting = tasks.iter().map(waiting).collect();
            (tasks, waiting)
        });
        // It fails when the runtime ends, and with it all clients.
        named.await.unwrap_or_default()
    }
}

impl Drop for Attached {
    fn drop(&mut self) {
        self.0.resources.poll_ops.detach();
        if self.0.clients.fetch_sub(1, Ordering::Relaxed) == 1 {
            self.0.said.clear();
        }
    }
}

/// The connection that a request came by.
fn connection<T>(request: &Request<T>) -> Result<Arc<Connection>, Status> {
    let connection = request.extensions().get::<Arc<Connection>>();
    connection
        .cloned()
        .ok_or_else(|| Status::internal("the request belongs to no connection"))
}

#[tonic::async_trait]
impl Instrument for Instrumented {
    type WatchUpdatesStream = Streamed<Update>;
    type WatchTaskDetailsStream = Streamed<TaskDetails>;
    type WatchStateStream = Streamed<State>;

    async fn watch_updates(
        &self,
        request: Request<InstrumentRequest>,
    ) -> Result<Response<Self::WatchUpdatesStream>, Status> {
        let connection = connection(&request)?;
        let service = Arc::clone(&self.0);
        let updates = updates::updates(service, connection, self.0.attach());
        Ok(Response::new(Box::pin(updates)))
    }

    async fn watch_task_details(
        &self,
        request: Request<TaskDetailsRequest>,
    ) -> Result<Response<Self::WatchTaskDetailsStream>, Status> {
        let connection = connection(&request)?;
        let Some(id) = request.into_inner().id.filter(|id| id.id != 0) else {
            return Err(Status::invalid_argument("missing task id"));
        };
        let registry = &self.0.registry;
        if registry.live_task_of(id.id).is_none() {
            // As console-subscriber does for as long as it keeps the task. Clients learn by it that
            // it is kept.
            return match details::of_finished(&self.0, id.id) {
                Some(details) => Ok(Response::new(Box::pin(details))),
                None => Err(Status::not_found(
                    "there is no such task, or it is no longer kept",
                )),
            };
        }
        let Some(times) = registry.watch_polls(id.id) else {
            return Err(Status::resource_exhausted(
                "too many tasks are looked at already",
            ));
        };
        let looked_at = connection.look_at(id.id);
        let details = details::details(Arc::clone(&self.0), id.id, times, looked_at);
        Ok(Response::new(Box::pin(details)))
    }

    async fn watch_state(
        &self,
        request: Request<StateRequest>,
    ) -> Result<Response<Self::WatchStateStream>, Status> {
        let paused = connection(&request)?.paused();
        let states = stream::unfold((paused, true), |(mut paused, is_first)| async move {
            if !is_first {
                paused.changed().await.ok()?;
            }
            let temporality = if *paused.borrow_and_update() {
                Temporality::Paused
            } else {
                Temporality::Live
            };
            let state = State {
                temporality: temporality.into(),
            };
            Some((Ok(state), (paused, false)))
        });
        Ok(Response::new(Box::pin(states)))
    }

    async fn pause(
        &self,
        request: Request<PauseRequest>,
    ) -> Result<Response<PauseResponse>, Status> {
        connection(&request)?.set_paused(true);
        Ok(Response::new(PauseResponse {}))
    }

    async fn resume(
        &self,
        request: Request<ResumeRequest>,
    ) -> Result<Response<ResumeResponse>, Status> {
        connection(&request)?.set_paused(false);
        Ok(Response::new(ResumeResponse {}))
    }
}
