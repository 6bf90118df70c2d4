//! Every task as JSON: a `Snapshot` of `pileup-model`, written without ever being whole.

use std::io::{self, Write};

use jiff::Timestamp;
use pileup_model::{Coverage, TaskKind, Turnover};
use pileup_registry::{BUCKETS, Counted, SpawnSite, longest};

use crate::probe::Inner;

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
    registry.for_each_live(|live| {
        if result.is_err() || live.born > now {
            return;
        }
        if sites.get(usize::from(live.site)).is_none() {
            return;
        }
        waits_unseen |= live.wakers.is_none() && live.kind != TaskKind::Blocking;
        let mut task = registry.task(&live, &sites);
        workers_unseen &= !task.is_worker();
        task.waits = waits.of(&live);
        task.last_wait = waits.last_of(&live).map(|last| last.without_stack().into());
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
