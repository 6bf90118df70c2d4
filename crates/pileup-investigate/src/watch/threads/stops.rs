//! How often a process is found stopped.

use std::time::Duration;

use pileup_model::Stops;
use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio::time::sleep;

use super::proc_fs::is_stopped;

/// Between two looks. A tool that limits a program's processor time stops and continues it in
/// rounds of 100 ms, which no multiple of this is near to.
const PERIOD: Duration = Duration::from_millis(70);

/// Looks at a process again and again, for as long as this lives. The snapshots of a program show
/// nothing of that: it sends them when it is let run.
pub struct LooksForStops {
    seen: watch::Receiver<Stops>,
    _looks: JoinSet<()>,
}

impl LooksForStops {
    /// Begins to look.
    pub fn start(process: u32) -> Self {
        let (sender, seen) = watch::channel(Stops::default());
        let mut looks = JoinSet::new();
        looks.spawn(async move {
            while let Some(is_stopped) = is_stopped(process) {
                sender.send_modify(|seen| {
                    seen.looks += 1;
                    seen.stopped += u64::from(is_stopped);
                });
                sleep(PERIOD).await;
            }
        });
        Self {
            seen,
            _looks: looks,
        }
    }

    /// What was seen until now.
    pub fn seen(&self) -> Stops {
        *self.seen.borrow()
    }
}
