//! A program with the real console-subscriber in it.

use std::sync::LazyLock;
use std::thread::{self, JoinHandle};
use std::time::Duration;

use console_subscriber::{ConsoleLayer, Server, ServerParts};
use pileup_console::Address;
use tokio::net::TcpListener;
use tokio::sync::{mpsc, oneshot};
use tokio::task::LocalSet;
use tokio_stream::wrappers::TcpListenerStream;
use tracing::Dispatch;
use tracing::subscriber::NoSubscriber;
use tracing_subscriber::filter::FilterFn;
use tracing_subscriber::layer::Identity;
use tracing_subscriber::prelude::*;

/// The publish interval of scenarios.
pub const OFTEN: Duration = Duration::from_millis(50);
/// The publish interval that console-subscriber has by default.
pub const SELDOM: Duration = Duration::from_secs(1);

/// Nothing that finished is forgotten while a test runs.
const RETENTION: Duration = Duration::from_secs(600);
/// By default the histograms of one task take 50 kB.
const LONGEST_IN_HISTOGRAM: Duration = Duration::from_millis(100);

/// Where there is but one subscriber, `tracing` lets the thread that is the first to meet a
/// callsite decide for all threads whether it is recorded. With another, it asks both.
static ANOTHER_SUBSCRIBER: LazyLock<Dispatch> =
    LazyLock::new(|| Dispatch::new(NoSubscriber::default()));

type Job = Box<dyn FnOnce() + Send>;

/// A runtime on a thread of its own, of which all is recorded. What is recorded is served
/// on a free port by the test's own runtime. Dropping it ends the program.
pub struct Target {
    pub address: Address,
    jobs: Option<mpsc::UnboundedSender<Job>>,
    thread: Option<JoinHandle<()>>,
}

/// A program that serves its console, and has not begun yet.
pub struct Prepared {
    pub address: Address,
    layer: ConsoleLayer,
}

impl Prepared {
    pub async fn new(publish_interval: Duration) -> Self {
        Self::with(publish_interval, RETENTION).await
    }

    /// A program that forgets what has ended after a time.
    pub async fn keeping(retention: Duration) -> Self {
        Self::with(OFTEN, retention).await
    }

    async fn with(publish_interval: Duration, retention: Duration) -> Self {
        LazyLock::force(&ANOTHER_SUBSCRIBER);
        let (layer, server) = ConsoleLayer::builder()
            .publish_interval(publish_interval)
            .retention(retention)
            .poll_duration_histogram_max(LONGEST_IN_HISTOGRAM)
            .scheduled_duration_histogram_max(LONGEST_IN_HISTOGRAM)
            .build();
        let address = serve(server).await;
        Self { address, layer }
    }

    pub fn start(self) -> Target {
        let Self { address, layer } = self;
        let (jobs, queue) = mpsc::unbounded_channel();
        let thread = thread::Builder::new()
            .name("target".to_owned())
            .spawn(move || run(layer, queue))
            .expect("a thread");
        Target {
            address,
            jobs: Some(jobs),
            thread: Some(thread),
        }
    }
}

impl Target {
    pub async fn start(publish_interval: Duration) -> Self {
        Prepared::new(publish_interval).await.start()
    }

    /// Does something in the program, such as to spawn tasks, and gives what comes of it.
    pub async fn run<T: Send + 'static>(&self, work: impl FnOnce() -> T + Send + 'static) -> T {
        let (sender, result) = oneshot::channel();
        let job: Job = Box::new(move || {
            let _ = sender.send(work());
        });
        let jobs = self.jobs.as_ref().expect("a program that runs");
        assert!(jobs.send(job).is_ok(), "the program has ended");
        result.await.expect("the job did not panic")
    }

    /// Waits until all tasks have been polled.
    pub async fn polled(&self) {
        let (sender, last_is_polled) = oneshot::channel();
        let last = async move {
            let _ = sender.send(());
        };
        self.run(move || tokio::spawn(last)).await;
        last_is_polled
            .await
            .expect("the queue of the runtime is fair");
    }
}

impl Drop for Target {
    fn drop(&mut self) {
        self.jobs = None;
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

fn run(layer: ConsoleLayer, mut jobs: mpsc::UnboundedReceiver<Job>) {
    let from_tokio = FilterFn::new(|metadata| {
        metadata.target().starts_with("tokio") || metadata.target().starts_with("runtime")
    });
    // What a program logs: its spans are open as well.
    let log = Identity::new();
    let recorder = tracing_subscriber::registry()
        .with(layer.with_filter(from_tokio))
        .with(log);
    let _recorded = tracing::subscriber::set_default(recorder);
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .expect("a runtime");
    LocalSet::new().block_on(&runtime, async {
        while let Some(job) = jobs.recv().await {
            job();
        }
    });
    runtime.shutdown_background();
}

async fn serve(server: Server) -> Address {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let chosen = listener.local_addr().expect("the port");
    let ServerParts {
        instrument_server,
        aggregator,
        ..
    } = server.into_parts();
    tokio::spawn(aggregator.run());
    let service = tonic::transport::Server::builder()
        .add_service(instrument_server)
        .serve_with_incoming(TcpListenerStream::new(listener));
    tokio::spawn(service);
    chosen.to_string().parse().expect("an address")
}
