//! The programs that are measured.

use std::sync::Arc;
use std::thread;
use std::time::Duration;

use anyhow::Context;
use console_subscriber::ConsoleLayer;
use cpu_time::ThreadTime;
use tokio::net::TcpListener;
use tokio::runtime::Builder;
use tokio::sync::{Notify, Semaphore};
use tokio::time::interval;
use tokio_stream::wrappers::TcpListenerStream;
use tonic::transport::Server;
use tracing_subscriber::prelude::*;

/// The argument that makes a process the program.
pub const PROGRAM: &str = "program";
pub const SPAWNS_A_SECOND: u32 = 10_000;

/// Serves its tasks by one of the two, and says where. The works are `idle`, with this many tasks
/// that wait, `spawns`, and `permits`, which takes this many of them for each line that it reads.
pub fn run(by: &str, work: &str, count: u64) -> anyhow::Result<()> {
    let address = match by {
        "pileup-subscriber" => pileup_subscriber::builder()
            .with_default_env()
            .server_addr(([127, 0, 0, 1], 0))
            .try_init()?
            .context("a TCP address")?,
        _ => console_subscriber()?,
    };
    let spawns = work == "spawns";
    if work == "permits" {
        println!("{address}");
        for asked in std::io::stdin().lines() {
            asked?;
            println!("{}", take_permits(count)?);
        }
        return Ok(());
    }
    let runtime = Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()?;
    runtime.block_on(async {
        let notify = Arc::new(Notify::new());
        for _ in 0..count {
            let notify = Arc::clone(&notify);
            tokio::spawn(async move { notify.notified().await });
        }
        // Until each has been polled.
        tokio::time::sleep(Duration::from_secs(1)).await;
        println!("{address}");
        let mut pace = interval(Duration::from_millis(10));
        loop {
            pace.tick().await;
            for _ in 0..if spawns { SPAWNS_A_SECOND / 100 } else { 0 } {
                tokio::spawn(tokio::task::yield_now());
            }
        }
    })
}

/// Takes a permit this often, and gives the nanoseconds of processor time that each takes.
fn take_permits(count: u64) -> anyhow::Result<f64> {
    let runtime = Builder::new_current_thread().build()?;
    let began = ThreadTime::now();
    runtime.block_on(async move {
        // Only what a task polls is a poll op.
        let taken = tokio::spawn(async move {
            let semaphore = Semaphore::new(1);
            for _ in 0..count {
                drop(semaphore.acquire().await?);
            }
            anyhow::Ok(())
        });
        taken.await?
    })?;
    Ok(began.elapsed().as_nanos() as f64 / count as f64)
}

fn console_subscriber() -> anyhow::Result<std::net::SocketAddr> {
    let listener = std::net::TcpListener::bind("127.0.0.1:0")?;
    let address = listener.local_addr()?;
    listener.set_nonblocking(true)?;
    let (layer, server) = ConsoleLayer::builder().build();
    thread::spawn(move || -> anyhow::Result<()> {
        let _unseen =
            tracing::subscriber::set_default(tracing::subscriber::NoSubscriber::default());
        let runtime = Builder::new_current_thread().enable_all().build()?;
        runtime.block_on(async move {
            let clients = TcpListenerStream::new(TcpListener::from_std(listener)?);
            let parts = server.into_parts();
            tokio::spawn(parts.aggregator.run());
            let server = Server::builder().add_service(parts.instrument_server);
            server.serve_with_incoming(clients).await?;
            Ok(())
        })
    });
    tracing_subscriber::registry().with(layer).init();
    Ok(address)
}
