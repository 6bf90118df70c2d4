//! Keeps the target's aggregator awake.
//!
//! console-subscriber takes in at most about 127 events each time it wakes up, and by
//! itself it wakes up once per publish interval: a target with a thousand spawns a second
//! reports them minutes late. Any request wakes it. The one used here asks for the
//! details of a task that cannot exist, which answers `NOT_FOUND` and changes nothing,
//! neither for the target nor for other clients.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use console_api::Id;
use console_api::instrument::TaskDetailsRequest;
use console_api::instrument::instrument_client::InstrumentClient;
use tokio::task::{AbortHandle, JoinSet};
use tokio::time::{Instant, sleep};
use tonic::Code;
use tonic::transport::Channel;

/// Requests at once while there is a backlog: they make the target take in about a thousand
/// events.
pub(crate) const VOLLEY: usize = 8;
/// Between two volleys, at the least: 200,000 events a second at most.
const HURRIED: Duration = Duration::from_millis(5);
/// Between two single requests while there is no backlog: 6,000 events a second at most.
const PACE: Duration = Duration::from_millis(20);
/// A pause lasts at least as long as one part in this number of what the target took to answer:
/// a busy target needs its time for more than answers.
const PAUSE_ONE_IN: u32 = 2;

type Client = InstrumentClient<Channel>;

/// A task that wakes the target until it is dropped.
#[derive(Debug)]
pub(crate) struct Pump {
    shared: Arc<Shared>,
    task: AbortHandle,
}

#[derive(Debug)]
struct Shared {
    started: Instant,
    hurries: AtomicBool,
    /// The time of the last answer, in milliseconds since the start; zero before the first.
    answered: AtomicU64,
}

impl Pump {
    pub(crate) fn start(client: Client) -> Self {
        let shared = Arc::new(Shared {
            started: Instant::now(),
            hurries: AtomicBool::new(false),
            answered: AtomicU64::new(0),
        });
        let task = tokio::spawn(run(client, Arc::clone(&shared)));
        Self {
            shared,
            task: task.abort_handle(),
        }
    }

    /// Sets the pace.
    pub(crate) fn hurry(&self, has_backlog: bool) {
        self.shared.hurries.store(has_backlog, Ordering::Relaxed);
    }

    /// Whether the target has answered since then.
    pub(crate) fn has_answer_since(&self, since: Instant) -> bool {
        let since = milliseconds(since.saturating_duration_since(self.shared.started));
        self.shared.answered.load(Ordering::Relaxed) > since
    }
}

impl Drop for Pump {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn run(client: Client, shared: Arc<Shared>) {
    loop {
        let (times, pause) = if shared.hurries.load(Ordering::Relaxed) {
            (VOLLEY, HURRIED)
        } else {
            (1, PACE)
        };
        let asked = Instant::now();
        if !wake(&client, times).await {
            // The reader of the updates says what became of the target.
            return;
        }
        let now = milliseconds(shared.started.elapsed());
        shared.answered.store(now, Ordering::Relaxed);
        sleep(pause.max(asked.elapsed() / PAUSE_ONE_IN)).await;
    }
}

fn milliseconds(time: Duration) -> u64 {
    u64::try_from(time.as_millis()).unwrap_or(u64::MAX)
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
