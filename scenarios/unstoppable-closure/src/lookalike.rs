//! A bakery's till: a customer who has not been given a receipt in time leaves, and somebody refills the printer.

use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::time::Duration;

use pileup_scenario::Arrivals;
use tokio::task::{self, JoinHandle};
use tokio::time::{sleep, timeout};

/// Receipts that are left on the roll.
const LEFT: u32 = 3;
const FULL_ROLL: u32 = 100;
/// How long a customer waits for the receipt.
const PATIENCE: Duration = Duration::from_millis(100);

/// A receipt printer, whose driver knows threads and no tasks.
struct Printer {
    paper: Mutex<u32>,
    refilled: Condvar,
}

impl Printer {
    /// Prints a receipt, as soon as there is paper.
    fn print(&self) {
        let paper = self.paper.lock().unwrap_or_else(PoisonError::into_inner);
        let paper = self.refilled.wait_while(paper, |paper| *paper == 0);
        *paper.unwrap_or_else(PoisonError::into_inner) -= 1;
    }

    /// Puts in a new roll whenever somebody looks.
    async fn refills(&self) {
        loop {
            sleep(Duration::from_millis(900)).await;
            *self.paper.lock().unwrap_or_else(PoisonError::into_inner) = FULL_ROLL;
            self.refilled.notify_all();
        }
    }
}

fn start_printing(printer: Arc<Printer>) -> JoinHandle<()> {
    task::spawn_blocking(move || printer.print())
}

fn serve(printer: Arc<Printer>) {
    tokio::spawn(async move {
        let receipt = start_printing(printer);
        timeout(PATIENCE, receipt).await.ok();
        tracing::info!("a customer has left");
    });
}

/// Serves customers.
pub async fn run(mut arrivals: Arrivals) {
    let printer = Arc::new(Printer {
        paper: Mutex::new(LEFT),
        refilled: Condvar::new(),
    });
    let customers = async {
        loop {
            arrivals.next().await;
            serve(printer.clone());
        }
    };
    tokio::join!(customers, printer.refills());
}
