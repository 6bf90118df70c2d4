//! Settings, by the names that they have in console-subscriber.

use std::env;
use std::net::{IpAddr, Ipv4Addr, SocketAddr, SocketAddrV4, SocketAddrV6};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use pileup_registry::{Registry, Sampling};
use tracing::{Metadata, Subscriber};
use tracing_subscriber::filter::{EnvFilter, filter_fn};
use tracing_subscriber::prelude::*;
use tracing_subscriber::registry::LookupSpan;
use tracing_subscriber::{Layer, fmt};

use crate::instrument::Service;
use crate::resources::{
    ResourceEvents, ResourceLayer, ResourceSubscriber, Resources, is_of_resources,
};
use crate::server::{self, Listener};
use crate::{Error, environment};

/// Settings of the subscriber: [`builder`](crate::builder) makes one.
///
/// A setting that console-subscriber's `Builder` has as well has the same name and the same
/// default here. Some of that one's have no meaning here, as nothing is buffered:
/// `event_buffer_capacity` and `client_buffer_capacity`.
#[must_use]
pub struct Builder {
    publish_interval: Duration,
    retention: Duration,
    finished_tasks: usize,
    server_addr: ServerAddr,
    filter_env_var: String,
    poll_max: Duration,
    scheduled_max: Duration,
    sampling: Sampling,
    has_resources: bool,
    poll_ops: usize,
    registry: Option<Arc<Registry>>,
    /// What was wrong with the environment, until it can be reported.
    error: Option<Error>,
}

/// Where clients connect.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum ServerAddr {
    /// An address and a port; port 0 takes a free one.
    Tcp(SocketAddr),
    /// A Unix socket at this path, at which there must be nothing yet. `tokio-console` attaches
    /// to it by `file://localhost/PATH`.
    #[cfg(unix)]
    Unix(PathBuf),
}

impl Builder {
    /// How often clients get updates, unless [`publish_interval`](Self::publish_interval) is
    /// called.
    pub const DEFAULT_PUBLISH_INTERVAL: Duration = Duration::from_secs(1);
    /// How long finished tasks are kept, unless [`retention`](Self::retention) is called.
    pub const DEFAULT_RETENTION: Duration = Duration::from_secs(60 * 60);
    /// How many finished tasks are kept, unless [`finished_tasks`](Self::finished_tasks) is called.
    pub const DEFAULT_FINISHED_TASKS: usize = 1 << 16;
    /// The port, unless [`server_addr`](Self::server_addr) is called: that of console-subscriber.
    pub const DEFAULT_PORT: u16 = 6669;

    pub(crate) fn new() -> Self {
        let address = SocketAddr::from((Ipv4Addr::LOCALHOST, Self::DEFAULT_PORT));
        Self {
            publish_interval: Self::DEFAULT_PUBLISH_INTERVAL,
            retention: Self::DEFAULT_RETENTION,
            finished_tasks: Self::DEFAULT_FINISHED_TASKS,
            server_addr: ServerAddr::Tcp(address),
            filter_env_var: "RUST_LOG".to_owned(),
            poll_max: Duration::from_secs(1),
            scheduled_max: Duration::from_secs(1),
            sampling: Sampling::ALL,
            has_resources: true,
            poll_ops: 0,
            registry: None,
            error: None,
        }
    }

    /// How often clients get what has changed: every second unless this is called.
    pub fn publish_interval(self, publish_interval: Duration) -> Self {
        Self {
            publish_interval,
            ..self
        }
    }

    /// How long a client that attaches gets to see a task after its end: an hour unless this is
    /// called. The memory for finished tasks has a bound besides:
    /// [`finished_tasks`](Self::finished_tasks).
    pub fn retention(self, retention: Duration) -> Self {
        Self { retention, ..self }
    }

    /// How many finished tasks are kept, of 136 bytes each: 65,536 unless this is called. When a
    /// further one finishes, the oldest is cut; clients that had not yet got it learn that it
    /// is missing, by the count of dropped events that tokio-console shows. The same holds for
    /// resources and async ops that were dropped, of which a quarter as many are kept.
    pub fn finished_tasks(self, finished_tasks: usize) -> Self {
        Self {
            finished_tasks,
            ..self
        }
    }

    /// Where clients connect: `127.0.0.1:6669` unless this is called.
    ///
    /// There is no encryption and no authentication: whoever can connect sees the places and
    /// names of the program's tasks.
    pub fn server_addr(self, server_addr: impl Into<ServerAddr>) -> Self {
        Self {
            server_addr: server_addr.into(),
            ..self
        }
    }

    /// The environment variable that selects the events that [`init`](Self::init) writes:
    /// `RUST_LOG` unless this is called.
    pub fn filter_env_var(self, filter_env_var: impl Into<String>) -> Self {
        Self {
            filter_env_var: filter_env_var.into(),
            ..self
        }
    }

    /// The longest poll that the histogram of a task's details shows: a second unless this is
    /// called. What is longer is counted as an outlier.
    pub fn poll_duration_histogram_max(self, max: Duration) -> Self {
        Self {
            poll_max: max,
            ..self
        }
    }

