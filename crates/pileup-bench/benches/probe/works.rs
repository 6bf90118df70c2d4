//! What each way of watching costs the work of a service.

use anyhow::{Context, ensure};

use crate::figures::{Figure, goal};
use crate::process::Service;
use crate::service::CARRIES;

const BARE: usize = 0;
const HOOKS: usize = 2;
const SUBSCRIBER: usize = 4;
const WRAPPER: usize = 7;
const CONSOLE: usize = 10;
const PILEUP_SUBSCRIBER: usize = 11;
const FLOOR: usize = 13;

/// A work of the service.
struct Work {
    argument: &'static str,
    name: &'static str,
    /// How often it is done, and how often with console-subscriber.
    count: u64,
    recorded: u64,
    /// The most that it may cost beside bare: with hooks, and with sampling by the subscriber and
    /// by the wrapper.
    hooks: f64,
    subscriber: f64,
    wrapper: f64,
    /// By pileup-subscriber.
    served: f64,
}

const WORKS: [Work; 4] = [
    Work {
        argument: "spawn",
        name: "spawn + yield + join",
        count: 300_000,
        recorded: 10_000,
        hooks: 1.15,
        subscriber: 1.6,
        wrapper: 1.3,
        served: 1.6,
    },
    Work {
        argument: "ping-pong",
        name: "ping-pong of two tasks",
        count: 1_000_000,
        recorded: 50_000,
        hooks: 1.05,
        subscriber: 1.8,
        wrapper: 1.2,
        served: 2.1,
    },
    Work {
        argument: "service",
        name: "a service of 7 µs a task",
        count: 100_000,
        recorded: 10_000,
        hooks: 1.05,
        subscriber: 1.15,
        wrapper: 1.05,
        served: 1.2,
    },
    Work {
        argument: "echo",
        name: "TCP echo",
        count: 60_000,
        recorded: 20_000,
        hooks: 1.05,
        subscriber: 1.05,
        wrapper: 1.03,
        served: 1.1,
    },
];
const LIVE: u64 = 200_000;
/// What is wanted of memory: with hooks, and with await stacks.
const BYTES_A_TASK: [(usize, f64); 6] = [
    (HOOKS, 100.0),
    (SUBSCRIBER, 150.0),
    (SUBSCRIBER + 1, 150.0),
    (WRAPPER, 150.0),
    (PILEUP_SUBSCRIBER, 200.0),
    (PILEUP_SUBSCRIBER + 1, 200.0),
];

/// All that a service may carry, by its index.
pub const ALL: [usize; CARRIES.len()] = {
    let mut all = [0; CARRIES.len()];
    let mut index = 0;
    while index < all.len() {
        all[index] = index;
        index += 1;
    }
    all
};
/// What serves tokio-console, and nothing.
pub const SERVED: [usize; 7] = [
    BARE,
    BARE + 1,
    FLOOR,
    FLOOR + 1,
    CONSOLE,
    PILEUP_SUBSCRIBER,
    PILEUP_SUBSCRIBER + 1,
];

/// Measures what a service may carry of these, in a number of rounds, and prints.
pub fn measure(rounds: usize, chosen: &[usize]) -> anyhow::Result<()> {
    println!(
        "Processor time, each in a process of its own with two workers; median (least to most) \
         of {rounds} rounds; ratios are taken within a round\n"
    );
    for work in WORKS {
        let mut taken: Vec<[f64; CARRIES.len()]> = Vec::new();
        for number in 0..rounds {
            let mut round = [0.0; CARRIES.len()];
            for turn in 0..chosen.len() {
                // Each round begins with another one.
                let index = chosen[(number + turn) % chosen.len()];
                let count = if index == CONSOLE {
                    work.recorded
                } else {
                    work.count
                };
                round[index] = run(CARRIES[index], work.argument, count)?;
            }
            taken.push(round);
        }
        let name = work.name;
        println!("{name:>26}  {:>26}  {:>24}", "ns each", "beside bare");
        for &index in chosen {
            let each = Figure::of(taken.iter().map(|round| round[index]));
            let carries = CARRIES[index];
            println!(
                "{carries:>26}  {each:>26.0}  {:>24.3}",
                ratio(&taken, index)
            );
        }
        for (index, most) in [
            (HOOKS, work.hooks),
            (SUBSCRIBER, work.subscriber),
            (WRAPPER, work.wrapper),
            (PILEUP_SUBSCRIBER, work.served),
        ] {
            if !chosen.contains(&index) {
                continue;
            }
            let what = format!("{name}: {}", CARRIES[index]);
            goal(&what, ratio(&taken, index), "", most);
        }
        println!();
    }
    for (index, most) in BYTES_A_TASK {
        if !chosen.contains(&index) {
            continue;
        }
        let carries = CARRIES[index];
        let mut bytes = Vec::new();
        for _ in 0..3 {
            bytes.push(run(carries, "live", LIVE)? - run(CARRIES[BARE], "live", LIVE)?);
        }
        let what = format!("memory with {LIVE} live tasks: {carries}");
        goal(&what, Figure::of(bytes), "B a task", most);
    }
    println!();
    Ok(())
}

fn ratio(rounds: &[[f64; CARRIES.len()]], index: usize) -> Figure {
    Figure::of(rounds.iter().map(|round| round[index] / round[BARE]))
}

/// What one service prints first.
fn run(carries: &str, work: &str, count: u64) -> anyhow::Result<f64> {
    let printed = Service::start(carries, work, count)?.line();
    let printed = printed.with_context(|| format!("{carries}, {work}"))?;
    let figure: f64 = printed.trim().parse().context("it prints a number")?;
    ensure!(figure.is_finite(), "{carries}, {work}: {figure}");
    Ok(figure)
}
