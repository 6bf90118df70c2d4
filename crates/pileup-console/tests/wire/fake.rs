//! A console that sends whatever a test wants.

use std::iter;
use std::net;
use std::os::unix;
use std::path::Path;
use std::pin::Pin;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use console_api::instrument::instrument_server::{Instrument, InstrumentServer};
use console_api::instrument::{
    InstrumentRequest, PauseRequest, PauseResponse, ResumeRequest, ResumeResponse, State,
    StateRequest, TaskDetailsRequest, Update,
};
use console_api::tasks::TaskDetails;
use pileup_console::Address;
use tokio::net::{TcpListener, UnixListener};
use tokio::runtime::Runtime;
use tokio::sync::mpsc;
use tokio::time::sleep;
use tokio_stream::StreamExt;
use tokio_stream::wrappers::{TcpListenerStream, UnboundedReceiverStream, UnixListenerStream};
use tonic::transport::Server;
use tonic::{Request, Response, Status};

type Stream<T> = Pin<Box<dyn tokio_stream::Stream<Item = Result<T, Status>> + Send>>;

/// For an answer, so that requests which are made together are there together.
const THINKING: Duration = Duration::from_millis(10);

type Script = mpsc::UnboundedReceiver<Result<Update, Status>>;

/// A server for one client at a time, on a thread of its own until it is dropped.
pub struct Fake {
    pub address: Address,
    script: Option<mpsc::UnboundedSender<Result<Update, Status>>>,
    /// What the next client is sent.
    next: Arc<Mutex<Option<Script>>>,
    flood: Arc<Mutex<Option<Update>>>,
    calls: Calls,
    runtime: Option<Runtime>,
}

/// How often the client asked for anything but the updates.
#[derive(Clone, Default)]
struct Calls {
    wake_ups: Arc<AtomicUsize>,
    /// Wake-ups without an answer yet, and the most of them that there were.
    unanswered: Arc<AtomicUsize>,
    most_unanswered: Arc<AtomicUsize>,
    others: Arc<AtomicUsize>,
}

impl Fake {
    /// A server on a free port.
    pub fn start() -> Self {
        let listener = net::TcpListener::bind("127.0.0.1:0").expect("a free port");
        listener.set_nonblocking(true).expect("a socket");
        let address = listener.local_addr().expect("the port").to_string();
        Self::serve(&address, |console| {
            let listener = TcpListener::from_std(listener).expect("a socket");
            let clients = TcpListenerStream::new(listener);
            tokio::spawn(
                Server::builder()
                    .add_service(console)
                    .serve_with_incoming(clients),
            );
        })
    }

    /// A server on a free port that sends one message without end.
    pub fn start_flood(message: impl Into<Update>) -> Self {
        let fake = Self::start();
        *fake.flood.lock().expect("nobody panics with it") = Some(message.into());
        fake
    }

    /// A server on a Unix socket.
    pub fn start_on(socket: &Path) -> Self {
        let listener = unix::net::UnixListener::bind(socket).expect("a new socket");
        listener.set_nonblocking(true).expect("a socket");
        let address = format!("file://localhost{}", socket.display());
        Self::serve(&address, |console| {
            let listener = UnixListener::from_std(listener).expect("a socket");
            let clients = UnixListenerStream::new(listener);
            tokio::spawn(
                Server::builder()
                    .add_service(console)
                    .serve_with_incoming(clients),
            );
        })
    }

    pub fn send(&self, message: impl Into<Update>) {
        self.write(Ok(message.into()));
    }

    pub fn fail(&self, status: Status) {
        self.write(Err(status));
    }

    /// Ends the updates, and begins others for the next client.
    pub fn begin_again(&mut self) {
        let (script, updates) = mpsc::unbounded_channel();
        *self.next.lock().expect("nobody panics with it") = Some(updates);
        self.script = Some(script);
    }

    /// Ends the updates in good order.
    pub fn close(&mut self) {
        self.script = None;
    }