    /// Like [`poll_duration_histogram_max`](Self::poll_duration_histogram_max), for the time
    /// from the wake of a task to its poll.
    pub fn scheduled_duration_histogram_max(self, max: Duration) -> Self {
        Self {
            scheduled_max: max,
            ..self
        }
    }

    /// Of which tasks the field `waits` is kept: of all unless this is called. It costs the poll
    /// path of those tasks, and 40 bytes each.
    pub fn sampling(self, sampling: Sampling) -> Self {
        Self { sampling, ..self }
    }

    /// Whether resources, such as locks and timers, and the async ops on them are seen: they are
    /// unless this is called. They cost most of all, as each use of a lock is five events.
    pub fn resources(self, has_resources: bool) -> Self {
        Self {
            has_resources,
            ..self
        }
    }

    /// How many of the last poll ops are kept for the clients that are attached: none unless this
    /// is called. A poll op is one poll of a resource, such as `poll_acquire` of a lock, with its
    /// task and whether it was ready. When more of them come between two updates, the oldest are
    /// cut, and clients get their number as dropped events.
    ///
    /// tokio-console 0.1.14 does not show poll ops. Each that is kept takes 40 bytes, once a client
    /// has attached, and about 70 ns.
    pub fn poll_ops(self, poll_ops: usize) -> Self {
        Self { poll_ops, ..self }
    }

    /// Uses this table of tasks, such as that of a pileup probe in the same program, instead of
    /// a new one. Its sampling stays as it is.
    pub fn registry(self, registry: Arc<Registry>) -> Self {
        Self {
            registry: Some(registry),
            ..self
        }
    }

    /// Takes settings from the environment variables of console-subscriber, and from
    /// `PILEUP_POLL_OPS`:
    ///
    /// | variable | setting | example |
    /// |---|---|---|
    /// | `TOKIO_CONSOLE_BIND` | [`server_addr`](Self::server_addr) | `localhost:4321` |
    /// | `TOKIO_CONSOLE_PUBLISH_INTERVAL` | [`publish_interval`](Self::publish_interval) | `500ms` |
    /// | `TOKIO_CONSOLE_RETENTION` | [`retention`](Self::retention) | `10min` |
    /// | `PILEUP_POLL_OPS` | [`poll_ops`](Self::poll_ops) | `10000` |
    ///
    /// One with a value that cannot be read is reported by what starts the subscriber.
    pub fn with_default_env(mut self) -> Self {
        if let Err(error) = self.take_environment() {
            self.error.get_or_insert(error);
        }
        self
    }

    fn take_environment(&mut self) -> Result<(), Error> {
        if let Some(retention) = environment::duration("TOKIO_CONSOLE_RETENTION")? {
            self.retention = retention;
        }
        if let Some(address) = environment::address("TOKIO_CONSOLE_BIND")? {
            self.server_addr = ServerAddr::Tcp(address);
        }
        if let Some(interval) = environment::duration("TOKIO_CONSOLE_PUBLISH_INTERVAL")? {
            self.publish_interval = interval;
        }
        if let Some(poll_ops) = environment::count("PILEUP_POLL_OPS")? {
            self.poll_ops = poll_ops;
        }
        Ok(())
    }

    /// Like [`try_init`](Self::try_init), for a `main` that does not handle errors.
    ///
    /// # Panics
    ///
    /// Where [`try_init`](Self::try_init) gives an error.
    pub fn init(self) {
        if let Err(error) = self.try_init() {
            panic!("{}", with_source(&error));
        }
    }

    /// Starts to see the program's tasks, serves them, and writes the events that
    /// [`filter_env_var`](Self::filter_env_var) selects to standard output: errors alone where
    /// it is unset. Gives the address, with the port that was chosen where it has port 0; none for
    /// a Unix socket.
    ///
    /// Call it before the runtime is built, as tasks that were spawned before are never seen.
    ///
    /// # Errors
    ///
    /// When the program was built without `--cfg tokio_unstable`, the address cannot be listened
    /// on, a thread cannot be started, or there is a global subscriber already.
    pub fn try_init(self) -> Result<Option<SocketAddr>, Error> {
        let variable = self.filter_env_var.clone();
        let prepared = self.prepare()?;
        let log = fmt::layer().with_filter(log_filter(&variable));
        let log = tracing_subscriber::registry().with(log);
        let registry = &prepared.service.registry;
        let set = if prepared.has_resources {
            let inner = ResourceSubscriber {
                events: prepared.resource_events(),
                inner: log,
            };
            registry.subscriber(inner).try_init()
        } else {
            registry.subscriber(log).try_init()
        };
        set.map_err(|_| Error::Subscriber)?;
        prepared.start()
    }

    /// Like [`try_spawn`](Self::try_spawn), for a `main` that does not handle errors.
    ///
    /// # Panics
    ///
    /// Where [`try_spawn`](Self::try_spawn) gives an error.
    #[must_use = "a layer has to be added to a subscriber"]
    pub fn spawn<S>(self) -> impl Layer<S>
    where
        S: Subscriber + for<'span> LookupSpan<'span>,
    {
        match self.try_spawn() {
            Ok((layer, _)) => layer,
            Err(error) => panic!("{}", with_source(&error)),
        }
    }

