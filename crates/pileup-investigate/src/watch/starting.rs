//! Programs that were started just before.

use std::time::{Duration, Instant};

use tokio::time::sleep;

/// A program may need so long until it listens.
const STARTING: Duration = Duration::from_secs(5);
const AGAIN: Duration = Duration::from_millis(100);

/// Tries to reach a program that may still be starting.
pub async fn once_started<T, E, F: Future<Output = Result<T, E>>>(
    is_starting: impl Fn(&E) -> bool,
    reach: impl Fn() -> F,
) -> Result<T, E> {
    let started = Instant::now();
    loop {
        match reach().await {
            Err(error) if is_starting(&error) && started.elapsed() < STARTING => {
                sleep(AGAIN).await;
            }
            reached => return reached,
        }
    }
}
