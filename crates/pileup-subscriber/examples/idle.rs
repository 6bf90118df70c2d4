//! A number of idle tasks, to attach to: `cargo run --example idle -- 50000`.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::Notify;

fn main() -> std::io::Result<()> {
    let count = std::env::args().nth(1).and_then(|count| count.parse().ok());
    pileup_subscriber::init();
    let runtime = tokio::runtime::Runtime::new()?;
    runtime.block_on(async {
        let notify = Arc::new(Notify::new());
        for _ in 0..count.unwrap_or(50_000) {
            tokio::spawn(idle(Arc::clone(&notify)));
        }
        let mut number = 0_u64;
        loop {
            tokio::time::sleep(Duration::from_millis(100)).await;
            tokio::spawn(async move {
                number += 1;
                tokio::task::yield_now().await;
                number
            });
        }
    })
}

async fn idle(notify: Arc<Notify>) {
    notify.notified().await;
}
