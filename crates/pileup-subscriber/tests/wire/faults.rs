//! What a client may do to a program, and a program to its clients.

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::time::Duration;

use console_api::instrument::InstrumentRequest;
use tokio::time::timeout;

use crate::client::{Client, PATIENCE, connect};
use crate::target::{By, Target};

#[cfg(target_os = "linux")]
#[tokio::test]
async fn clients_that_never_read_cost_little_and_hold_up_nobody() {
    let target = Target::start(By::Pileup, "idle 5000");
    let mut first = Client::attach(&target.address).await;
    first.first_state().await;
    let before = target.memory();
    let mut silent = Vec::new();
    for _ in 0..20 {
        let mut calls = connect(&target.address).await;
        let updates = calls
            .watch_updates(InstrumentRequest {})
            .await
            .expect("updates");
        silent.push((calls, updates));
    }
    // Long enough for twenty updates to each.
    for _ in 0..20 {
        first.next().await;
    }
    let mut last = Client::attach(&target.address).await;
    last.first_state().await;
    assert_eq!(last.state.live(), 5_000);
    let grown = target.memory().saturating_sub(before);
    // A message that waits, and what the transport buffers, for each of them.
    assert!(grown < 20 * (3 << 20), "{grown} bytes");
}

#[tokio::test]
async fn fifty_clients_get_all() {
    let target = Target::start(By::Pileup, "idle 300");
    let mut clients = Vec::new();
    for _ in 0..50 {
        clients.push(Client::attach(&target.address).await);
    }
    for client in &mut clients {
        client.first_state().await;
        assert_eq!(client.state.live(), 300);
    }
}

#[cfg(target_os = "linux")]
#[tokio::test]
async fn clients_that_come_and_go_in_the_middle_of_their_first_state_leave_nothing() {
    let target = Target::start(By::Pileup, "idle 5000");
    let come_and_go = async || {
        for _ in 0..100 {
            let mut client = Client::attach(&target.address).await;
            client.next().await;
        }
    };
    come_and_go().await;
    let before = target.memory();
    come_and_go().await;
    let grown = target.memory().saturating_sub(before);
    assert!(grown < 8 << 20, "{grown} bytes");
    let mut client = Client::attach(&target.address).await;
    client.first_state().await;
    assert_eq!(client.state.live(), 5_000);
}

#[tokio::test]
async fn as_many_connections_as_are_served_that_say_nothing_keep_others_out_for_a_while_only() {
    let target = Target::start(By::Pileup, "idle 10");
    let silent = |number: usize| {
        let mut stream = TcpStream::connect(&target.address).expect("a connection");
        // Every other one begins to say something.
        if number.is_multiple_of(2) {
            stream.write_all(b"PRI * HT").expect("it is open");
        }
        stream
    };
    let _silent: Vec<TcpStream> = (0..64).map(silent).collect();
    let mut client = Client::attach(&target.address).await;
    client.first_state().await;
    assert_eq!(client.state.live(), 10);
}

#[tokio::test]
async fn a_client_too_many_is_served_when_another_one_goes() {
    let target = Target::start(By::Pileup, "idle 10");
    let mut clients = Vec::new();
    for _ in 0..64 {
        let mut client = Client::attach(&target.address).await;
        client.first_state().await;
        clients.push(client);
    }
    let address = target.address.clone();
    let mut waiting = tokio::spawn(async move {
        let mut client = Client::attach(&address).await;
        client.first_state().await;
        client.state.live()
    });
    let served = timeout(Duration::from_millis(500), &mut waiting).await;
    assert!(served.is_err(), "there is room for 65");
    clients.pop();
    assert_eq!(waiting.await.expect("it is served"), 10);
}

#[tokio::test]
async fn whatever_bytes_come_the_next_client_is_served() {
    let target = Target::start(By::Pileup, "idle 10");
    let preface: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
    let endless_headers = [preface, &vec![0xff; 1 << 16]].concat();
    let zeros = vec![0; 1 << 16];
    let requests: [&[u8]; 5] = [
        b"",
        b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n",
        &zeros,
        preface,
        &endless_headers,
    ];
    let mut open = Vec::new();
    for request in requests {
        let mut stream = TcpStream::connect(&target.address).expect("a connection");
        // The server may have had enough before the end.
        let _ = stream.write_all(request);
        open.push(stream);
    }
    let mut client = Client::attach(&target.address).await;
    client.first_state().await;
    assert_eq!(client.state.live(), 10);
}

#[tokio::test]
async fn a_program_that_ends_ends_the_stream() {
    let mut target = Target::start(By::Pileup, "busy 5");
    let mut client = Client::attach(&target.address).await;
    client.first_state().await;
    target.kill();
    let ended = timeout(PATIENCE, async {
        while let Ok(Some(_)) = client.updates.message().await {}
    });
    assert!(
        ended.await.is_ok(),
        "the stream goes on without its program"
    );
}

#[cfg(unix)]
#[test]
fn a_child_of_the_program_does_not_keep_the_port() {
    let mut target = Target::start(By::Pileup, "child");
    let mut client = TcpStream::connect(&target.address).expect("a connection");
    target.kill();
    client
        .set_read_timeout(Some(Duration::from_secs(10)))
        .expect("a socket");
    let mut rest = Vec::new();
    // The end of the stream, or a reset.
    let ended = client.read_to_end(&mut rest);
    assert!(
        !ended.is_err_and(|error| error.kind() == std::io::ErrorKind::WouldBlock),
        "the child has the connection"
    );
    let address = target.address.clone();
    // Whether it can be had again at once depends on the connection that was; not whether
    // somebody listens.
    assert!(TcpStream::connect(&address).is_err() || TcpListener::bind(&address).is_ok());
}
