//! A station has a board with the trains that come in, and a printer copies it whenever it changes.

use std::future::poll_fn;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use pileup_scenario::Arrivals;
use tokio::time::sleep;

/// How long it takes to print a copy.
const PRINTING: Duration = Duration::from_millis(10);
/// So many times the printer looks again at once, as trains often come in together.
const LOOKS: u32 = 20;

/// The train that came in last, and who waits for the next one.
#[derive(Default)]
struct Board {
    last: u64,
    looks: u32,
    waiting: Option<Waker>,
}

impl Board {
    fn enter(&mut self, train: u64) {
        self.last = train;
        if let Some(waiting) = self.waiting.take() {
            waiting.wake();
        }
    }

    /// Ready with the last train, once it is another than the one that is known.
    fn poll_changed(&mut self, known: u64, context: &mut Context<'_>) -> Poll<u64> {
        if self.last != known {
            return Poll::Ready(self.last);
        }
        self.looks += 1;
        if self.looks.is_multiple_of(LOOKS) {
            self.waiting = Some(context.waker().clone());
        } else {
            context.waker().wake_by_ref();
        }
        Poll::Pending
    }
}

fn look_at(board: &Mutex<Board>) -> MutexGuard<'_, Board> {
    board.lock().unwrap_or_else(PoisonError::into_inner)
}

fn start_printer(board: Arc<Mutex<Board>>) {
    tokio::spawn(async move {
        let mut copied = 0;
        loop {
            copied = poll_fn(|context| look_at(&board).poll_changed(copied, context)).await;
            sleep(PRINTING).await;
            tracing::info!("a copy is printed");
        }
    });
}

/// Enters the trains that come in.
pub async fn run(mut arrivals: Arrivals) {
    let board = Arc::new(Mutex::new(Board::default()));
    start_printer(board.clone());
    loop {
        let train = arrivals.next().await;
        look_at(&board).enter(train);
    }
}
