//! What goes wrong with a target, and what is said of it.

use std::convert::Infallible;
use std::error::Error;
use std::future::{Ready, ready};
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

use pileup_console::{Address, Connection, ConsoleError};
use tokio::io::AsyncWriteExt;
use tokio::net::{TcpListener, TcpSocket};
use tokio_stream::wrappers::TcpListenerStream;
use tonic::Status;
use tonic::body::Body;
use tonic::codegen::http;
use tonic::server::NamedService;
use tonic::service::Routes;
use tonic::transport::Server;

use crate::fake::Fake;
use crate::message::Message;
use crate::script::{attach, next};

#[tokio::test]
async fn a_target_that_ends_its_updates_is_gone() {
    let mut fake = Fake::start();
    fake.send(Message::first_at(100));
    let mut connection = attach(&fake).await;
    next(&mut connection).await;
    fake.close();
    assert_eq!(
        gone(&mut connection).await,
        format!("{} went away: it closed the connection", fake.address)
    );
}

#[tokio::test]
async fn what_a_target_told_before_it_went_away_is_given_first() {
    let mut fake = Fake::start();
    fake.send(Message::first_at(100));
    let mut connection = attach(&fake).await;
    next(&mut connection).await;
    fake.send(Message::at(101).task(7, 101));
    fake.close();
    let last = connection.next_snapshot(Duration::from_secs(5)).await;
    let last = last.expect("what it sent");
    assert_eq!(last.tasks.len(), 1);
    gone(&mut connection).await;
}

#[tokio::test]
async fn a_target_that_fails_is_gone_with_its_reason() {
    let fake = Fake::start();
    fake.send(Message::first_at(100));
    let mut connection = attach(&fake).await;
    next(&mut connection).await;
    fake.fail(Status::internal("the aggregator has panicked"));
    assert_eq!(
        gone(&mut connection).await,
        format!("{} went away: the aggregator has panicked", fake.address)
    );
}

#[tokio::test]
async fn a_target_that_is_killed_is_gone() {
    let mut fake = Fake::start();
    fake.send(Message::first_at(100));
    let mut connection = attach(&fake).await;
    next(&mut connection).await;
    fake.kill();
    let said = gone(&mut connection).await;
    let reason = said.strip_prefix(&format!("{} went away: ", fake.address));
    assert!(reason.is_some_and(|reason| !reason.is_empty()), "{said}");
}

/// The one test that waits: for all that is waited for, at once.
#[tokio::test]
async fn silence_is_not_waited_for_without_end() {
    let silent = async {
        let fake = Fake::start();
        fake.send(Message::first_at(100));
        let mut connection = attach(&fake).await;
        next(&mut connection).await;
        let silent = connection.next_snapshot(Duration::ZERO).await;
        let silent = silent.expect_err("no second message");
        assert!(matches!(silent, ConsoleError::Silent { .. }), "{silent:?}");
        assert_eq!(
            silent.to_string(),
            format!("{} has sent nothing for 10 s", fake.address)
        );
    };
    let mute = async {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let address = address_of(&listener);
        let silent = refused(&address).await;
        assert!(matches!(silent, ConsoleError::Silent { .. }), "{silent:?}");
    };
    let settle = async || {
        let fake = Fake::start();
        let large = (0..100).fold(Message::first_at(100), |message, id| message.task(id, 10));
        fake.send(large);
        let started = Instant::now();
        let mut connection = attach(&fake).await;
        assert_eq!(next(&mut connection).await.tasks.len(), 100);
        let waited = started.elapsed();
        assert!(waited >= Duration::from_secs(3), "{waited:?}");
        waited
    };
    let never_settled = async {
        let mut waited = Vec::new();
        // On a busy machine, one of these may be late.
        for _ in 0..5 {
            waited.push(settle().await);
            if waited.iter().any(|waited| *waited < Duration::from_secs(8)) {
                return;
            }
        }
        panic!("{waited:?}");
    };
    tokio::join!(silent, mute, never_settled);
}

#[tokio::test]
async fn nobody_there_is_unreachable() {
    // Bound but not listening: nobody else gets the port, and nobody answers.
    let socket = TcpSocket::new_v4().expect("a socket");
    let any = "127.0.0.1:0".parse().expect("an address");
    socket.bind(any).expect("a free port");
    let address = socket.local_addr().expect("the port").to_string();
    let said = unreachable(&address.parse().expect("an address")).await;
    assert!(said.starts_with(&format!("failed to reach http://{address}: ")));
    assert!(said.contains("Connection refused"), "{said}");

    let folder = tempfile::tempdir().expect("a folder");
    let address = format!("file://{}/console.sock", folder.path().display());
    let said = unreachable(&address.parse().expect("an address")).await;
    assert!(said.starts_with(&format!("failed to reach {address}: ")));
    assert!(said.contains("No such file"), "{said}");
}

