//! Whether the last poll of a task followed its last wake.
//!
//! A task that has finished stays on the console for as long as a span that was made in it is
//! open, such as that of a session it has spawned. It then looks like a task that waits and
//! that nobody can wake. But the future of a finished task is dropped in one more poll, right
//! after its last one. So the time from its last wake to its last poll is not one of the times
//! for which it was *scheduled*. console-subscriber keeps those times in a histogram, and sends
//! it to a client that asks for the details of a task, as tokio-console does.
//!
//! A histogram has buckets, so a time of a finished task can be among the others by chance.
//! [`Answer::CannotTell`] stands for every match that chance explains well enough.

use std::collections::HashMap;
use std::iter;
use std::time::Duration;

use console_api::Id;
use console_api::instrument::TaskDetailsRequest;
use console_api::instrument::instrument_client::InstrumentClient;
use console_api::tasks::task_details::PollTimesHistogram;
use console_api::tasks::{DurationHistogram, TaskDetails};
use hdrhistogram::Histogram;
use hdrhistogram::serialization::Deserializer;
use jiff::Timestamp;
use pileup_model::{Task, TaskId, elapsed};
use tokio::task::JoinSet;
use tokio::time::{Instant, timeout_at};
use tonic::transport::Channel;

/// Questions that wait for an answer at the same time.
const AT_ONCE: usize = 16;
/// How long a snapshot waits for answers. Those that come later serve the next one.
const PATIENCE: Duration = Duration::from_millis(500);
/// A match counts only where chance matches at most one time in this number.
const CHANCE_ONE_IN: usize = 50;

/// What the histogram of a task says about its last poll.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Answer {
    /// The last poll followed the last wake, with none between.
    FollowedWake,
    /// The task was polled again without a wake.
    DidNotFollow,
    /// The target does not say, or a match may be chance.
    CannotTell,
}

/// A task as it was when the target was asked about it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Asked {
    born: Timestamp,
    polls: u64,
}

/// The questions of one connection.
///
/// A question is never taken back. An HTTP/2 server closes the connection of a client that
/// takes back more than a few requests before the server has seen them (h2's
/// `max_pending_accept_reset_streams`, 20 by default), and a target that gets little of the
/// processor sees them late.
#[derive(Debug, Default)]
pub(crate) struct Questions {
    unanswered: JoinSet<(TaskId, Asked, Answer)>,
    /// The tasks that were asked about and are unclear still: the answer is to come, or does
    /// not report.
    asked: HashMap<TaskId, Asked>,
}

impl Questions {
    /// Asks about those of the unclear tasks that were not asked about yet, as far as the
    /// target keeps up, and gives the answers that are there in time.
    pub(crate) async fn ask<'a>(
        &mut self,
        client: &InstrumentClient<Channel>,
        unclear: impl Iterator<Item = &'a Task>,
    ) -> Vec<(TaskId, Timestamp, bool)> {
        let mut still_asked = HashMap::new();
        for task in unclear {
            let now = Asked {
                born: task.created_at,
                polls: task.polls.count,
            };
            if self.asked.get(&task.id) == Some(&now) {
                still_asked.insert(task.id, now);
            } else if self.unanswered.len() < AT_ONCE {
                still_asked.insert(task.id, now);
                self.put(client.clone(), task.clone(), now);
            }
        }
        self.asked = still_asked;
        self.answers().await
    }

    fn put(&mut self, client: InstrumentClient<Channel>, task: Task, asked: Asked) {
        self.unanswered.spawn(async move {
            let answer = match details(client, task.id).await {
                Some(details) => followed_last_wake(&task, &details),
                None => None,
            };
            (task.id, asked, answer.unwrap_or(Answer::CannotTell))
        });
    }

    async fn answers(&mut self) -> Vec<(TaskId, Timestamp, bool)> {
        let end = Instant::now() + PATIENCE;
        let mut answers = Vec::new();
        while let Ok(Some(answered)) = timeout_at(end, self.unanswered.join_next()).await {
            let Ok((task, asked, answer)) = answered else {
                continue;
            };
            let is_current = self.asked.get(&task) == Some(&asked);
            let followed = match answer {
                Answer::FollowedWake => true,
                Answer::DidNotFollow => false,
                Answer::CannotTell => continue,
            };
            if is_current {
                answers.push((task, asked.born, followed));
            }
        }
        answers
    }
}

