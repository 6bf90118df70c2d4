//! Newspapers are sent to readers who turn a page now and then.
//!
//! Looks like writes to peers that do not read. But they do, slowly.

use std::net::{Ipv4Addr, SocketAddr};
use std::time::Duration;

use pileup_scenario::Arrivals;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpSocket, TcpStream};
use tokio::time;

/// In bytes: more than the system keeps for a reader.
const NEWSPAPER: usize = 8 << 20;
const PAGE: usize = 512 << 10;
const BUFFER: u32 = 64 << 10;
/// One arrival in this number subscribes.
const ONE_IN: u64 = 4;

fn deliver(mut reader: TcpStream) {
    tokio::spawn(async move { reader.write_all(&vec![b'.'; NEWSPAPER]).await });
}

async fn read(press: SocketAddr, turning: Duration) -> std::io::Result<()> {
    let socket = TcpSocket::new_v4()?;
    socket.set_recv_buffer_size(BUFFER)?;
    let mut newspaper = socket.connect(press).await?;
    let mut page = vec![0; PAGE];
    while newspaper.read_exact(&mut page).await.is_ok() {
        time::sleep(turning).await;
    }
    Ok(())
}

fn subscribe(reader: u64, press: SocketAddr) {
    let turning = Duration::from_millis(200 + 100 * (reader / ONE_IN % 6));
    tokio::spawn(read(press, turning));
}

/// Prints, and lets readers subscribe.
pub async fn run(mut arrivals: Arrivals) {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await;
    let listener = listener.expect("loopback has a free port");
    let press = listener.local_addr().expect("the listener is bound");
    tokio::spawn(async move {
        while let Ok((reader, _)) = listener.accept().await {
            deliver(reader);
        }
    });
    loop {
        let reader = arrivals.next().await;
        if reader % ONE_IN == 0 {
            subscribe(reader, press);
        }
    }
}
