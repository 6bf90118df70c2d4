//! A library's catalogue: terminals keep their connections to it open between two questions.
//!
//! Looks like reads without a deadline. But a connection that is not used for eight seconds
//! is closed, and a question takes one that is idle before it opens another.

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use pileup_scenario::Arrivals;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::time;

const IDLE: Duration = Duration::from_secs(8);
const SEARCH: Duration = Duration::from_millis(300);
/// After this number of questions a class of pupils comes, who ask at once.
const CLASS_EVERY: u64 = 100;
const PUPILS: usize = 60;

type Pool = Arc<Mutex<Vec<TcpStream>>>;

fn serve(mut terminal: TcpStream) {
    tokio::spawn(async move {
        let mut question = [0; 8];
        while let Ok(Ok(_)) = time::timeout(IDLE, terminal.read_exact(&mut question)).await {
            time::sleep(SEARCH).await;
            terminal.write_all(&question).await?;
        }
        Ok::<_, std::io::Error>(())
    });
}

async fn ask(title: u64, catalogue: SocketAddr, pool: &Pool) -> std::io::Result<()> {
    let idle = pool.lock().unwrap_or_else(PoisonError::into_inner).pop();
    let mut connection = match idle.filter(|idle| idle.try_read(&mut [0]).is_err()) {
        Some(idle) => idle,
        None => TcpStream::connect(catalogue).await?,
    };
    connection.write_all(&title.to_be_bytes()).await?;
    connection.read_exact(&mut [0; 8]).await?;
    let mut pool = pool.lock().unwrap_or_else(PoisonError::into_inner);
    pool.push(connection);
    Ok(())
}

fn walk_up(title: u64, catalogue: SocketAddr, pool: Pool) {
    tokio::spawn(async move { ask(title, catalogue, &pool).await });
}

/// Opens the catalogue, and lets readers ask.
pub async fn run(mut arrivals: Arrivals) {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await;
    let listener = listener.expect("loopback has a free port");
    let catalogue = listener.local_addr().expect("the listener is bound");
    tokio::spawn(async move {
        while let Ok((terminal, _)) = listener.accept().await {
            serve(terminal);
        }
    });
    let pool = Pool::default();
    loop {
        let title = arrivals.next().await;
        let readers = if title % CLASS_EVERY == 10 { PUPILS } else { 1 };
        for _ in 0..readers {
            walk_up(title, catalogue, pool.clone());
        }
    }
}
