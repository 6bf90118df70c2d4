//! A number of idle tasks, to attach to: `cargo run --example idle -- 50000`.

use std::error::Error;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::Notify;

fn main() -> Result<(), Box<dyn Error>> {
    let count = std::env::args().nth(1).map(|count| count.parse());
    let count = count.transpose()?.unwrap_or(50_000);
    let address = pileup_subscriber::builder().with_default_env().try_init()?;
    if let Some(address) = address {
        println!("console: http://{address}");
    }
    let runtime = tokio::runtime::Runtime::new()?;
    runtime.block_on(async {
        let notify = Arc::new(Notify::new());
        for _ in 0..count {
            tokio::spawn(idle(Arc::clone(&notify)));
        }
        println!("{count} tasks are idle");
        loop {
            tokio::time::sleep(Duration::from_millis(100)).await;
            tokio::spawn(tokio::task::yield_now());
        }
    })
}

async fn idle(notify: Arc<Notify>) {
    notify.notified().await;
}
