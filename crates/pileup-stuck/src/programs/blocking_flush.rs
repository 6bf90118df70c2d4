//! A service writes its log in a task of its own. At a checkpoint, another task blocks its worker
//! until the writer has flushed.
//!
//! The message wakes the writer, which so comes to the slot for the next task of that same worker.
//! The worker never gets there, and the others are asleep: it has taken the I/O and timer driver
//! with it.

use std::sync::mpsc::{Sender, channel};

use pileup_scenario::Arrivals;
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};

/// A flush, and where to report that it is done.
type Flush = Sender<()>;

fn write_log(mut flushes: UnboundedReceiver<Flush>) {
    tokio::spawn(async move {
        while let Some(done) = flushes.recv().await {
            let _ = done.send(());
        }
    });
}

fn checkpoint(log: UnboundedSender<Flush>) {
    tokio::spawn(async move {
        let (done, flushed) = channel();
        if log.send(done).is_ok() {
            let _ = flushed.recv();
        }
    });
}

/// Makes a checkpoint at each arrival.
pub async fn run(mut arrivals: Arrivals) {
    let (log, flushes) = unbounded_channel();
    write_log(flushes);
    loop {
        arrivals.next().await;
        checkpoint(log.clone());
    }
}
