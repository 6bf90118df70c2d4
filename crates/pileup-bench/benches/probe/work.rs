//! The work of the service.

use std::hint::black_box;

use anyhow::bail;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::mpsc;

use crate::service::Spawner;

/// Does a work `count` times.
pub async fn run(work: String, count: u64, spawner: Spawner) -> anyhow::Result<()> {
    let inner = spawner.clone();
    match work.as_str() {
        "spawn" => {
            spawner
                .spawn(async move { spawns(count, &inner).await })
                .await?;
        }
        "ping-pong" => ping_pong(count, &spawner).await,
        "service" => {
            spawner
                .spawn(async move { service(count, &inner).await })
                .await?;
        }
        "echo" => echo(count, &spawner).await?,
        _ => bail!("the work is spawn, ping-pong, service or echo"),
    }
    Ok(())
}

/// Spawn, yield, join.
async fn spawns(count: u64, spawner: &Spawner) {
    for _ in 0..count {
        // Whether it was cancelled is of no matter.
        let _ = spawner.spawn(tokio::task::yield_now()).await;
    }
}

/// Two tasks that hand a token to each other: each of the polls is one wake by another task.
async fn ping_pong(count: u64, spawner: &Spawner) {
    let (to_second, mut from_first) = mpsc::channel(1);
    let (to_first, mut from_second) = mpsc::channel(1);
    let first = spawner.spawn(async move {
        for _ in 0..count / 2 {
            if to_second.send(()).await.is_err() || from_second.recv().await.is_none() {
                return;
            }
        }
    });
    let second = spawner.spawn(async move {
        while from_first.recv().await.is_some() {
            if to_first.send(()).await.is_err() {
                return;
            }
        }
    });
    let _ = tokio::join!(first, second);
}

/// Requests, each a task that computes for about 7 µs around one wait.
async fn service(count: u64, spawner: &Spawner) {
    for _ in 0..count {
        let _ = spawner
            .spawn(async {
                compute();
                tokio::task::yield_now().await;
                compute();
            })
            .await;
    }
}

/// About 3.5 µs: the same work, whatever the machine does.
fn compute() {
    let mut sum = 1u64;
    for number in 0..4_000u64 {
        sum = black_box(sum.wrapping_mul(31).wrapping_add(number));
    }
}

/// Messages to and fro on one connection, a task at each end.
async fn echo(count: u64, spawner: &Spawner) -> anyhow::Result<()> {
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let address = listener.local_addr()?;
    let server = spawner.spawn(async move {
        let (mut stream, _) = listener.accept().await?;
        let mut message = [0; 64];
        while stream.read_exact(&mut message).await.is_ok() {
            stream.write_all(&message).await?;
        }
        std::io::Result::Ok(())
    });
    let client = spawner.spawn(async move {
        let mut stream = TcpStream::connect(address).await?;
        stream.set_nodelay(true)?;
        let mut message = [7; 64];
        for _ in 0..count {
            stream.write_all(&message).await?;
            stream.read_exact(&mut message).await?;
        }
        std::io::Result::Ok(())
    });
    client.await??;
    server.await??;
    Ok(())
}
