//! An orchestra on standby: a hundred players watch for the baton, one task for Ctrl-C, one
//! for each player's end.
//!
//! Looks like tasks that nobody will ever wake. But what they wait for may come at any time.

use std::sync::Arc;

use pileup_scenario::Arrivals;
use tokio::signal;
use tokio::sync::{Notify, watch};
use tokio::task::JoinHandle;

const PLAYERS: usize = 100;

fn seat(mut baton: watch::Receiver<u64>, curtain: Arc<Notify>) -> JoinHandle<u64> {
    tokio::spawn(async move {
        loop {
            tokio::select! {
                Ok(()) = baton.changed() => drop(baton.borrow_and_update()),
                () = curtain.notified() => return *baton.borrow(),
            }
        }
    })
}

fn note_end_of(player: JoinHandle<u64>) {
    tokio::spawn(player);
}

fn lower_on_ctrl_c(curtain: Arc<Notify>) {
    tokio::spawn(async move {
        signal::ctrl_c().await.ok();
        curtain.notify_waiters();
    });
}

/// Seats the orchestra, and beats time for the first bars.
pub async fn run(mut arrivals: Arrivals) {
    let baton = watch::Sender::new(0);
    let curtain = Arc::new(Notify::new());
    lower_on_ctrl_c(curtain.clone());
    for _ in 0..PLAYERS {
        note_end_of(seat(baton.subscribe(), curtain.clone()));
    }
    loop {
        let beat = arrivals.next().await;
        if beat <= 16 {
            baton.send_replace(beat);
        }
    }
}
