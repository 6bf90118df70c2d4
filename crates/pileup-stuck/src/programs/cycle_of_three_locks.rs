//! Three tasks share a mutex, an `RwLock` and a semaphore of one permit. Each takes one of them and
//! then the next: the three wait in a cycle.

use std::sync::Arc;
use std::time::Duration;

use pileup_scenario::Arrivals;
use tokio::sync::{Mutex, RwLock, Semaphore};
use tokio::time;

const WORK: Duration = Duration::from_millis(20);
/// How often each has its turn before they meet.
const TURNS: u64 = 5;

struct Shared {
    ledger: Mutex<u64>,
    prices: RwLock<u64>,
    printer: Semaphore,
}

fn book(shared: Arc<Shared>) {
    tokio::spawn(async move {
        let mut ledger = shared.ledger.lock().await;
        time::sleep(WORK).await;
        *ledger += *shared.prices.read().await;
    });
}

fn reprice(shared: Arc<Shared>) {
    tokio::spawn(async move {
        let mut prices = shared.prices.write().await;
        time::sleep(WORK).await;
        let _printer = shared.printer.acquire().await;
        *prices += 1;
    });
}

fn print(shared: Arc<Shared>) {
    tokio::spawn(async move {
        let _printer = shared.printer.acquire().await;
        time::sleep(WORK).await;
        let _ledger = shared.ledger.lock().await;
    });
}

/// Has the tasks take turns, and then start at the same time.
pub async fn run(arrivals: Arrivals) {
    let mut arrivals = arrivals.up_to(3 * TURNS + 1);
    let shared = Arc::new(Shared {
        ledger: Mutex::new(0),
        prices: RwLock::new(0),
        printer: Semaphore::new(1),
    });
    loop {
        let number = arrivals.next().await;
        let turn = number % 3;
        let meet = number > 3 * TURNS;
        if turn == 0 || meet {
            book(shared.clone());
        }
        if turn == 1 || meet {
            reprice(shared.clone());
        }
        if turn == 2 || meet {
            print(shared.clone());
        }
    }
}
