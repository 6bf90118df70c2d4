//! A bakery's till: a customer who has not been given a receipt in time leaves without one, and so does the printer.

use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::time::Duration;

use pileup_scenario::Arrivals;
use tokio::task::{self, JoinHandle};

/// Receipts that are left on the roll.
const LEFT: u32 = 3;
/// How long a customer waits for the receipt.
const PATIENCE: Duration = Duration::from_millis(100);

/// A receipt printer, whose driver knows threads and no tasks.
struct Printer {
    paper: Mutex<u32>,
    refilled: Condvar,
}

impl Printer {
    /// Prints a receipt, if there is paper in time.
    fn print(&self) {
        let paper = self.paper.lock().unwrap_or_else(PoisonError::into_inner);
        let paper = self
            .refilled
            .wait_timeout_while(paper, PATIENCE, |paper| *paper == 0);
        let (mut paper, waited) = paper.unwrap_or_else(PoisonError::into_inner);
        if !waited.timed_out() {
            *paper -= 1;
        }
    }
}

fn start_printing(printer: Arc<Printer>) -> JoinHandle<()> {
    task::spawn_blocking(move || printer.print())
}

fn serve(printer: Arc<Printer>) {
    tokio::spawn(async move {
        start_printing(printer).await.ok();
        tracing::info!("a customer has left");
    });
}

/// Serves customers.
pub async fn run(mut arrivals: Arrivals) {
    let printer = Arc::new(Printer {
        paper: Mutex::new(LEFT),
        refilled: Condvar::new(),
    });
    loop {
        arrivals.next().await;
        serve(printer.clone());
    }
}
