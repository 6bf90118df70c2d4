//! Honey stalls on a market: at each of them a seller sells jars, and a helper takes some back.
//! Both lock the jars first, and then the till.

use std::sync::Arc;
use std::time::Duration;

use pileup_scenario::Arrivals;
use tokio::sync::Mutex;

const CARD_READER: Duration = Duration::from_millis(20);

struct Stall {
    jars: Mutex<u64>,
    till: Mutex<u64>,
}

async fn sell(stall: &Stall) {
    let mut jars = stall.jars.lock().await;
    tokio::time::sleep(CARD_READER).await;
    *stall.till.lock().await += 450;
    *jars -= 1;
    tracing::info!("a jar is sold");
}

async fn take_back(stall: &Stall) {
    let mut jars = stall.jars.lock().await;
    tokio::time::sleep(CARD_READER).await;
    *stall.till.lock().await -= 450;
    *jars += 1;
    tracing::info!("a jar is taken back");
}

fn start_selling(stall: Arc<Stall>) {
    tokio::spawn(async move {
        for _ in 0..6 {
            tokio::time::sleep(Duration::from_millis(40)).await;
            sell(&stall).await;
        }
    });
}

fn start_taking_back(stall: Arc<Stall>) {
    tokio::spawn(async move {
        for _ in 0..4 {
            tokio::time::sleep(Duration::from_millis(70)).await;
            take_back(&stall).await;
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
