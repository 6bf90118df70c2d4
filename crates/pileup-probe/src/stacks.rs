//! Await stacks: where tasks stand, by Tokio's task dumps.
//!
//! A dump polls every task of a runtime to see how far the poll gets. On the multi-thread
//! runtime Tokio 1.54 then never comes back when many tasks are runnable, so there is none
//! for it. On the current-thread runtime it holds up the one thread for as long as it takes,
//! so it is taken only where the service has allowed it, and not while there are many tasks,
//! while many are runnable, or soon after the last one.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use pileup_profile::{CountedStack, Frame, Labels, Profile, ProfileKind};
use tokio::runtime::dump::{BacktraceFrame, BacktraceSymbol, Dump, Trace};
use tokio::runtime::{Handle, RuntimeFlavor};

use crate::probe::Inner;
use crate::profiles::spawn_frame;
use crate::registry::{Origin, SiteNumber, Tick, task_number};
use crate::runtimes::Runtime;

/// A dump takes some tens of microseconds a task: it holds the runtime up for no longer than
/// about a tenth of a second.
const MOST_TASKS: usize = 2_000;
const MOST_RUNNABLE: usize = 100;
const PAUSE: Duration = Duration::from_secs(10);
/// A runtime that does not come to it by then is busy with something else.
const PATIENCE: Duration = Duration::from_secs(1);
/// To know where the tasks of a site stand, so many of them are enough.
const SAMPLES_OF_SITE: usize = 20;

/// Whether the service has allowed stacks, and when they were taken last.
#[derive(Debug, Default)]
pub(crate) struct Stacks(Mutex<Allowed>);

#[derive(Debug, Default)]
struct Allowed {
    is_allowed: bool,
    last: Option<Instant>,
}

impl Stacks {
    pub(crate) fn allow(&self) {
        self.0
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .is_allowed = true;
    }

    /// Notes that stacks are taken now, or says why not.
    fn may_take(&self) -> Result<(), String> {
        let mut allowed = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if !allowed.is_allowed {
            return Err("the service has not allowed stacks: Probe::allow_stacks".to_owned());
        }
        let since = allowed.last.map(|last| last.elapsed());
        if let Some(left) = since.and_then(|since| PAUSE.checked_sub(since)) {
            return Err(format!(
                "stacks were taken a moment ago; they can be again in {} s",
                left.as_secs() + 1
            ));
        }
        allowed.last = Some(Instant::now());
        Ok(())
    }
}

/// The living tasks by where they stand; each comment is a runtime of which that is not told,
/// and why.
///
/// Fails with the reason where no stacks are taken at all.
pub(crate) async fn profile(probe: Arc<Inner>) -> Result<Profile, String> {
    probe.stacks.may_take()?;
    let mut comments = Vec::new();
    let mut dumps = Vec::new();
    for runtime in probe.runtimes.all() {
        match dump(&runtime).await {
            Ok(dump) => dumps.push((runtime, dump)),
            Err(reason) => comments.push(format!("no stacks of {}: {reason}", runtime.name)),
        }
    }
    if dumps.is_empty() {
        return Err(comments.join("\n"));
    }
    // To find the names of functions takes long, and off the runtime.
    let resolved = tokio::task::spawn_blocking(move || resolve(&probe, &dumps, comments)).await;
    resolved.map_err(|error| error.to_string())
}

async fn dump(runtime: &Runtime) -> Result<Dump, String> {
    let handle = runtime.handle().ok_or("it has not polled a task yet")?;
    if handle.runtime_flavor() != RuntimeFlavor::CurrentThread {
        return Err("a dump of a multi-thread runtime can freeze it for good".to_owned());
    }
    let metrics = handle.metrics();
    let (alive, runnable) = (metrics.num_alive_tasks(), metrics.global_queue_depth());
    let local: usize = (0..metrics.num_workers())
        .map(|worker| metrics.worker_local_queue_depth(worker))
        .sum();
    if alive > MOST_TASKS {
        return Err(format!(
            "it has {alive} tasks, and a dump of more than {MOST_TASKS} would hold it up"
        ));
    }
    if runnable + local > MOST_RUNNABLE {
        return Err(format!(
            "{} of its tasks wait for a worker",
            runnable + local
        ));
    }
    let taken = handle.spawn(async { Handle::current().dump().await });
    let abort = taken.abort_handle();
    match tokio::time::timeout(PATIENCE, taken).await {
        Ok(Ok(dump)) => Ok(dump),
        Ok(Err(_)) => Err("it has been shut down".to_owned()),
        Err(_) => {
            abort.abort();
            Err(format!(
                "it did not come to it within {PATIENCE:?}: a poll does not return"
            ))
        }
    }
}