    /// Serves the program's tasks, and gives the layer that sees them, with a filter of its own,
    /// and the address: see [`try_init`](Self::try_init). It costs the program about twice as much
    /// as `try_init`, as each of Tokio's spans lives in the subscriber's registry too.
    ///
    /// # Errors
    ///
    /// As [`try_init`](Self::try_init).
    pub fn try_spawn<S>(self) -> Result<(impl Layer<S> + use<S>, Option<SocketAddr>), Error>
    where
        S: Subscriber + for<'span> LookupSpan<'span>,
    {
        let prepared = self.prepare()?;
        let tasks = prepared.service.registry.layer();
        let layer = tasks.and_then(prepared.resource_layer());
        let address = prepared.start()?;
        Ok((layer, address))
    }

    /// Takes the address, so that nothing is installed where that fails.
    fn prepare(self) -> Result<Prepared, Error> {
        if let Some(error) = self.error {
            return Err(error);
        }
        if !cfg!(tokio_unstable) {
            return Err(Error::Unstable);
        }
        let listener = listen(&self.server_addr)?;
        let registry = self
            .registry
            .unwrap_or_else(|| Arc::new(Registry::new(self.sampling)));
        registry.keep_times();
        registry.keep_workers();
        registry.keep_finished(self.finished_tasks);
        let service = Service::new(
            registry,
            Arc::new(Resources::new(
                self.finished_tasks.div_ceil(4),
                self.poll_ops,
            )),
            self.publish_interval,
            self.retention,
            (self.poll_max, self.scheduled_max),
        );
        Ok(Prepared {
            listener,
            has_resources: self.has_resources,
            service: Arc::new(service),
        })
    }
}

/// A server that has its address and no thread yet.
struct Prepared {
    listener: Listener,
    has_resources: bool,
    service: Arc<Service>,
}

impl Prepared {
    fn resource_events(&self) -> ResourceEvents {
        ResourceEvents {
            registry: Arc::clone(&self.service.registry),
            resources: Arc::clone(&self.service.resources),
        }
    }

    /// What sees the resources. Where they are not wanted, it is a layer with a filter that lets
    /// nothing pass: beside an absent one, `tracing-subscriber` would make all of Tokio's spans.
    fn resource_layer<S>(&self) -> impl Layer<S> + use<S>
    where
        S: Subscriber + for<'span> LookupSpan<'span>,
    {
        let layer = ResourceLayer(self.resource_events());
        let is_wanted: fn(&Metadata<'_>) -> bool = if self.has_resources {
            is_of_resources
        } else {
            |_| false
        };
        layer.with_filter(filter_fn(is_wanted))
    }

    fn start(self) -> Result<Option<SocketAddr>, Error> {
        let address = self.listener.address();
        server::start_clock(&self.service).map_err(Error::Start)?;
        server::start(self.service, self.listener).map_err(Error::Start)?;
        Ok(address)
    }
}

fn listen(address: &ServerAddr) -> Result<Listener, Error> {
    let (listener, address) = match address {
        ServerAddr::Tcp(address) => (Listener::tcp(*address), address.to_string()),
        #[cfg(unix)]
        ServerAddr::Unix(path) => (Listener::unix(path), path.display().to_string()),
    };
    listener.map_err(|source| Error::Listen { address, source })
}

/// The events to write, as console-subscriber has it.
fn log_filter(variable: &str) -> EnvFilter {
    let errors = || EnvFilter::new("error");
    let Ok(text) = env::var(variable) else {
        return errors();
    };
    text.parse().unwrap_or_else(|error| {
        eprintln!(
            "warning: {variable}={text:?} is not a filter, so errors alone are written: {error}"
        );
        errors()
    })
}

fn with_source(error: &Error) -> String {
    let source = std::error::Error::source(error);
    source.map_or_else(|| error.to_string(), |source| format!("{error}: {source}"))
}

impl From<SocketAddr> for ServerAddr {
    fn from(address: SocketAddr) -> Self {
        Self::Tcp(address)
    }
}

impl From<SocketAddrV4> for ServerAddr {
    fn from(address: SocketAddrV4) -> Self {
        Self::Tcp(address.into())
    }
}

impl From<SocketAddrV6> for ServerAddr {
    fn from(address: SocketAddrV6) -> Self {
        Self::Tcp(address.into())
    }
}

impl<I: Into<IpAddr>> From<(I, u16)> for ServerAddr {
    fn from(address: (I, u16)) -> Self {
        Self::Tcp(address.into())
    }
}

#[cfg(unix)]
impl From<PathBuf> for ServerAddr {
    fn from(path: PathBuf) -> Self {
        Self::Unix(path)
    }
}

#[cfg(unix)]
impl From<&Path> for ServerAddr {
    fn from(path: &Path) -> Self {
        Self::Unix(path.to_owned())
    }
}
