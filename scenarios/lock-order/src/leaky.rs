//! Honey stalls on a market: at each of them a seller sells jars, and a helper takes some back.

use std::sync::Arc;
use std::time::Duration;

use pileup_scenario::Arrivals;
use tokio::sync::Mutex;
use tokio::time;

/// What a jar costs, in cents.
const PRICE: u64 = 450;
/// How long the card reader takes.
const CARD_READER: Duration = Duration::from_millis(20);

/// A stall: the jars on its table, and the cents in its till.
struct Stall {
    jars: Mutex<u64>,
    till: Mutex<u64>,
}

impl Stall {
    async fn sell(&self) {
        let mut jars = self.jars.lock().await;
        time::sleep(CARD_READER).await;
        let mut till = self.till.lock().await;
        *jars -= 1;
        *till += PRICE;
    }

    async fn take_back(&self) {
        let mut till = self.till.lock().await;
        time::sleep(CARD_READER).await;
        let mut jars = self.jars.lock().await;
        *till -= PRICE;
        *jars += 1;
    }
}

fn start_selling(stall: Arc<Stall>) {
    tokio::spawn(async move {
        for _ in 0..6 {
            time::sleep(Duration::from_millis(40)).await;
            stall.sell().await;
        }
    });
}

fn start_taking_back(stall: Arc<Stall>) {
    tokio::spawn(async move {
        for _ in 0..4 {
            time::sleep(Duration::from_millis(70)).await;
            stall.take_back().await;
        }
    });
}

/// Opens stalls.
pub async fn run(mut arrivals: Arrivals) {
    loop {
        arrivals.next().await;
        let stall = Arc::new(Stall {
            jars: Mutex::new(40),
            till: Mutex::new(5000),
        });
        start_selling(stall.clone());
        start_taking_back(stall);
    }
}
