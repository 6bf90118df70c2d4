//! The server, on a thread and a runtime of its own, whose tasks are not shown.

use std::net::{SocketAddr, TcpListener};
use std::sync::Arc;
use std::time::Duration;
use std::{io, thread};

use console_api::instrument::instrument_server::InstrumentServer;
use futures_util::{Stream, stream};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener as AsyncListener, TcpStream};
use tokio::sync::Semaphore;
use tonic::transport::Server;
use tracing::subscriber::NoSubscriber;

use crate::await_stacks::AwaitStacks;
use crate::connection;
use crate::instrument::{Instrumented, Service};

/// How often the registry's clock moves: births are known to within this.
const TICK: Duration = Duration::from_millis(10);
/// Clients at the same time. Further ones wait until one goes.
const CONNECTIONS: usize = 64;
/// Requests of one connection at the same time: tokio-console has three.
const REQUESTS: u32 = 64;
/// Bytes of a request: all of them are small.
const REQUEST_BYTES: u32 = 16 << 10;
/// How long to wait after a client could not be accepted.
const ACCEPT_AGAIN: Duration = Duration::from_millis(100);
/// A client that answers nothing for this long is gone.
const KEEPALIVE: Duration = Duration::from_secs(20);

/// Moves the registry's clock, for as long as the registry lives.
pub(crate) fn start_clock(service: &Service) -> io::Result<()> {
    let registry = Arc::downgrade(&service.registry);
    let sleeps = Arc::clone(&service.sleeps);
    thread::Builder::new()
        .name("pileup-clock".to_owned())
        .spawn(move || {
            while let Some(registry) = registry.upgrade() {
                registry.tick();
                drop(registry);
                sleeps.sleep(TICK);
            }
        })?;
    Ok(())
}

/// Serves on a thread of its own, for as long as the process lives.
pub(crate) fn start(service: Arc<Service>, listener: Listener) -> io::Result<()> {
    thread::Builder::new()
        .name("pileup-console".to_owned())
        .spawn(move || {
            pileup_registry::hide_this_thread();
            // A default of its own makes each event of the process slower: it is left out where
            // the global one hides the thread.
            let hides = tracing::dispatcher::get_default(pileup_registry::hides_threads);
            let _unseen =
                (!hides).then(|| tracing::subscriber::set_default(NoSubscriber::default()));
            if let Err(error) = serve(service, listener, hides) {
                eprintln!("error: tokio-console is no longer served: {error}");
            }
        })?;
    Ok(())
}

/// Where clients connect.
pub(crate) enum Listener {
    Tcp(TcpListener),
    #[cfg(unix)]
    Unix(std::os::unix::net::UnixListener),
}

impl Listener {
    pub(crate) fn tcp(address: SocketAddr) -> io::Result<Self> {
        let listener = TcpListener::bind(address)?;
        listener.set_nonblocking(true)?;
        Ok(Self::Tcp(listener))
    }

    #[cfg(unix)]
    pub(crate) fn unix(path: &std::path::Path) -> io::Result<Self> {
        let listener = std::os::unix::net::UnixListener::bind(path)?;
        listener.set_nonblocking(true)?;
        Ok(Self::Unix(listener))
    }

    /// The address with the port that the system chose; none for a Unix socket.
    pub(crate) fn address(&self) -> Option<SocketAddr> {
        match self {
            Self::Tcp(listener) => listener.local_addr().ok(),
            #[cfg(unix)]
            Self::Unix(_) => None,
        }
    }
}

fn serve(
    service: Arc<Service>,
    listener: Listener,
    hides: bool,
) -> Result<(), Box<dyn std::error::Error + Send + Sync>> {
    let hide = move || {
        pileup_registry::hide_this_thread();
        if !hides {
            // For as long as the thread lives.
            std::mem::forget(tracing::subscriber::set_default(NoSubscriber::default()));
        }
    };
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .max_blocking_threads(2)
        .on_thread_start(hide)
        .build()?;
    let stacks = AwaitStacks::new(Arc::clone(&service), REQUEST_BYTES as usize);
    let instrument = InstrumentServer::new(Instrumented(service))
        .max_decoding_message_size(REQUEST_BYTES as usize);
    let server = Server::builder()
        .concurrency_limit_per_connection(REQUESTS as usize)
        .max_concurrent_streams(REQUESTS)
        .http2_keepalive_interval(Some(KEEPALIVE))
        .http2_keepalive_timeout(Some(KEEPALIVE))
        .http2_max_header_list_size(REQUEST_BYTES)
        .add_service(instrument)
        .add_service(stacks);
    runtime.block_on(async {
        match listener {
            Listener::Tcp(listener) => {
                let listener = AsyncListener::from_std(listener)?;
                server.serve_with_incoming(clients(listener)).await?;
            }
            #[cfg(unix)]
            Listener::Unix(listener) => {
                let listener = tokio::net::UnixListener::from_std(listener)?;
                server.serve_with_incoming(clients(listener)).await?;
            }
        }
        Ok(())
    })
}

/// What accepts clients.
trait Accept: Send {
    type Bytes: AsyncRead + AsyncWrite + Unpin + Send + 'static;

    fn accept(&self) -> impl Future<Output = io::Result<Self::Bytes>> + Send;
}

impl Accept for AsyncListener {
    type Bytes = TcpStream;

    async fn accept(&self) -> io::Result<TcpStream> {
        let (stream, _) = AsyncListener::accept(self).await?;
        // Messages are wanted at once.
        stream.set_nodelay(true)?;
        Ok(stream)
    }
}

#[cfg(unix)]
impl Accept for tokio::net::UnixListener {
    type Bytes = tokio::net::UnixStream;

    async fn accept(&self) -> io::Result<Self::Bytes> {
        Ok(tokio::net::UnixListener::accept(self).await?.0)
    }
}

/// The clients as they connect, of which [`CONNECTIONS`] are served at a time.
fn clients<L: Accept>(
    listener: L,
) -> impl Stream<Item = io::Result<connection::Stream<L::Bytes>>> + Send {
    let room = Arc::new(Semaphore::new(CONNECTIONS));
    stream::unfold((listener, room), |(listener, room)| async {
        let permit = Arc::clone(&room).acquire_owned().await.ok()?;
        loop {
            match listener.accept().await {
                Ok(bytes) => {
                    let client = connection::Stream::new(bytes, permit);
                    return Some((Ok(client), (listener, room)));
                }
                // The client is gone already, or the process has too many files open for now.
                Err(_) => tokio::time::sleep(ACCEPT_AGAIN).await,
            }
        }
    })
}
