//! Whether the last poll of a task came of its last wake.
//!
//! A task that has finished stays on the wire for as long as a span that was made in it is
//! open, such as that of a session it has spawned. It then looks like one that waits and that
//! nobody can wake. But a finished task's future is dropped in one poll more, right after the
//! last one; so the time from its last wake to its last poll is none of those for which it
//! was ever *scheduled*. The target keeps these times in a histogram, and tells it to whoever
//! asks for the details of a task, as tokio-console does.

use std::time::Duration;

use console_api::Id;
use console_api::instrument::TaskDetailsRequest;
use console_api::instrument::instrument_client::InstrumentClient;
use console_api::tasks::{DurationHistogram, TaskDetails};
use hdrhistogram::Histogram;
use hdrhistogram::serialization::Deserializer;
use pileup_model::{Task, TaskId, elapsed};
use tokio::task::JoinSet;
use tokio::time::{Instant, timeout_at};
use tonic::transport::Channel;

/// So many tasks are asked about at once: what is not yet known is asked the next time.
pub(crate) const AT_ONCE: usize = 16;
/// For the answers, which need no more than a wake of the target's aggregator.
const PATIENCE: Duration = Duration::from_millis(500);

/// What the target answered about some tasks.
pub(crate) async fn ask(
    client: &InstrumentClient<Channel>,
    tasks: impl IntoIterator<Item = &Task>,
) -> Vec<(TaskId, bool)> {
    let end = Instant::now() + PATIENCE;
    let mut answers = JoinSet::new();
    for task in tasks {
        let (client, task) = (client.clone(), task.clone());
        answers.spawn(async move {
            let details = timeout_at(end, details(client, task.id)).await.ok()??;
            Some((task.id, came_of_last_wake(&task, &details)?))
        });
    }
    answers.join_all().await.into_iter().flatten().collect()
}

async fn details(mut client: InstrumentClient<Channel>, task: TaskId) -> Option<TaskDetails> {
    let request = TaskDetailsRequest {
        id: Some(Id { id: task.0 }),
    };
    let details = client.watch_task_details(request).await.ok()?;
    details.into_inner().message().await.ok()?
}

/// None where the target does not tell for how long the task was scheduled.
fn came_of_last_wake(task: &Task, details: &TaskDetails) -> Option<bool> {
    let woken = task.wakers?.last_wake?;
    let scheduled = elapsed(woken, task.polls.last_started?).as_nanos();
    let scheduled = u64::try_from(scheduled).ok()?;
    let told = details.scheduled_times_histogram.as_ref()?;
    was_scheduled_for(told, scheduled)
}

fn was_scheduled_for(told: &DurationHistogram, nanoseconds: u64) -> Option<bool> {
    if nanoseconds > told.max_value {
        return Some(told.highest_outlier == Some(nanoseconds));
    }
    let mut raw = told.raw_histogram.as_slice();
    let times: Histogram<u64> = Deserializer::new().deserialize(&mut raw).ok()?;
    Some(times.count_at(nanoseconds) > 0)
}

#[cfg(test)]
mod tests {
    use hdrhistogram::serialization::{Serializer, V2Serializer};

    use super::*;

    fn told(times: &[u64]) -> DurationHistogram {
        let mut histogram = Histogram::<u64>::new_with_max(1_000_000_000, 2).expect("bounds");
        for time in times {
            histogram.record(*time).expect("within the bounds");
        }
        let mut raw_histogram = Vec::new();
        V2Serializer::new()
            .serialize(&histogram, &mut raw_histogram)
            .expect("it is written to memory");
        DurationHistogram {
            raw_histogram,
            max_value: 1_000_000_000,
            high_outliers: 1,
            highest_outlier: Some(3_000_000_000),
        }
    }

    #[test]
    fn a_time_is_known_among_those_that_were_told() {
        let told = told(&[20_000, 61_000]);
        assert_eq!(was_scheduled_for(&told, 61_000), Some(true));
        assert_eq!(was_scheduled_for(&told, 64_000), Some(false));
        assert_eq!(was_scheduled_for(&told, 3_000_000_000), Some(true));
        assert_eq!(was_scheduled_for(&told, 2_000_000_000), Some(false));
    }

    #[test]
    fn what_is_no_histogram_tells_nothing() {
        let told = DurationHistogram {
            raw_histogram: vec![1, 2, 3],
            ..told(&[])
        };
        assert_eq!(was_scheduled_for(&told, 61_000), None);
    }
}
