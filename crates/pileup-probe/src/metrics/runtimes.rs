//! Tokio's own metrics of each runtime.

use std::fmt;
use std::ops::Range;
use std::sync::Arc;
use std::time::Duration;

use prometheus_client::encoding::DescriptorEncoder;
use tokio::runtime::RuntimeMetrics;

use super::series::{count, seconds};
use crate::runtimes::Runtime;

type Named = (Arc<str>, RuntimeMetrics);

pub(super) fn encode(runtimes: &[Arc<Runtime>], encoder: &mut DescriptorEncoder) -> fmt::Result {
    let runtimes: Vec<Named> = runtimes
        .iter()
        .filter_map(|runtime| Some((Arc::clone(&runtime.name), runtime.metrics()?)))
        .collect();
    gauges(&runtimes, encoder)?;
    counters(&runtimes, encoder)?;
    histograms(&runtimes, encoder)
}

fn gauges(runtimes: &[Named], encoder: &mut DescriptorEncoder) -> fmt::Result {
    let mut gauge = |name, help, value: fn(&RuntimeMetrics) -> usize| {
        let values = runtimes
            .iter()
            .map(|(name, metrics)| (&**name, value(metrics) as u64));
        count(name, help).gauge(encoder, "runtime", values)
    };
    gauge(
        "tokio_runtime_alive_tasks",
        "Live tasks of a runtime as Tokio counts them.",
        RuntimeMetrics::num_alive_tasks,
    )?;
    gauge(
        "tokio_workers",
        "Worker threads.",
        RuntimeMetrics::num_workers,
    )?;
    gauge(
        "tokio_global_queue_depth",
        "Tasks that wait for a worker in the queue that all workers share.",
        RuntimeMetrics::global_queue_depth,
    )?;
    gauge(
        "tokio_local_queue_depth",
        "Tasks that wait for a worker in the queues of the workers.",
        |metrics| {
            let workers = 0..metrics.num_workers();
            workers
                .map(|worker| metrics.worker_local_queue_depth(worker))
                .sum()
        },
    )?;
    gauge(
        "tokio_blocking_threads",
        "Threads for spawn_blocking, idle or not.",
        RuntimeMetrics::num_blocking_threads,
    )?;
    gauge(
        "tokio_idle_blocking_threads",
        "Threads for spawn_blocking that have nothing to do.",
        RuntimeMetrics::num_idle_blocking_threads,
    )?;
    gauge(
        "tokio_blocking_queue_depth",
        "Closures of spawn_blocking that wait for a thread.",
        RuntimeMetrics::blocking_queue_depth,
    )
}

fn counters(runtimes: &[Named], encoder: &mut DescriptorEncoder) -> fmt::Result {
    let mut counter = |name, help, value: fn(&RuntimeMetrics) -> u64| {
        let values = runtimes
            .iter()
            .map(|(name, metrics)| (&**name, value(metrics)));
        count(name, help).counter(encoder, "runtime", values)
    };
    counter(
        "tokio_runtime_spawned_tasks",
        "Tasks spawned on a runtime as Tokio counts them.",
        RuntimeMetrics::spawned_tasks_count,
    )?;
    counter(
        "tokio_remote_schedules",
        "Tasks scheduled from outside the runtime.",
        RuntimeMetrics::remote_schedule_count,
    )?;
    counter(
        "tokio_budget_forced_yields",
        "Tasks that yielded because they had used up their budget.",
        RuntimeMetrics::budget_forced_yield_count,
    )?;
    counter("tokio_worker_polls", "Polls of tasks.", |metrics| {
        all_workers(metrics, RuntimeMetrics::worker_poll_count)
    })?;
    counter(
        "tokio_worker_parks",
        "Times that workers went to sleep.",
        |metrics| all_workers(metrics, RuntimeMetrics::worker_park_count),
    )?;
    counter(
        "tokio_worker_noops",
        "Times that workers woke up and found nothing to do.",
        |metrics| all_workers(metrics, RuntimeMetrics::worker_noop_count),
    )?;
    counter(
        "tokio_worker_steals",
        "Tasks that workers took from others.",
        |metrics| all_workers(metrics, RuntimeMetrics::worker_steal_count),
    )?;
    counter(
        "tokio_worker_overflows",
        "Times that a worker's queue was full.",
        |metrics| all_workers(metrics, RuntimeMetrics::worker_overflow_count),
    )?;
    let busy = runtimes
        .iter()
        .map(|(name, metrics)| (&**name, busy(metrics)));
    seconds("tokio_worker_busy", "Time that workers were busy.").counter(encoder, "runtime", busy)
}

