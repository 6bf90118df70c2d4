//! What it costs the watcher to take in what arrives, and to diagnose it.

use std::time::Duration;

use console_api::instrument::Update;
use cpu_time::ThreadTime;
use pileup_console::World;
use pileup_investigate::{History, diagnose};
use prost::Message;

use crate::MEMORY;
use crate::capture::capture;
use crate::figures::{Figure, goal};
use crate::load::{Kind, Load};

/// Between two snapshots, as in a watch.
const PERIOD: f64 = 0.5;
const REPETITIONS: usize = 15;

/// What one pass over the messages took.
struct Pass {
    decode: Duration,
    apply: Duration,
    snapshot: Duration,
    observe: Duration,
    diagnose: Duration,
    /// Snapshot and history once more, when nothing has changed.
    again: Duration,
    /// Bytes that the world, the last snapshot and the history keep.
    kept: usize,
    peak: usize,
    findings: usize,
    seen: u64,
}

/// Measures each load, and prints the figures.
pub fn measure(loads: &[Load]) -> anyhow::Result<()> {
    println!(
        "Taking in and diagnosing, on the bytes that a real console-subscriber sent; \
         processor time; median (least to most) of {REPETITIONS}\n"
    );
    println!(
        "{:>16}  {:>6}  {:>21}  {:>6} {:>6} {:>8}  {:>8}  {:>7}  {:>7}  {:>18}  {:>9}",
        "tasks",
        "received B",
        "take in µs",
        "decode",
        "world",
        "snapshot",
        "history",
        "kept B",
        "peak B",
        "diagnosis ms",
        "again ms"
    );
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    let mut goals = Vec::new();
    for load in loads {
        let messages = runtime.block_on(capture(load))?;
        // The first is to warm up.
        take_in(&messages)?;
        let passes: Vec<Pass> = (0..REPETITIONS)
            .map(|_| take_in(&messages))
            .collect::<Result<_, _>>()?;
        goals.push((load, print(load, &messages, &passes)));
    }
    println!("\nB and µs are a task. Take in is decode, world and snapshots together.");
    for (load, (took, kept, diagnosis)) in goals {
        if load.kind != Kind::Churn {
            goal(&format!("{load}: take in"), took, "µs a task", 5.0);
            goal(&format!("{load}: kept"), kept, "B a task", 1_000.0);
        }
        if load.kind != Kind::Churn && load.tasks == 40_000 {
            goal(&format!("{load}: diagnosis"), diagnosis, "ms", 100.0);
        }
    }
    println!();
    Ok(())
}

fn take_in(messages: &[Vec<u8>]) -> anyhow::Result<Pass> {
    let before = MEMORY.current_usage();
    MEMORY.reset_peak_usage();
    let mut pass = Pass {
        decode: Duration::ZERO,
        apply: Duration::ZERO,
        snapshot: Duration::ZERO,
        observe: Duration::ZERO,
        diagnose: Duration::ZERO,
        again: Duration::ZERO,
        kept: 0,
        peak: 0,
        findings: 0,
        seen: 0,
    };
    let mut world = World::default();
    let mut history = History::default();
    let mut due = 0.0;
    for (number, message) in messages.iter().enumerate() {
        let update = timed(&mut pass.decode, || Update::decode(message.as_slice()))?;
        let now = update
            .now
            .map_or(0.0, |now| now.seconds as f64 + f64::from(now.nanos) / 1e9);
        timed(&mut pass.apply, || world.apply(update));
        if now >= due || number + 1 == messages.len() {
            due = now + PERIOD;
            let snapshot = timed(&mut pass.snapshot, || world.snapshot());
            timed(&mut pass.observe, || history.observe(snapshot));
        }
    }
    pass.kept = MEMORY.current_usage().saturating_sub(before);
    pass.peak = MEMORY.peak_usage().saturating_sub(before);
    let report = timed(&mut pass.diagnose, || diagnose(&history, "target"));
    pass.findings = report.findings.len();
    pass.seen = report.coverage.tasks_seen;
    timed(&mut pass.again, || history.observe(world.snapshot()));
    Ok(pass)
}

/// Adds the processor's time for some work: others run on the same machine.
fn timed<T>(total: &mut Duration, work: impl FnOnce() -> T) -> T {
    let started = ThreadTime::now();
    let done = work();
    *total += started.elapsed();
    done
}

/// Prints the figures of a load, and gives those that have goals.
fn print(load: &Load, messages: &[Vec<u8>], passes: &[Pass]) -> (Figure, Figure, Figure) {
    let tasks = f64::from(load.tasks);
    let bytes: usize = messages.iter().map(Vec::len).sum();
    let of = |figure: fn(&Pass) -> Duration| {
        Figure::of(passes.iter().map(|pass| figure(pass).as_secs_f64()))
    };
    let scaled = |figure: Figure, scale: f64| Figure {
        median: figure.median * scale,
        least: figure.least * scale,
        most: figure.most * scale,
    };
    let a_task = |figure| scaled(of(figure), 1e6 / tasks);
    let took = a_task(|pass| pass.decode + pass.apply + pass.snapshot);
    let kept = Figure::of(passes.iter().map(|pass| pass.kept as f64 / tasks));
    let peak = Figure::of(passes.iter().map(|pass| pass.peak as f64 / tasks));
    let diagnosis = scaled(of(|pass| pass.diagnose), 1e3);
    println!(
        "{load:>16}  {:>6.0}  {took:>21}  {:>6.2} {:>6.2} {:>8.2}  {:>8.2}  {:>7.0}  {:>7.0}  \
         {diagnosis:>18.1}  {:>9.1}   {} findings, {} seen",
        bytes as f64 / tasks,
        a_task(|pass| pass.decode).median,
        a_task(|pass| pass.apply).median,
        a_task(|pass| pass.snapshot).median,
        a_task(|pass| pass.observe).median,
        kept.median,
        peak.median,
        scaled(of(|pass| pass.again), 1e3).median,
        passes[0].findings,
        passes[0].seen,
    );
    (took, kept, diagnosis)
}
