//! The connections of the probe's own server, each within limits: a client that sends or reads
//! too slowly keeps nothing for good.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use hyper::server::conn::http1;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::service::TowerToHyperService;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;
use tokio::time::sleep;

use super::stalled::Stalled;

/// How long the server waits after the system had no more files or memory for a connection.
const AFTER_A_FAILURE: Duration = Duration::from_millis(200);

/// What one client, and all of them, may take.
#[derive(Debug, Clone, Copy)]
pub(super) struct Limits {
    /// Connections at a time. Further ones wait to be accepted.
    pub(super) connections: usize,
    /// For the head of a request to arrive, and for the next request of a connection.
    pub(super) head: Duration,
    /// For a client to read on.
    pub(super) stalled: Duration,
}

impl Limits {
    /// As docs/probe.md states them.
    pub(super) const PUBLISHED: Self = Self {
        connections: 64,
        head: Duration::from_secs(10),
        stalled: Duration::from_secs(30),
    };
}

/// Serves for as long as the process lives: `on_loopback` to those who come by a loopback
/// address, and `elsewhere` to others.
pub(super) async fn serve(
    listener: TcpListener,
    on_loopback: Router,
    elsewhere: Router,
    limits: Limits,
) -> io::Result<()> {
    let free = Arc::new(Semaphore::new(limits.connections));
    loop {
        let place = Arc::clone(&free).acquire_owned().await;
        let place = place.map_err(io::Error::other)?;
        let Ok((stream, _)) = listener.accept().await else {
            // The client has gone already, or the process has too many open files.
            sleep(AFTER_A_FAILURE).await;
            continue;
        };
        let is_loopback = stream.local_addr().is_ok_and(|own| own.ip().is_loopback());
        let router = if is_loopback {
            on_loopback.clone()
        } else {
            elsewhere.clone()
        };
        tokio::spawn(async move {
            // Whatever ends a connection is its client's affair.
            let _ = answer(stream, router, limits).await;
            drop(place);
        });
    }
}

async fn answer(stream: TcpStream, router: Router, limits: Limits) -> hyper::Result<()> {
    http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(limits.head)
        .serve_connection(
            TokioIo::new(Stalled::after(limits.stalled, stream)),
            TowerToHyperService::new(router),
        )
        .await
}

#[cfg(test)]
mod tests {
    use std::net::SocketAddr;

    use axum::body::Body;
    use axum::routing::get;
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    use tokio::time::timeout;
    use tokio_stream::StreamExt;

    use super::*;

    const SHORT: Duration = Duration::from_millis(200);
    const LONG: Duration = Duration::from_secs(60);

    async fn server(limits: Limits) -> SocketAddr {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let address = listener.local_addr().expect("its port");
        let endless = || async {
            let chunks = std::iter::repeat_with(|| Ok::<_, io::Error>(vec![b'x'; 64 * 1024]));
            Body::from_stream(tokio_stream::iter(chunks).take(10_000))
        };
        let router = Router::new()
            .route("/", get(|| async { "all is well" }))
            .route("/endless", get(endless));
        tokio::spawn(serve(listener, router.clone(), router, limits));
        address
    }

    async fn send(address: SocketAddr, text: &str) -> TcpStream {
        let mut client = TcpStream::connect(address).await.expect("it listens");
        client
            .write_all(text.as_bytes())
            .await
            .expect("it takes it");
        client
    }

    /// All that is sent until the server ends the connection.
    async fn rest(mut client: TcpStream) -> Vec<u8> {
        let mut bytes = Vec::new();
        // A connection that is reset has ended as well.
        let read = timeout(LONG, client.read_to_end(&mut bytes)).await;
        let _ = read.expect("the server ends the connection");
        bytes
    }

    #[tokio::test]
    async fn half_a_request_and_an_idle_connection_are_ended() {
        let limits = Limits {
            connections: 2,
            head: SHORT,
            stalled: LONG,
        };
        let address = server(limits).await;
        rest(send(address, "GET / HTTP/1.1\r\nHost: a").await).await;
        let idle = rest(send(address, "GET / HTTP/1.1\r\nHost: a\r\n\r\n").await).await;
        assert!(idle.ends_with(b"all is well"), "{idle:?}");
    }

    #[tokio::test]
    async fn a_client_that_reads_nothing_is_ended() {
        let limits = Limits {
            connections: 1,
            head: LONG,
            stalled: SHORT,
        };
        let address = server(limits).await;
        let _silent = send(address, "GET /endless HTTP/1.1\r\nHost: a\r\n\r\n").await;
        // There is one place, which the silent client has for now.
        let request = "GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n";
        let next = rest(send(address, request).await).await;
        assert!(next.ends_with(b"all is well"), "{next:?}");
    }

    #[tokio::test]
    async fn whoever_is_one_too_many_waits_for_a_place() {
        let limits = Limits {
            connections: 1,
            head: LONG,
            stalled: LONG,
        };
        let address = server(limits).await;
        let first = send(address, "GET / HTTP/1.1\r\nHost: a").await;
        let request = "GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n";
        let mut second = send(address, request).await;
        let mut byte = [0];
        let early = timeout(SHORT, second.read(&mut byte)).await;
        assert!(early.is_err(), "the first one has the only place");
        drop(first);
        let answer = rest(second).await;
        assert!(answer.ends_with(b"all is well"), "{answer:?}");
    }
}
