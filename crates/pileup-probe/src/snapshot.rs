//! Every task as JSON: a `Snapshot` of `pileup-model`, written without ever being whole.

use std::io::{self, Write};
use std::time::Duration;

use pileup_model::{Coverage, Polls, Task, TaskId, TaskKind, Turnover};

use crate::probe::Inner;
use pileup_registry::{BUCKETS, Counted, LiveTask, SpawnSite, Tick, longest};

/// Writes all living tasks that were born before now, in no order, and the counts of every
/// site. Waits and wakers are not seen by the runtime's hooks, and the coverage says so.
pub(crate) fn write_snapshot(probe: &Inner, out: &mut dyn Write) -> io::Result<()> {
    let registry = &probe.registry;
    let now = registry.tick();
    let sites = registry.sites();
    write!(out, "{{\"at\":")?;
    serde_json::to_writer(&mut *out, &registry.time(now))?;
    out.write_all(b",\"tasks\":[")?;
    let mut result = Ok(());
    let mut separator: &[u8] = b"\n";
    registry.for_each_live(|living| {
        if result.is_err() || living.born > now {
            return;
        }
        let Some(site) = sites.get(usize::from(living.site)) else {
            return;
        };
        let task = task(&living, site.spawn, |tick| registry.time(tick));
        result = out.write_all(separator).and_then(|()| {
            separator = b",\n";
            serde_json::to_writer(&mut *out, &task).map_err(io::Error::from)
        });
    });
    result?;
    out.write_all(b"],\n\"finished\":[],\"resources\":[],\"async_ops\":[],\"turnover\":")?;
    let turnover: Vec<Turnover> = sites
        .iter()
        .filter_map(|site| Some(turnover(site.spawn, site.counted.as_ref()?)))
        .collect();
    serde_json::to_writer(&mut *out, &turnover)?;
    out.write_all(b",\n\"coverage\":")?;
    let coverage = Coverage {
        waits_unseen: true,
        ..Coverage::default()
    };
    serde_json::to_writer(&mut *out, &coverage)?;
    out.write_all(b"}\n")
}

fn task(living: &LiveTask, site: &SpawnSite, time: impl Fn(Tick) -> jiff::Timestamp) -> Task {
    let last_poll = (living.polls > 0).then(|| time(living.last_poll));
    // The registry keeps one time for both ends of the last poll.
    let last_ended = last_poll.filter(|_| !living.running);
    Task {
        tokio_id: Some(living.number),
        site: Some(site.site.clone()),
        polls: Polls {
            count: living.polls,
            last_started: last_poll,
            last_ended,
            busy: Duration::ZERO,
        },
        ..Task::new(TaskId(living.number), TaskKind::Async, time(living.born))
    }
}

fn turnover(site: &SpawnSite, counted: &Counted) -> Turnover {
    let finished = (0..BUCKETS).zip(counted.finished);
    let finished = finished.filter(|(_, count)| *count > 0);
    Turnover {
        site: site.site.clone(),
        spawned: counted.spawned,
        finished: finished
            .map(|(bucket, count)| (longest(bucket), count))
            .collect(),
    }
}