fn resolve(probe: &Inner, dumps: &[(Arc<Runtime>, Dump)], mut comments: Vec<String>) -> Profile {
    let now = probe.registry.advance_clock();
    let mut origins: HashMap<u64, Origin> = HashMap::new();
    probe.registry.for_each_living(|task| {
        origins.insert(task.number, task.origin);
    });
    let sites = probe.registry.sites();
    let mut counts: BTreeMap<(Vec<Frame>, Labels), (i64, i64)> = BTreeMap::new();
    let mut samples: HashMap<SiteNumber, usize> = HashMap::new();
    let (mut seen, mut resolved) = (0, 0);
    for (runtime, dump) in dumps {
        for task in dump.tasks().iter() {
            let Some(origin) = origins.get(&task_number(task.id())) else {
                // It has ended since then.
                continue;
            };
            seen += 1;
            let sample = samples.entry(origin.site).or_default();
            *sample += 1;
            if *sample > SAMPLES_OF_SITE {
                continue;
            }
            resolved += 1;
            let spawned = sites
                .get(usize::from(origin.site))
                .map(|site| spawn_frame(site.spawn));
            let labels = Labels {
                runtime: Some(Arc::clone(&runtime.name)),
                ..Labels::default()
            };
            for mut frames in await_stacks(task.trace()) {
                frames.extend(spawned.clone());
                let (count, ages) = counts.entry((frames, labels.clone())).or_default();
                *count += 1;
                *ages += age_nanos(now.saturating_sub(origin.born));
            }
        }
    }
    comments.push(format!(
        "stacks of {resolved} of {seen} tasks: at most {SAMPLES_OF_SITE} of each spawn site. A \
         task that waits for several things at once has several stacks"
    ));
    let stacks = counts.into_iter();
    let stacks = stacks.map(|((frames, labels), (count, age_nanos))| CountedStack {
        frames,
        labels,
        count,
        age_nanos,
    });
    Profile {
        kind: ProfileKind::Goroutine,
        taken_at: probe.registry.time(now),
        duration: None,
        stacks: stacks.collect(),
        comments,
    }
}

/// The stacks of a task, each from what it awaits outwards, without what is Tokio's own way
/// to it.
fn await_stacks(trace: &Trace) -> Vec<Vec<Frame>> {
    let backtraces = trace.resolve_backtraces();
    let stacks = backtraces.iter().map(|backtrace| {
        let symbols = backtrace.frames().flat_map(BacktraceFrame::symbols);
        symbols.filter_map(frame).collect()
    });
    stacks.collect()
}

fn frame(symbol: &BacktraceSymbol) -> Option<Frame> {
    let name = symbol.name_demangled()?;
    let is_machinery = [
        "core::",
        "std::",
        "alloc::",
        "tokio::runtime",
        "tokio::task",
        "<core::",
        "<alloc::",
        "<tokio::runtime",
        "<tokio::task",
        "tracing::",
        "<tracing::",
    ]
    .iter()
    .any(|start| name.starts_with(start));
    if is_machinery {
        return None;
    }
    let file = symbol
        .filename()
        .map(|file| file.to_string_lossy().into_owned());
    let file = file.unwrap_or_default();
    let line = symbol.lineno().unwrap_or_default();
    // With little debug information an async function has no name of its own.
    let function = if name.starts_with('{') {
        format!("{file}:{line}")
    } else {
        without_hash(name).to_owned()
    };
    Some(Frame {
        function: function.into(),
        file: file.into(),
        line,
    })
}

/// A name without the `::h` and sixteen digits that the compiler adds.
fn without_hash(name: &str) -> &str {
    match name.rsplit_once("::h") {
        Some((name, hash))
            if hash.len() == 16 && hash.bytes().all(|byte| byte.is_ascii_hexdigit()) =>
        {
            name
        }
        _ => name,
    }
}

fn age_nanos(age: Tick) -> i64 {
    i64::try_from(Duration::from_millis(age).as_nanos()).unwrap_or(i64::MAX)
}
