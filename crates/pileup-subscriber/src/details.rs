//! How long the polls of one task take, for a client that has it on its screen.
//!
//! They are counted from the first request on: nothing of this kind is kept of other tasks.

use std::sync::Arc;

use console_api::tasks::task_details::PollTimesHistogram;
use console_api::tasks::{DurationHistogram, TaskDetails};
use futures_util::{Stream, stream};
use hdrhistogram::Histogram;
use hdrhistogram::serialization::{Serializer, V2Serializer};
use pileup_registry::{Counts, PollTimes};
use tokio::time::{Interval, MissedTickBehavior, interval};
use tonic::Status;

use crate::connection::LookedAt;
use crate::instrument::Service;
use crate::task_messages;

struct Details {
    service: Arc<Service>,
    task: u64,
    times: Option<Arc<PollTimes>>,
    pace: Interval,
    _looked_at: LookedAt,
}

/// The details of a task, now and at each publish interval, until it has ended.
pub(crate) fn details(
    service: Arc<Service>,
    task: u64,
    times: Arc<PollTimes>,
    looked_at: LookedAt,
) -> impl Stream<Item = Result<TaskDetails, Status>> + Send {
    let mut pace = interval(service.publish_interval);
    pace.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let details = Details {
        service,
        task,
        times: Some(times),
        pace,
        _looked_at: looked_at,
    };
    stream::unfold(Some(details), |details| async {
        let mut details = details?;
        details.pace.tick().await;
        let lives = details
            .service
            .registry
            .live_task_of(details.task)
            .is_some();
        let message = details.message();
        Some((Ok(message), lives.then_some(details)))
    })
}

/// The details of a task that has ended and is kept, once: its polls are not counted any more. None
/// where it is not kept.
pub(crate) fn of_finished(
    service: &Service,
    task: u64,
) -> Option<impl Stream<Item = Result<TaskDetails, Status>> + Send + use<>> {
    let registry = &service.registry;
    let kept = (registry.finished_start()..registry.finished_end()).rev();
    let mut kept = kept.filter_map(|number| registry.finished_at(number));
    let finished = kept.find(|finished| finished.task.number == task)?;
    if service.is_past_retention(finished.ended) {
        return None;
    }
    let message = TaskDetails {
        task_id: Some(task.into()),
        now: Some(task_messages::timestamp(
            registry.exact_time(registry.now()),
        )),
        scheduled_times_histogram: None,
        poll_times_histogram: None,
    };
    Some(stream::once(std::future::ready(Ok(message))))
}

impl Details {
    fn message(&self) -> TaskDetails {
        let registry = &self.service.registry;
        let histogram = |counts: Option<&Counts>, max| counts.map(|counts| encode(counts, max));
        let times = self.times.as_deref();
        let polls = histogram(times.map(PollTimes::polls), self.service.poll_max);
        let scheduled = histogram(times.map(PollTimes::scheduled), self.service.scheduled_max);
        TaskDetails {
            task_id: Some(self.task.into()),
            now: Some(task_messages::timestamp(
                registry.exact_time(registry.now()),
            )),
            scheduled_times_histogram: scheduled,
            poll_times_histogram: polls.map(PollTimesHistogram::Histogram),
        }
    }
}

impl Drop for Details {
    fn drop(&mut self) {
        self.times = None;
        self.service.registry.forget_unwatched_polls();
    }
}

/// The counts as console-subscriber sends them: what is longer than `max` nanoseconds counts
/// as an outlier.
fn encode(counts: &Counts, max: u64) -> DurationHistogram {
    let mut high_outliers = 0;
    let mut raw_histogram = Vec::new();
    // The limits of a histogram: at least 2, and two significant figures.
    if let Ok(mut histogram) = Histogram::<u64>::new_with_max(max.max(2), 2) {
        for (time, count) in counts.counted() {
            if time > max {
                high_outliers += count;
            } else {
                histogram.saturating_record_n(time, count);
            }
        }
        // Writing to a Vec does not fail.
        let _ = V2Serializer::new().serialize(&histogram, &mut raw_histogram);
    }
    DurationHistogram {
        raw_histogram,
        max_value: max,
        high_outliers,
        highest_outlier: (high_outliers > 0).then(|| counts.longest()),
    }
}
