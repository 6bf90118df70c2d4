//! A lighthouse sends the weather by telegraph: one line to the mainland, and a report at a time.

use std::sync::Arc;
use std::time::Duration;

use pileup_scenario::Arrivals;
use tokio::io::{AsyncReadExt, AsyncWriteExt, DuplexStream};
use tokio::sync::Mutex;
use tokio::time::sleep;

/// How long the office takes to print a report.
const PRINTING: Duration = Duration::from_millis(10);
/// So many reports can be printed on a roll of paper.
const ROLL: u64 = 3;

/// Calls the office on the mainland.
fn dial() -> DuplexStream {
    let (line, other_end) = tokio::io::duplex(64);
    tokio::spawn(office(other_end));
    line
}

/// Prints the reports that come, and acknowledges each that was printed.
async fn office(mut line: DuplexStream) {
    let mut printed = 0;
    while let Ok(report) = line.read_u64().await {
        sleep(PRINTING).await;
        if printed < ROLL {
            printed += 1;
            tracing::info!("a report is printed");
            line.write_u64(report).await.ok();
        }
    }
}

async fn transmit(report: u64, line: &mut DuplexStream) -> std::io::Result<u64> {
    line.write_u64(report).await?;
    line.read_u64().await
}

fn send(report: u64, line: Arc<Mutex<DuplexStream>>) {
    tokio::spawn(async move {
        let mut line = line.lock().await;
        transmit(report, &mut line).await.ok();
    });
}

/// Sends each report that the keeper writes.
pub async fn run(mut arrivals: Arrivals) {
    let line = Arc::new(Mutex::new(dial()));
    loop {
        let report = arrivals.next().await;
        send(report, line.clone());
    }
}
