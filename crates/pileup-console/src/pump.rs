//! Keeps the target's aggregator awake.
//!
//! console-subscriber takes in at most about 127 events each time it wakes up, and by
//! itself it wakes up once per publish interval: a target with a thousand spawns a second
//! tells of them minutes late. Any request wakes it. The one used here asks for the
//! details of a task that cannot exist, which answers `NOT_FOUND` and changes nothing,
//! neither for the target nor for other clients.
//!
//! The answer takes the target's console a few microseconds. Where one request after the other
//! is answered late, its thread waits for a processor, and so do the threads of the runtime.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use console_api::Id;
use console_api::instrument::TaskDetailsRequest;
use console_api::instrument::instrument_client::InstrumentClient;
use pileup_model::Scheduling;
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
/// An answer counts as this late at the most. A target that is busy with a message answers one
/// request very late and the next ones at once; a starved target answers most of them late.
const LATEST: Duration = Scheduling::LATE;
/// Our threads are woken this often for an answer: the one that reads the connection, and the one
/// that asked.
const WAKES: u64 = 2;

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
    answers: Answers,
}

/// How long the answers to single requests took, in microseconds.
#[derive(Debug)]
struct Answers {
    count: AtomicU64,
    /// The fastest answer: what the network takes.
    fastest: AtomicU64,
    /// How much longer than that the answers took, added up.
    late: AtomicU64,
    /// How much longer than it wanted to this task slept before the requests, added up.
    ours: AtomicU64,
}

impl Answers {
    fn new() -> Self {
        Self {
            count: AtomicU64::new(0),
            fastest: AtomicU64::new(u64::MAX),
            late: AtomicU64::new(0),
            ours: AtomicU64::new(0),
        }
    }

    fn note(&self, took: Duration) {
        let fastest = self.note_fastest(took);
        let late = microseconds(took).saturating_sub(fastest);
        self.count.fetch_add(1, Ordering::Relaxed);
        self.late
            .fetch_add(late.min(microseconds(LATEST)), Ordering::Relaxed);
    }

    /// Takes in how much longer than it wanted to this task slept before its request.
    fn note_ours(&self, overslept: Duration) {
        let overslept = microseconds(overslept.min(LATEST));
        self.ours.fetch_add(overslept, Ordering::Relaxed);
    }

    /// Takes in an answer that may be the fastest, and gives the time of the fastest.
    fn note_fastest(&self, took: Duration) -> u64 {
        let took = microseconds(took);
        self.fastest.fetch_min(took, Ordering::Relaxed).min(took)
    }

    /// The answers as the steps of a thread that has next to nothing to do: one is wanted at every
    /// [`PACE`]. On a busy machine an answer is also read late: this process has to be woken
    /// for it [`WAKES`] times, and its sleeps show how long that takes.
    fn scheduling(&self) -> Scheduling {
        let count = u32::try_from(self.count.load(Ordering::Relaxed)).unwrap_or(u32::MAX);
        let late = self.late.load(Ordering::Relaxed);
        let ours = self.ours.load(Ordering::Relaxed) * WAKES;
        Scheduling {
            slept: PACE * count,
            overslept: Duration::from_micros(late.saturating_sub(ours)),
            ..Scheduling::default()
        }
    }
}

impl Pump {
    pub(crate) fn start(client: Client) -> Self {
        let shared = Arc::new(Shared {
            started: Instant::now(),
            hurries: AtomicBool::new(false),
            answered: AtomicU64::new(0),
            answers: Answers::new(),
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

    /// How late the console's thread gets on, by its answers so far. Answers of a target with a
    /// backlog do not count: it has work to do.
    pub(crate) fn scheduling(&self) -> Scheduling {
        self.shared.answers.scheduling()
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
    let mut overslept = Duration::ZERO;
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
        let took = asked.elapsed();
        if times == 1 {
            shared.answers.note(took);
            shared.answers.note_ours(overslept);
            // The thread runs now, even if it is starved: the next answer takes what the network
            // takes. A thread that runs at fixed times would never show that otherwise.
            if took >= PACE {
                let asked = Instant::now();
                if !wake(&client, 1).await {
                    return;
                }
                shared.answers.note_fastest(asked.elapsed());
            }
        }
        let now = milliseconds(shared.started.elapsed());
        shared.answered.store(now, Ordering::Relaxed);
        let pause = pause.max(took / PAUSE_ONE_IN);
        let slept = Instant::now();
        sleep(pause).await;
        overslept = slept.elapsed().saturating_sub(pause);
    }
}

fn milliseconds(time: Duration) -> u64 {
    u64::try_from(time.as_millis()).unwrap_or(u64::MAX)
}

fn microseconds(time: Duration) -> u64 {
    u64::try_from(time.as_micros()).unwrap_or(u64::MAX)
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

#[cfg(test)]
mod tests {
    use super::*;

    /// The oversleep of a target that answers after these times.
    fn overslept(answers: &[u64]) -> (Duration, Duration) {
        let counted = Answers::new();
        for milliseconds in answers {
            counted.note(Duration::from_millis(*milliseconds));
        }
        let Scheduling {
            slept, overslept, ..
        } = counted.scheduling();
        (slept, overslept)
    }

    #[test]
    fn what_the_network_takes_is_not_late() {
        let (slept, overslept) = overslept(&[80; 10]);
        assert_eq!((slept, overslept), (PACE * 10, Duration::ZERO));
    }

    #[test]
    fn answers_that_are_late_at_a_fixed_time_are_late() {
        let counted = Answers::new();
        for _ in 0..10 {
            counted.note(Duration::from_millis(130));
            counted.note_fastest(Duration::from_millis(1));
        }
        let Scheduling { overslept, .. } = counted.scheduling();
        assert_eq!(overslept, LATEST * 9);
    }

    #[test]
    fn answers_that_are_read_late_are_not_late() {
        let counted = Answers::new();
        counted.note(Duration::from_millis(1));
        for _ in 0..10 {
            counted.note(Duration::from_millis(37));
            counted.note_ours(Duration::from_millis(12));
        }
        let Scheduling {
            slept, overslept, ..
        } = counted.scheduling();
        assert!(overslept < slept, "{overslept:?} of {slept:?}");
    }

    #[test]
    fn one_very_late_answer_does_not_outweigh_many_fast_ones() {
        let (slept, late_once) = overslept(&[1, 1, 900, 1, 1, 1, 1, 1, 1, 1]);
        assert!(late_once < slept, "{late_once:?} of {slept:?}");
        let (slept, mostly_late) = overslept(&[1, 70, 90, 60, 1, 80, 70, 90, 60, 80]);
        assert!(mostly_late > slept * 2, "{mostly_late:?} of {slept:?}");
    }
}
