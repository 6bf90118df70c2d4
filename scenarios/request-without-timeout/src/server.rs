//! The weather stations: HTTP servers on loopback.
//!
//! They run on threads of their own, as another machine would, and so add no task to the runtime.

use std::io::{self, Read, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::thread;
use std::time::Duration;

/// How long the line to the valley takes for a call.
const SLOW_LINE: Duration = Duration::from_secs(1);

/// The station on the summit: it answers one call, then it is snowed in.
/// Calls still reach it, and it hangs up on none of them.
///
/// # Panics
///
/// When loopback has no free port.
#[must_use]
pub fn summit_station() -> SocketAddr {
    let mut answered = false;
    let mut open: Vec<TcpStream> = Vec::new();
    start(move |call| {
        if answered {
            open.retain(caller_waits);
            if call.set_nonblocking(true).is_ok() {
                open.push(call);
            }
        } else {
            answered = answer(call, "-11.5").is_ok();
        }
    })
}

/// The station in the valley: it answers every call, over a slow line.
///
/// # Panics
///
/// When loopback has no free port.
#[must_use]
pub fn valley_station() -> SocketAddr {
    start(|call| {
        thread::spawn(move || {
            thread::sleep(SLOW_LINE);
            answer(call, "3.5")
        });
    })
}

fn start(mut take: impl FnMut(TcpStream) + Send + 'static) -> SocketAddr {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("loopback has a free port");
    let address = listener.local_addr().expect("the listener is bound");
    thread::spawn(move || {
        for call in listener.incoming() {
            match call {
                Ok(call) => take(call),
                // Too many open files, most likely: more calls can be taken when some have ended.
                Err(_) => thread::sleep(Duration::from_millis(100)),
            }
        }
    });
    address
}

fn answer(mut call: TcpStream, reading: &str) -> io::Result<()> {
    let mut request = Vec::new();
    let mut part = [0; 1024];
    while !request.ends_with(b"\r\n\r\n") {
        match call.read(&mut part)? {
            0 => return Err(io::ErrorKind::UnexpectedEof.into()),
            length => request.extend_from_slice(&part[..length]),
        }
    }
    let length = reading.len();
    write!(
        call,
        "HTTP/1.1 200 OK\r\nContent-Length: {length}\r\nConnection: close\r\n\r\n{reading}"
    )
}

/// Reads what the caller sent; its end means that the caller has hung up.
fn caller_waits(mut call: &TcpStream) -> bool {
    let mut part = [0; 1024];
    loop {
        match call.read(&mut part) {
            Ok(0) => return false,
            Ok(_) => {}
            Err(error) => return error.kind() == io::ErrorKind::WouldBlock,
        }
    }
}
