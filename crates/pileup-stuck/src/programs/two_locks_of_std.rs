//! Two transfers between the same two accounts, in opposite directions, each under the locks of
//! both. The locks are those of std.
//!
//! Each transfer holds one lock and blocks its worker until it gets the other. The other workers go
//! on, so nothing else is missing.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::Duration;

use pileup_scenario::Arrivals;

const BOOKING: Duration = Duration::from_millis(50);
/// Balances are checked meanwhile, by as many tasks.
const CHECKS: usize = 2;

type Account = Arc<Mutex<i64>>;

fn locked(account: &Account) -> MutexGuard<'_, i64> {
    account.lock().unwrap_or_else(PoisonError::into_inner)
}

fn transfer(from: Account, to: Account) {
    tokio::spawn(async move {
        let mut from = locked(&from);
        *from -= 1;
        thread::sleep(BOOKING);
        *locked(&to) += 1;
    });
}

/// Keeps a worker awake, as a busy service does.
fn check(mut arrivals: Arrivals) {
    tokio::spawn(async move {
        loop {
            arrivals.next().await;
        }
    });
}

/// Starts both transfers at the first arrival.
pub async fn run(mut arrivals: Arrivals) {
    let (one, other) = (Account::default(), Account::default());
    for _ in 0..CHECKS {
        check(arrivals.clone());
    }
    arrivals.next().await;
    transfer(one.clone(), other.clone());
    transfer(other, one);
    loop {
        arrivals.next().await;
    }
}
