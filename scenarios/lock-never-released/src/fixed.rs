//! Six clerks pay cash into every account that is opened, one clerk at a time.
//! An account is checked in under the number under which it was checked out.

use std::collections::HashMap;
use std::sync::{Arc, PoisonError};
use std::time::Duration;

use pileup_scenario::Arrivals;
use tokio::sync::{Mutex, OwnedMutexGuard};
use tokio::time;

/// How long a clerk takes to count the cash.
const COUNTING: Duration = Duration::from_millis(30);
/// How long a clerk takes to print the receipt.
const PRINTING: Duration = Duration::from_millis(10);

/// The balance of an account, in cents.
type Balance = u64;

/// The accounts that clerks work on at the moment, for the auditor to see.
#[derive(Default)]
struct InWork(std::sync::Mutex<HashMap<u64, OwnedMutexGuard<Balance>>>);

impl InWork {
    fn check_out(&self, number: u64, balance: OwnedMutexGuard<Balance>) {
        let mut accounts = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        accounts.insert(number, balance);
    }

    fn check_in(&self, number: u64) {
        let mut accounts = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        accounts.remove(&number);
    }
}

async fn pay_in(clerk: u64, number: u64, account: Arc<Mutex<Balance>>, in_work: Arc<InWork>) {
    time::sleep(COUNTING).await;
    let mut balance = account.lock_owned().await;
    *balance += 100 * clerk;
    in_work.check_out(number, balance);
    time::sleep(PRINTING).await;
    in_work.check_in(number);
    tracing::info!("a deposit is entered");
}

/// Opens accounts, each with a first deposit.
pub async fn run(mut arrivals: Arrivals) {
    let in_work = Arc::new(InWork::default());
    loop {
        let number = 1000 + arrivals.next().await;
        let account = Arc::new(Mutex::new(0));
        *account.lock().await += 500;
        send_clerks(number, &account, &in_work);
    }
}

fn send_clerks(number: u64, account: &Arc<Mutex<Balance>>, in_work: &Arc<InWork>) {
    for clerk in 1..=6 {
        tokio::spawn(pay_in(clerk, number, account.clone(), in_work.clone()));
    }
}
