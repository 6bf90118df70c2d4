//! Ctrl-C, and SIGTERM: the first one ends a watch with its report, or else the command; the
//! second one ends the process at once.

use std::io;
use std::sync::LazyLock;
use std::sync::atomic::{AtomicUsize, Ordering};

use tokio::sync::watch;

use crate::exit::Exit;

/// How often the user asked for an end.
static REQUESTS: LazyLock<watch::Sender<u32>> = LazyLock::new(|| watch::Sender::new(0));
/// Watches that go on, and that end by themselves at the first request.
static WATCHES: AtomicUsize = AtomicUsize::new(0);

/// Has a second signal end the process, whatever it does by then, such as to print a report.
#[cfg(unix)]
pub fn stop_at_the_second() -> io::Result<()> {
    use signal_hook::consts::{SIGINT, SIGTERM};
    use signal_hook::flag;

    let interrupted = std::sync::Arc::default();
    for signal in [SIGINT, SIGTERM] {
        let code = i32::from(Exit::Interrupted as u8);
        flag::register_conditional_shutdown(signal, code, std::sync::Arc::clone(&interrupted))?;
        flag::register(signal, std::sync::Arc::clone(&interrupted))?;
    }
    Ok(())
}

#[cfg(not(unix))]
pub fn stop_at_the_second() -> io::Result<()> {
    Ok(())
}

/// Waits for a request to end that no watch answers. What runs by then is dropped, and ends its
/// children.
pub async fn ends_the_command() {
    loop {
        request().await;
        REQUESTS.send_modify(|requests| *requests += 1);
        if *REQUESTS.borrow() > 1 || WATCHES.load(Ordering::Relaxed) == 0 {
            return;
        }
    }
}

async fn request() {
    #[cfg(unix)]
    {
        use tokio::signal::unix::{SignalKind, signal};
        if let Ok(mut terminate) = signal(SignalKind::terminate()) {
            tokio::select! {
                _ = terminate.recv() => return,
                result = tokio::signal::ctrl_c() => if result.is_ok() { return },
            }
        }
    }
    if tokio::signal::ctrl_c().await.is_err() {
        std::future::pending::<()>().await;
    }
}

/// A watch that a request ends, rather than the command.
pub struct Interruptible {
    requests: watch::Receiver<u32>,
}

impl Interruptible {
    pub fn start() -> Self {
        WATCHES.fetch_add(1, Ordering::Relaxed);
        Self {
            requests: REQUESTS.subscribe(),
        }
    }

    /// Waits until the user ends the watch.
    pub async fn requested(mut self) {
        let request = self.requests.wait_for(|requests| *requests > 0).await;
        if request.is_err() {
            std::future::pending::<()>().await;
        }
    }
}

impl Drop for Interruptible {
    fn drop(&mut self) {
        WATCHES.fetch_sub(1, Ordering::Relaxed);
    }
}