/// The histograms that a service switched on: each poll is timed for them.
fn histograms(runtimes: &[Named], encoder: &mut DescriptorEncoder) -> fmt::Result {
    let polled = |(_, metrics): &&Named| metrics.poll_time_histogram_enabled();
    let polls = runtimes.iter().filter(polled).map(|(name, metrics)| {
        let buckets = 0..metrics.poll_time_histogram_num_buckets();
        let buckets = buckets.map(|bucket| {
            let polls = all_workers(metrics, |metrics, worker| {
                metrics.poll_time_histogram_bucket_count(worker, bucket)
            });
            (metrics.poll_time_histogram_bucket_range(bucket), polls)
        });
        (&**name, summed(buckets))
    });
    seconds(
        "tokio_poll",
        "How long polls took; the sum is taken from the middle of each bucket.",
    )
    .histogram(encoder, "runtime", polls)?;
    #[cfg(feature = "schedule-latency")]
    schedule_latencies(runtimes, encoder)?;
    Ok(())
}

/// How long woken tasks waited for a worker, of the runtimes that measure it.
#[cfg(feature = "schedule-latency")]
fn schedule_latencies(runtimes: &[Named], encoder: &mut DescriptorEncoder) -> fmt::Result {
    let scheduled = |(_, metrics): &&Named| metrics.schedule_latency_histogram_enabled();
    let latencies = runtimes.iter().filter(scheduled).map(|(name, metrics)| {
        let buckets = 0..metrics.schedule_latency_histogram_num_buckets();
        let buckets = buckets.map(|bucket| {
            let polls = all_workers(metrics, |metrics, worker| {
                metrics.schedule_latency_histogram_bucket_count(worker, bucket)
            });
            (
                metrics.schedule_latency_histogram_bucket_range(bucket),
                polls,
            )
        });
        (&**name, summed(buckets))
    });
    seconds(
        "tokio_schedule_latency",
        "How long woken tasks waited for a worker; the sum is taken from the middle of each \
         bucket.",
    )
    .histogram(encoder, "runtime", latencies)
}

/// Upper bounds with their counts; and the sum, as if all were in the middle of their bucket.
fn summed(buckets: impl Iterator<Item = (Range<Duration>, u64)>) -> (f64, Vec<(f64, u64)>) {
    let mut sum = 0.0;
    let bounds = buckets
        .map(|(range, polls)| {
            let (start, end) = (range.start.as_secs_f64(), range.end.as_secs_f64());
            // The last bucket has no end.
            let last = range.end == Duration::from_nanos(u64::MAX);
            let (middle, bound) = if last {
                (start, f64::MAX)
            } else {
                (f64::midpoint(start, end), end)
            };
            sum += middle * polls as f64;
            (bound, polls)
        })
        .collect();
    (sum, bounds)
}

fn all_workers(metrics: &RuntimeMetrics, value: impl Fn(&RuntimeMetrics, usize) -> u64) -> u64 {
    (0..metrics.num_workers())
        .map(|worker| value(metrics, worker))
        .sum()
}

fn busy(metrics: &RuntimeMetrics) -> f64 {
    let workers = 0..metrics.num_workers();
    let busy = workers.map(|worker| metrics.worker_total_busy_duration(worker));
    busy.sum::<Duration>().as_secs_f64()
}