    /// Goes away as a process does that is killed.
    pub fn kill(&mut self) {
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_background();
        }
    }

    /// Takes the server's only thread for a while: nothing is read or answered meanwhile, as
    /// in a program that gets no processor.
    pub fn stall(&self, time: Duration) {
        let runtime = self.runtime.as_ref().expect("a server that runs");
        runtime.spawn(async move { std::thread::sleep(time) });
    }

    /// Waits until the client has given up the updates.
    pub async fn is_left(&self) {
        let script = self.script.as_ref().expect("an open script");
        script.closed().await;
    }

    /// How often the client has woken the server.
    pub fn wake_ups(&self) -> usize {
        self.calls.wake_ups.load(Ordering::SeqCst)
    }

    /// How many wake-ups there were at once, at most since this was asked last.
    pub fn most_at_once(&self) -> usize {
        self.calls.most_unanswered.swap(0, Ordering::SeqCst)
    }

    /// Waits for more wake-ups.
    pub async fn is_woken(&self, times: usize) {
        let before = self.wake_ups();
        while self.wake_ups() < before + times {
            sleep(THINKING).await;
        }
    }

    /// How often the client has asked for what it has no business with.
    pub fn other_calls(&self) -> usize {
        self.calls.others.load(Ordering::SeqCst)
    }

    fn write(&self, line: Result<Update, Status>) {
        let script = self.script.as_ref().expect("an open script");
        assert!(script.send(line).is_ok(), "the client has left");
    }

    fn serve(address: &str, listen: impl FnOnce(InstrumentServer<Console>)) -> Self {
        let (script, updates) = mpsc::unbounded_channel();
        let calls = Calls::default();
        let flood = Arc::default();
        let next = Arc::new(Mutex::new(Some(updates)));
        let console = InstrumentServer::new(Console {
            updates: Arc::clone(&next),
            flood: Arc::clone(&flood),
            calls: calls.clone(),
        });
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(1)
            .enable_all()
            .build()
            .expect("a runtime");
        {
            let _entered = runtime.enter();
            listen(console);
        }
        Self {
            address: address.parse().expect("an address"),
            script: Some(script),
            next,
            flood,
            calls,
            runtime: Some(runtime),
        }
    }
}

impl Drop for Fake {
    fn drop(&mut self) {
        self.kill();
    }
}

struct Console {
    updates: Arc<Mutex<Option<Script>>>,
    flood: Arc<Mutex<Option<Update>>>,
    calls: Calls,
}

impl Console {
    fn refuse<T>(&self) -> Result<Response<T>, Status> {
        self.calls.others.fetch_add(1, Ordering::SeqCst);
        Err(Status::unimplemented("no business of yours"))
    }
}

#[tonic::async_trait]
impl Instrument for Console {
    type WatchUpdatesStream = Stream<Update>;
    type WatchTaskDetailsStream = Stream<TaskDetails>;
    type WatchStateStream = Stream<State>;

    async fn watch_updates(
        &self,
        _: Request<InstrumentRequest>,
    ) -> Result<Response<Self::WatchUpdatesStream>, Status> {
        let updates = self.updates.lock().expect("nobody panics with it").take();
        let updates = updates.ok_or_else(|| Status::unavailable("it has its client"))?;
        let updates = UnboundedReceiverStream::new(updates);
        let flood = self.flood.lock().expect("nobody panics with it").take();
        Ok(Response::new(match flood {
            None => Box::pin(updates),
            Some(message) => Box::pin(tokio_stream::iter(iter::repeat(message)).map(Ok)),
        }))
    }

    async fn watch_task_details(
        &self,
        request: Request<TaskDetailsRequest>,
    ) -> Result<Response<Self::WatchTaskDetailsStream>, Status> {
        let id = request.into_inner().id.map(|id| id.id);
        if id != Some(u64::MAX) {
            return self.refuse();
        }
        self.calls.wake_ups.fetch_add(1, Ordering::SeqCst);
        let unanswered = self.calls.unanswered.fetch_add(1, Ordering::SeqCst) + 1;
        self.calls
            .most_unanswered
            .fetch_max(unanswered, Ordering::SeqCst);
        sleep(THINKING).await;
        self.calls.unanswered.fetch_sub(1, Ordering::SeqCst);
        Err(Status::not_found("task not found"))
    }

    async fn watch_state(
        &self,
        _: Request<StateRequest>,
    ) -> Result<Response<Self::WatchStateStream>, Status> {
        self.refuse()
    }

    async fn pause(&self, _: Request<PauseRequest>) -> Result<Response<PauseResponse>, Status> {
        self.refuse()
    }

    async fn resume(&self, _: Request<ResumeRequest>) -> Result<Response<ResumeResponse>, Status> {
        self.refuse()
    }
}