/// What the target says of a task, which may have ended; none where it does not have it any more.
pub(crate) async fn details(
    mut client: InstrumentClient<Channel>,
    task: TaskId,
) -> Option<TaskDetails> {
    let request = TaskDetailsRequest {
        id: Some(Id { id: task.0 }),
    };
    let details = client.watch_task_details(request).await.ok()?;
    details.into_inner().message().await.ok()?
}

/// None where the target does not say for how long the task was scheduled.
fn followed_last_wake(task: &Task, details: &TaskDetails) -> Option<Answer> {
    let woken = task.wakers?.last_wake?;
    let time = elapsed(woken, task.polls.last_started?).as_nanos();
    let time = u64::try_from(time).ok()?;
    let scheduled = details.scheduled_times_histogram.as_ref()?;
    let shortest_poll = match details.poll_times_histogram.as_ref()? {
        PollTimesHistogram::Histogram(polls) => shortest(polls)?,
        PollTimesHistogram::LegacyHistogram(_) => return None,
    };
    answer(scheduled, time, shortest_poll)
}

/// Whether a time in nanoseconds is one of those for which a task was scheduled, if none of its
/// polls was shorter than `shortest_poll`.
fn answer(scheduled: &DurationHistogram, time: u64, shortest_poll: u64) -> Option<Answer> {
    if time > scheduled.max_value {
        // Of the times beyond the histogram, the longest is kept to the nanosecond.
        let is_longest = scheduled.highest_outlier == Some(time);
        return Some(match scheduled.high_outliers {
            _ if is_longest => Answer::FollowedWake,
            0 | 1 => Answer::DidNotFollow,
            _ => Answer::CannotTell,
        });
    }
    let times = decoded(scheduled)?;
    if times.count_at(time) == 0 {
        return Some(Answer::DidNotFollow);
    }
    Some(if may_be_chance(&times, time, shortest_poll) {
        Answer::CannotTell
    } else {
        Answer::FollowedWake
    })
}

/// Whether a finished task would have this time in its histogram by chance.
///
/// It would if the buckets around are full: of those from half the time to twice the time, the
/// part with an entry is the chance that some other time hits one. And it would if the
/// completing poll was so short that the time with it falls into the bucket of the time
/// without it.
fn may_be_chance(times: &Histogram<u64>, time: u64, shortest_poll: u64) -> bool {
    let lowest = times.lowest_equivalent(time);
    if times.equivalent_range(time) > shortest_poll {
        return true;
    }
    let (from, to) = (lowest / 2, lowest.saturating_mul(2));
    let first = times.lowest_equivalent(from);
    let buckets = iter::successors(Some(first), |value| Some(times.next_non_equivalent(*value)));
    let (mut all, mut full) = (0, 0);
    for bucket in buckets.take_while(|bucket| *bucket <= to) {
        all += 1;
        full += usize::from(times.count_at(bucket) > 0);
    }
    // At least one is full: that of the time itself.
    full * CHANCE_ONE_IN > all
}

/// The length of the shortest poll in nanoseconds, at the least.
fn shortest(polls: &DurationHistogram) -> Option<u64> {
    let times = decoded(polls)?;
    Some(if times.is_empty() {
        polls.max_value
    } else {
        times.min()
    })
}

fn decoded(histogram: &DurationHistogram) -> Option<Histogram<u64>> {
    let mut raw = histogram.raw_histogram.as_slice();
    Deserializer::new().deserialize(&mut raw).ok()
}

#[cfg(test)]
mod tests;