#[tokio::test]
async fn who_speaks_another_language_is_not_a_console() {
    let web = "HTTP/1.1 400 Bad Request\r\ncontent-length: 0\r\n\r\n";
    for greeting in [web, "SSH-2.0-OpenSSH_9.6\r\n", &"x".repeat(100_000)] {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let address = address_of(&listener);
        let serve = async {
            let mut clients = Vec::new();
            loop {
                let (mut client, _) = listener.accept().await.expect("a client");
                let _ = client.write_all(greeting.as_bytes()).await;
                clients.push(client);
            }
        };
        let said = tokio::select! {
            said = not_a_console(&address) => said,
            () = serve => unreachable!("it serves without end"),
        };
        assert!(is_telling(&said), "{said}");
    }
}

#[tokio::test]
async fn who_hangs_up_is_not_a_console() {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let address = address_of(&listener);
    let serve = async {
        loop {
            drop(listener.accept().await.expect("a client"));
        }
    };
    let error = tokio::select! {
        error = refused(&address) => error,
        () = serve => unreachable!("it serves without end"),
    };
    // It depends on when the client notices.
    let is_known = matches!(
        error,
        ConsoleError::NotAConsole { .. } | ConsoleError::Unreachable { .. }
    );
    assert!(is_known, "{error:?}");
    assert!(is_telling(&whole(&error)), "{error:?}");
}

#[tokio::test]
async fn who_serves_other_calls_is_not_a_console() {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let address = address_of(&listener);
    let server = Server::builder()
        .add_routes(Routes::default())
        .serve_with_incoming(TcpListenerStream::new(listener));
    let said = tokio::select! {
        said = not_a_console(&address) => said,
        ended = server => panic!("the server has ended: {ended:?}"),
    };
    assert_eq!(
        said,
        format!(
            "{address} does not answer as console-subscriber does: \
             Operation is not implemented or not supported"
        )
    );
}

/// A console that announces a first message of 512 MiB.
#[derive(Clone)]
struct Oversized;

impl NamedService for Oversized {
    const NAME: &'static str = "rs.tokio.console.instrument.Instrument";
}

impl tower::Service<http::Request<Body>> for Oversized {
    type Response = http::Response<Body>;
    type Error = Infallible;
    type Future = Ready<Result<Self::Response, Self::Error>>;

    fn poll_ready(&mut self, _: &mut Context) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: http::Request<Body>) -> Self::Future {
        if !request.uri().path().ends_with("/WatchUpdates") {
            return ready(Ok(Status::unimplemented("it does nothing else").into_http()));
        }
        // Not compressed, and its length.
        let head = "\0\u{20}\0\0\0".to_owned();
        let mut response = http::Response::new(Body::new(head));
        let grpc = http::HeaderValue::from_static("application/grpc");
        response.headers_mut().insert("content-type", grpc);
        ready(Ok(response))
    }
}

#[tokio::test]
async fn a_message_that_is_too_large_is_not_read() {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let address = address_of(&listener);
    let server = Server::builder().add_service(Oversized);
    let incoming = TcpListenerStream::new(listener);
    let server = tokio::spawn(server.serve_with_incoming(incoming));
    let error = refused(&address).await;
    assert!(matches!(error, ConsoleError::TooLarge { .. }), "{error:?}");
    assert_eq!(
        whole(&error),
        format!("{address} sent more than 256 MiB at once")
    );
    server.abort();
}

fn address_of(listener: &TcpListener) -> Address {
    let address = listener.local_addr().expect("the port").to_string();
    address.parse().expect("an address")
}

/// What is said of somebody who cannot be reached.
async fn unreachable(address: &Address) -> String {
    let error = refused(address).await;
    assert!(
        matches!(error, ConsoleError::Unreachable { .. }),
        "{error:?}"
    );
    whole(&error)
}

/// What is said of somebody who is no console.
async fn not_a_console(address: &Address) -> String {
    let error = refused(address).await;
    assert!(
        matches!(error, ConsoleError::NotAConsole { .. }),
        "{error:?}"
    );
    whole(&error)
}

async fn refused(address: &Address) -> ConsoleError {
    let attached = Connection::attach(address.clone()).await;
    attached.expect_err("nothing to attach to")
}

/// What is said of a target that goes away.
async fn gone(connection: &mut Connection) -> String {
    let error = connection.next_snapshot(Duration::from_millis(10)).await;
    let error = error.expect_err("the target to be gone");
    assert!(matches!(error, ConsoleError::Gone { .. }), "{error:?}");
    whole(&error)
}

/// Whether a text says what happened, rather than that something did.
fn is_telling(said: &str) -> bool {
    let last = said.rsplit(": ").next().unwrap_or_default();
    !last.is_empty() && last != "operation was canceled"
}

/// An error with all its causes, as the tool shows it.
fn whole(error: &dyn Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        text = format!("{text}: {error}");
        cause = error.source();
    }
    text
}
