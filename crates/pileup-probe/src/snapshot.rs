//! Every task as JSON: a `Snapshot` of `pileup-model`, written without ever being whole.

use std::io::{self, Write};
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use pileup_model::{Coverage, Polls, Task, TaskId, TaskKind, Turnover, Wakers, WokenBy};

use crate::probe::Inner;
use pileup_registry::{
    BUCKETS, Counted, CountedSite, LiveTask, SiteNumber, SpawnSite, TaskWakers, Tick, longest,
};

/// Writes all live tasks that were born before now, in no order, and the counts of every
/// site. The runtime's hooks do not report wakers; the coverage says whether some are not seen, and whether workers are.
pub(crate) fn write_snapshot(probe: &Inner, out: &mut dyn Write) -> io::Result<()> {
    let registry = &probe.registry;
    let now = registry.tick();
    let mut waits = registry.waits();
    let sites = registry.sites();
    let mut waits_unseen = false;
    let mut workers_unseen = true;
    write!(out, "{{\"at\":")?;
    serde_json::to_writer(&mut *out, &registry.time(now))?;
    out.write_all(b",\"tasks\":[")?;
    let mut result = Ok(());
    let mut separator: &[u8] = b"\n";
    registry.for_each_live(|living| {
        if result.is_err() || living.born > now {
            return;
        }
        if sites.get(usize::from(living.site)).is_none() {
            return;
        }
        waits_unseen |= living.wakers.is_none() && living.kind != TaskKind::Blocking;
        let mut task = task(&living, &sites, |tick| registry.time(tick));
        workers_unseen &= !task.is_worker();
        task.waits = waits.of(&living);
        result = out.write_all(separator).and_then(|()| {
            separator = b",\n";
            serde_json::to_writer(&mut *out, &task).map_err(io::Error::from)
        });
    });
    result?;
    out.write_all(b"],\n\"finished\":[],\"resources\":[],\"async_ops\":[],\"turnover\":")?;
    let since = registry.time(0);
    let turnover: Vec<Turnover> = sites
        .iter()
        .filter_map(|site| Some(turnover(site.spawn, site.counted.as_ref()?, since)))
        .collect();
    serde_json::to_writer(&mut *out, &turnover)?;
    out.write_all(b",\n\"coverage\":")?;
    let coverage = Coverage {
        waits_unseen,
        workers_unseen,
        scheduling: Some(probe.waits.counted()),
        ..Coverage::default()
    };
    serde_json::to_writer(&mut *out, &coverage)?;
    out.write_all(b"}\n")
}

fn task(living: &LiveTask, sites: &[CountedSite], time: impl Fn(Tick) -> Timestamp) -> Task {
    let site = |number: SiteNumber| {
        let site = sites.get(usize::from(number))?;
        Some(site.spawn.site.clone())
    };
    let last_poll = (living.polls > 0).then(|| time(living.last_poll));
    // The registry keeps one time for both ends of the last poll.
    let last_ended = last_poll.filter(|_| !living.running);
    let woken_by = |wakers: TaskWakers| {
        // Without a task, it was a thread outside of any.
        let waker = wakers.woken_by;
        wakers.last_wake.map(|_| WokenBy {
            task: waker.map(|waker| waker.number),
            site: waker.and_then(|waker| site(waker.site)),
        })
    };
    Task {
        id: TaskId(living.number),
        tokio_id: living.tokio_id,
        kind: living.kind,
        name: None,
        site: site(living.site),
        created_at: time(living.born),
        finished_at: None,
        polls: Polls {
            count: living.polls,
            last_started: last_poll,
            last_ended,
            busy: Duration::ZERO,
        },
        wakers: living.wakers.map(|seen| wakers(&seen, time)),
        size_bytes: living
            .wakers
            .map(|wakers| u64::from(wakers.size))
            .filter(|size| *size > 0),
        parent: living.parent.map(|parent| parent.number),
        parent_site: living.parent.and_then(|parent| site(parent.site)),
        waits: None,
        woken_by: living.wakers.and_then(woken_by).map(Arc::new),
    }
}

fn wakers(seen: &TaskWakers, time: impl Fn(Tick) -> Timestamp) -> Wakers {
    let clones = i64::from(seen.clones);
    let drops = clones - i64::from(seen.outstanding);
    Wakers {
        wakes: seen.wakes.into(),
        self_wakes: seen.self_wakes.into(),
        clones: seen.clones.into(),
        drops: u64::try_from(drops).unwrap_or_default(),
        last_wake: seen.last_wake.map(time),
        woken_for_last_poll: None,
        scheduled: Duration::ZERO,
    }
}

fn turnover(site: &SpawnSite, counted: &Counted, since: Timestamp) -> Turnover {
    let finished = (0..BUCKETS).zip(counted.finished);
    let finished = finished.filter(|(_, count)| *count > 0);
    Turnover {
        site: site.site.clone(),
        since: Some(since),
        spawned: counted.spawned,
        finished: finished
            .map(|(bucket, count)| (longest(bucket), count))
            .collect(),
    }
}
