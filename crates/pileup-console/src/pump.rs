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
use tokio::task::{AbortHandle, JoinSet};
use tokio::time::sleep;
use tonic::Code;
use tonic::transport::Channel;

/// So many requests at once make the target take in about a thousand events.
pub(crate) const VOLLEY: usize = 8;
/// Between two volleys while there is a backlog: 200,000 events a second at most.
const HURRIED: Duration = Duration::from_millis(5);
/// Between two single requests while there is none: 6,000 events a second.
const PACE: Duration = Duration::from_millis(20);

type Client = InstrumentClient<Channel>;

/// A task that wakes the target until it is dropped.
#[derive(Debug)]
pub(crate) struct Pump {
    hurries: Arc<AtomicBool>,
    task: AbortHandle,
}

impl Pump {
    pub(crate) fn start(client: Client) -> Self {
        let hurries = Arc::new(AtomicBool::new(false));
        let task = tokio::spawn(run(client, Arc::clone(&hurries)));
        Self {
            hurries,
            task: task.abort_handle(),
        }
    }

    /// Sets the pace.
    pub(crate) fn hurry(&self, has_backlog: bool) {
        self.hurries.store(has_backlog, Ordering::Relaxed);
    }
}

impl Drop for Pump {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn run(client: Client, hurries: Arc<AtomicBool>) {
    loop {
        let (times, pause) = if hurries.load(Ordering::Relaxed) {
            (VOLLEY, HURRIED)
        } else {
            (1, PACE)
        };
        if !wake(&client, times).await {
            // The reader of the updates says what became of the target.
            return;
        }
        sleep(pause).await;
    }
}

/// Wakes the target. Returns whether it answers as console-subscriber does.
pub(crate) async fn wake(client: &Client, times: usize) -> bool {
    let mut requests = JoinSet::new();
    for _ in 0..times {
        let mut client = client.clone();
        requests.spawn(async move {
            let request = TaskDetailsRequest {
                id: Some(Id { id: u64::MAX }),
            };
            let answer = client.watch_task_details(request).await;
            answer.is_err_and(|status| status.code() == Code::NotFound)
        });
    }
    requests
        .join_all()
        .await
        .into_iter()
        .all(|answered| answered)
}
