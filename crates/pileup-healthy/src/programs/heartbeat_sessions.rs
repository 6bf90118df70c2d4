//! Spectators follow a chess game in which hardly a move is made; each is asked every second
//! whether it is still there.
//!
//! Looks like connections that nobody closes. But the server notices who has left, and
//! there are as many tasks as spectators.

use std::net::{Ipv4Addr, SocketAddr};
use std::time::Duration;

use pileup_scenario::Arrivals;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::time;

const HEARTBEAT: Duration = Duration::from_secs(1);

fn follow(mut spectator: TcpStream, mut board: watch::Receiver<u8>) {
    tokio::spawn(async move {
        let mut heartbeat = time::interval(HEARTBEAT);
        loop {
            tokio::select! {
                Ok(()) = board.changed() => {
                    let square = *board.borrow_and_update();
                    spectator.write_all(&[square]).await?;
                }
                _ = heartbeat.tick() => {
                    spectator.write_all(b"?").await?;
                    if spectator.read_u8().await.is_err() {
                        return Ok::<_, std::io::Error>(());
                    }
                }
            }
        }
    });
}

/// Watches the game for a while, and says that it is there when it is asked.
async fn watch_game(game: SocketAddr, patience: Duration) -> std::io::Result<()> {
    let mut connection = TcpStream::connect(game).await?;
    let watching = async {
        while connection.read_u8().await? == b'?' {
            connection.write_u8(b'!').await?;
        }
        Ok(())
    };
    time::timeout(patience, watching).await.unwrap_or(Ok(()))
}

fn admit(spectator: u64, game: SocketAddr) {
    let patience = Duration::from_secs(2 + spectator % 16);
    tokio::spawn(watch_game(game, patience));
}

/// Starts the game, and lets spectators in.
pub async fn run(mut arrivals: Arrivals) {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await;
    let listener = listener.expect("loopback has a free port");
    let game = listener.local_addr().expect("the listener is bound");
    let board = watch::Sender::new(0);
    let seats = board.clone();
    tokio::spawn(async move {
        while let Ok((spectator, _)) = listener.accept().await {
            follow(spectator, seats.subscribe());
        }
    });
    loop {
        let spectator = arrivals.next().await;
        admit(spectator, game);
    }
}
