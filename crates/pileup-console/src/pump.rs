//! Keeps the target's aggregator awake.
//!
//! console-subscriber takes in at most about 127 events each time it wakes up, and by
//! itself it wakes up once per publish interval: a target with a thousand spawns a second
//! tells of them minutes late. Any request wakes it. The one used here asks for the
//! details of a task that cannot exist, which answers `NOT_FOUND` and changes nothing,
//! neither for the target nor for other clients.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use console_api::Id;
use console_api::instrument::TaskDetailsRequest;
use console_api::instrument::instrument_client::InstrumentClient;
use tokio::task::AbortHandle;
use tonic::Code;
use tonic::transport::Channel;

/// Events in one wake-up, less a few: as many new things in one message point to a backlog.
const BACKLOG: usize = 100;
/// Between two requests while there is no backlog: 6,000 events a second.
const PACE: Duration = Duration::from_millis(20);

/// A task that wakes the target until it is dropped.
#[derive(Debug)]
pub(crate) struct Pump {
    hurry: Arc<AtomicBool>,
    task: AbortHandle,
}

impl Pump {
    pub(crate) fn start(mut client: InstrumentClient<Channel>) -> Self {
        let hurry = Arc::new(AtomicBool::new(true));
        let pace = Arc::clone(&hurry);
        let task = tokio::spawn(async move {
            loop {
                let request = TaskDetailsRequest {
                    id: Some(Id { id: u64::MAX }),
                };
                match client.watch_task_details(request).await {
                    Err(status) if status.code() == Code::NotFound => {}
                    // The reader of the updates says what became of the target.
                    Ok(_) | Err(_) => return,
                }
                if !pace.load(Ordering::Relaxed) {
                    tokio::time::sleep(PACE).await;
                }
            }
        });
        Self {
            hurry,
            task: task.abort_handle(),
        }
    }

    /// Sets the pace by how many new things the last message told of.
    pub(crate) fn saw(&self, new: usize) {
        self.hurry.store(new >= BACKLOG, Ordering::Relaxed);
    }
}

impl Drop for Pump {
    fn drop(&mut self) {
        self.task.abort();
    }
}
