//! A telephone exchange with twenty lines, on which nobody calls after the first minutes.
//!
//! Looks like reads without a deadline from silent peers. But each line has one task, and a
//! call that comes is taken.

use std::net::{Ipv4Addr, SocketAddr};

use pileup_scenario::Arrivals;
use tokio::io::AsyncWriteExt;
use tokio::net::{TcpListener, TcpStream};

const LINES: usize = 20;
/// Calls in the first minutes.
const CALLS: u64 = 40;

fn answer(mut call: TcpStream) {
    tokio::spawn(async move { call.write_all(b"the number you have dialled").await });
}

fn open(line: TcpListener) {
    tokio::spawn(async move {
        while let Ok((call, _)) = line.accept().await {
            answer(call);
        }
    });
}

async fn call(line: SocketAddr) -> std::io::Result<()> {
    TcpStream::connect(line).await?.readable().await
}

/// Opens the lines, and makes the calls of the first minutes.
pub async fn run(mut arrivals: Arrivals) {
    let mut lines = Vec::new();
    for _ in 0..LINES {
        let line = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await;
        let line = line.expect("loopback has a free port");
        lines.extend(line.local_addr());
        open(line);
    }
    for line in lines.iter().cycle() {
        if arrivals.next().await <= CALLS {
            call(*line).await.ok();
        }
    }
}
