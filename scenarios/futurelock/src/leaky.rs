//! Ships keep a log: an officer enters the course in every watch, and a pilot comes on board once.

use std::sync::Arc;
use std::time::Duration;

use pileup_scenario::Arrivals;
use tokio::sync::Mutex;
use tokio::time::sleep;

/// How long an officer waits for the log before it counts as late.
const PATIENCE: Duration = Duration::from_millis(30);
/// How long the pilot has the log to himself.
const PILOTAGE: Duration = Duration::from_millis(100);

type Log = Mutex<Vec<&'static str>>;

async fn enter(entry: &'static str, log: &Log) {
    log.lock().await.push(entry);
}

/// Enters the course, and also a remark when that takes long.
async fn enter_course(log: &Log) {
    let mut course = std::pin::pin!(enter("course", log));
    tokio::select! {
        () = &mut course => {}
        () = sleep(PATIENCE) => {
            enter("course entered late", log).await;
            course.await;
        }
    }
}

fn send_officer(log: Arc<Log>) {
    tokio::spawn(async move {
        for _ in 0..6 {
            sleep(Duration::from_millis(20)).await;
            enter_course(&log).await;
            tracing::info!("the course is entered");
        }
    });
}

fn send_pilot(log: Arc<Log>) {
    tokio::spawn(async move {
        sleep(Duration::from_millis(60)).await;
        let mut entries = log.lock().await;
        sleep(PILOTAGE).await;
        entries.push("pilot's orders");
    });
}

/// Lets ships into the harbour.
pub async fn run(mut arrivals: Arrivals) {
    loop {
        arrivals.next().await;
        let log = Arc::new(Mutex::new(Vec::new()));
        send_officer(log.clone());
        send_pilot(log);
    }
}
